//! `redact events`: whether the event log is whole, and what it says.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_record::events::{self, Checkpoint, Recorded};
use redact_record::manifest::PublicManifest;
use redact_record::sign::{SignatureVerdict, TrustStore};

use crate::args::{EventsArgs, EventsCommand, GlobalArgs};
use crate::verify::read_signed;
use crate::{Outcome, journal, key};

/// Checks or shows the event log.
///
/// # Errors
/// When a file cannot be read, or a manifest is not to be believed.
pub(crate) fn events(args: &EventsArgs, global: &GlobalArgs) -> Result<Outcome> {
    match &args.command {
        EventsCommand::Verify {
            file,
            manifest,
            trust,
        } => {
            let trusted = key::trusted(trust)?;
            let checkpoints = checkpoints(manifest, &trusted)?;
            verify(&log(file.as_deref(), global)?, &checkpoints, global)
        }
        EventsCommand::Show { file } => show(&log(file.as_deref(), global)?, global),
    }
}

fn log(file: Option<&Path>, global: &GlobalArgs) -> Result<PathBuf> {
    match file {
        Some(file) => Ok(file.to_owned()),
        None => journal::file(global),
    }
}

/// The entries that signed manifests name: what the log had when they were made.
fn checkpoints(manifests: &[PathBuf], trust: &TrustStore) -> Result<Vec<Checkpoint>> {
    let mut checkpoints = Vec::with_capacity(manifests.len());
    for path in manifests {
        let name = || path.display().to_string();
        let (bytes, signature) = read_signed(path)?;
        let (manifest, who) = PublicManifest::open(&bytes, &signature, trust).with_context(name)?;
        if let SignatureVerdict::Unknown { key } = &who {
            bail!(
                "{}: signed with key {}, which is not trusted here",
                path.display(),
                key.id()
            );
        }
        match manifest.events_head {
            Some(head) => checkpoints.push(head.0),
            None => bail!("{}: names no entry of an event log", path.display()),
        }
    }
    Ok(checkpoints)
}

fn verify(path: &Path, checkpoints: &[Checkpoint], global: &GlobalArgs) -> Result<Outcome> {
    let report = events::verify_with_checkpoints(path, checkpoints)
        .with_context(|| path.display().to_string())?;
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let word = if report.is_intact() { "ok" } else { "wrong" };
    if global.json {
        let head = report.head.map(
            |head| serde_json::json!({ "seq": head.seq, "sha256": head.digest.0.to_string() }),
        );
        let document = serde_json::json!({
            "log": path, "verdict": word, "entries": report.entries, "head": head,
            "checkpoints": checkpoints.len(), "clock_steps_back": report.clock_steps_back,
            "problems": problems,
        });
        crate::say(&document.to_string());
    } else {
        for problem in &problems {
            crate::say(&format!("WRONG {problem}"));
        }
        if report.clock_steps_back > 0 {
            crate::say(&format!(
                "note: the clock was set back {} times",
                report.clock_steps_back
            ));
        }
        crate::say(&summary(&report, checkpoints.len()));
    }
    Ok(if report.is_intact() {
        Outcome::Done
    } else {
        Outcome::Wrong
    })
}

fn summary(report: &events::ChainReport, checkpoints: usize) -> String {
    let entries = report.entries;
    if !report.is_intact() {
        let problems = report.problems.len();
        return format!("verdict: WRONG ({problems} problems in {entries} entries)");
    }
    match checkpoints {
        0 => format!(
            "verdict: ok ({entries} entries; a cut at the end shows only against --manifest)"
        ),
        _ => format!("verdict: ok ({entries} entries, {checkpoints} named by manifests)"),
    }
}

fn show(path: &Path, global: &GlobalArgs) -> Result<Outcome> {
    let mut whole = true;
    let mut documents = Vec::new();
    let mut line = 0_u64;
    events::read(path, &mut |entry| {
        line += 1;
        match entry {
            Ok(entry) if global.json => documents.push(entry.json()),
            Ok(entry) => crate::say(&text(&entry)),
            Err(refused) => {
                whole = false;
                // What is wrong with it is for `redact events verify` to say.
                tracing::warn!("line {line} is no entry: {refused}");
            }
        }
    })
    .with_context(|| path.display().to_string())?;
    if global.json {
        crate::say(&serde_json::Value::from(documents).to_string());
    }
    Ok(if whole { Outcome::Done } else { Outcome::Wrong })
}

/// One line: when, what, how it ended, who and where, and on what.
fn text(entry: &Recorded) -> String {
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let document = entry.json();
    let subjects: Vec<String> = entry
        .event
        .subjects
        .iter()
        .map(|(label, digest)| format!("{} {}", label.as_str(), short(&digest.to_string())))
        .collect();
    let details: Vec<String> = document["details"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|pair| format!("{} {}", word(pair[0].clone()), pair[1]).replace('"', ""))
        .collect();
    format!(
        "{:>5}  {}  {:<9}{:<8}  {:?} on {}  {}",
        entry.seq,
        entry.time(),
        word(document["what"].clone()),
        word(document["outcome"].clone()),
        entry.event.who,
        entry.event.machine,
        [subjects, details].concat().join(", ")
    )
}

/// Enough of a digest to find it by.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

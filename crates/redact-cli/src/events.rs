//! `redact events`: whether the event log is intact, and what is in it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_record::events::{self, Checkpoint, Recorded};
use redact_record::sign::TrustStore;
use redact_release::files::read_signed;

use crate::args::{EventsArgs, EventsCommand, GlobalArgs};
use crate::outcome::Outcome;
use crate::terminal::say;
use crate::{event_log, key};

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
        None => event_log::file(global),
    }
}

/// The entries that signed manifests name: what the log had when they were made.
fn checkpoints(manifests: &[PathBuf], trust: &TrustStore) -> Result<Vec<Checkpoint>> {
    let mut checkpoints = Vec::with_capacity(manifests.len());
    for path in manifests {
        let record = read_signed(path)?;
        let found = redact_check::events::checkpoint(&record, trust);
        match found.with_context(|| path.display().to_string())? {
            Ok(checkpoint) => checkpoints.push(checkpoint),
            Err(why) => bail!("{}: {why}", path.display()),
        }
    }
    Ok(checkpoints)
}

fn verify(path: &Path, checkpoints: &[Checkpoint], global: &GlobalArgs) -> Result<Outcome> {
    let report = events::verify_with_checkpoints(path, checkpoints)
        .with_context(|| path.display().to_string())?;
    if global.json {
        let document = redact_check::events::json(path, &report, checkpoints.len());
        say(&document.to_string());
    } else {
        say(&redact_check::events::text(&report, checkpoints.len()));
    }
    Ok(if report.is_intact() {
        Outcome::Done
    } else {
        Outcome::Wrong
    })
}

fn show(path: &Path, global: &GlobalArgs) -> Result<Outcome> {
    let mut whole = true;
    let mut documents = Vec::new();
    let mut line = 0_u64;
    events::read(path, &mut |entry| {
        line += 1;
        match entry {
            Ok(entry) if global.json => documents.push(entry.json()),
            Ok(entry) => say(&text(&entry)),
            Err(refused) => {
                whole = false;
                // `redact events verify` reports what is wrong with it.
                tracing::warn!("line {line}: invalid entry: {refused}");
            }
        }
    })
    .with_context(|| path.display().to_string())?;
    if global.json {
        say(&serde_json::Value::from(documents).to_string());
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

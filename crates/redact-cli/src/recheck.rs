//! `redact recheck`: every past release once more, by the rules of today.
//!
//! Each release is verified by a process of its own, as in a batch: a file that stops one check
//! does not stop the others. Where plan and findings of a release still lie in the folder they are
//! compared too, which earlier versions did not do when they made the release.

mod find;
mod recipients;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};
use redact_record::events::Act;
use redact_release::ports::Events as _;
use serde::Serialize;
use serde_json::Value;

use crate::args::{GlobalArgs, RecheckArgs, Words};
use crate::event_log::{OpenEvent, recorded};
use crate::outcome::Outcome;
use crate::progress;
use crate::terminal::{say, warn_line};
use find::{Found, Unreadable, Working};
use recipients::{Copy, Recipients};

/// What a release came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// It holds.
    Ok,
    /// It no longer holds.
    Wrong,
    /// It could not be checked.
    Failed,
}

/// One release.
#[derive(Clone, Debug, Serialize)]
struct Line {
    release: PathBuf,
    manifest: PathBuf,
    /// SHA-256 of the release by its manifest; empty where that cannot be read.
    sha256: String,
    created: String,
    verdict: Verdict,
    /// Why it does not hold, or could not be checked.
    why: Vec<String>,
    /// What was not checked, and why.
    not_checked: Vec<String>,
    /// Who asked for it, by the sealed manifest.
    requester: Option<String>,
    /// Who received a copy.
    copies: Vec<Copy>,
}

/// Checks every release in a folder and below.
///
/// # Errors
/// When the folder cannot be read or holds no release; a release that fails is a line.
pub(crate) fn recheck(args: &RecheckArgs, global: &GlobalArgs) -> Result<Outcome> {
    recorded(global, None, Act::Verify, |event| {
        check_all(args, global, event)
    })
}

fn check_all(
    args: &RecheckArgs,
    global: &GlobalArgs,
    event: &mut OpenEvent<'_>,
) -> Result<Outcome> {
    event.draft().label("action", "recheck");
    let mut unreadable = Vec::new();
    let lines = lines(args, global, &mut unreadable)?;
    let count = |verdict| lines.iter().filter(|line| line.verdict == verdict).count();
    let (wrong, failed) = (count(Verdict::Wrong), count(Verdict::Failed));
    event.draft().count("releases", lines.len());
    event.draft().count("wrong", wrong);
    event
        .draft()
        .count("not-checked", failed + unreadable.len());
    event.succeeded()?;
    if global.json {
        let document = serde_json::json!({
            "releases": lines, "checked": lines.len(), "wrong": wrong, "failed": failed,
            "unreadable": unreadable,
        });
        say(&document.to_string());
    } else {
        say_table(&lines, &unreadable);
    }
    Ok(if wrong + failed + unreadable.len() == 0 {
        Outcome::Done
    } else {
        Outcome::Wrong
    })
}

fn lines(
    args: &RecheckArgs,
    global: &GlobalArgs,
    unreadable: &mut Vec<Unreadable>,
) -> Result<Vec<Line>> {
    for folder in std::iter::once(&args.folder).chain(&args.source_dir) {
        std::fs::read_dir(folder)
            .with_context(|| format!("{}: cannot read the folder", folder.display()))?;
    }
    let found = find::releases(&args.folder, unreadable);
    if found.is_empty() && unreadable.is_empty() {
        bail!(
            "{}: no releases found; need files NAME.manifest.json beside their releases",
            args.folder.display()
        );
    }
    let working = Working::index(&args.folder, unreadable);
    let sources = args.source_dir.as_deref();
    let sources = sources
        .map(|folder| find::sources(folder, unreadable))
        .transpose()?;
    let recipients = Recipients::read(&args.folder, global);
    let program = std::env::current_exe().context("cannot locate this program")?;
    let total = found.len();
    let mut lines = Vec::with_capacity(total);
    for (number, found) in (1..).zip(found) {
        progress::check_interrupted()?;
        if !global.quiet && !global.json {
            warn_line(&format!("{number}/{total}  {}", found.release.display()));
        }
        let source = sources
            .as_ref()
            .and_then(|sources| sources.get(&(found.source_bytes?, found.source?)));
        let mut line = check(&program, args, &found, source.map(PathBuf::as_path), global);
        let problems = working.check(&found);
        if !problems.is_empty() {
            line.verdict = Verdict::Wrong;
            line.why.extend(problems);
        }
        line.copies = recipients.of(&line.sha256);
        lines.push(line);
    }
    Ok(lines)
}

/// Verifies one release in a process of its own.
fn check(
    program: &Path,
    args: &RecheckArgs,
    found: &Found,
    source: Option<&Path>,
    global: &GlobalArgs,
) -> Line {
    let mut line = Line {
        release: found.release.clone(),
        manifest: found.manifest.clone(),
        sha256: found.sha256.clone(),
        created: found.created.clone(),
        verdict: Verdict::Failed,
        why: Vec::new(),
        not_checked: Vec::new(),
        requester: found.requester.clone(),
        copies: Vec::new(),
    };
    let output = verify_command(program, args, found, source, global).output();
    match output {
        Ok(output) => line.read(&output),
        Err(error) => line.why.push(format!("cannot start the check: {error}")),
    }
    line
}

/// `redact verify` for one release.
fn verify_command(
    program: &Path,
    args: &RecheckArgs,
    found: &Found,
    source: Option<&Path>,
    global: &GlobalArgs,
) -> Command {
    let words = Words::default()
        .word("verify")
        .flag("json", true)
        .flag("quiet", true)
        .option("manifest", Some(&found.manifest))
        .option("source", source)
        .flag("no-media", source.is_none() && args.no_media);
    let trusted = args.trust.iter();
    let words = trusted.fold(words, |words, key| words.option("trust", Some(key)));
    let mut command = Command::new(program);
    command
        .args(global.add_to(words).word("--").word(&found.release))
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

impl Line {
    /// Reads what `redact verify` printed.
    fn read(&mut self, output: &Output) {
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        self.verdict = match output.status.code() {
            Some(0) => Verdict::Ok,
            Some(1) => Verdict::Wrong,
            _ => Verdict::Failed,
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |key: &str| document[key].as_array().cloned().unwrap_or_default();
        for check in list("checks") {
            if check["passed"] == false {
                self.why.push(format!(
                    "{}, {}: {}",
                    text(&check["group"]),
                    text(&check["name"]),
                    text(&check["evidence"])
                ));
            }
        }
        for open in list("not_checked") {
            self.not_checked.push(format!(
                "{}, {}: {}",
                text(&open["group"]),
                text(&open["name"]),
                text(&open["why"])
            ));
        }
        if self.verdict == Verdict::Failed && self.why.is_empty() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let first = stderr
                .lines()
                .next()
                .unwrap_or("the check ended without a verdict");
            let first = first.trim_start_matches("redact: ").to_owned();
            self.why.push(match document["error"].as_str() {
                Some(error) => error.to_owned(),
                None => first,
            });
        }
    }
}

/// One line per release, and below those that do not hold: why, and who has a copy.
fn say_table(lines: &[Line], unreadable: &[Unreadable]) {
    for line in lines {
        let word = match line.verdict {
            Verdict::Ok => "ok",
            Verdict::Wrong => "WRONG",
            Verdict::Failed => "FAILED",
        };
        let made = line.created.get(..10).unwrap_or("-");
        say(&format!("{word:<7} {made:<10}  {}", line.release.display()));
        if line.verdict == Verdict::Ok {
            continue;
        }
        for why in &line.why {
            say(&format!("        because {why}"));
        }
        if let Some(requester) = &line.requester {
            say(&format!("        requested by {requester}"));
        }
        for copy in &line.copies {
            say(&format!("        copy {copy}"));
        }
        if line.copies.is_empty() {
            say("        no record of a copy");
        }
    }
    for Unreadable { path, why } in unreadable {
        say(&format!("{:<7} {:<10}  {}", "UNREAD", "-", path.display()));
        say(&format!("        because it cannot be read: {why}"));
    }
    let wrong = lines
        .iter()
        .filter(|line| line.verdict != Verdict::Ok)
        .count();
    let (total, unread) = (lines.len(), unreadable.len());
    say(&match (wrong, unread) {
        (0, 0) => format!("verdict: ok ({total} releases hold)"),
        (0, _) => format!("verdict: WRONG ({total} releases hold, {unread} paths unreadable)"),
        (_, 0) => format!("verdict: WRONG ({wrong} of {total} releases do not hold)"),
        _ => format!(
            "verdict: WRONG ({wrong} of {total} releases do not hold, {unread} paths unreadable)"
        ),
    });
}

//! Results of checking an event log, as text and as JSON.

use std::path::Path;

use redact_record::RecordError;
use redact_record::events::{ChainReport, Checkpoint};
use redact_record::manifest::PublicManifest;
use redact_record::sign::{SignatureVerdict, TrustStore};

use crate::records::SignedBytes;

/// The log entry that a signed manifest names, or why the manifest cannot be used: it is not
/// trusted or names no entry.
///
/// # Errors
/// If the manifest is not valid.
pub fn checkpoint(
    record: &SignedBytes,
    trust: &TrustStore,
) -> Result<Result<Checkpoint, String>, RecordError> {
    let (manifest, who) = PublicManifest::open(&record.bytes, &record.signature, trust)?;
    if let SignatureVerdict::Unknown { key } = &who {
        let why = format!("signed with key {}, which is not trusted here", key.id());
        return Ok(Err(why));
    }
    let none = || "names no entry of an event log".to_owned();
    Ok(manifest.events_head.map(|head| head.0).ok_or_else(none))
}

/// One line per problem, and the verdict. `checkpoints` is the number of entries that manifests
/// name.
#[must_use]
pub fn text(report: &ChainReport, checkpoints: usize) -> String {
    let problems = report.problems.iter();
    let mut lines: Vec<String> = problems.map(|problem| format!("WRONG {problem}")).collect();
    if report.clock_steps_back > 0 {
        let times = report.clock_steps_back;
        lines.push(format!("note: the clock was set back {times} times"));
    }
    let entries = report.entries;
    lines.push(if !report.is_intact() {
        let problems = report.problems.len();
        format!("verdict: WRONG ({problems} problems in {entries} entries)")
    } else if checkpoints == 0 {
        format!("verdict: ok ({entries} entries; only a manifest shows whether the end is missing)")
    } else {
        format!("verdict: ok ({entries} entries, {checkpoints} named by manifests)")
    });
    lines.join("\n")
}

/// The result as JSON.
#[must_use]
pub fn json(log: &Path, report: &ChainReport, checkpoints: usize) -> serde_json::Value {
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let word = if report.is_intact() { "ok" } else { "wrong" };
    let head = report
        .head
        .map(|head| serde_json::json!({ "seq": head.seq, "sha256": head.digest.0.to_string() }));
    serde_json::json!({
        "log": log, "verdict": word, "entries": report.entries, "head": head,
        "checkpoints": checkpoints, "clock_steps_back": report.clock_steps_back,
        "problems": problems,
    })
}

//! The chain of an event log.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_check::events;

use crate::args::Args;
use crate::terminal::say;
use crate::trust::{read_signed, trusted};

/// Checks the log and prints the verdict; gives whether nothing is wrong with it.
///
/// # Errors
/// When a file cannot be read, or a manifest is not to be believed.
pub(crate) fn check(log: &Path, args: &Args) -> Result<bool> {
    let trust = trusted(&args.trust)?;
    let mut checkpoints = Vec::with_capacity(args.files.len());
    for path in &args.files {
        let record = read_signed(path)?;
        match events::checkpoint(&record, &trust).with_context(|| path.display().to_string())? {
            Ok(checkpoint) => checkpoints.push(checkpoint),
            Err(why) => bail!("{}: {why}", path.display()),
        }
    }
    let report = redact_record::events::verify_with_checkpoints(log, &checkpoints)
        .with_context(|| log.display().to_string())?;
    if args.json {
        say(&events::json(log, &report, checkpoints.len()).to_string());
    } else {
        say(&events::text(&report, checkpoints.len()));
    }
    Ok(report.is_intact())
}

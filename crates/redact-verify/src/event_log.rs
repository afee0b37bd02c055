//! Checking an event log.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_check::events;
use redact_record::sign::TrustStore;

use crate::args::Args;
use crate::terminal::print_line;
use crate::trust::read_signed;

/// Checks the log and prints the verdict; returns whether the log is intact.
///
/// # Errors
/// If a file cannot be read or a manifest is not valid and trusted.
pub(crate) fn check(log: &Path, args: &Args) -> Result<bool> {
    let trust = TrustStore::from_paths(&args.trust)?;
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
        print_line(&events::json(log, &report, checkpoints.len()).to_string());
    } else {
        print_line(&events::text(&report, checkpoints.len()));
    }
    Ok(report.is_intact())
}

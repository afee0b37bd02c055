//! `redact desk backup` and `redact desk restore`.

use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use redact_desk::{BackupOrder, RestoreOrder};
use serde_json::json;

use crate::args::{DeskBackupArgs, DeskRestoreArgs, GlobalArgs};
use crate::clock::now;
use crate::event_log;
use crate::outcome::Outcome;
use crate::terminal::say;
use crate::{host, key, paths, progress};

/// Backs up everything that a desk has.
///
/// # Errors
/// When the data cannot be read, or the backup cannot be written and read again.
pub(super) fn backup(args: &DeskBackupArgs, global: &GlobalArgs) -> Result<Outcome> {
    let data = match &args.data {
        Some(folder) => folder.clone(),
        None => paths::desk_data()?,
    };
    let log = event_log::open_log(&event_log::file(global)?)?;
    let by = global.on_behalf.clone();
    let order = BackupOrder {
        data,
        to: args.to.clone(),
        event_log: redact_desk::EventLogConfig {
            log,
            program: event_log::PROGRAM.to_owned(),
            machine: host::user_at_machine(),
        },
        by: by.unwrap_or_else(host::user_at_machine),
        now: now(),
    };
    let bar = Bar::new(global.quiet);
    let show = |phase: &str, done, total| bar.show(phase, done, total);
    let made = runtime()?.block_on(redact_desk::backup(order, &show));
    bar.0.finish_and_clear();
    let made = made.context("cannot make the backup")?;
    if global.json {
        let document = json!({
            "backup": args.to, "at": made.at, "files": made.files, "bytes": made.bytes,
            "manifest_sha256": made.manifest_sha256,
        });
        say(&document.to_string());
    } else if !global.quiet {
        say(&format!(
            "{}: {} files, {} bytes, as of {}; all verified",
            args.to.display(),
            made.files,
            made.bytes,
            made.at
        ));
        say(&format!("SHA-256 of its list: {}", made.manifest_sha256));
    }
    Ok(Outcome::Done)
}

/// Restores a backup into an empty folder.
///
/// # Errors
/// When the backup is damaged or newer than this program, or the folder is not empty.
pub(super) fn restore(args: &DeskRestoreArgs, global: &GlobalArgs) -> Result<Outcome> {
    let event_log: PathBuf = event_log::file(global)?;
    let order = RestoreOrder {
        from: args.from.clone(),
        data: args.data.clone(),
        ledgers: args.ledger.clone(),
        trust: key::trusted(&args.trust)?,
        event_log: event_log.clone(),
    };
    let bar = Bar::new(global.quiet);
    let show = |phase: &str, done, total| bar.show(phase, done, total);
    let restored = runtime()?.block_on(redact_desk::restore(order, &show));
    bar.0.finish_and_clear();
    let restored = restored.context("cannot restore the backup")?;
    if global.json {
        let document = json!({
            "data": args.data, "at": restored.at, "files": restored.files,
            "bytes": restored.bytes, "disposed": restored.disposed, "sealed": restored.sealed,
            "event_log": restored.event_log.then_some(&event_log),
            "warnings": restored.warnings,
        });
        say(&document.to_string());
        return Ok(Outcome::Done);
    }
    for warning in &restored.warnings {
        say(&format!("warning: {warning}"));
    }
    if !global.quiet {
        say(&format!(
            "{}: {} files, {} bytes, as of {}",
            args.data.display(),
            restored.files,
            restored.bytes,
            restored.at
        ));
        for recording in &restored.disposed {
            say(&format!(
                "removed again: recording {recording}, which was disposed of after the backup"
            ));
        }
        for order in &restored.sealed {
            say(&format!(
                "sealed again: records of court order {order}, which was entered after the backup"
            ));
        }
        let log = event_log.display();
        say(&if restored.event_log {
            format!("the event log is {log}")
        } else {
            format!("the event log stays in the backup: found one at {log}")
        });
    }
    Ok(Outcome::Done)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    let built = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    built.context("cannot start threads")
}

/// Progress on a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(quiet: bool) -> Self {
        if quiet {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{msg:8} {wide_bar} {bytes}/{total_bytes} {eta}");
        let bar = ProgressBar::new(0);
        Self(style.map_or_else(|_| ProgressBar::hidden(), |style| bar.with_style(style)))
    }

    fn show(&self, phase: &str, done: u64, total: u64) -> ControlFlow<()> {
        self.0.set_message(phase.to_owned());
        self.0.set_length(total);
        self.0.set_position(done);
        progress::report(phase, done, Some(total));
        if progress::interrupted() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

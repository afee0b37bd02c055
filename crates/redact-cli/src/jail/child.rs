//! The confined process.

use std::io::BufRead as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use redact_jail::{Bounds, JailError, JailLevel};
use redact_release::confined;
use redact_release::ports::JobPorts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::link::{self, ParentLink};
use super::wire::{Failure, FromChild, JobLine, VERB, WorkKind};
use crate::batch::ProbeWork;
use crate::outcome::EXIT_FAILED;
use crate::score::ScoreWork;
use crate::{desk, failure, limits, progress, terminal};

/// Whether this process was started to do one confined job.
pub(crate) fn is_child() -> bool {
    std::env::args_os().nth(1).is_some_and(|verb| verb == VERB)
}

/// Confines this process and does the job on standard input.
pub(crate) fn main() -> ExitCode {
    match work() {
        Ok(value) => {
            link::send(&FromChild::Done(value));
            ExitCode::SUCCESS
        }
        Err(error) => {
            link::send(&FromChild::Failed(Failure {
                message: format!("{error:#}"),
                hint: failure::hint(&error),
                is_refused: failure::is_refusal(&error),
                is_cancelled: failure::is_cancelled(&error),
                remedy: failure::remedy(&error),
            }));
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn work() -> Result<Value> {
    let bounds: Bounds = line()?;
    let level = redact_jail::enter(&bounds)?;
    link::send(&FromChild::Confined(level));
    progress::report_to(link::send_progress);
    terminal::start_logging(false);
    limits::make_size_limit_an_error().context("cannot watch for the limit of file sizes")?;
    let JobLine { kind, work } = line()?;
    let seal = || seal(&bounds, level);
    match kind {
        WorkKind::Release => {
            let progress = progress::TerminalProgress::new(true);
            let ports = JobPorts {
                progress: &progress,
                cache: Arc::new(ParentLink),
            };
            Ok(confined::run(&work, seal, &ports)?)
        }
        WorkKind::Score => job::<ScoreWork>(work.get())?.run(seal),
        WorkKind::Probe => job::<ProbeWork>(work.get())?.run(seal),
        WorkKind::Desk => {
            let spec = job::<desk::Spec>(work.get())?;
            seal()?;
            desk::task::run(&spec)
        }
    }
}

fn line<T: DeserializeOwned>() -> Result<T> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("no job on standard input")?;
    job(&line)
}

fn job<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).context("unreadable job on standard input")
}

/// The last step, before a recording is opened. From here on other threads may run.
fn seal(bounds: &Bounds, level: JailLevel) -> Result<(), JailError> {
    redact_jail::seal(bounds, level)?;
    link::receive();
    Ok(())
}

//! The confined process.

use std::io::BufRead as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use redact_jail::{Bounds, JailLevel};
use serde_json::Value;

use super::inbox;
use super::wire::{Ask, Failure, Job, Said};
use crate::{desk, failure, progress};

/// The first argument of a child.
pub(super) const VERB: &str = "confined-job";

/// Whether this process was started to do one confined job.
pub(crate) fn is_child() -> bool {
    std::env::args_os().nth(1).is_some_and(|verb| verb == VERB)
}

/// Confines this process and does the job on standard input.
pub(crate) fn main() -> ExitCode {
    match confined() {
        Ok(value) => {
            inbox::say(&Said::Done(value));
            ExitCode::SUCCESS
        }
        Err(error) => {
            inbox::say(&Said::Failed(Failure {
                message: format!("{error:#}"),
                hint: failure::hint(&error),
                refused: failure::is_refusal(&error),
                cancelled: failure::is_cancelled(&error),
                lost_sound: failure::code(&error) == Some(failure::LOST_SOUND),
            }));
            ExitCode::from(2)
        }
    }
}

fn confined() -> Result<Value> {
    let bounds: Bounds = line()?;
    let level = redact_jail::enter(&bounds)?;
    inbox::say(&Said::Confined(level));
    progress::work_for_parent();
    crate::start_logging();
    crate::limits::make_size_limit_an_error()
        .context("cannot watch for the limit of file sizes")?;
    let job: Job = line()?;
    let seal = || seal(&bounds, level);
    match job {
        Job::Scan(job) => job.run(seal),
        Job::Render(job) => job.run(seal),
        Job::Verify(job) => job.run(seal),
        Job::Score(job) => job.run(seal),
        Job::Desk(spec) => {
            seal()?;
            desk::task::run(&spec)
        }
    }
}

/// Asks the parent for something that this process may not do; false where it is not done.
pub(crate) fn ask(question: Ask) -> bool {
    inbox::ask(question)
}

/// Says how far the job is.
pub(crate) fn tell(phase: &str, done: u64, total: Option<u64>) {
    let phase = phase.to_owned();
    inbox::say(&Said::Progress { phase, done, total });
}

fn line<T: serde::de::DeserializeOwned>() -> Result<T> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("no job on standard input")?;
    serde_json::from_str(&line).context("unreadable job on standard input")
}

/// The last step, before a recording is opened. From here on other threads may run.
fn seal(bounds: &Bounds, level: JailLevel) -> Result<()> {
    redact_jail::seal(bounds, level)?;
    inbox::listen();
    Ok(())
}

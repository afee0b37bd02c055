//! The confined process.

use std::io::BufRead as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::file_rules::{self, FileRules};
use super::level::JailLevel;
use super::wire::{Ask, Bounds, Failure, Job, Said};
use super::{inbox, privileges, syscalls};
use crate::{desk, failure, progress};

/// The first argument of a child.
pub(super) const VERB: &str = "confined-job";

/// What libraries read while they are loaded and look at the processor.
const WHILE_LOADING: &[&str] = &[
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/proc/sys/vm",
    "/sys/devices/system",
    "/sys/kernel/mm",
    "/usr/lib",
    "/usr/lib64",
];

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
            }));
            ExitCode::from(2)
        }
    }
}

fn confined() -> Result<Value> {
    let bounds: Bounds = line()?;
    if privileges::die_with_parent(bounds.parent).is_none() {
        bail!("the process that started this job is gone");
    }
    let mut level = JailLevel {
        landlock_abi: 0,
        landlock_capped: bounds.landlock_max.is_some(),
        seccomp: false,
    };
    enter(&bounds, &mut level)?;
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

/// The first step, before there is a second thread: models can still be loaded.
fn enter(bounds: &Bounds, level: &mut JailLevel) -> Result<()> {
    privileges::close_descriptors()?;
    bounds.limits.enforce()?;
    privileges::drop_privileges(bounds.foreign_files)?;
    let files = FileRules {
        read: bounds.read.iter().chain(&bounds.load).collect(),
        write: bounds.write.iter().collect(),
        folders: bounds.folders.iter().collect(),
        optional: WHILE_LOADING,
    };
    level.landlock_abi = file_rules::confine(&files, bounds.landlock_max)?;
    level.seccomp = syscalls::confine(syscalls::Step::Loading).is_ok();
    if !level.is_full() && !bounds.allow_weak {
        return Err(failure::WeakJail { level: *level }.into());
    }
    Ok(())
}

/// The last step, before a recording is opened. From here on other threads may run.
fn seal(bounds: &Bounds, level: JailLevel) -> Result<()> {
    let alone = std::fs::read_dir("/proc/self/task").map(Iterator::count);
    // Threads that run already would keep what they may read.
    if !alone.is_ok_and(|threads| threads == 1) && !bounds.allow_weak {
        bail!("cannot confine the process: it has more than one thread");
    }
    let files = FileRules {
        read: bounds.read.iter().collect(),
        write: bounds.write.iter().collect(),
        folders: bounds.folders.iter().collect(),
        optional: &[],
    };
    file_rules::confine(&files, bounds.landlock_max)?;
    if level.seccomp {
        syscalls::confine(syscalls::Step::Decoding)?;
    }
    inbox::listen();
    Ok(())
}

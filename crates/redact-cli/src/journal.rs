//! What this program writes to the event log: one entry per act, also for acts that failed.
//!
//! The log is opened before anything is done, so that whatever happens later can be written down.
//! An act whose entry cannot be written is not done: no release goes out unrecorded.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_record::events::{
    Act, Checkpoint, Circumstances, Event, EventDraft, EventLog, Outcome, fit_name,
};

use crate::args::GlobalArgs;
use crate::{approve, failure, places};

/// The event log, and who acts.
pub(crate) struct Journal {
    log: EventLog,
    who: String,
    machine: String,
}

/// What is known of an act so far.
pub(crate) type Note = EventDraft;

/// Adds how well the process that decoded was confined.
pub(crate) fn note_jail(note: &mut Note, level: crate::jail::JailLevel) {
    note.count("landlock", level.landlock_abi as usize);
    note.label("seccomp", if level.seccomp { "on" } else { "off" });
}

impl Journal {
    /// Opens the log that `--events` names, or this user's, and begins it if there is none.
    ///
    /// - `by`: who acts; else for whom the program was started, else the user that the system
    ///   knows.
    ///
    /// # Errors
    /// When the log cannot be written or is none.
    pub(crate) fn open(global: &GlobalArgs, by: Option<&str>) -> Result<Self> {
        Self::at(&file(global)?, by.or(global.on_behalf.as_deref()))
    }

    /// Opens the log at `path`, and begins it if there is none.
    ///
    /// # Errors
    /// When the log cannot be written or is none.
    pub(crate) fn at(path: &Path, by: Option<&str>) -> Result<Self> {
        let name = || format!("{}: cannot keep the event log", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(name)?;
        }
        let user = places::user();
        let journal = Self {
            log: EventLog::open(path).with_context(name)?,
            machine: machine(),
            who: fit_name(by.map_or(&user, |by| by.trim())),
        };
        let next = journal.event(&Note::new(Act::Repair), Outcome::Success);
        journal.log.mend(&next).with_context(name)?;
        Ok(journal)
    }

    /// The log's file.
    pub(crate) fn path(&self) -> &Path {
        self.log.path()
    }

    /// Who acts, as the log names them.
    pub(crate) fn who(&self) -> &str {
        &self.who
    }

    /// Writes down that an act was done.
    ///
    /// # Errors
    /// When the log cannot be written; the act is then not to take effect.
    pub(crate) fn done(&self, note: &Note) -> Result<Checkpoint> {
        self.append(note, Outcome::Success)
    }

    /// Writes down that an act was not done, and gives back why.
    pub(crate) fn failed(&self, note: &Note, error: anyhow::Error) -> anyhow::Error {
        let outcome = if failure::is_refusal(&error) {
            Outcome::Refused
        } else {
            Outcome::Failure
        };
        if let Err(unwritten) = self.append(note, outcome) {
            // The first cause is what the person must hear.
            tracing::warn!("{unwritten:#}");
        }
        error
    }

    fn append(&self, note: &Note, outcome: Outcome) -> Result<Checkpoint> {
        let name = || format!("{}: cannot keep the event log", self.log.path().display());
        self.log
            .append(&self.event(note, outcome))
            .with_context(name)
    }

    fn event(&self, note: &Note, outcome: Outcome) -> Event {
        let mut note = note.clone();
        note.outcome(outcome);
        note.event(Circumstances {
            at: approve::now(),
            who: &self.who,
            program: concat!("redact ", env!("CARGO_PKG_VERSION")),
            machine: &self.machine,
        })
    }
}

/// Where this process runs, and as whom, as the log has it.
pub(crate) fn machine() -> String {
    fit_name(&format!("{}@{}", places::user(), places::machine()))
}

/// The log that `--events` names, or this user's.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn file(global: &GlobalArgs) -> Result<PathBuf> {
    match &global.events {
        Some(path) => Ok(path.clone()),
        None => places::event_log(),
    }
}

//! What this program writes to the event log: one entry per act, also for acts that failed.
//!
//! The log is opened before anything is done, so that whatever happens later can be written down.
//! An act whose entry cannot be written is not done: no release goes out unrecorded.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_core::Digest;
use redact_record::events::{Act, Checkpoint, Detail, Event, EventLog, Label, Outcome};

use crate::args::GlobalArgs;
use crate::{approve, failure, places};

/// The most bytes of a name that the log takes.
const NAME_BYTES_MAX: usize = 128;

/// The event log, and who acts.
pub(crate) struct Journal {
    log: EventLog,
    who: String,
    machine: String,
}

/// What is known of an act so far.
pub(crate) struct Note {
    what: Act,
    subjects: Vec<(Label, Digest)>,
    details: Vec<(Label, Detail)>,
}

impl Note {
    /// An act of which nothing is known yet.
    pub(crate) const fn new(what: Act) -> Self {
        Self {
            what,
            subjects: Vec::new(),
            details: Vec::new(),
        }
    }

    /// What it is done to. A name that is no [`Label`] is left out; all of ours are.
    pub(crate) fn subject(&mut self, name: &str, digest: Digest) {
        self.subjects.extend(Label::new(name).zip(Some(digest)));
    }

    /// A word from the program's vocabulary.
    pub(crate) fn label(&mut self, name: &str, value: &str) {
        let value = Label::new(value).map(Detail::Label);
        self.details.extend(Label::new(name).zip(value));
    }

    /// How well the process that decoded was confined.
    pub(crate) fn jail(&mut self, level: crate::jail::JailLevel) {
        self.count("landlock", level.landlock_abi as usize);
        self.label("seccomp", if level.seccomp { "on" } else { "off" });
    }

    /// How many.
    pub(crate) fn count(&mut self, name: &str, count: usize) {
        let count = Detail::Count(u64::try_from(count).unwrap_or(u64::MAX));
        self.details.extend(Label::new(name).zip(Some(count)));
    }
}

impl Journal {
    /// Opens the log that `--events` names, or this user's, and begins it if there is none.
    ///
    /// - `by`: who acts; else for whom the program was started, else the user that the system knows.
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
            who: within(by.map_or(user, |by| by.trim().to_owned())),
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
        Event {
            at: approve::now(),
            who: self.who.clone(),
            what: note.what,
            program: concat!("redact ", env!("CARGO_PKG_VERSION")).to_owned(),
            machine: self.machine.clone(),
            outcome,
            subjects: note.subjects.clone(),
            details: note.details.clone(),
        }
    }
}

/// Where this process runs, and as whom, as the log has it.
pub(crate) fn machine() -> String {
    within(format!("{}@{}", places::user(), places::machine()))
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

/// A name that the log takes: cut where it is too long, named where it is empty.
fn within(mut name: String) -> String {
    if name.len() > NAME_BYTES_MAX {
        let end = (0..=NAME_BYTES_MAX)
            .rev()
            .find(|&end| name.is_char_boundary(end));
        name.truncate(end.unwrap_or(0));
    }
    if name.trim().is_empty() {
        return "unknown".to_owned();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_empty_names_still_fit_the_log() {
        assert_eq!(within("Ada".into()), "Ada");
        assert_eq!(within("  ".into()), "unknown");
        let long = within("é".repeat(100));
        assert_eq!(long, "é".repeat(64));
    }
}

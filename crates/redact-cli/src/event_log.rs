//! What this program writes to the event log: one entry per act, also for acts that failed.
//!
//! The log is opened before anything is done, so that whatever happens later can be recorded. An
//! act whose entry cannot be written is not done: no release goes out unrecorded.

use std::path::{Path, PathBuf};

use anyhow::Result;
use redact_record::RecordError;
use redact_record::events::{
    Act, Checkpoint, Circumstances, Event, EventDraft, EventLog, Outcome, fit_name,
};
use redact_release::ReleaseError;
use redact_release::ports::Events;

use crate::args::GlobalArgs;
use crate::clock::now;
use crate::{failure, host, paths};

/// The program and its version, as the log has it.
pub(crate) const PROGRAM: &str = concat!("redact ", env!("CARGO_PKG_VERSION"));

/// Runs a verb and records it: what it did, or that it failed.
///
/// - `by`: who acts; else for whom the program was started, else the user that the system knows;
/// - `what`: the act, until the verb begins another.
///
/// # Errors
/// When the log cannot be written, and those of `verb`.
pub(crate) fn recorded<T>(
    global: &GlobalArgs,
    by: Option<&str>,
    what: Act,
    verb: impl FnOnce(&mut OpenEvent<'_>) -> Result<T>,
) -> Result<T> {
    Recorder::open(global, by)?.record(EventDraft::new(what), verb)
}

/// The event log, and who acts.
pub(crate) struct Recorder {
    log: EventLog,
    who: String,
    machine: String,
}

impl Recorder {
    /// Opens the log that `--events` names, or this user's, and begins it if there is none.
    ///
    /// # Errors
    /// When the log cannot be written or is invalid.
    pub(crate) fn open(global: &GlobalArgs, by: Option<&str>) -> Result<Self> {
        let log = file(global)?;
        Ok(Self::at(&log, by.or(global.on_behalf.as_deref()))?)
    }

    /// Opens the log at `path`, and begins it if there is none.
    ///
    /// # Errors
    /// When the log cannot be written or is invalid.
    pub(crate) fn at(path: &Path, by: Option<&str>) -> Result<Self, ReleaseError> {
        let user = host::user();
        let recorder = Self {
            log: open_log(path)?,
            machine: host::user_at_machine(),
            who: fit_name(by.map_or(&user, |by| by.trim())),
        };
        let next = recorder.event(&EventDraft::new(Act::Repair), Outcome::Success);
        recorder
            .log
            .mend(&next)
            .map_err(|error| failed(path, error))?;
        Ok(recorder)
    }

    /// The log's file.
    pub(crate) fn path(&self) -> &Path {
        self.log.path()
    }

    /// Who acts, as the log names them.
    pub(crate) fn who(&self) -> &str {
        &self.who
    }

    /// Does an act and records it.
    ///
    /// # Errors
    /// When the log cannot be written, and those of `act`.
    pub(crate) fn record<T>(
        &self,
        draft: EventDraft,
        act: impl FnOnce(&mut OpenEvent<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut event = OpenEvent {
            recorder: self,
            draft,
            is_recorded: false,
        };
        let done = act(&mut event);
        match &done {
            Ok(_) if event.is_recorded => {}
            Ok(_) => drop(event.succeeded()?),
            Err(error) => self.conclude(&event.draft, Some(error)),
        }
        done
    }

    /// Records how an act ended; where that fails, it is logged.
    pub(crate) fn conclude(&self, draft: &EventDraft, error: Option<&anyhow::Error>) {
        let outcome = match error {
            None => Outcome::Success,
            Some(error) if failure::is_refusal(error) => Outcome::Refused,
            Some(_) => Outcome::Failure,
        };
        if let Err(unwritten) = self.append(draft, outcome) {
            tracing::warn!("{}", unwritten.text());
        }
    }

    fn append(&self, draft: &EventDraft, outcome: Outcome) -> Result<Checkpoint, ReleaseError> {
        let event = self.event(draft, outcome);
        let path = self.log.path();
        self.log.append(&event).map_err(|error| failed(path, error))
    }

    fn event(&self, draft: &EventDraft, outcome: Outcome) -> Event {
        let mut draft = draft.clone();
        draft.outcome(outcome);
        draft.event(Circumstances {
            at: now(),
            who: &self.who,
            program: PROGRAM,
            machine: &self.machine,
        })
    }
}

/// The act that is under way.
pub(crate) struct OpenEvent<'a> {
    recorder: &'a Recorder,
    draft: EventDraft,
    is_recorded: bool,
}

impl<'a> OpenEvent<'a> {
    /// The log that it will be in.
    pub(crate) const fn recorder(&self) -> &'a Recorder {
        self.recorder
    }
}

impl Events for OpenEvent<'_> {
    fn draft(&mut self) -> &mut EventDraft {
        &mut self.draft
    }

    fn begin(&mut self, draft: EventDraft) {
        self.draft = draft;
        self.is_recorded = false;
    }

    fn succeeded(&mut self) -> Result<Checkpoint, ReleaseError> {
        let entry = self.recorder.append(&self.draft, Outcome::Success)?;
        self.is_recorded = true;
        Ok(entry)
    }
}

/// The log that `--events` names, or this user's.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn file(global: &GlobalArgs) -> Result<PathBuf> {
    match &global.events {
        Some(path) => Ok(path.clone()),
        None => paths::event_log(),
    }
}

/// Opens a log, and begins it in its folder if there is none.
///
/// # Errors
/// When it cannot be written or is invalid.
pub(crate) fn open_log(path: &Path) -> Result<EventLog, ReleaseError> {
    let made = match path.parent() {
        Some(folder) => std::fs::create_dir_all(folder),
        None => Ok(()),
    };
    made.map_err(|source| RecordError::Write { source })
        .and_then(|()| EventLog::open(path))
        .map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: RecordError) -> ReleaseError {
    ReleaseError::File {
        path: path.to_owned(),
        source: Box::new(ReleaseError::EventLog(error)),
    }
}

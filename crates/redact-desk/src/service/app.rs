//! What all handlers and jobs share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use redact_core::port::BoxError;
use redact_core::{Digest, Findings, UtcNanos};
use redact_record::events::{Circumstances, EventLog};
use redact_record::sign::{ApproverRecord, NewApprover};
use tokio::sync::broadcast;

use super::change::Change;
use super::hashing::Hashing;
use super::lanes::{Clock, Runner};
use super::secrets::Secrets;
use crate::answer::{Answer, ApiError};
use crate::db::pool::Db;
use crate::domain::holidays::Holidays;
use crate::domain::policy::Policies;
use crate::domain::refusals::Refusals;
use crate::domain::viewing::Views;
use crate::id::Id;
use crate::note::Note;
use crate::paths::{Folders, recording_files};
use crate::task::Jobs;
use crate::time::Millis;

/// Signs, with the agency's release key, that an approver's key belongs to a name.
///
/// The desk holds no release key: whoever opens it does. A failure keeps the approver's key from
/// counting.
pub type Vouch = Arc<dyn Fn(NewApprover<'_>) -> Result<ApproverRecord, BoxError> + Send + Sync>;

/// Where acts are written down, and as what.
#[derive(Clone, Debug)]
pub struct Journal {
    /// The log.
    pub log: EventLog,
    /// This program, with its version.
    pub program: String,
    /// This machine.
    pub machine: String,
}

/// What a desk is opened with.
#[derive(Clone)]
pub struct Options {
    /// The data folder.
    pub folder: PathBuf,
    /// The folder with policies.
    pub policies: PathBuf,
    /// The folder of trusted keys, into which the keys of those who approve are put.
    pub trusted: PathBuf,
    /// Binds an approver's key to the name of the account.
    pub vouch: Vouch,
    /// A folder from which recordings may be taken.
    pub watch: Option<PathBuf>,
    /// Names under which browsers may reach the desk, as `Host` has them: `127.0.0.1:7350`.
    pub hosts: Vec<String>,
    /// Whether browsers reach it through TLS.
    pub tls: bool,
    /// The largest recording that is taken, in bytes.
    pub upload_bytes_max: u64,
    /// The time.
    pub clock: Clock,
    /// Where acts are written down.
    pub journal: Journal,
    /// Who does what takes long.
    pub jobs: Arc<dyn Jobs>,
}

/// What all handlers share.
pub(crate) type App = Arc<Shared>;

/// The findings of a recording, in memory because reading them takes long.
type Read = (Id, Arc<(Findings, Digest)>);

pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) folders: Folders,
    pub(crate) options: Options,
    pub(crate) policies: Policies,
    pub(crate) holidays: Holidays,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) runner: Runner,
    /// Held while a review is saved, approved or released: an approval is for what is there.
    pub(crate) review_lock: tokio::sync::Mutex<()>,
    /// Held while pieces are written, by upload.
    pub(crate) upload_locks: Mutex<HashMap<Id, Arc<tokio::sync::Mutex<()>>>>,
    pub(crate) hashing: Hashing,
    pub(crate) secrets: Secrets,
    pub(crate) refusals: Refusals,
    pub(crate) views: Views,
    /// Pictures that are made at a time.
    pub(crate) pictures: tokio::sync::Semaphore,
    findings: Mutex<Vec<Read>>,
    /// Locked while the desk is open.
    _taken: std::fs::File,
}

/// Recordings whose findings are in memory.
const FINDINGS_CACHED: usize = 3;

impl Shared {
    /// The time.
    pub(crate) fn now(&self) -> Millis {
        (self.options.clock)().0.div_euclid(1_000_000)
    }

    /// The time, to the nanosecond.
    pub(crate) fn now_nanos(&self) -> UtcNanos {
        (self.options.clock)()
    }

    /// Tells open pages that something changed.
    pub(crate) fn tell(&self, change: Change) {
        // Nobody may be listening.
        self.changes.send(change).ok();
    }

    /// Writes down what `who` did.
    ///
    /// # Errors
    /// When the log cannot be written: the act is then not to take effect.
    pub(crate) async fn note(&self, who: &str, note: Note) -> Answer<()> {
        let event = note.0.event(Circumstances {
            at: self.now_nanos(),
            who,
            program: &self.options.journal.program,
            machine: &self.options.journal.machine,
        });
        let log = self.options.journal.log.clone();
        tokio::task::spawn_blocking(move || log.append(&event)).await??;
        Ok(())
    }

    /// What a recording's scan found.
    ///
    /// # Errors
    /// 409 `not_ready` when it was not scanned yet.
    pub(crate) async fn findings(&self, recording: &Id) -> Answer<Arc<(Findings, Digest)>> {
        if let Some(cached) = self.cached_findings(recording) {
            return Ok(cached);
        }
        let folder = self.folders.recording(recording);
        let path = folder.join(recording_files::FINDINGS);
        if !path.exists() {
            return Err(ApiError::conflict(
                "not_ready",
                "The recording is not ready yet.",
            ));
        }
        let read = tokio::task::spawn_blocking(move || redact_record::findings::read(&path));
        let found = Arc::new(read.await??);
        let mut cached = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        cached.truncate(FINDINGS_CACHED - 1);
        cached.insert(0, (recording.clone(), Arc::clone(&found)));
        Ok(found)
    }

    fn cached_findings(&self, recording: &Id) -> Option<Arc<(Findings, Digest)>> {
        let mut cached = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let at = cached.iter().position(|(id, _)| id == recording)?;
        cached[..=at].rotate_right(1);
        Some(Arc::clone(&cached[0].1))
    }
}

impl Shared {
    /// What a desk that was just opened has.
    pub(crate) fn new(opened: Opened) -> App {
        let (changes, _) = broadcast::channel(super::change::WAITING_MAX);
        Arc::new(Self {
            db: opened.db,
            folders: opened.folders,
            policies: opened.policies,
            holidays: opened.holidays,
            secrets: opened.secrets,
            options: opened.options,
            changes,
            runner: Runner::default(),
            review_lock: tokio::sync::Mutex::new(()),
            upload_locks: Mutex::new(HashMap::new()),
            hashing: Hashing::default(),
            refusals: Refusals::default(),
            views: Views::default(),
            pictures: tokio::sync::Semaphore::new(2),
            findings: Mutex::new(Vec::new()),
            _taken: opened.taken,
        })
    }
}

/// What a data folder has, read.
pub(crate) struct Opened {
    pub(crate) db: Db,
    pub(crate) folders: Folders,
    pub(crate) policies: Policies,
    pub(crate) holidays: Holidays,
    pub(crate) secrets: Secrets,
    pub(crate) options: Options,
    /// The lock that no other desk has.
    pub(crate) taken: std::fs::File,
}

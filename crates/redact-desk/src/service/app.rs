//! What all handlers and jobs share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use redact_core::port::BoxError;
use redact_core::{Digest, Findings, UtcNanos};
use redact_record::events::{Circumstances, EventLog};
use redact_record::sign::{ApproverRecord, NewApprover};
use tokio::sync::broadcast;

use super::access_log::AccessLog;
use super::ceremonies::Ceremonies;
use super::change::Change;
use super::hashing::Hashing;
use super::held_pictures::Previews;
use super::lanes::{Clock, Runner};
use super::mailer::Mailer;
use super::presence::Presence;
use super::provider::Provider;
use super::secrets::Secrets;
use crate::api_error::{ApiError, ApiResult};
use crate::db::pool::Db;
use crate::domain::exports::Exports;
use crate::domain::holidays::{AgencyDays, Holidays};
use crate::domain::law::LawSets;
use crate::domain::policy::Policies;
use crate::domain::refusals::Refusals;
use crate::domain::statutes::Statutes;
use crate::domain::transmittals::Profiles;
use crate::domain::viewing::Views;
use crate::domain::zone::Zone;
use crate::event::Event;
use crate::id::Id;
use crate::machines::Machines;
use crate::mail::MailConfig;
use crate::paths::{Folders, recording_files};
use crate::sign_on::ProviderConfig;
use crate::task::{Jobs, Passphrase};
use crate::time::Millis;

/// Signs with the agency's release key that an approver's key belongs to a name.
///
/// The desk does not hold the release key; its caller does. If this fails, the approver's key is
/// not trusted.
pub type Vouch = Arc<dyn Fn(NewApprover<'_>) -> Result<ApproverRecord, BoxError> + Send + Sync>;

/// Signs a record that the desk makes, such as exported entries of the event log, with the agency's
/// release key, at that time; returns the text of the signature file.
pub type SignExport = Arc<dyn Fn(&[u8], UtcNanos) -> Result<String, BoxError> + Send + Sync>;

/// Where events are logged, and under which names.
#[derive(Clone, Debug)]
pub struct EventLogConfig {
    /// The log.
    pub log: EventLog,
    /// This program, with its version.
    pub program: String,
    /// The machine's name.
    pub machine: String,
}

/// Options of the desk.
#[derive(Clone)]
pub struct Options {
    /// The data folder.
    pub folder: PathBuf,
    /// The folder with policies.
    pub policies: PathBuf,
    /// The transmittal profiles to choose from.
    pub profiles: Profiles,
    /// The office's folder: letterhead, templates of letters, appeals. It may be missing.
    pub office: PathBuf,
    /// `verify.html`, if it is installed.
    pub verifier: Option<PathBuf>,
    /// The folder of trusted keys, to which approvers' keys are added.
    pub trusted: PathBuf,
    /// Binds an approver's key to the name of the account.
    pub vouch: Vouch,
    /// Signs exported entries of the event log.
    pub sign_export: SignExport,
    /// Signs records of disposals.
    pub sign_disposal: SignExport,
    /// Folders of caches that have parts of recordings, such as encoded segments. What is in them
    /// cannot be told apart by recording, so a disposal empties them; the next render fills them.
    pub caches: Vec<PathBuf>,
    /// The store of the queue, if workers scan and encode: it may have parts of recordings, and the
    /// record of a disposal names it.
    pub queue_store: Option<String>,
    /// The agency, as papers name it.
    pub agency: Option<String>,
    /// The agency's identity provider.
    pub provider: Option<ProviderConfig>,
    /// The agency's mail server.
    pub mail: Option<MailConfig>,
    /// The watch folder, from which recordings can be added.
    pub watch: Option<PathBuf>,
    /// The agency's time zone by its name in the IANA database; `None`: the system's.
    pub time_zone: Option<String>,
    /// The law that new requests start with, by the key of its clock; `None`: a person chooses.
    pub law: Option<String>,
    /// Host names of the desk, as in `Host` headers: `127.0.0.1:7350`.
    pub hosts: Vec<String>,
    /// Whether browsers use TLS.
    pub tls: bool,
    /// The largest recording in bytes.
    pub upload_bytes_max: u64,
    /// The time.
    pub clock: Clock,
    /// Where events are logged.
    pub event_log: EventLogConfig,
    /// Runs the tasks that take long.
    pub jobs: Arc<dyn Jobs>,
    /// The queue whose workers scan and encode, if not this machine.
    pub machines: Option<Arc<dyn Machines>>,
}

/// What all handlers share.
pub(crate) type App = Arc<Shared>;

/// The findings of a recording, cached because reading them takes long.
type Read = (Id, Arc<(Findings, Digest)>);

pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) folders: Folders,
    pub(crate) options: Options,
    pub(crate) policies: Policies,
    pub(crate) law_sets: LawSets,
    /// The calendars of laws, without the agency's own days.
    pub(crate) law_holidays: Holidays,
    holidays: RwLock<Arc<Holidays>>,
    pub(crate) statutes: Statutes,
    zone: RwLock<Arc<Zone>>,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) runner: Runner,
    /// Held while a review is saved, approved or released, so that an approval is for the current
    /// revision.
    pub(crate) review_lock: tokio::sync::Mutex<()>,
    /// Held while files of the watch folder are added, so that each is added once.
    pub(crate) watch_lock: tokio::sync::Mutex<()>,
    /// Held while a piece is written, by upload.
    pub(crate) upload_locks: Mutex<HashMap<Id, Arc<tokio::sync::Mutex<()>>>>,
    pub(crate) hashing: Hashing,
    pub(crate) secrets: Secrets,
    pub(crate) refusals: Refusals,
    pub(crate) views: Views,
    /// The agency's identity provider.
    pub(crate) provider: Option<Provider>,
    /// The agency's mail server.
    pub(crate) mailer: Option<Mailer>,
    /// Challenges of passkeys that wait for an answer.
    pub(crate) ceremonies: Ceremonies,
    /// Who has which review open.
    pub(crate) presence: Arc<Presence>,
    /// Passphrases of packages that are being made, by package.
    pub(crate) passphrases: Mutex<HashMap<Id, Passphrase>>,
    /// Pictures of previews that are held.
    pub(crate) previews: Previews,
    /// What was read of the event log about access to recordings.
    pub(crate) access_log: Arc<AccessLog>,
    /// The latest signed exports of the event log.
    pub(crate) exports: Exports,
    /// Limits the pictures that are made at the same time.
    pub(crate) pictures: tokio::sync::Semaphore,
    /// When the certificate of the running server ends; empty without TLS.
    pub(crate) certificate_ends: OnceLock<Millis>,
    findings: Mutex<Vec<Read>>,
    /// Locked while the desk is open.
    _taken: std::fs::File,
}

/// Recordings whose findings are cached.
const FINDINGS_CACHED: usize = 3;

impl Shared {
    /// The time.
    pub(crate) fn now(&self) -> Millis {
        (self.options.clock)().0.div_euclid(1_000_000)
    }

    /// The agency's time zone.
    pub(crate) fn zone(&self) -> Arc<Zone> {
        Arc::clone(&self.zone.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on, days are those of this time zone.
    pub(crate) fn set_zone(&self, zone: Zone) {
        *self.zone.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(zone);
    }

    /// The days on which offices are closed.
    pub(crate) fn holidays(&self) -> Arc<Holidays> {
        Arc::clone(&self.holidays.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on, these are the agency's own days.
    pub(crate) fn set_agency_days(&self, days: AgencyDays) {
        let holidays = self.law_holidays.clone().with(days);
        *self
            .holidays
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(holidays);
    }

    /// The day in the agency's time zone.
    pub(crate) fn today(&self) -> ::time::Date {
        self.zone().day(self.now())
    }

    /// The time, to the nanosecond.
    pub(crate) fn now_nanos(&self) -> UtcNanos {
        (self.options.clock)()
    }

    /// Notifies open pages of a change.
    pub(crate) fn notify(&self, change: Change) {
        // There may be no open page.
        self.changes.send(change).ok();
    }

    /// Logs what `who` did.
    ///
    /// # Errors
    /// If the log cannot be written. The action must then not take effect.
    pub(crate) async fn log_event(&self, who: &str, event: Event) -> ApiResult<()> {
        let event = event.0.event(Circumstances {
            at: self.now_nanos(),
            who,
            program: &self.options.event_log.program,
            machine: &self.options.event_log.machine,
        });
        let log = self.options.event_log.log.clone();
        tokio::task::spawn_blocking(move || log.append(&event)).await??;
        Ok(())
    }

    /// The findings of a recording.
    ///
    /// # Errors
    /// 409 `not_ready` if it has not been scanned.
    pub(crate) async fn findings(&self, recording: &Id) -> ApiResult<Arc<(Findings, Digest)>> {
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

    /// Forgets the findings of a recording that is removed.
    pub(crate) fn forget_findings(&self, recording: &Id) {
        let mut cached = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        cached.retain(|(id, _)| id != recording);
    }

    fn cached_findings(&self, recording: &Id) -> Option<Arc<(Findings, Digest)>> {
        let mut cached = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let at = cached.iter().position(|(id, _)| id == recording)?;
        cached[..=at].rotate_right(1);
        Some(Arc::clone(&cached[0].1))
    }
}

impl Shared {
    /// The shared state of a desk that was just opened.
    pub(crate) fn new(opened: Opened) -> App {
        let (changes, _) = broadcast::channel(super::change::WAITING_MAX);
        Arc::new(Self {
            db: opened.db,
            folders: opened.folders,
            policies: opened.policies,
            law_sets: opened.law_sets,
            provider: opened.provider,
            mailer: opened.mailer,
            ceremonies: Ceremonies::default(),
            presence: Arc::default(),
            holidays: RwLock::new(Arc::new(
                opened.law_holidays.clone().with(opened.agency_days),
            )),
            law_holidays: opened.law_holidays,
            statutes: opened.statutes,
            zone: RwLock::new(Arc::new(opened.zone)),
            secrets: opened.secrets,
            options: opened.options,
            changes,
            runner: Runner::default(),
            review_lock: tokio::sync::Mutex::new(()),
            watch_lock: tokio::sync::Mutex::new(()),
            upload_locks: Mutex::new(HashMap::new()),
            hashing: Hashing::default(),
            refusals: Refusals::default(),
            views: Views::default(),
            passphrases: Mutex::new(HashMap::new()),
            previews: Previews::default(),
            access_log: Arc::default(),
            exports: Exports::default(),
            pictures: tokio::sync::Semaphore::new(2),
            certificate_ends: OnceLock::new(),
            findings: Mutex::new(Vec::new()),
            _taken: opened.taken,
        })
    }
}

/// The contents of an opened data folder.
pub(crate) struct Opened {
    pub(crate) db: Db,
    pub(crate) folders: Folders,
    pub(crate) policies: Policies,
    pub(crate) law_sets: LawSets,
    /// The calendars of laws.
    pub(crate) law_holidays: Holidays,
    pub(crate) agency_days: AgencyDays,
    pub(crate) statutes: Statutes,
    pub(crate) zone: Zone,
    pub(crate) secrets: Secrets,
    pub(crate) provider: Option<Provider>,
    pub(crate) mailer: Option<Mailer>,
    pub(crate) options: Options,
    /// The lock on the data folder.
    pub(crate) taken: std::fs::File,
}

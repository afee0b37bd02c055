//! What all handlers share, and how a desk is opened.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use redact_core::port::BoxError;
use redact_core::{Digest, Findings, UtcNanos};
use redact_record::events::{Act, Circumstances, EventDraft, EventLog, Outcome};
use redact_record::sign::{ApproverRecord, NewApprover};
use tokio::sync::broadcast;

use crate::accounts::hashing::Hashing;
use crate::accounts::refusals::{self, Refusals};
use crate::accounts::secrets::Secrets;
use crate::answer::{Answer, ApiError};
use crate::holidays::Holidays;
use crate::jobs::{Jobs, Runner};
use crate::policies::Policies;
use crate::store::{Db, Folders, Id, Token};
use crate::stream::Change;
use crate::time::{HOUR, Millis};
use crate::views::{self, Over, Views};
use crate::{DeskError, routes, store, stream};

/// How long the link of the first start holds.
const SETUP_LASTS: Millis = 72 * HOUR;

/// Gives the time: the desk has no clock of its own, so that tests can turn it.
pub type Clock = Arc<dyn Fn() -> UtcNanos + Send + Sync>;

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

/// A desk that is open.
#[derive(Clone)]
pub struct Desk {
    pub(crate) app: App,
}

/// What all handlers share.
pub(crate) type App = Arc<Shared>;

/// The findings of a recording, kept because reading them takes long.
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
    /// Kept locked while the desk is open.
    _taken: std::fs::File,
}

/// Findings that are kept in memory.
const FINDINGS_KEPT: usize = 3;

impl Desk {
    /// Opens the data folder, or makes it, and takes unfinished jobs up again.
    ///
    /// # Errors
    /// See [`DeskError`].
    pub async fn open(options: Options) -> Result<Self, DeskError> {
        let folders = Folders::make(&options.folder)?;
        let taken = take(&folders)?;
        let db = store::open(folders.root()).await?;
        let secrets = Secrets::open_folder(folders.root(), &db).await?;
        let policies = Policies::read(&options.policies)?;
        policies.keep(&db).await?;
        let holidays = Holidays::read(&folders.root().join("holidays"))?;
        let (changes, _) = broadcast::channel(stream::WAITING_MAX);
        let app = Arc::new(Shared {
            db,
            folders,
            policies,
            holidays,
            changes,
            runner: Runner::default(),
            review_lock: tokio::sync::Mutex::new(()),
            upload_locks: Mutex::new(HashMap::new()),
            hashing: Hashing::default(),
            secrets,
            refusals: Refusals::default(),
            views: Views::default(),
            pictures: tokio::sync::Semaphore::new(2),
            findings: Mutex::new(Vec::new()),
            _taken: taken,
            options,
        });
        // What a crash left.
        let settled = views::settle(&app, Over::All).await;
        settled.map_err(|_| DeskError::EventLog)?;
        crate::accounts::signing::upgrade(&app).await?;
        Runner::resume(&app).await?;
        Ok(Self { app })
    }

    /// The token of the link that makes the first administrator; `None` when there is one.
    ///
    /// Every start makes a new one and voids those before.
    ///
    /// # Errors
    /// [`DeskError::Database`].
    pub async fn setup_token(&self) -> Result<Option<String>, DeskError> {
        let app = &self.app;
        if !crate::accounts::needs_setup(&app.db).await? {
            return Ok(None);
        }
        let token = Token::random();
        sqlx::query("DELETE FROM invites WHERE user IS NULL")
            .execute(&app.db)
            .await?;
        sqlx::query("INSERT INTO invites (token, role, expires_at) VALUES (?, 'administrator', ?)")
            .bind(&token.kept)
            .bind(app.now() + SETUP_LASTS)
            .execute(&app.db)
            .await?;
        Ok(Some(token.text))
    }

    /// The service that answers requests.
    pub fn router(&self) -> axum::Router {
        routes::router(&self.app)
    }

    /// Asks running jobs to stop and waits until they have.
    pub async fn close(&self) {
        self.app.runner.close().await;
        let (app, all) = (&self.app, true);
        for written in [
            refusals::flush(app, all).await,
            views::settle(app, Over::All).await,
        ] {
            if let Err(error) = written {
                tracing::error!("desk: the event log: {error:?}");
            }
        }
        self.app.db.close().await;
    }
}

/// Makes sure that one process alone serves from a folder.
fn take(folders: &Folders) -> Result<std::fs::File, DeskError> {
    let path = folders.root().join("desk.lock");
    let failed = |source| DeskError::Folder {
        path: path.clone(),
        source,
    };
    let file = crate::private::file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(DeskError::Taken {
            path: folders.root().to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

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
        let _ = self.changes.send(change);
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
        if let Some(kept) = self.kept_findings(recording) {
            return Ok(kept);
        }
        let path = self.folders.recording(recording).join("findings.json");
        if !path.exists() {
            return Err(ApiError::conflict(
                "not_ready",
                "The recording is not ready yet.",
            ));
        }
        let read = tokio::task::spawn_blocking(move || redact_record::findings::read(&path));
        let found = Arc::new(read.await??);
        let mut kept = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(FINDINGS_KEPT - 1);
        kept.insert(0, (recording.clone(), Arc::clone(&found)));
        Ok(found)
    }

    fn kept_findings(&self, recording: &Id) -> Option<Arc<(Findings, Digest)>> {
        let mut kept = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(id, _)| id == recording)?;
        kept[..=at].rotate_right(1);
        Some(Arc::clone(&kept[0].1))
    }
}

/// What is written down of an act.
pub(crate) struct Note(EventDraft);

impl Note {
    pub(crate) fn new(what: Act, action: &str) -> Self {
        Self(EventDraft::new(what)).label("action", action)
    }

    pub(crate) const fn refused(mut self) -> Self {
        self.0.outcome(Outcome::Refused);
        self
    }

    pub(crate) fn subject(mut self, name: &str, digest: Digest) -> Self {
        self.0.subject(name, digest);
        self
    }

    pub(crate) fn label(mut self, name: &str, value: &str) -> Self {
        self.0.label(name, value);
        self
    }

    pub(crate) fn id(self, name: &str, id: &Id) -> Self {
        self.label(name, id.as_str())
    }

    pub(crate) fn count(mut self, name: &str, count: usize) -> Self {
        self.0.count(name, count);
        self
    }
}

//! A worker: claims chunks, has them done, and commits what they give.
//!
//! What may happen meanwhile costs a chunk at most, and never two outputs of one: the database goes
//! away (the work goes on, and is committed afterward), the worker is stopped and wakes too late
//! (its claim is gone, and its output is discarded), a chunk is cancelled (its process is ended), a
//! disk is full (the chunk goes back), the worker is asked to stop (chunks end, or go back).

mod beats;
mod files;
mod session;
mod slot;

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redact_core::Digest;
use tokio::sync::watch;

pub(crate) use session::{ClaimKey, sweep};

use crate::database::Database;
use crate::error::QueueError;
use crate::job::{JobId, JobKind};
use crate::pool::PoolKey;
use crate::store::Store;
use files::LocalFiles;
use session::Session;

/// How a worker works.
pub struct WorkerOptions {
    /// Its name, for people.
    pub name: String,
    /// The machine, for people.
    pub host: String,
    /// Which chunks it can do.
    pub pool: PoolKey,
    /// The public key that it signs segments with, if it has one.
    pub segment_key: Option<String>,
    /// How many chunks it does at a time, at least 1.
    pub slots: usize,
    /// How long a chunk stays this worker's without a sign of life. Signs are given four times as
    /// often. At least a second.
    pub lease: Duration,
    /// How long running chunks may take to end after the worker is asked to stop.
    pub grace: Duration,
    /// How long it claims nothing after its disk was full.
    pub pause: Duration,
    /// A folder for temporary files of its own.
    pub scratch: PathBuf,
    /// Receives how each attempt ended.
    pub on_report: Arc<dyn Fn(ChunkReport) + Send + Sync>,
}

/// One attempt at a chunk, for [`ChunkRunner`].
#[derive(Clone, Debug)]
pub struct ChunkTask {
    /// The job.
    pub job: JobId,
    /// The chunk, from 0.
    pub index: u32,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What the job's chunks are.
    pub kind: JobKind,
    /// What people call the job.
    pub label: String,
    /// The chunk plan, a verified file.
    pub plan: PathBuf,
    /// The recording, a verified file, with its digest.
    pub source: Option<(PathBuf, Digest)>,
    /// An empty folder for this attempt, removed afterward.
    pub folder: PathBuf,
}

/// What an attempt gave.
#[derive(Clone, Debug)]
pub struct RunOutput {
    /// The file.
    pub file: PathBuf,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// Its length.
    pub bytes: u64,
}

/// Why an attempt gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFailure {
    /// What failed, for people.
    pub message: String,
    /// Whether the machine's disk is full: no fault of the chunk.
    pub is_full: bool,
}

/// Does one chunk, such as in a process with limits.
pub trait ChunkRunner: Send + Sync + 'static {
    /// Does it. When `cancel` says so, whatever was started is ended, and any failure returned.
    fn run(
        &self,
        task: ChunkTask,
        cancel: Cancel,
    ) -> impl Future<Output = Result<RunOutput, RunFailure>> + Send;
}

/// Says that a chunk is no longer wanted.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Receiver<bool>);

impl Cancel {
    /// Done when the chunk is no longer wanted.
    pub async fn cancelled(&mut self) {
        // Where the sender is gone, nobody can cancel any more.
        if self.0.wait_for(|is_cancelled| *is_cancelled).await.is_err() {
            std::future::pending().await
        }
    }
}

/// How one attempt ended.
#[derive(Clone, Debug)]
pub struct ChunkReport {
    /// The job.
    pub job: JobId,
    /// The chunk, from 0.
    pub index: u32,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What people call the job.
    pub label: String,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub outcome: ChunkOutcome,
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkOutcome {
    /// Its output is the chunk's.
    Committed {
        /// The output.
        sha256: Digest,
    },
    /// Another worker was faster, or the chunk was cancelled; the output is discarded.
    Superseded,
    /// A machine of the same pool gave other bytes for the same chunk: an alarm was recorded.
    Differs,
    /// It failed, and is tried again.
    Failed {
        /// Why.
        message: String,
    },
    /// It failed as often as it may.
    NeedsPerson {
        /// Why.
        message: String,
    },
    /// It went back because the worker stops.
    GivenBack,
}

/// A chunk that is being done.
struct Running {
    key: ClaimKey,
    cancel: watch::Sender<bool>,
}

/// What the slots and the signs of life share.
struct Shared<R> {
    session: Session,
    store: Store,
    runner: R,
    options: WorkerOptions,
    files: LocalFiles,
    running: Mutex<Vec<Running>>,
    /// Set when the worker is asked to stop: no more claims.
    stopping: watch::Sender<bool>,
    /// Set when what still runs is given up.
    is_over: AtomicBool,
}

impl<R> Shared<R> {
    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what runs for a claim that was lost; all claims without a key.
    fn cancel(&self, key: Option<ClaimKey>) {
        for running in self.running().iter() {
            if key.is_none_or(|key| key == running.key) {
                running.cancel.send_replace(true);
            }
        }
    }
}

/// Works until `stop` is done, then lets running chunks end, gives back the others, and returns.
///
/// # Errors
/// When the worker cannot be registered, or the queue refuses it: a role without rights, or a
/// schema that changed. That the database is away is no error.
pub async fn run_worker<R: ChunkRunner>(
    database: Database,
    store: Store,
    runner: R,
    options: WorkerOptions,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), QueueError> {
    let register = Session::register(database, &options);
    tokio::pin!(stop);
    let session = tokio::select! {
        session = register => session?,
        () = &mut stop => return Ok(()),
    };
    let slots = options.slots.max(1);
    let shared = Arc::new(Shared {
        session,
        store,
        runner,
        files: LocalFiles::new(&options.scratch)?,
        options,
        running: Mutex::new(Vec::new()),
        stopping: watch::Sender::new(false),
        is_over: AtomicBool::new(false),
    });
    tracing::info!("worker {} registered", shared.session.worker());
    let beats = tokio::spawn(beats::beat(Arc::clone(&shared)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..slots {
        tasks.spawn(slot::work(Arc::clone(&shared)));
    }
    let mut ended = Ok(());
    loop {
        tokio::select! {
            slot = tasks.join_next() => match slot {
                None => break,
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => {
                    ended = Err(error);
                    shared.stopping.send_replace(true);
                    end_after_grace(&shared);
                }
                Some(Err(panic)) => std::panic::resume_unwind(Box::new(panic.to_string())),
            },
            () = &mut stop, if !shared.is_stopping() => {
                shared.stopping.send_replace(true);
                end_after_grace(&shared);
            }
        }
    }
    beats.abort();
    // A worker that cannot sign off is found out by its silence.
    let leave = tokio::time::timeout(Duration::from_secs(5), shared.session.leave());
    if !matches!(leave.await, Ok(Ok(()))) {
        tracing::warn!("the worker could not sign off");
    }
    ended
}

/// After the time of grace, chunks that still run go back; after as much again, the database is no
/// longer waited for.
fn end_after_grace<R: ChunkRunner>(shared: &Arc<Shared<R>>) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let grace = shared.options.grace;
        tokio::time::sleep(grace).await;
        shared.cancel(None);
        tokio::time::sleep(grace.max(Duration::from_secs(5))).await;
        shared.is_over.store(true, Ordering::SeqCst);
    });
}

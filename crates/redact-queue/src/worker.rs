//! A worker: claims chunks, has them done, and commits their outputs.
//!
//! Failures cost one chunk at most, and no chunk gets two outputs: the database is down (work
//! continues, and is committed afterward), the worker is suspended and resumes too late (its claim
//! is lost, and its output is discarded), a chunk is cancelled (its process is ended), a disk is
//! full (the chunk is returned), the worker is stopped (chunks finish or are returned).

mod beats;
mod files;
mod session;
mod shared;
mod slot;
mod types;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

pub(crate) use session::sweep;
pub use types::{
    Cancel, ChunkOutcome, ChunkReport, ChunkRunner, ChunkTask, RunFailure, RunOutput, WorkerOptions,
};

use crate::database::Database;
use crate::error::QueueError;
use crate::store::Store;
use files::LocalFiles;
use session::Session;
use shared::Shared;

/// How long a worker that ends waits for the queue.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// Works until `stop` is done, then lets running chunks end, gives back the others, and returns.
///
/// # Errors
/// When the worker cannot be registered, or the queue refuses it: a role without rights, or a
/// schema that changed. A database that is down is no error.
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
    let (over, is_over) = watch::channel(false);
    let mut beats = tokio::spawn(beats::beat(Arc::clone(&shared), is_over));
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
    over.send_replace(true);
    if tokio::time::timeout(LEAVE_WITHIN, &mut beats)
        .await
        .is_err()
    {
        beats.abort();
    }
    // The queue notices a stopped worker by its missing heartbeats, too.
    let leave = tokio::time::timeout(LEAVE_WITHIN, shared.session.leave());
    if !matches!(leave.await, Ok(Ok(()))) {
        tracing::warn!("the worker could not report that it stopped");
    }
    ended
}

/// After the grace period, chunks that still run are returned to the queue; after a second one, the
/// worker no longer waits for the database.
fn end_after_grace<R: ChunkRunner>(shared: &Arc<Shared<R>>) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let grace = shared.options.grace;
        tokio::time::sleep(grace).await;
        shared.cancel_all();
        tokio::time::sleep(grace.max(Duration::from_secs(5))).await;
        shared.is_over.store(true, Ordering::SeqCst);
    });
}

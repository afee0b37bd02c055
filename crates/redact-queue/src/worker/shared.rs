//! State that the slots of a worker and its heartbeats share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::files::LocalFiles;
use super::session::{ClaimKey, Session};
use super::types::WorkerOptions;
use crate::store::Store;

/// A chunk that is being done.
pub(super) struct Running {
    pub(super) key: ClaimKey,
    pub(super) cancel: watch::Sender<bool>,
}

/// State that the slots and the heartbeats share.
pub(super) struct Shared<R> {
    pub(super) session: Session,
    pub(super) store: Store,
    pub(super) runner: R,
    pub(super) options: WorkerOptions,
    pub(super) files: LocalFiles,
    pub(super) running: Mutex<Vec<Running>>,
    /// Set when the worker is asked to stop: no more claims.
    pub(super) stopping: watch::Sender<bool>,
    /// Set when chunks that still run are returned to the queue.
    pub(super) is_over: AtomicBool,
}

impl<R> Shared<R> {
    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    pub(super) fn running(&self) -> std::sync::MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancels the chunk of a claim that was lost; without a key, all chunks.
    pub(super) fn cancel(&self, key: Option<ClaimKey>) {
        for running in self.running().iter() {
            if key.is_none_or(|key| key == running.key) {
                running.cancel.send_replace(true);
            }
        }
    }
}

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
    /// Whether its end is being recorded: a heartbeat that arrives after that finds no claim.
    pub(super) is_ending: bool,
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

    /// Cancels all chunks.
    pub(super) fn cancel_all(&self) {
        for running in self.running().iter() {
            running.cancel.send_replace(true);
        }
    }

    /// Cancels the chunk of a claim that a heartbeat did not find; returns whether the claim was
    /// lost. It was not if its end is being recorded, or has been.
    pub(super) fn cancel_lost(&self, key: ClaimKey) -> bool {
        let running = self.running();
        let lost = running.iter().find(|running| running.key == key);
        let lost = lost.filter(|running| !running.is_ending);
        if let Some(running) = lost {
            running.cancel.send_replace(true);
        }
        lost.is_some()
    }

    /// From now on, a heartbeat that does not find the claim is no sign that it was lost.
    pub(super) fn mark_ending(&self, key: ClaimKey) {
        for running in self.running().iter_mut() {
            running.is_ending |= running.key == key;
        }
    }
}

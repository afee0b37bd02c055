//! The lanes that jobs run in, one job each: what a person waits for (following, previews), and the
//! rest.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redact_core::UtcNanos;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::id::Id;
use crate::model::JobKind;
use crate::task::Watch;
use crate::time::Millis;

/// Gives the time: the desk has no clock of its own, so that tests can turn it.
pub type Clock = Arc<dyn Fn() -> UtcNanos + Send + Sync>;

/// How long a closing desk waits for its jobs.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);

/// The lanes and what runs in them.
#[derive(Default)]
pub(crate) struct Runner {
    wake: [Notify; 2],
    closing: AtomicBool,
    running: Mutex<HashMap<Id, Arc<Running>>>,
    lanes: Mutex<Vec<JoinHandle<()>>>,
}

/// A job under way.
pub(crate) struct Running {
    stop: AtomicBool,
    reached: Mutex<Reached>,
    now: Clock,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) phase: Option<String>,
    pub(crate) done: u64,
    pub(crate) total: Option<u64>,
    /// When the phase began.
    began: Millis,
}

impl Reached {
    /// Seconds that the phase still takes at the speed so far.
    pub(crate) fn seconds_left(&self, now: Millis) -> Option<u64> {
        let total = self
            .total
            .filter(|total| *total >= self.done && self.done > 0)?;
        let spent = u128::try_from(now - self.began).ok()?;
        let left = spent * u128::from(total - self.done) / u128::from(self.done) / 1000;
        u64::try_from(left).ok()
    }
}

impl Watch for Running {
    fn advance(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()> {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        if reached.phase.as_deref() != Some(phase) {
            reached.phase = Some(phase.to_owned());
            reached.began = (self.now)().0.div_euclid(1_000_000);
        }
        reached.done = done;
        reached.total = total;
        if self.stop.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Runner {
    /// Tells a lane that there is something to do.
    pub(crate) fn wake(&self, kind: JobKind) {
        self.wake[usize::from(kind.is_quick())].notify_one();
    }

    /// How far a running job is.
    pub(crate) fn reached(&self, job: &Id) -> Option<Reached> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let running = Arc::clone(running.get(job)?);
        let reached = running
            .reached
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Some(reached.clone())
    }

    /// Asks a running job to stop; `false` when it does not run.
    pub(crate) fn stop(&self, job: &Id) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = running.get(job) else {
            return false;
        };
        running.stop.store(true, Ordering::SeqCst);
        true
    }

    /// Asks everything to stop and waits for it.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        for running in self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            running.stop.store(true, Ordering::SeqCst);
        }
        for wake in &self.wake {
            wake.notify_one();
        }
        let lanes = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        for lane in lanes {
            tokio::time::timeout(CLOSE_WITHIN, lane).await.ok();
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Adds the lanes' tasks.
    pub(crate) fn start(&self, lanes: impl IntoIterator<Item = JoinHandle<()>>) {
        let mut all = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(lanes);
    }

    /// Waits until a lane may have something to do.
    pub(crate) async fn wait(&self, quick: bool) {
        self.wake[usize::from(quick)].notified().await;
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Id, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a job among those that run, as long as what is returned lives.
    pub(crate) fn list(&self, job: &Id, running: &Arc<Running>) -> Listed<'_> {
        self.running().insert(job.clone(), Arc::clone(running));
        Listed {
            runner: self,
            job: job.clone(),
        }
    }
}

impl Running {
    /// A job that begins; one that is to stop already when `stop`.
    pub(crate) fn new(now: Clock, stop: bool) -> Self {
        Self {
            stop: AtomicBool::new(stop),
            reached: Mutex::new(Reached::default()),
            now,
        }
    }

    /// Whether it was asked to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// A job in the list of those that run, as long as this lives.
pub(crate) struct Listed<'a> {
    runner: &'a Runner,
    job: Id,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.runner.running().remove(&self.job);
    }
}

//! The lanes that jobs run in, one job at a time each: one for what users wait for in the review
//! (follow, preview), one for clips of whole recordings, one for the rest.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redact_core::UtcNanos;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::id::Id;
use crate::model::{JobKind, JobLane};
use crate::task::Watch;
use crate::time::Millis;

/// Returns the time. The desk has no clock of its own, so that tests can set it.
pub type Clock = Arc<dyn Fn() -> UtcNanos + Send + Sync>;

/// How long closing the desk waits for jobs.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);

/// The lanes and their running jobs.
#[derive(Default)]
pub(crate) struct Runner {
    wake: [Notify; JobLane::ALL.len()],
    closing: AtomicBool,
    running: Mutex<HashMap<Id, Arc<Running>>>,
    lanes: Mutex<Vec<JoinHandle<()>>>,
}

/// A running job.
pub(crate) struct Running {
    stop: AtomicBool,
    progress: Mutex<JobProgress>,
    now: Clock,
}

/// The progress of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobProgress {
    pub(crate) phase: Option<String>,
    pub(crate) done: u64,
    pub(crate) total: Option<u64>,
    /// When the phase began.
    began: Millis,
}

impl JobProgress {
    /// The remaining seconds of the phase at the speed so far.
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
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.phase.as_deref() != Some(phase) {
            progress.phase = Some(phase.to_owned());
            progress.began = (self.now)().0.div_euclid(1_000_000);
        }
        progress.done = done;
        progress.total = total;
        if self.stop.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Runner {
    /// Wakes a lane.
    pub(crate) fn wake(&self, kind: JobKind) {
        self.wake[kind.lane() as usize].notify_one();
    }

    /// The progress of a running job.
    pub(crate) fn progress(&self, job: &Id) -> Option<JobProgress> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let running = Arc::clone(running.get(job)?);
        let progress = running
            .progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Some(progress.clone())
    }

    /// Stops a running job; `false` if it is not running.
    pub(crate) fn stop(&self, job: &Id) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = running.get(job) else {
            return false;
        };
        running.stop.store(true, Ordering::SeqCst);
        true
    }

    /// Stops all jobs and waits for them.
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

    /// Waits until a lane may have a job.
    pub(crate) async fn wait(&self, lane: JobLane) {
        self.wake[lane as usize].notified().await;
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Id, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a job as running until the result is dropped.
    pub(crate) fn list(&self, job: &Id, running: &Arc<Running>) -> Listed<'_> {
        self.running().insert(job.clone(), Arc::clone(running));
        Listed {
            runner: self,
            job: job.clone(),
        }
    }
}

impl Running {
    /// A job that starts; already stopped if `stop`.
    pub(crate) fn new(now: Clock, stop: bool) -> Self {
        Self {
            stop: AtomicBool::new(stop),
            progress: Mutex::new(JobProgress::default()),
            now,
        }
    }

    /// Whether it was stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// A running job; removed from the list when dropped.
pub(crate) struct Listed<'a> {
    runner: &'a Runner,
    job: Id,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.runner.running().remove(&self.job);
    }
}

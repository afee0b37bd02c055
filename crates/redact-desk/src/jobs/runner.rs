//! Takes jobs out of the database one by one and sees them through.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Watch, finish, task};
use crate::answer::Answer;
use crate::app::{App, Shared};
use crate::queue::{self, Kind};
use crate::store::Id;
use crate::stream::Change;
use crate::time::Millis;

/// How often open pages hear of a running job.
const TELL_EVERY: Duration = Duration::from_millis(500);

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
    now: crate::Clock,
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
    /// Queues again what a dead server left, and starts the lanes.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn resume(app: &App) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE jobs SET state = 'interrupted', ended_at = ?
             WHERE state IN ('queued', 'running') AND kind IN ('follow', 'preview')",
        )
        .bind(app.now())
        .execute(&app.db)
        .await?;
        sqlx::query("UPDATE jobs SET state = 'queued', started_at = NULL WHERE state = 'running'")
            .execute(&app.db)
            .await?;
        let work = app.folders.work();
        for entry in std::fs::read_dir(work).into_iter().flatten().flatten() {
            // What cannot be removed is looked at again at the next start.
            let _ = std::fs::remove_file(entry.path());
        }
        let mut lanes = app
            .runner
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for quick in [false, true] {
            lanes.push(tokio::spawn(lane(Arc::clone(app), quick)));
        }
        Ok(())
    }

    /// Tells a lane that there is something to do.
    pub(crate) fn wake(&self, kind: Kind) {
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
            let _ = tokio::time::timeout(CLOSE_WITHIN, lane).await;
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}

/// Runs the jobs of one lane until the desk closes.
async fn lane(app: App, quick: bool) {
    while !app.runner.is_closing() {
        match next(&app, quick).await {
            Ok(Some((job, kind))) => {
                if let Err(error) = run(&app, &job, kind).await {
                    tracing::error!("desk: job {job}: {error:?}");
                    // A job whose end cannot be written is taken up at the next start.
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
            Ok(None) => app.runner.wake[usize::from(quick)].notified().await,
            Err(error) => {
                tracing::error!("desk: the queue: {error}");
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
    }
}

/// The oldest job that waits in a lane, marked as running.
async fn next(app: &Shared, quick: bool) -> Result<Option<(Id, Kind)>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE jobs SET state = 'running', started_at = ?, ended_at = NULL, error = NULL,
         hint = NULL, error_code = NULL WHERE id = (SELECT id FROM jobs WHERE state = 'queued'
         AND (kind IN ('follow', 'preview')) = ? ORDER BY number LIMIT 1) RETURNING id, kind",
    )
    .bind(app.now())
    .bind(quick)
    .fetch_optional(&app.db)
    .await
}

async fn run(app: &App, job: &Id, kind: Kind) -> Answer<()> {
    let running = Arc::new(Running {
        stop: AtomicBool::new(app.runner.is_closing()),
        reached: Mutex::new(Reached::default()),
        now: Arc::clone(&app.options.clock),
    });
    let guard = Listed::new(app, job, &running);
    queue::tell(app, job).await?;
    let result = match task::make(app, job, kind).await {
        Err(error) => Err(error),
        Ok(task) => {
            let jobs = Arc::clone(&app.options.jobs);
            let watch = Arc::clone(&running);
            let mut work = tokio::task::spawn_blocking(move || jobs.run(&task, &*watch));
            let mut told = Reached::default();
            loop {
                match tokio::time::timeout(TELL_EVERY, &mut work).await {
                    Ok(result) => {
                        break result.unwrap_or_else(|_| {
                            Err(super::TaskError::new("the job ended without a word"))
                        });
                    }
                    Err(_) => {
                        let reached = app.runner.reached(job).unwrap_or_default();
                        if reached != told {
                            told = reached;
                            queue::tell(app, job).await?;
                        }
                    }
                }
            }
        }
    };
    let stopped = running.stop.load(Ordering::SeqCst) && result.is_err();
    drop(guard);
    finish::finish(app, job, kind, result, stopped).await
}

/// A job in the list of those that run, as long as this is kept.
struct Listed<'a> {
    app: &'a App,
    job: Id,
}

impl<'a> Listed<'a> {
    fn new(app: &'a App, job: &Id, running: &Arc<Running>) -> Self {
        let mut list = app
            .runner
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        list.insert(job.clone(), Arc::clone(running));
        Self {
            app,
            job: job.clone(),
        }
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        let mut list = self
            .app
            .runner
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        list.remove(&self.job);
    }
}

/// Tells pages that what a job belongs to changed.
pub(crate) fn tell_owners(app: &Shared, row: &queue::Row) {
    let changes = [
        row.request.clone().map(|id| Change::Request { id }),
        row.recording.clone().map(|id| Change::Recording { id }),
        row.release.clone().map(|id| Change::Release { id }),
        row.audit.clone().map(|id| Change::Audit { id }),
    ];
    for change in changes.into_iter().flatten() {
        app.tell(change);
    }
}

//! Runs the jobs in the database, one after another.
//!
//! A job is a row before it starts, and its end and what follows are one transaction. After a
//! crash, work continues from the rows.

use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::lanes::{JobProgress, Running};
use super::{job_finish, job_task, jobs};
use crate::api_error::ApiResult;
use crate::db;
use crate::db::pool::DbError;
use crate::id::Id;
use crate::model::{JobKind, JobLane};
use crate::task::TaskError;

/// How often open pages are notified about a running job.
const NOTIFY_EVERY: Duration = Duration::from_millis(500);

/// Recovers jobs after a crash and starts the lanes.
///
/// # Errors
/// Database errors.
pub(crate) async fn resume(app: &App) -> Result<(), DbError> {
    db::jobs::resume(&app.db, app.now()).await?;
    let work = app.folders.work();
    for entry in std::fs::read_dir(work).into_iter().flatten().flatten() {
        // What cannot be removed is removed at the next start.
        let path = entry.path();
        std::fs::remove_file(&path)
            .or_else(|_| std::fs::remove_dir_all(&path))
            .ok();
    }
    let lanes = JobLane::ALL.map(|lane| tokio::spawn(run_lane(Arc::clone(app), lane)));
    app.runner.start(lanes);
    Ok(())
}

/// Runs the jobs of one lane until the desk closes.
async fn run_lane(app: App, lane: JobLane) {
    while !app.runner.is_closing() {
        match db::jobs::start_next(&app.db, lane, app.now()).await {
            Ok(Some((job, kind))) => {
                if let Err(error) = run(&app, &job, kind).await {
                    tracing::error!("desk: job {job}: {error:?}");
                    // A job whose end cannot be stored starts over at the next start.
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
            Ok(None) => app.runner.wait(lane).await,
            Err(error) => {
                tracing::error!("desk: the queue: {error}");
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
    }
}

async fn run(app: &App, job: &Id, kind: JobKind) -> ApiResult<()> {
    let clock = Arc::clone(&app.options.clock);
    let running = Arc::new(Running::new(clock, app.runner.is_closing()));
    let guard = app.runner.list(job, &running);
    jobs::notify(app, job).await?;
    let result = match job_task::make(app, job, kind).await {
        Err(error) => Err(error),
        Ok(task) => {
            let worker = Arc::clone(&app.options.jobs);
            let watch = Arc::clone(&running);
            let mut work = tokio::task::spawn_blocking(move || worker.run(&task, &*watch));
            let mut sent = JobProgress::default();
            loop {
                match tokio::time::timeout(NOTIFY_EVERY, &mut work).await {
                    Ok(result) => {
                        break result.unwrap_or_else(|_| {
                            Err(TaskError::new("the job ended without a result"))
                        });
                    }
                    Err(_) => {
                        let progress = app.runner.progress(job).unwrap_or_default();
                        if progress != sent {
                            sent = progress;
                            jobs::notify(app, job).await?;
                        }
                    }
                }
            }
        }
    };
    let stopped = running.is_stopped() && result.is_err();
    drop(guard);
    job_finish::finish(app, job, kind, result, stopped).await
}

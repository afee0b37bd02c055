//! Queuing jobs, and telling pages how they are.

use super::app::Shared;
use super::change::Change;
use crate::answer::{Answer, ApiError};
use crate::db::jobs::{self, JobRow, NewJob};
use crate::db::pool;
use crate::db::releases;
use crate::id::Id;
use crate::model::{JobKind, ReleaseState};

/// Tells open pages how a job is.
///
/// # Errors
/// The database's.
pub(crate) async fn tell(app: &Shared, id: &Id) -> Answer<()> {
    let row = jobs::by_id(&app.db, id).await?;
    let reached = app.runner.reached(id).unwrap_or_default();
    app.tell(Change::Job(Box::new((row, reached))));
    Ok(())
}

/// Tells pages that what a job belongs to changed.
pub(crate) fn tell_owners(app: &Shared, row: &JobRow) {
    let changes = [
        row.request.clone().map(Change::Request),
        row.recording.clone().map(Change::Recording),
        row.release.clone().map(Change::Release),
        row.audit.clone().map(Change::Audit),
    ];
    for change in changes.into_iter().flatten() {
        app.tell(change);
    }
}

/// Queues a job on its own.
///
/// # Errors
/// The database's.
pub(crate) async fn queue(app: &Shared, job: NewJob) -> Answer<JobRow> {
    let kind = job.kind;
    let mut change = pool::begin(&app.db).await?;
    let id = jobs::insert(&mut change, job, app.now()).await?;
    change.commit().await?;
    app.runner.wake(kind);
    tell(app, &id).await?;
    jobs::by_id(&app.db, &id).await
}

/// Cancels a job that waits or runs.
///
/// # Errors
/// 404, 409 when it has ended.
pub(crate) async fn cancel(app: &Shared, id: &Id) -> Answer<()> {
    let row = jobs::by_id(&app.db, id).await?;
    if jobs::cancel_queued(&app.db, id, app.now()).await? {
        if let (JobKind::Render, Some(release)) = (row.kind, &row.release) {
            releases::set_state(&app.db, release, ReleaseState::Failed).await?;
        }
        tell_owners(app, &row);
    } else if !app.runner.stop(id) {
        return Err(ApiError::conflict("conflict", "The job has ended already."));
    }
    tell(app, id).await
}

/// Queues a job again that failed or was cancelled.
///
/// # Errors
/// 409 when it runs, waits or is done.
pub(crate) async fn again(app: &Shared, row: &JobRow) -> Answer<()> {
    let mut change = pool::begin(&app.db).await?;
    if !jobs::requeue(&mut change, &row.id, app.now()).await? {
        let message = "The job is queued, running or finished.";
        return Err(ApiError::conflict("conflict", message));
    }
    if let (JobKind::Render, Some(release)) = (row.kind, &row.release) {
        releases::set_state(&mut *change, release, ReleaseState::Rendering).await?;
    }
    change.commit().await?;
    app.runner.wake(row.kind);
    tell_owners(app, row);
    tell(app, &row.id).await
}

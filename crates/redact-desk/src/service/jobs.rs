//! Queuing jobs, and notifying pages about them.

use super::app::Shared;
use super::change::Change;
use super::package_state;
use crate::api_error::{ApiError, ApiResult};
use crate::db::jobs::{self, JobRow, NewJob};
use crate::db::pool;
use crate::db::releases;
use crate::domain::verdict;
use crate::id::Id;
use crate::model::{JobKind, ReleaseState};

/// Notifies open pages about a job.
///
/// # Errors
/// Database errors.
pub(crate) async fn notify(app: &Shared, id: &Id) -> ApiResult<()> {
    let row = jobs::by_id(&app.db, id).await?;
    let progress = app.runner.progress(id).unwrap_or_default();
    app.notify(Change::Job(Box::new((row, progress))));
    Ok(())
}

/// Notifies open pages that the objects of a job changed.
pub(crate) fn notify_owners(app: &Shared, row: &JobRow) {
    let changes = [
        row.request.clone().map(Change::Request),
        row.recording.clone().map(Change::Recording),
        row.release.clone().map(Change::Release),
        row.audit.clone().map(Change::Audit),
    ];
    for change in changes.into_iter().flatten() {
        app.notify(change);
    }
}

/// Queues a job in a transaction of its own.
///
/// # Errors
/// Database errors.
pub(crate) async fn queue(app: &Shared, job: NewJob) -> ApiResult<JobRow> {
    let kind = job.kind;
    let mut change = pool::begin(&app.db).await?;
    let id = jobs::insert(&mut change, job, app.now()).await?;
    change.commit().await?;
    app.runner.wake(kind);
    notify(app, &id).await?;
    jobs::by_id(&app.db, &id).await
}

/// Cancels a queued or running job.
///
/// # Errors
/// 404, 409 if it has ended.
pub(crate) async fn cancel(app: &Shared, id: &Id) -> ApiResult<()> {
    let row = jobs::by_id(&app.db, id).await?;
    if jobs::cancel_queued(&app.db, id, app.now()).await? {
        let state = match (row.kind, &row.release) {
            (JobKind::Render, Some(release)) => Some((release, ReleaseState::Failed)),
            (JobKind::Verify, Some(release)) => {
                let known = releases::by_id(&app.db, release).await?.verdict;
                Some((release, verdict::state_of(known.as_deref())))
            }
            _ => None,
        };
        if let Some((release, state)) = state {
            releases::set_state(&app.db, release, state).await?;
        }
        if let Some(package) = &row.package {
            let mut change = pool::begin(&app.db).await?;
            package_state::failed(app, &mut change, package).await?;
            change.commit().await?;
        }
        notify_owners(app, &row);
    } else if !app.runner.stop(id) {
        return Err(ApiError::conflict("conflict", "The job has already ended."));
    }
    notify(app, id).await
}

/// Queues a failed or cancelled job again.
///
/// # Errors
/// 409 if it is queued, running or done.
pub(crate) async fn again(app: &Shared, row: &JobRow) -> ApiResult<()> {
    let mut change = pool::begin(&app.db).await?;
    if !jobs::requeue(&mut change, &row.id, app.now()).await? {
        let message = "The job is queued, running or finished.";
        return Err(ApiError::conflict("conflict", message));
    }
    if let (JobKind::Render, Some(release)) = (row.kind, &row.release) {
        releases::set_state(&mut *change, release, ReleaseState::Rendering).await?;
    }
    if let Some(package) = &row.package {
        package_state::again(app, &mut change, package).await?;
    }
    change.commit().await?;
    app.runner.wake(row.kind);
    notify_owners(app, row);
    notify(app, &row.id).await
}

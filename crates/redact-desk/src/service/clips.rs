//! Clips of the whole recording as it would be released: one for each revision, made once.

use serde_json::json;

use super::app::Shared;
use super::job_task::PreviewInput;
use super::jobs::queue;
use super::recordings::frames;
use crate::api_error::ApiResult;
use crate::db::jobs::{self, JobRow, NewJob};
use crate::db::{recordings, reviews};
use crate::id::Id;
use crate::model::{JobKind, JobState, SessionUser};

/// The job that makes or made the clip of a revision; `None` if there is none, or if it ended
/// without a clip or the clip is gone.
///
/// # Errors
/// Database errors.
pub(crate) async fn known(app: &Shared, review: &Id, revision: i64) -> ApiResult<Option<JobRow>> {
    let rows = jobs::clips_of(&app.db, review).await?;
    let of_revision = rows
        .into_iter()
        .find(|row| revision_of(row) == Some(revision));
    Ok(of_revision.filter(|row| match row.state {
        JobState::Queued | JobState::Running | JobState::Failed => true,
        JobState::Done => app.folders.clip(&row.id).exists(),
        JobState::Cancelled | JobState::Interrupted => false,
    }))
}

/// Queues the job that makes the clip of a revision, or gives the one that there is. Clips of
/// other revisions are deleted.
///
/// # Errors
/// 404 for a revision that does not exist; 409 `not_ready`.
pub(crate) async fn make(
    app: &Shared,
    who: &SessionUser,
    review: &Id,
    revision: i64,
) -> ApiResult<JobRow> {
    let recording = reviews::by_id(&app.db, review).await?.recording;
    let end = frames(app, &recording).await?;
    reviews::saved(&app.db, review, revision).await?;
    // Two people who ask at the same time get one job.
    let _alone = app.review_lock.lock().await;
    if let Some(row) = known(app, review, revision).await?
        && row.state != JobState::Failed
    {
        return Ok(row);
    }
    delete(app, review).await?;
    let mut job = NewJob::new(JobKind::Clip, &who.name);
    job.request = Some(recordings::by_id(&app.db, &recording).await?.request);
    job.recording = Some(recording);
    job.review = Some(review.clone());
    job.input = json!(PreviewInput {
        revision,
        start: 0,
        end,
    });
    queue(app, job).await
}

/// Deletes the clips of a review, and stops making them.
///
/// # Errors
/// Database errors.
pub(crate) async fn delete(app: &Shared, review: &Id) -> ApiResult<()> {
    for row in jobs::clips_of(&app.db, review).await? {
        jobs::cancel_queued(&app.db, &row.id, app.now()).await?;
        app.runner.stop(&row.id);
        // One that was deleted before is not there.
        tokio::fs::remove_file(app.folders.clip(&row.id)).await.ok();
    }
    Ok(())
}

fn revision_of(row: &JobRow) -> Option<i64> {
    let input: Option<PreviewInput> = serde_json::from_str(&row.input).ok();
    input.map(|input| input.revision)
}

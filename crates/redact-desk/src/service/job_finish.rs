//! How a job ends and what follows, in one transaction.

use serde_json::json;

use super::app::{App, Shared};
use super::audits as audits_of;
use super::change::Change;
use super::{fees, job_task, jobs, new_reviews, package_state, releases, statistics};
use crate::api_error::ApiResult;
use crate::db::jobs::{Ended, JobRow, NewJob};
use crate::db::pool::{self, Connection};
use crate::db::{self, audits, recordings};
use crate::domain::verdict::{self, Verdict};
use crate::id::Id;
use crate::model::{JobKind, JobState, ReleaseState};
use crate::paths::recording_files::MEDIA;
use crate::task::{TaskError, TaskOutcome};

/// Stores how a job ended, and what follows.
///
/// # Errors
/// Database errors. The job then starts over at the next start.
pub(crate) async fn finish(
    app: &App,
    job: &Id,
    kind: JobKind,
    result: Result<TaskOutcome, TaskError>,
    stopped: bool,
) -> ApiResult<()> {
    if stopped && app.runner.is_closing() {
        // The server is stopping, nobody cancelled the job: it starts over at the next start.
        return Ok(());
    }
    let row = db::jobs::by_id(&app.db, job).await?;
    let result = match (result, &row.release) {
        // It finished before it was stopped.
        (Ok(_), Some(release))
            if kind == JobKind::Render && job_task::is_revoked(app, job).await? =>
        {
            releases::remove(app, release).await?;
            Err(job_task::revoked())
        }
        (result, _) => result,
    };
    let state = match (&result, stopped) {
        (Ok(_), _) => JobState::Done,
        (Err(_), true) => JobState::Cancelled,
        (Err(_), false) => JobState::Failed,
    };
    let mut change = pool::begin(&app.db).await?;
    let ended = Ended {
        state,
        error: result.as_ref().err().filter(|_| !stopped),
        result: match &result {
            Ok(TaskOutcome::Followed(followed)) => Some(json!(followed).to_string()),
            _ => None,
        },
        now: app.now(),
    };
    db::jobs::end(&mut change, job, ended).await?;
    let next = match result {
        Ok(outcome) => done(app, &row, outcome, &mut change).await?,
        Err(error) => {
            failed(app, &row, &error, &mut change).await?;
            None
        }
    };
    change.commit().await?;
    if let Some(kind) = next {
        app.runner.wake(kind);
    }
    jobs::notify(app, job).await?;
    jobs::notify_owners(app, &row);
    if state == JobState::Done {
        count_figures(app, &row).await;
    }
    if kind == JobKind::Thumbnails
        && state == JobState::Done
        && let Some(recording) = &row.recording
    {
        new_reviews::begin_first(app, recording, &row.by).await?;
        app.notify(Change::Recording(recording.clone()));
    }
    Ok(())
}

/// Counts what pages and statistics show of a finished scan or check, so that they read no files.
/// What cannot be counted now is counted when it is first shown.
async fn count_figures(app: &Shared, row: &JobRow) {
    let counted = match (row.kind, &row.recording, &row.release) {
        (JobKind::Scan, Some(recording), _) => count_expected(app, recording).await,
        (JobKind::Verify, _, Some(release)) => statistics::count_release(app, release).await,
        _ => return,
    };
    if let Err(error) = counted {
        tracing::warn!("desk: cannot count what a job found: {error:?}");
    }
}

async fn count_expected(app: &Shared, recording: &Id) -> ApiResult<()> {
    let media = recordings::by_id(&app.db, recording).await?.media;
    let seconds = fees::seconds_of(media.as_deref());
    fees::count_expected(app, recording, seconds)
        .await
        .map(drop)
}

/// What follows a finished job; returns the kind of job that it queued.
async fn done(
    app: &Shared,
    row: &JobRow,
    outcome: TaskOutcome,
    change: &mut Connection,
) -> ApiResult<Option<JobKind>> {
    let next = match (row.kind, outcome, &row.recording, &row.release, &row.audit) {
        (JobKind::Prepare, _, Some(recording), ..) => {
            let path = app.folders.recording(recording).join(MEDIA);
            let media = tokio::fs::read_to_string(path).await?;
            recordings::set_media(change, recording, &media).await?;
            Some(JobKind::Scan)
        }
        (JobKind::Scan, TaskOutcome::Scanned(digest), Some(recording), ..) => {
            recordings::set_digest(change, recording, digest).await?;
            Some(JobKind::Thumbnails)
        }
        (JobKind::Render, _, _, Some(release), _) => {
            db::releases::set_made(change, release, app.now()).await?;
            Some(JobKind::Verify)
        }
        (JobKind::Verify, TaskOutcome::Verified(found), _, Some(release), _) => {
            let verdict = verdict::from_checks(found);
            let state = if verdict.ok {
                ReleaseState::Ready
            } else {
                ReleaseState::Wrong
            };
            let text = json!(verdict).to_string();
            db::releases::set_verdict(change, release, (state, text), app.now()).await?;
            None
        }
        (JobKind::Audit, TaskOutcome::Verified(found), .., Some(audit)) => {
            set_audit(change, audit, &verdict::from_checks(found)).await?;
            None
        }
        (JobKind::Package, TaskOutcome::Packaged(made), ..) => {
            if let Some(package) = &row.package {
                package_state::made(app, change, (package, made)).await?;
            }
            None
        }
        _ => None,
    };
    if let Some(kind) = next {
        let mut follow_up = NewJob::new(kind, &row.by);
        follow_up.request.clone_from(&row.request);
        follow_up.recording.clone_from(&row.recording);
        follow_up.review.clone_from(&row.review);
        follow_up.release.clone_from(&row.release);
        db::jobs::insert(change, follow_up, app.now()).await?;
    }
    Ok(next)
}

async fn set_audit(change: &mut Connection, audit: &Id, verdict: &Verdict) -> ApiResult<()> {
    Ok(audits::set_verdict(change, audit, json!(verdict).to_string()).await?)
}

/// What follows a failed job.
async fn failed(
    app: &Shared,
    row: &JobRow,
    error: &TaskError,
    change: &mut Connection,
) -> ApiResult<()> {
    if let Some(package) = &row.package {
        package_state::failed(app, change, package).await?;
    }
    match (row.kind, &row.release, &row.audit) {
        (JobKind::Render, Some(release), _) => {
            db::releases::set_state(&mut *change, release, ReleaseState::Failed).await?;
            app.notify(Change::Release(release.clone()));
        }
        // What an earlier check found stands.
        (JobKind::Verify, Some(release), _) => {
            let known = db::releases::by_id(&app.db, release).await?.verdict;
            let state = verdict::state_of(known.as_deref());
            db::releases::set_state(&mut *change, release, state).await?;
            app.notify(Change::Release(release.clone()));
        }
        // For an auditor, a release that cannot be read is a verdict.
        (JobKind::Audit, _, Some(audit)) => {
            let why = audits_of::without_paths(&app.folders.audit(audit), &error.message);
            set_audit(change, audit, &verdict::unreadable(&why)).await?;
        }
        _ => {}
    }
    Ok(())
}

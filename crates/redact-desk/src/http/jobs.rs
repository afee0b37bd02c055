//! Jobs as the API returns them, and what users can do with them.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::Query;
use super::files::{self, SendAs};
use super::proxy::{Shown, note_video};
use crate::api_error::{ApiError, ApiResult};
use crate::db::audits;
use crate::db::jobs::{self as rows, JobRow};
use crate::db::practice;
use crate::domain::viewing::Seen;
use crate::id::Id;
use crate::model::{JobKind, JobState, Role, SessionUser};
use crate::service::app::{App, Shared};
use crate::service::lanes::JobProgress;
use crate::service::{job_task, jobs, sealed};
use crate::task::Remedy;
use crate::time;

/// A job as the API returns it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Job {
    id: Id,
    kind: JobKind,
    request: Option<Id>,
    recording: Option<Id>,
    review: Option<Id>,
    release: Option<Id>,
    package: Option<Id>,
    state: JobState,
    phase: Option<String>,
    done: u64,
    total: Option<u64>,
    seconds_left: Option<u64>,
    queued_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    by: String,
    error: Option<JobError>,
    #[cfg_attr(test, ts(type = "unknown"))]
    result: Option<Value>,
    request_number: Option<String>,
    recording_name: Option<String>,
}

/// Why a job failed.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct JobError {
    message: String,
    hint: Option<String>,
    /// What a user can do so that it succeeds.
    pub(crate) remedy: Option<Remedy>,
}

/// A job as the API returns it now.
pub(crate) fn present(app: &Shared, row: JobRow) -> Job {
    let progress = app.runner.progress(&row.id).unwrap_or_default();
    present_at(app, row, progress)
}

/// A job as the API returns it at that progress.
pub(crate) fn present_at(app: &Shared, row: JobRow, progress: JobProgress) -> Job {
    Job {
        seconds_left: progress.seconds_left(app.now()),
        phase: progress.phase,
        done: progress.done,
        total: progress.total,
        id: row.id,
        kind: row.kind,
        request: row.request,
        recording: row.recording,
        review: row.review,
        release: row.release,
        package: row.package,
        state: row.state,
        queued_at: time::text(row.queued_at),
        started_at: row.started_at.map(time::text),
        ended_at: row.ended_at.map(time::text),
        by: row.by,
        error: row.error.map(|message| JobError {
            message,
            hint: row.hint,
            remedy: row.error_code,
        }),
        result: row.result.and_then(|text| serde_json::from_str(&text).ok()),
        request_number: row.request_number,
        recording_name: row.recording_name,
    }
}

/// The preparation jobs of a recording, and why the latest of them failed.
pub(crate) fn preparation(app: &Shared, rows: Vec<JobRow>) -> (Vec<Job>, Option<JobError>) {
    let jobs: Vec<Job> = rows.into_iter().map(|row| present(app, row)).collect();
    let ended = |job: &&Job| !matches!(job.state, JobState::Queued | JobState::Running);
    let failed = jobs.iter().rev().find(ended).map(|job| {
        let cancelled = JobError {
            message: "The preparation was cancelled.".to_owned(),
            hint: Some("Start it again.".to_owned()),
            remedy: None,
        };
        job.error.clone().unwrap_or(cancelled)
    });
    (jobs, failed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobsQuery {
    #[serde(default)]
    active: bool,
}

/// `GET /jobs`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
    Query(filter): Query<JobsQuery>,
) -> ApiResult<axum::Json<Vec<Job>>> {
    let rows = rows::list(&app.db, filter.active).await?;
    let hidden = practice::of_others(&app.db, &who.id).await?;
    let closed = sealed::closed_to(&app, &who).await?;
    let shown = |row: &JobRow| {
        let mine = row.request.as_ref().is_none_or(|id| !hidden.contains(id));
        mine && !closed.has(&row.id)
    };
    let rows = rows.into_iter().filter(shown);
    let jobs = rows.map(|row| present(&app, row));
    Ok(axum::Json(jobs.collect()))
}

/// `GET /jobs/:id`. Auditors see only jobs of their own audits.
pub(crate) async fn one(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Job>> {
    let row = rows::by_id(&app.db, &id).await?;
    if who.role == Role::Auditor {
        let audit = row.audit.as_ref().ok_or_else(ApiError::not_found)?;
        audits::own(&app.db, &who.id, audit).await?;
    }
    Ok(axum::Json(present(&app, row)))
}

/// `POST /jobs/:id/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Job>> {
    jobs::cancel(&app, &id).await?;
    Ok(axum::Json(present(&app, rows::by_id(&app.db, &id).await?)))
}

/// `POST /jobs/:id/retry`.
pub(crate) async fn retry(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Job>> {
    let row = rows::by_id(&app.db, &id).await?;
    jobs::again(&app, &row).await?;
    Ok(axum::Json(present(&app, rows::by_id(&app.db, &id).await?)))
}

/// `GET /jobs/:id/clip`.
pub(crate) async fn clip(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let row = rows::by_id(&app.db, &id).await?;
    let is_clip = matches!(row.kind, JobKind::Preview | JobKind::Clip);
    let Some(recording) = row
        .recording
        .filter(|_| is_clip && row.state == JobState::Done)
    else {
        return Err(ApiError::not_found());
    };
    let path = app.folders.clip(&id);
    let answer = files::send(&path, SendAs::inline("video/mp4"), &headers).await?;
    let shown = Shown {
        seen: Seen::Preview,
        path,
        frames: job_task::preview_frames(&row.input),
    };
    note_video(&app, (&who, &recording), shown, answer).await
}

//! Jobs as the page sees them, and what a person may do with them.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError, Query};
use crate::app::{App, Shared};
use crate::files::{self, Shown};
use crate::jobs::ToAccept;
use crate::routes::Role;
use crate::store::Id;
use crate::stream::Change;
use crate::time::{self, Millis};
use crate::views::{self, Seen};

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum Kind {
    Prepare,
    Scan,
    Thumbnails,
    Follow,
    Preview,
    Render,
    Verify,
    Audit,
}

impl Kind {
    /// Whether a person waits for it in front of the picture.
    pub(crate) const fn is_quick(self) -> bool {
        matches!(self, Self::Follow | Self::Preview)
    }

    /// Whether a recording is not ready before it is done.
    pub(crate) const fn prepares(self) -> bool {
        matches!(self, Self::Prepare | Self::Scan | Self::Thumbnails)
    }
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum JobState {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
    Interrupted,
}

/// A job as the database has it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) kind: Kind,
    pub(crate) request: Option<Id>,
    pub(crate) recording: Option<Id>,
    pub(crate) review: Option<Id>,
    pub(crate) release: Option<Id>,
    pub(crate) audit: Option<Id>,
    pub(crate) state: JobState,
    pub(crate) input: String,
    queued_at: Millis,
    started_at: Option<Millis>,
    ended_at: Option<Millis>,
    pub(crate) by: String,
    error: Option<String>,
    hint: Option<String>,
    error_code: Option<ToAccept>,
    result: Option<String>,
    request_number: Option<String>,
    recording_name: Option<String>,
}

const ROW: &str = "SELECT id, kind, request, recording, review, release, audit, state, input,
    queued_at, started_at, ended_at, by, error, hint, error_code, result,
    (SELECT number FROM requests WHERE requests.id = jobs.request) AS request_number,
    (SELECT name FROM recordings WHERE recordings.id = jobs.recording) AS recording_name
    FROM jobs";

/// A job as the page sees it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Job {
    id: Id,
    kind: Kind,
    request: Option<Id>,
    recording: Option<Id>,
    review: Option<Id>,
    release: Option<Id>,
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
    result: Option<Value>,
    request_number: Option<String>,
    recording_name: Option<String>,
}

/// Why a job was not done.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct JobError {
    message: String,
    hint: Option<String>,
    /// What a person can accept so that it can be done.
    pub(crate) to_accept: Option<ToAccept>,
}

/// A job to queue.
#[derive(Debug)]
pub(crate) struct NewJob {
    pub(crate) kind: Kind,
    pub(crate) request: Option<Id>,
    pub(crate) recording: Option<Id>,
    pub(crate) review: Option<Id>,
    pub(crate) release: Option<Id>,
    pub(crate) audit: Option<Id>,
    pub(crate) input: Value,
    pub(crate) by: String,
}

impl NewJob {
    pub(crate) fn new(kind: Kind, by: &str) -> Self {
        Self {
            kind,
            request: None,
            recording: None,
            review: None,
            release: None,
            audit: None,
            input: Value::Null,
            by: by.to_owned(),
        }
    }

    /// Queues it within a change of the database; wake the runner once that is made.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn queue(
        self,
        now: Millis,
        change: &mut sqlx::SqliteConnection,
    ) -> Result<Id, sqlx::Error> {
        let id = Id::random();
        sqlx::query(
            "INSERT INTO jobs (id, kind, request, recording, review, release, audit, state, input,
             queued_at, by, number) VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?,
             (SELECT coalesce(max(number), 0) + 1 FROM jobs))",
        )
        .bind(&id)
        .bind(self.kind)
        .bind(self.request)
        .bind(self.recording)
        .bind(self.review)
        .bind(self.release)
        .bind(self.audit)
        .bind(self.input.to_string())
        .bind(now)
        .bind(self.by)
        .execute(change)
        .await?;
        Ok(id)
    }
}

/// The job with that id.
///
/// # Errors
/// 404.
pub(crate) async fn row(app: &Shared, id: &Id) -> Answer<Row> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROW} WHERE id = ?")))
        .bind(id)
        .fetch_optional(&app.db)
        .await?
        .ok_or_else(ApiError::not_found)
}

/// A job as the page sees it now.
pub(crate) fn shown(app: &Shared, row: Row) -> Job {
    let reached = app.runner.reached(&row.id).unwrap_or_default();
    Job {
        seconds_left: reached.seconds_left(app.now()),
        phase: reached.phase,
        done: reached.done,
        total: reached.total,
        id: row.id,
        kind: row.kind,
        request: row.request,
        recording: row.recording,
        review: row.review,
        release: row.release,
        state: row.state,
        queued_at: time::text(row.queued_at),
        started_at: row.started_at.map(time::text),
        ended_at: row.ended_at.map(time::text),
        by: row.by,
        error: row.error.map(|message| JobError {
            message,
            hint: row.hint,
            to_accept: row.error_code,
        }),
        result: row.result.and_then(|text| serde_json::from_str(&text).ok()),
        request_number: row.request_number,
        recording_name: row.recording_name,
    }
}

/// Tells open pages how a job is.
///
/// # Errors
/// The database's.
pub(crate) async fn tell(app: &Shared, id: &Id) -> Answer<()> {
    let job = Box::new(shown(app, row(app, id).await?));
    app.tell(Change::Job {
        id: id.clone(),
        job,
    });
    Ok(())
}

/// Jobs of a recording's preparation that are not done, and the newest of those that failed.
///
/// # Errors
/// The database's.
pub(crate) async fn of_recording(
    app: &Shared,
    recording: &Id,
) -> Answer<(Vec<Job>, Option<JobError>)> {
    let sql = format!(
        "{ROW} WHERE recording = ? AND kind IN ('prepare', 'scan', 'thumbnails')
         AND state != 'done' ORDER BY number"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(recording)
        .fetch_all(&app.db)
        .await?;
    let jobs: Vec<Job> = rows.into_iter().map(|row| shown(app, row)).collect();
    let ended = |job: &&Job| !matches!(job.state, JobState::Queued | JobState::Running);
    let failed = jobs.iter().rev().find(ended).map(|job| {
        let stopped = JobError {
            message: "The preparation was cancelled.".to_owned(),
            hint: Some("Start it again.".to_owned()),
            to_accept: None,
        };
        job.error.clone().unwrap_or(stopped)
    });
    Ok((jobs, failed))
}

/// The newest job of a release.
///
/// # Errors
/// The database's.
pub(crate) async fn of_release(app: &Shared, release: &Id) -> Answer<Option<Job>> {
    newest(app, "release", release).await
}

/// The newest job of an audit.
///
/// # Errors
/// The database's.
pub(crate) async fn of_audit(app: &Shared, audit: &Id) -> Answer<Option<Job>> {
    newest(app, "audit", audit).await
}

async fn newest(app: &Shared, column: &'static str, id: &Id) -> Answer<Option<Job>> {
    let sql = format!("{ROW} WHERE {column} = ? ORDER BY number DESC LIMIT 1");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(&app.db)
        .await?;
    Ok(row.map(|row| shown(app, row)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    #[serde(default)]
    active: bool,
}

/// `GET /jobs`.
pub(crate) async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Answer<axum::Json<Vec<Job>>> {
    let which = if filter.active {
        "WHERE state IN ('queued', 'running')"
    } else {
        "WHERE number > (SELECT coalesce(max(number), 0) - 200 FROM jobs)"
    };
    let sql = format!("{ROW} {which} ORDER BY number");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_all(&app.db)
        .await?;
    let jobs = rows.into_iter().map(|row| shown(&app, row));
    Ok(axum::Json(jobs.collect()))
}

/// `GET /jobs/:id`; an auditor sees jobs of audits of their own alone.
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Job>> {
    let row = row(&app, &id).await?;
    if who.role == Role::Auditor {
        let own: Option<(Id,)> = sqlx::query_as("SELECT id FROM audits WHERE id = ? AND user = ?")
            .bind(row.audit.as_ref())
            .bind(&who.id)
            .fetch_optional(&app.db)
            .await?;
        if own.is_none() {
            return Err(ApiError::not_found());
        }
    }
    Ok(axum::Json(shown(&app, row)))
}

/// `POST /jobs/:id/cancel`.
pub(crate) async fn cancel(State(app): State<App>, Path(id): Path<Id>) -> Answer<axum::Json<Job>> {
    let found = row(&app, &id).await?;
    let waiting = sqlx::query(
        "UPDATE jobs SET state = 'cancelled', ended_at = ? WHERE id = ? AND state = 'queued'",
    )
    .bind(app.now())
    .bind(&id)
    .execute(&app.db)
    .await?;
    if waiting.rows_affected() == 1 {
        release_failed(&app, &found).await?;
        crate::jobs::tell_owners(&app, &found);
    } else if !app.runner.stop(&id) {
        return Err(ApiError::conflict("conflict", "The job has ended already."));
    }
    tell(&app, &id).await?;
    Ok(axum::Json(shown(&app, row(&app, &id).await?)))
}

async fn release_failed(app: &Shared, row: &Row) -> Result<(), sqlx::Error> {
    if row.kind != Kind::Render {
        return Ok(());
    }
    sqlx::query("UPDATE releases SET state = 'failed' WHERE id = ?")
        .bind(row.release.as_ref())
        .execute(&app.db)
        .await
        .map(drop)
}

/// `POST /jobs/:id/retry`.
pub(crate) async fn retry(State(app): State<App>, Path(id): Path<Id>) -> Answer<axum::Json<Job>> {
    let found = row(&app, &id).await?;
    again(&app, &found).await?;
    Ok(axum::Json(shown(&app, row(&app, &id).await?)))
}

/// Queues a job again that failed or was stopped.
///
/// # Errors
/// 409 when it runs, waits or is done.
pub(crate) async fn again(app: &Shared, row: &Row) -> Answer<()> {
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    let queued = sqlx::query(
        "UPDATE jobs SET state = 'queued', queued_at = ?, started_at = NULL, ended_at = NULL,
         error = NULL, hint = NULL, error_code = NULL, number = (SELECT max(number) + 1 FROM jobs)
         WHERE id = ? AND state IN ('failed', 'cancelled', 'interrupted')",
    )
    .bind(app.now())
    .bind(&row.id)
    .execute(&mut *change)
    .await?;
    if queued.rows_affected() == 0 {
        let message = "The job waits, runs or is done.";
        return Err(ApiError::conflict("conflict", message));
    }
    if row.kind == Kind::Render {
        sqlx::query("UPDATE releases SET state = 'rendering' WHERE id = ?")
            .bind(row.release.as_ref())
            .execute(&mut *change)
            .await?;
    }
    change.commit().await?;
    app.runner.wake(row.kind);
    crate::jobs::tell_owners(app, row);
    tell(app, &row.id).await
}

/// `GET /jobs/:id/clip`.
pub(crate) async fn clip(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> Answer<Response> {
    let row = row(&app, &id).await?;
    if row.kind != Kind::Preview || row.state != JobState::Done {
        return Err(ApiError::not_found());
    }
    if let Some(recording) = &row.recording {
        let frames = crate::jobs::preview_frames(&row.input);
        views::note(&app, &who, recording, Seen::Preview, frames).await?;
    }
    let shown = Shown {
        kind: "video/mp4",
        save_as: None,
    };
    files::send(&clip_path(&app, &id), shown, &headers).await
}

/// Where a preview's clip lies.
pub(crate) fn clip_path(app: &Shared, job: &Id) -> std::path::PathBuf {
    app.folders.work().join(format!("{job}.mp4"))
}

//! Jobs, in the order they run.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::model::{JobKind, JobLane, JobState};
use crate::task::{Remedy, TaskError};
use crate::time::Millis;

/// A job.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct JobRow {
    pub(crate) id: Id,
    pub(crate) kind: JobKind,
    pub(crate) request: Option<Id>,
    pub(crate) recording: Option<Id>,
    pub(crate) review: Option<Id>,
    pub(crate) release: Option<Id>,
    pub(crate) audit: Option<Id>,
    pub(crate) package: Option<Id>,
    pub(crate) state: JobState,
    /// Further input, as JSON.
    pub(crate) input: String,
    pub(crate) queued_at: Millis,
    pub(crate) started_at: Option<Millis>,
    pub(crate) ended_at: Option<Millis>,
    pub(crate) by: String,
    pub(crate) error: Option<String>,
    pub(crate) hint: Option<String>,
    pub(crate) error_code: Option<Remedy>,
    /// The result, as JSON.
    pub(crate) result: Option<String>,
    pub(crate) request_number: Option<String>,
    pub(crate) recording_name: Option<String>,
}

const ROW: &str = "SELECT id, kind, request, recording, review, release, audit, package, state,
    input, queued_at, started_at, ended_at, by, error, hint, error_code, result,
    (SELECT number FROM requests WHERE requests.id = jobs.request) AS request_number,
    (SELECT name FROM recordings WHERE recordings.id = jobs.recording) AS recording_name
    FROM jobs";

const PREPARES: &str = "kind IN ('prepare', 'scan', 'thumbnails')";

/// A job to queue.
#[derive(Debug)]
pub(crate) struct NewJob {
    pub(crate) kind: JobKind,
    pub(crate) request: Option<Id>,
    pub(crate) recording: Option<Id>,
    pub(crate) review: Option<Id>,
    pub(crate) release: Option<Id>,
    pub(crate) audit: Option<Id>,
    pub(crate) package: Option<Id>,
    pub(crate) input: serde_json::Value,
    pub(crate) by: String,
}

impl NewJob {
    pub(crate) fn new(kind: JobKind, by: &str) -> Self {
        Self {
            kind,
            request: None,
            recording: None,
            review: None,
            release: None,
            audit: None,
            package: None,
            input: serde_json::Value::Null,
            by: by.to_owned(),
        }
    }
}

/// Queues a job behind all others and returns its id. Wake the runner after the transaction is
/// committed.
pub(crate) async fn insert(
    change: &mut Connection,
    job: NewJob,
    now: Millis,
) -> Result<Id, DbError> {
    let id = Id::random();
    sqlx::query(
        "INSERT INTO jobs (id, kind, request, recording, review, release, audit, package, state,
         input, queued_at, by, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?,
         (SELECT coalesce(max(number), 0) + 1 FROM jobs))",
    )
    .bind(&id)
    .bind(job.kind)
    .bind(job.request)
    .bind(job.recording)
    .bind(job.review)
    .bind(job.release)
    .bind(job.audit)
    .bind(job.package)
    .bind(job.input.to_string())
    .bind(now)
    .bind(job.by)
    .execute(change)
    .await?;
    Ok(id)
}

/// The job with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<JobRow> {
    query::by_id(db, ROW, id).await
}

/// Queued and running jobs, or the newest 200, in the order they run.
pub(crate) async fn list(db: &Db, active: bool) -> Result<Vec<JobRow>, DbError> {
    let which = if active {
        "WHERE state IN ('queued', 'running')"
    } else {
        "WHERE number > (SELECT coalesce(max(number), 0) - 200 FROM jobs)"
    };
    query::all(db, format!("{ROW} {which} ORDER BY number")).await
}

/// Preparation jobs of a recording that are not done.
pub(crate) async fn preparing(db: &Db, recording: &Id) -> Result<Vec<JobRow>, DbError> {
    let sql =
        format!("{ROW} WHERE recording = ? AND {PREPARES} AND state != 'done' ORDER BY number");
    query::all_of(db, sql, recording).await
}

/// The same for all recordings of a request, by recording.
pub(crate) async fn preparing_of_request(
    db: &Db,
    request: &Id,
) -> Result<HashMap<Id, Vec<JobRow>>, DbError> {
    let sql = format!(
        "{ROW} WHERE recording IN (SELECT id FROM recordings WHERE request = ?) AND {PREPARES}
         AND state != 'done' ORDER BY number"
    );
    let rows = query::all_of(db, sql, request).await?;
    Ok(query::groups(rows, |row: &JobRow| row.recording.clone()))
}

/// Preparation jobs of a recording that failed or stopped, oldest first.
pub(crate) async fn failed_preparation(db: &Db, recording: &Id) -> Result<Vec<JobRow>, DbError> {
    let sql = format!(
        "{ROW} WHERE recording = ? AND {PREPARES}
         AND state IN ('failed', 'cancelled', 'interrupted') ORDER BY number"
    );
    query::all_of(db, sql, recording).await
}

/// The queued and running jobs of a recording.
pub(crate) async fn active_of_recording(db: &Db, recording: &Id) -> Result<Vec<Id>, DbError> {
    let rows: Vec<(Id,)> = sqlx::query_as(
        "SELECT id FROM jobs WHERE recording = ? AND state IN ('queued', 'running')",
    )
    .bind(recording)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// All jobs of a recording.
pub(crate) async fn of_recording(db: &Db, recording: &Id) -> Result<Vec<Id>, DbError> {
    let rows: Vec<(Id,)> = sqlx::query_as("SELECT id FROM jobs WHERE recording = ?")
        .bind(recording)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The number of queued and running jobs of a recording.
pub(crate) async fn count_active(change: &mut Connection, recording: &Id) -> Result<i64, DbError> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM jobs WHERE recording = ? AND state IN ('queued', 'running')",
    )
    .bind(recording)
    .fetch_one(change)
    .await?;
    Ok(count)
}

/// Deletes a recording's preparation jobs, so that preparation can start over.
pub(crate) async fn delete_preparation(
    change: &mut Connection,
    recording: &Id,
) -> Result<(), DbError> {
    let sql = format!("DELETE FROM jobs WHERE recording = ? AND {PREPARES}");
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(recording)
        .execute(change)
        .await
        .map(drop)
}

/// The newest job of each release, by release; only of `only` if given.
pub(crate) async fn newest_by_release(
    db: &Db,
    only: Option<&Id>,
) -> Result<HashMap<Id, JobRow>, DbError> {
    let rows = newest_by(db, "release", only).await?;
    Ok(query::by_key(rows, |row: &JobRow| row.release.clone()))
}

/// The newest job of each package, by package; only of `only` if given.
pub(crate) async fn newest_by_package(
    db: &Db,
    only: Option<&Id>,
) -> Result<HashMap<Id, JobRow>, DbError> {
    let rows = newest_by(db, "package", only).await?;
    Ok(query::by_key(rows, |row: &JobRow| row.package.clone()))
}

/// The newest job for each value of `column`; only of the value `only` if given.
async fn newest_by(
    db: &Db,
    column: &'static str,
    only: Option<&Id>,
) -> Result<Vec<JobRow>, DbError> {
    let sql = format!(
        "{ROW} WHERE {column} IS NOT NULL AND (?1 IS NULL OR {column} = ?1) AND number =
         (SELECT max(number) FROM jobs newer WHERE newer.{column} = jobs.{column})"
    );
    query::all_of(db, sql, only).await
}

/// The newest job of each of a user's audits, by audit.
pub(crate) async fn newest_by_audit(db: &Db, user: &Id) -> Result<HashMap<Id, JobRow>, DbError> {
    let sql = format!(
        "{ROW} WHERE audit IN (SELECT id FROM audits WHERE user = ?) AND number =
         (SELECT max(number) FROM jobs newer WHERE newer.audit = jobs.audit)"
    );
    let rows = query::all_of(db, sql, user).await?;
    Ok(query::by_key(rows, |row: &JobRow| row.audit.clone()))
}

/// Running renders, with their releases.
pub(crate) async fn running_renders(db: &Db) -> Result<Vec<(Id, Id)>, DbError> {
    sqlx::query_as(
        "SELECT id, release FROM jobs
         WHERE kind = 'render' AND state = 'running' AND release IS NOT NULL",
    )
    .fetch_all(db)
    .await
}

/// Recovers after a crash: jobs of users who waited for them become interrupted, because nobody
/// waits any longer; all others are queued again.
pub(crate) async fn resume(db: &Db, now: Millis) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE jobs SET state = 'interrupted', ended_at = ?
         WHERE state IN ('queued', 'running') AND kind IN ('follow', 'preview', 'clip')",
    )
    .bind(now)
    .execute(db)
    .await?;
    sqlx::query("UPDATE jobs SET state = 'queued', started_at = NULL WHERE state = 'running'")
        .execute(db)
        .await
        .map(drop)
}

/// The oldest queued job of a lane, marked as running.
pub(crate) async fn start_next(
    db: &Db,
    lane: JobLane,
    now: Millis,
) -> Result<Option<(Id, JobKind)>, DbError> {
    let kinds = match lane {
        JobLane::Quick => "kind IN ('follow', 'preview')",
        JobLane::Clips => "kind = 'clip'",
        JobLane::Long => "kind NOT IN ('follow', 'preview', 'clip')",
    };
    let sql = format!(
        "UPDATE jobs SET state = 'running', started_at = ?, ended_at = NULL, error = NULL,
         hint = NULL, error_code = NULL WHERE id = (SELECT id FROM jobs WHERE state = 'queued'
         AND {kinds} ORDER BY number LIMIT 1) RETURNING id, kind"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(now)
        .fetch_optional(db)
        .await
}

/// Jobs that make clips of a whole review, the newest first.
pub(crate) async fn clips_of(db: &Db, review: &Id) -> Result<Vec<JobRow>, DbError> {
    let sql = format!("{ROW} WHERE kind = 'clip' AND review = ? ORDER BY number DESC");
    query::all_of(db, sql, review).await
}

/// How a job ended.
pub(crate) struct Ended<'a> {
    pub(crate) state: JobState,
    pub(crate) error: Option<&'a TaskError>,
    /// As JSON.
    pub(crate) result: Option<String>,
    pub(crate) now: Millis,
}

/// Stores how a job ended.
pub(crate) async fn end(change: &mut Connection, id: &Id, ended: Ended<'_>) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE jobs SET state = ?, ended_at = ?, error = ?, hint = ?, error_code = ?, result = ?
         WHERE id = ?",
    )
    .bind(ended.state)
    .bind(ended.now)
    .bind(ended.error.map(|error| &error.message))
    .bind(ended.error.and_then(|error| error.hint.as_ref()))
    .bind(ended.error.and_then(|error| error.remedy))
    .bind(ended.result)
    .bind(id)
    .execute(change)
    .await
    .map(drop)
}

/// Cancels a queued job; `false` if it is not queued.
pub(crate) async fn cancel_queued(db: &Db, id: &Id, now: Millis) -> Result<bool, DbError> {
    let cancelled = sqlx::query(
        "UPDATE jobs SET state = 'cancelled', ended_at = ? WHERE id = ? AND state = 'queued'",
    )
    .bind(now)
    .bind(id)
    .execute(db)
    .await?;
    Ok(cancelled.rows_affected() == 1)
}

/// Queues a job again that failed or stopped; `false` for any other job.
pub(crate) async fn requeue(
    change: &mut Connection,
    id: &Id,
    now: Millis,
) -> Result<bool, DbError> {
    let queued = sqlx::query(
        "UPDATE jobs SET state = 'queued', queued_at = ?, started_at = NULL, ended_at = NULL,
         error = NULL, hint = NULL, error_code = NULL, number = (SELECT max(number) + 1 FROM jobs)
         WHERE id = ? AND state IN ('failed', 'cancelled', 'interrupted')",
    )
    .bind(now)
    .bind(id)
    .execute(change)
    .await?;
    Ok(queued.rows_affected() > 0)
}

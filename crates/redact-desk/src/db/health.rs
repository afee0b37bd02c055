//! What the database says about itself.

use super::pool::{Db, DbError};
use super::query;
use crate::model::{JobKind, JobState};
use crate::time::Millis;

/// The version of the schema.
pub(crate) async fn schema_version(db: &Db) -> Result<i64, DbError> {
    let (version,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(db).await?;
    Ok(version)
}

/// How many jobs are in a state.
#[derive(sqlx::FromRow)]
pub(crate) struct JobCountRow {
    pub(crate) state: JobState,
    pub(crate) count: i64,
}

/// How many jobs wait, run, and have failed since a time.
pub(crate) async fn jobs(db: &Db, since: Millis) -> Result<Vec<JobCountRow>, DbError> {
    let sql = "SELECT state, count(*) AS count FROM jobs
        WHERE state IN ('queued', 'running') OR (state = 'failed' AND ended_at >= ?)
        GROUP BY state";
    query::all_of(db, sql.to_owned(), since).await
}

/// A job that failed. It names nothing of a request: administrators see none.
#[derive(sqlx::FromRow)]
pub(crate) struct FailedRow {
    pub(crate) kind: JobKind,
    pub(crate) ended_at: Option<Millis>,
}

/// The newest ten jobs that failed since a time.
pub(crate) async fn failed(db: &Db, since: Millis) -> Result<Vec<FailedRow>, DbError> {
    let sql = "SELECT kind, ended_at FROM jobs WHERE state = 'failed' AND ended_at >= ?
        ORDER BY ended_at DESC LIMIT 10";
    query::all_of(db, sql.to_owned(), since).await
}

/// The bytes of the largest recording that was not removed; zero without one.
pub(crate) async fn largest_recording(db: &Db) -> Result<i64, DbError> {
    let sql = "SELECT coalesce(max(bytes), 0) FROM recordings WHERE removed_at IS NULL";
    let (bytes,): (i64,) = sqlx::query_as(sql).fetch_one(db).await?;
    Ok(bytes)
}

/// Keys that approvals are signed with.
#[derive(sqlx::FromRow)]
pub(crate) struct KeyCounts {
    pub(crate) in_use: i64,
    pub(crate) retired: i64,
    /// Approvers and operators who can sign in and have no key.
    pub(crate) without: i64,
}

/// How many keys there are.
pub(crate) async fn keys(db: &Db) -> Result<KeyCounts, DbError> {
    sqlx::query_as(
        "SELECT coalesce(sum(retired_at IS NULL), 0) AS in_use,
           coalesce(sum(retired_at IS NOT NULL), 0) AS retired,
           (SELECT count(*) FROM users WHERE active = 1 AND password IS NOT NULL
              AND role IN ('operator', 'approver') AND NOT EXISTS
                (SELECT 1 FROM keys k WHERE k.user = users.id AND k.retired_at IS NULL)) AS without
         FROM keys",
    )
    .fetch_one(db)
    .await
}

/// When the last backup was made; `None` if there is none, or no table of them.
pub(crate) async fn last_backup(db: &Db) -> Result<Option<Millis>, DbError> {
    let (known,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM pragma_table_info('backups') WHERE name = 'at'")
            .fetch_one(db)
            .await?;
    if known == 0 {
        return Ok(None);
    }
    let (at,): (Option<Millis>,) = sqlx::query_as("SELECT max(at) FROM backups")
        .fetch_one(db)
        .await?;
    Ok(at)
}

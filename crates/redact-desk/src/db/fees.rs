//! Time spent on requests, and estimates of fees.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::model::Work;
use crate::time::Millis;

/// Time that a person spent on a request.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct TimeRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) user: Id,
    pub(crate) name: String,
    /// `2026-01-31`.
    pub(crate) day: String,
    pub(crate) work: Work,
    pub(crate) minutes: u32,
    pub(crate) note: String,
}

/// An estimate that was given to a requester.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct EstimateRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) rate_cents: i64,
    pub(crate) search_minutes: u32,
    pub(crate) review_minutes: u32,
    pub(crate) redaction_minutes: u32,
    pub(crate) total_cents: i64,
    /// The fee as it was computed, as JSON.
    pub(crate) fee: String,
}

const TIME: &str = "SELECT id, request, user, name, day, work, minutes, note FROM request_time";

/// Time spent on a request, oldest first.
pub(crate) async fn time_of(db: &Db, request: &Id) -> Result<Vec<TimeRow>, DbError> {
    let sql = format!("{TIME} WHERE request = ? ORDER BY day, at");
    query::all_of(db, sql, request).await
}

/// One entry of time.
///
/// # Errors
/// 404.
pub(crate) async fn time_by_id(db: &Db, id: &Id) -> ApiResult<TimeRow> {
    query::by_id(db, TIME, id).await
}

/// Adds time, or replaces the entry with that id.
pub(crate) async fn put_time(
    change: &mut Connection,
    row: &TimeRow,
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO request_time (id, request, user, name, day, work, minutes, note, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET day = excluded.day, work = excluded.work,
           minutes = excluded.minutes, note = excluded.note",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(&row.user)
    .bind(&row.name)
    .bind(&row.day)
    .bind(row.work)
    .bind(row.minutes)
    .bind(&row.note)
    .bind(now)
    .execute(change)
    .await
    .map(drop)
}

/// Removes an entry of time.
pub(crate) async fn remove_time(change: &mut Connection, id: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM request_time WHERE id = ?")
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// The estimates of a request, oldest first.
pub(crate) async fn estimates_of(db: &Db, request: &Id) -> Result<Vec<EstimateRow>, DbError> {
    let sql = "SELECT id, request, at, by, rate_cents, search_minutes, review_minutes,
        redaction_minutes, total_cents, fee FROM request_estimates
        WHERE request = ? ORDER BY at, rowid";
    query::all_of(db, sql.to_owned(), request).await
}

/// The hourly rate of the newest estimate, in cents.
pub(crate) async fn last_rate(db: &Db) -> Result<Option<i64>, DbError> {
    let sql = "SELECT rate_cents FROM request_estimates ORDER BY at DESC, rowid DESC LIMIT 1";
    let row: Option<(i64,)> = sqlx::query_as(sql).fetch_optional(db).await?;
    Ok(row.map(|(rate,)| rate))
}

/// Adds an estimate.
pub(crate) async fn insert_estimate(
    change: &mut Connection,
    row: &EstimateRow,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO request_estimates (id, request, at, by, rate_cents, search_minutes,
           review_minutes, redaction_minutes, total_cents, fee)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(row.at)
    .bind(&row.by)
    .bind(row.rate_cents)
    .bind(row.search_minutes)
    .bind(row.review_minutes)
    .bind(row.redaction_minutes)
    .bind(row.total_cents)
    .bind(&row.fee)
    .execute(change)
    .await
    .map(drop)
}

/// A save of a review.
#[derive(sqlx::FromRow)]
pub(crate) struct SaveRow {
    pub(crate) review: Id,
    pub(crate) by: String,
    pub(crate) at: Millis,
}

/// The saves of a request's reviews, oldest first.
pub(crate) async fn saves_of(db: &Db, request: &Id) -> Result<Vec<SaveRow>, DbError> {
    let sql = "SELECT revisions.review, revisions.by, revisions.at FROM revisions
        JOIN reviews ON reviews.id = revisions.review
        JOIN recordings ON recordings.id = reviews.recording
        WHERE recordings.request = ? ORDER BY revisions.at";
    query::all_of(db, sql.to_owned(), request).await
}

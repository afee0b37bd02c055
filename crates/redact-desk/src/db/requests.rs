//! Requests, with counts of their recordings, jobs, reviews and releases.

use super::pool::{Connection, Db, DbError, taken};
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::model::RequesterKind;
use crate::time::Millis;

/// A request with counts.
#[derive(sqlx::FromRow)]
pub(crate) struct RequestRow {
    pub(crate) id: Id,
    pub(crate) number: String,
    pub(crate) requester_kind: RequesterKind,
    pub(crate) requester: String,
    pub(crate) jurisdiction: String,
    pub(crate) received_on: String,
    pub(crate) due_on: String,
    pub(crate) assignee: Option<Id>,
    pub(crate) assignee_name: Option<String>,
    pub(crate) note: String,
    pub(crate) closed: bool,
    pub(crate) created_at: Millis,
    pub(crate) changed_at: Millis,
    pub(crate) recordings: i64,
    /// Queued and running preparation jobs.
    pub(crate) preparing: i64,
    /// Preparation jobs that failed or stopped.
    pub(crate) failed: i64,
    /// Reviews with all required approvals.
    pub(crate) approved: i64,
    /// Reviews with some of the required approvals.
    pub(crate) awaiting: i64,
    pub(crate) releases: i64,
    /// Releases being rendered or verified.
    pub(crate) rendering: i64,
    pub(crate) ready: i64,
    /// Releases that failed, or failed verification.
    pub(crate) unreleased: i64,
    pub(crate) copies: i64,
}

const ROWS: &str = "SELECT r.id, number, requester_kind, requester, jurisdiction, received_on,
    due_on, assignee, users.name AS assignee_name, note, closed, r.created_at, r.changed_at,
    (SELECT count(*) FROM recordings WHERE request = r.id) AS recordings,
    (SELECT count(*) FROM jobs WHERE request = r.id AND state IN ('queued', 'running')
       AND kind IN ('prepare', 'scan', 'thumbnails')) AS preparing,
    (SELECT count(*) FROM jobs WHERE request = r.id
       AND state IN ('failed', 'cancelled', 'interrupted')
       AND kind IN ('prepare', 'scan', 'thumbnails')) AS failed,
    (SELECT count(*) FROM reviews JOIN recordings ON recordings.id = reviews.recording
       JOIN approved ON approved.review = reviews.id
       WHERE request = r.id AND approved.whole = 1) AS approved,
    (SELECT count(*) FROM reviews JOIN recordings ON recordings.id = reviews.recording
       JOIN approved ON approved.review = reviews.id
       WHERE request = r.id AND approved.whole = 0) AS awaiting,
    (SELECT count(*) FROM releases WHERE request = r.id) AS releases,
    (SELECT count(*) FROM releases WHERE request = r.id
       AND state IN ('rendering', 'verifying')) AS rendering,
    (SELECT count(*) FROM releases WHERE request = r.id AND state = 'ready') AS ready,
    (SELECT count(*) FROM releases WHERE request = r.id
       AND state IN ('failed', 'wrong')) AS unreleased,
    (SELECT count(*) FROM received JOIN releases ON releases.id = received.release
       WHERE releases.request = r.id) AS copies
    FROM requests r LEFT JOIN users ON users.id = assignee";

/// Every request.
pub(crate) async fn all(db: &Db) -> Result<Vec<RequestRow>, DbError> {
    sqlx::query_as(ROWS).fetch_all(db).await
}

/// The request with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<RequestRow> {
    let row: Option<RequestRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROWS} WHERE r.id = ?")))
            .bind(id)
            .fetch_optional(db)
            .await?;
    row.ok_or_else(ApiError::not_found)
}

/// The facts of a request.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct Facts {
    pub(crate) number: String,
    pub(crate) requester: String,
    pub(crate) requester_kind: RequesterKind,
    /// Key of a statutory clock, or free text.
    pub(crate) jurisdiction: String,
    /// `2026-01-31`.
    pub(crate) received_on: String,
    pub(crate) due_on: String,
}

/// The current facts of a request.
///
/// # Errors
/// 404.
pub(crate) async fn facts(db: &Db, id: &Id) -> ApiResult<Facts> {
    let found: Option<Facts> = sqlx::query_as(
        "SELECT number, requester, requester_kind, jurisdiction, received_on, due_on
         FROM requests WHERE id = ?",
    )
    .bind(id)
    .fetch_optional(db)
    .await?;
    found.ok_or_else(ApiError::not_found)
}

/// A request to add, or new values for one.
pub(crate) struct RequestValues {
    pub(crate) facts: Facts,
    pub(crate) assignee: Option<Id>,
    pub(crate) note: String,
    pub(crate) closed: bool,
}

fn number_taken(error: DbError) -> ApiError {
    match taken(&error) {
        Some(_) => ApiError::conflict("number_taken", "A request with this number exists already."),
        None => error.into(),
    }
}

/// Adds a request.
///
/// # Errors
/// 409 `number_taken`.
pub(crate) async fn insert(
    change: &mut Connection,
    id: &Id,
    values: &RequestValues,
    now: Millis,
) -> ApiResult<()> {
    let facts = &values.facts;
    sqlx::query(
        "INSERT INTO requests (id, number, requester_kind, requester, jurisdiction, received_on,
         due_on, assignee, note, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(&facts.number)
    .bind(facts.requester_kind)
    .bind(&facts.requester)
    .bind(&facts.jurisdiction)
    .bind(&facts.received_on)
    .bind(&facts.due_on)
    .bind(&values.assignee)
    .bind(&values.note)
    .bind(now)
    .bind(now)
    .execute(change)
    .await
    .map(drop)
    .map_err(number_taken)
}

/// Updates a request.
///
/// # Errors
/// 409 `number_taken`.
pub(crate) async fn update(
    change: &mut Connection,
    id: &Id,
    values: &RequestValues,
    now: Millis,
) -> ApiResult<()> {
    let facts = &values.facts;
    sqlx::query(
        "UPDATE requests SET number = ?, requester_kind = ?, requester = ?, jurisdiction = ?,
         received_on = ?, due_on = ?, assignee = ?, note = ?, closed = ?, changed_at = ?
         WHERE id = ?",
    )
    .bind(&facts.number)
    .bind(facts.requester_kind)
    .bind(&facts.requester)
    .bind(&facts.jurisdiction)
    .bind(&facts.received_on)
    .bind(&facts.due_on)
    .bind(&values.assignee)
    .bind(&values.note)
    .bind(values.closed)
    .bind(now)
    .bind(id)
    .execute(change)
    .await
    .map(drop)
    .map_err(number_taken)
}

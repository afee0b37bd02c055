//! Legal holds of recordings and requests.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::time::Millis;

/// A hold.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct HoldRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    /// `None`: of the whole request.
    pub(crate) recording: Option<Id>,
    /// The case or matter.
    pub(crate) matter: String,
    /// The court, office or person that asked for it.
    pub(crate) authority: String,
    pub(crate) reason: String,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) released_at: Option<Millis>,
    pub(crate) released_by: Option<String>,
    pub(crate) release_reason: String,
}

const ROW: &str = "SELECT id, request, recording, matter, authority, reason, at, by, released_at,
    released_by, release_reason FROM holds";

/// The hold with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<HoldRow> {
    query::by_id(db, ROW, id).await
}

/// The holds of a request and its recordings, newest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<HoldRow>, DbError> {
    let sql = format!(
        "{ROW} WHERE request = ?1 OR recording IN (SELECT id FROM recordings WHERE request = ?1)
         ORDER BY at DESC, rowid DESC"
    );
    query::all_of(db, sql, request).await
}

/// The holds in force of a recording: its own, and those of its request.
pub(crate) async fn in_force(db: &Db, recording: &Id) -> Result<Vec<HoldRow>, DbError> {
    let sql = format!(
        "{ROW} WHERE released_at IS NULL AND (recording = ?1 OR (recording IS NULL
           AND request = (SELECT request FROM recordings WHERE id = ?1))) ORDER BY at"
    );
    query::all_of(db, sql, recording).await
}

/// Places a hold.
pub(crate) async fn insert(change: &mut Connection, row: &HoldRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO holds (id, request, recording, matter, authority, reason, at, by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(&row.recording)
    .bind(&row.matter)
    .bind(&row.authority)
    .bind(&row.reason)
    .bind(row.at)
    .bind(&row.by)
    .execute(change)
    .await
    .map(drop)
}

/// Releases a hold; `false` if it was released already.
pub(crate) async fn release(
    change: &mut Connection,
    id: &Id,
    (by, reason): (&str, &str),
    now: Millis,
) -> Result<bool, DbError> {
    let set = sqlx::query(
        "UPDATE holds SET released_at = ?, released_by = ?, release_reason = ?
         WHERE id = ? AND released_at IS NULL",
    )
    .bind(now)
    .bind(by)
    .bind(reason)
    .bind(id)
    .execute(change)
    .await?;
    Ok(set.rows_affected() == 1)
}

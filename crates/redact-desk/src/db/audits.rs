//! Checks of releases that somebody brought.

use super::pool::{Connection, Db, DbError};
use crate::answer::{Answer, ApiError};
use crate::id::Id;
use crate::time::Millis;

/// A check.
#[derive(sqlx::FromRow)]
pub(crate) struct AuditRow {
    pub(crate) id: Id,
    pub(crate) release_name: String,
    pub(crate) at: Millis,
    /// The verdict, as JSON.
    pub(crate) verdict: Option<String>,
}

const ROW: &str = "SELECT id, release_name, at, verdict FROM audits";

/// Somebody's own check.
///
/// # Errors
/// 404, also for those of others.
pub(crate) async fn own(db: &Db, user: &Id, id: &Id) -> Answer<AuditRow> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{ROW} WHERE id = ? AND user = ?"
    )))
    .bind(id)
    .bind(user)
    .fetch_optional(db)
    .await?
    .ok_or_else(ApiError::not_found)
}

/// Somebody's checks, newest first.
pub(crate) async fn of_user(db: &Db, user: &Id) -> Result<Vec<AuditRow>, DbError> {
    let sql = format!("{ROW} WHERE user = ? ORDER BY at DESC");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(user)
        .fetch_all(db)
        .await
}

/// Adds a check.
pub(crate) async fn insert(
    change: &mut Connection,
    id: &Id,
    (user, release_name): (&Id, &str),
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query("INSERT INTO audits (id, user, release_name, at) VALUES (?, ?, ?, ?)")
        .bind(id)
        .bind(user)
        .bind(release_name)
        .bind(now)
        .execute(change)
        .await
        .map(drop)
}

/// Writes a verdict down, as JSON.
pub(crate) async fn set_verdict(
    change: &mut Connection,
    id: &Id,
    verdict: String,
) -> Result<(), DbError> {
    sqlx::query("UPDATE audits SET verdict = ? WHERE id = ?")
        .bind(verdict)
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

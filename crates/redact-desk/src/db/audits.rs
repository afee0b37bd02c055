//! Verifications of uploaded releases.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::time::Millis;

/// A verification.
#[derive(sqlx::FromRow)]
pub(crate) struct AuditRow {
    pub(crate) id: Id,
    pub(crate) release_name: String,
    pub(crate) at: Millis,
    /// The verdict, as JSON.
    pub(crate) verdict: Option<String>,
}

const ROW: &str = "SELECT id, release_name, at, verdict FROM audits";

/// A user's own verification.
///
/// # Errors
/// 404, also for those of others.
pub(crate) async fn own(db: &Db, user: &Id, id: &Id) -> ApiResult<AuditRow> {
    query::own(db, ROW, (user, id)).await
}

/// A user's verifications, newest first.
pub(crate) async fn of_user(db: &Db, user: &Id) -> Result<Vec<AuditRow>, DbError> {
    query::all_of(db, format!("{ROW} WHERE user = ? ORDER BY at DESC"), user).await
}

/// Adds a verification.
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

/// Stores a verdict, as JSON.
pub(crate) async fn set_verdict(
    change: &mut Connection,
    id: &Id,
    verdict: String,
) -> Result<(), DbError> {
    query::set(
        change,
        "UPDATE audits SET verdict = ? WHERE id = ?",
        verdict,
        id,
    )
    .await
}

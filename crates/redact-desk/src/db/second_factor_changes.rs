//! Second factors that signed-in people set up, until a code confirms them.

use super::pool::{Connection, Db, DbError};
use crate::id::Id;
use crate::time::Millis;

/// Stores an encrypted second factor, replacing an earlier one that was not confirmed.
pub(crate) async fn insert(db: &Db, user: &Id, secret: &str, now: Millis) -> Result<(), DbError> {
    sqlx::query("INSERT OR REPLACE INTO second_factor_changes (user, secret, at) VALUES (?, ?, ?)")
        .bind(user)
        .bind(secret)
        .bind(now)
        .execute(db)
        .await
        .map(drop)
}

/// The encrypted second factor that was set up after `after`.
pub(crate) async fn find(db: &Db, user: &Id, after: Millis) -> Result<Option<String>, DbError> {
    let found: Option<(String,)> =
        sqlx::query_as("SELECT secret FROM second_factor_changes WHERE user = ? AND at > ?")
            .bind(user)
            .bind(after)
            .fetch_optional(db)
            .await?;
    Ok(found.map(|(secret,)| secret))
}

/// Deletes what a user has not confirmed; `false` if there was nothing.
pub(crate) async fn delete(change: &mut Connection, user: &Id) -> Result<bool, DbError> {
    let deleted = sqlx::query("DELETE FROM second_factor_changes WHERE user = ?")
        .bind(user)
        .execute(change)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

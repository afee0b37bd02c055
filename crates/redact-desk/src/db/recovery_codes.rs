//! Recovery codes, by their SHA-256.

use super::pool::{Connection, Db, DbError};
use crate::id::Id;
use crate::time::Millis;

/// Replaces a user's codes.
pub(crate) async fn replace(
    change: &mut Connection,
    user: &Id,
    hashes: &[String],
    now: Millis,
) -> Result<(), DbError> {
    delete_of(change, user).await?;
    for hash in hashes {
        sqlx::query("INSERT INTO recovery_codes (hash, user, made_at) VALUES (?, ?, ?)")
            .bind(hash)
            .bind(user)
            .bind(now)
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}

/// Uses a code up; `false` if the user has no such code or used it before. A single statement, so
/// that only one of two concurrent attempts succeeds.
pub(crate) async fn take(
    change: &mut Connection,
    user: &Id,
    hash: &str,
    now: Millis,
) -> Result<bool, DbError> {
    let taken = sqlx::query(
        "UPDATE recovery_codes SET used_at = ? WHERE user = ? AND hash = ? AND used_at IS NULL",
    )
    .bind(now)
    .bind(user)
    .bind(hash)
    .execute(change)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// The number of codes that a user can still use.
pub(crate) async fn left(db: &Db, user: &Id) -> Result<i64, DbError> {
    let (count,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM recovery_codes WHERE user = ? AND used_at IS NULL")
            .bind(user)
            .fetch_one(db)
            .await?;
    Ok(count)
}

/// Deletes a user's codes.
pub(crate) async fn delete_of(change: &mut Connection, user: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM recovery_codes WHERE user = ?")
        .bind(user)
        .execute(change)
        .await
        .map(drop)
}

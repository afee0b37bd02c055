//! Keys that sign approvals: one in use per user.

use super::pool::{Connection, Db, DbError};
use crate::id::Id;
use crate::time::Millis;

/// A key in use; `sealed` is its private half, encrypted with the user's password.
#[derive(sqlx::FromRow)]
pub(crate) struct SigningKeyRow {
    pub(crate) id: i64,
    pub(crate) public: String,
    pub(crate) sealed: Option<Vec<u8>>,
}

/// The key that a user signs with.
pub(crate) async fn in_use(db: &Db, user: &Id) -> Result<Option<SigningKeyRow>, DbError> {
    sqlx::query_as("SELECT id, public, sealed FROM keys WHERE user = ? AND retired_at IS NULL")
        .bind(user)
        .fetch_optional(db)
        .await
}

/// Adds a key.
pub(crate) async fn insert(
    db: &Db,
    user: &Id,
    (public, sealed): (&str, &[u8]),
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query("INSERT INTO keys (user, public, sealed, made_at) VALUES (?, ?, ?, ?)")
        .bind(user)
        .bind(public)
        .bind(sealed)
        .bind(now)
        .execute(db)
        .await
        .map(drop)
}

/// All keys ever made, with their users' names, oldest first.
pub(crate) async fn all_with_names(db: &Db) -> Result<Vec<(String, String)>, DbError> {
    sqlx::query_as(
        "SELECT users.name, keys.public FROM keys JOIN users ON users.id = keys.user
         ORDER BY keys.id",
    )
    .fetch_all(db)
    .await
}

/// Replaces the encrypted private half.
pub(crate) async fn reseal(change: &mut Connection, id: i64, sealed: &[u8]) -> Result<(), DbError> {
    sqlx::query("UPDATE keys SET sealed = ? WHERE id = ?")
        .bind(sealed)
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// Deletes the private half of a user's key.
pub(crate) async fn retire(change: &mut Connection, user: &Id, now: Millis) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE keys SET sealed = NULL, retired_at = ? WHERE user = ? AND retired_at IS NULL",
    )
    .bind(now)
    .bind(user)
    .execute(change)
    .await
    .map(drop)
}

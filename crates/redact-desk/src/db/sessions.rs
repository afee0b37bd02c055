//! Sessions, and browsers that users signed in with before.

use super::pool::{Db, DbError};
use crate::id::Id;
use crate::model::Role;
use crate::time::Millis;

/// A session of an active account. Tokens are stored as their SHA-256.
#[derive(sqlx::FromRow)]
pub(crate) struct SessionRow {
    pub(crate) user: Id,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) created_at: Millis,
    pub(crate) seen_at: Millis,
}

/// The session with that token.
pub(crate) async fn find(db: &Db, token: &str) -> Result<Option<SessionRow>, DbError> {
    sqlx::query_as(
        "SELECT users.id AS user, name, role, sessions.created_at, seen_at FROM sessions
         JOIN users ON users.id = sessions.user WHERE token = ? AND active = 1",
    )
    .bind(token)
    .fetch_optional(db)
    .await
}

/// Begins a session.
pub(crate) async fn insert(db: &Db, token: &str, user: &Id, now: Millis) -> Result<(), DbError> {
    sqlx::query("INSERT INTO sessions (token, user, created_at, seen_at) VALUES (?, ?, ?, ?)")
        .bind(token)
        .bind(user)
        .bind(now)
        .bind(now)
        .execute(db)
        .await
        .map(drop)
}

/// Extends a session last used at `before` or earlier; `false` if it was used since.
pub(crate) async fn touch(
    db: &Db,
    token: &str,
    now: Millis,
    before: Millis,
) -> Result<bool, DbError> {
    let touched = sqlx::query("UPDATE sessions SET seen_at = ? WHERE token = ? AND seen_at <= ?")
        .bind(now)
        .bind(token)
        .bind(before)
        .execute(db)
        .await?;
    Ok(touched.rows_affected() > 0)
}

/// Ends a session.
pub(crate) async fn delete(db: &Db, token: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE token = ?")
        .bind(token)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes sessions that began before `at`.
pub(crate) async fn delete_before(db: &Db, at: Millis) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE created_at < ?")
        .bind(at)
        .execute(db)
        .await
        .map(drop)
}

/// Ends a user's sessions, except the one with the token `but`.
pub(crate) async fn delete_of(db: &Db, user: &Id, but: Option<&str>) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE user = ? AND token != ?")
        .bind(user)
        .bind(but.unwrap_or_default())
        .execute(db)
        .await
        .map(drop)
}

/// Whether a browser belongs to a user and was used after `after`.
pub(crate) async fn knows_device(
    db: &Db,
    token: &str,
    user: &Id,
    after: Millis,
) -> Result<bool, DbError> {
    let known: Option<(String,)> =
        sqlx::query_as("SELECT token FROM devices WHERE token = ? AND user = ? AND seen_at > ?")
            .bind(token)
            .bind(user)
            .bind(after)
            .fetch_optional(db)
            .await?;
    Ok(known.is_some())
}

/// Records that a known browser was used.
pub(crate) async fn touch_device(db: &Db, token: &str, now: Millis) -> Result<(), DbError> {
    sqlx::query("UPDATE devices SET seen_at = ? WHERE token = ?")
        .bind(now)
        .bind(token)
        .execute(db)
        .await
        .map(drop)
}

/// Adds a known browser, and deletes those last used at `forget` or earlier.
pub(crate) async fn insert_device(
    db: &Db,
    token: &str,
    user: &Id,
    (now, forget): (Millis, Millis),
) -> Result<(), DbError> {
    sqlx::query("DELETE FROM devices WHERE seen_at <= ?")
        .bind(forget)
        .execute(db)
        .await?;
    sqlx::query("INSERT INTO devices VALUES (?, ?, ?, ?)")
        .bind(token)
        .bind(user)
        .bind(now)
        .bind(now)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes a user's known browsers, except the one with the token `but`.
pub(crate) async fn delete_devices_of(
    db: &Db,
    user: &Id,
    but: Option<&str>,
) -> Result<(), DbError> {
    sqlx::query("DELETE FROM devices WHERE user = ? AND token != ?")
        .bind(user)
        .bind(but.unwrap_or_default())
        .execute(db)
        .await
        .map(drop)
}

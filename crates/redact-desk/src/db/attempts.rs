//! Sign-in attempts, counted before the password is hashed.

use super::pool::{Connection, Db, DbError};
use crate::time::Millis;

/// Which attempts are counted together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AttemptScope {
    /// Attempts for a login from one origin.
    LoginAndOrigin,
    /// Attempts from one origin, for any login.
    Origin,
    /// Attempts for a login from browsers that are not known.
    LoginFromUnknown,
}

impl AttemptScope {
    const fn condition(self) -> &'static str {
        match self {
            Self::LoginAndOrigin => "login = ?1 AND origin = ?2",
            Self::Origin => "?1 = ?1 AND origin = ?2",
            Self::LoginFromUnknown => "login = ?1 AND origin LIKE 'address:%' AND ?2 = ?2",
        }
    }
}

/// How many of the newest `limit` attempts are newer than `since`, and the time of the oldest of
/// them.
pub(crate) async fn newest(
    db: &mut Connection,
    which: AttemptScope,
    (login, origin): (&str, &str),
    since: Millis,
    limit: i64,
) -> Result<(i64, Option<Millis>), DbError> {
    let condition = which.condition();
    let sql = format!(
        "SELECT count(*), min(at) FROM (SELECT at FROM attempts WHERE {condition} AND at > ?3
         ORDER BY at DESC LIMIT ?4)"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(login)
        .bind(origin)
        .bind(since)
        .bind(limit)
        .fetch_one(db)
        .await
}

/// Stores an attempt, deletes those before `forget`, and returns the new id.
pub(crate) async fn insert(
    change: &mut Connection,
    (login, origin): (&str, &str),
    (now, forget): (Millis, Millis),
) -> Result<i64, DbError> {
    sqlx::query("DELETE FROM attempts WHERE at < ?")
        .bind(forget)
        .execute(&mut *change)
        .await?;
    let (id,): (i64,) =
        sqlx::query_as("INSERT INTO attempts (login, origin, at) VALUES (?, ?, ?) RETURNING id")
            .bind(login)
            .bind(origin)
            .bind(now)
            .fetch_one(change)
            .await?;
    Ok(id)
}

/// Deletes an attempt and all others for its login from its origin.
pub(crate) async fn refund(db: &Db, id: i64, (login, origin): (&str, &str)) -> Result<(), DbError> {
    sqlx::query("DELETE FROM attempts WHERE id = ? OR (login = ? AND origin = ?)")
        .bind(id)
        .bind(login)
        .bind(origin)
        .execute(db)
        .await
        .map(drop)
}

/// Every login with the origins of its attempts.
pub(crate) async fn origins(db: &mut Connection) -> Result<Vec<(String, String)>, DbError> {
    sqlx::query_as("SELECT DISTINCT login, origin FROM attempts")
        .fetch_all(db)
        .await
}

/// Deletes the attempts for a login.
pub(crate) async fn forget(db: &Db, login: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM attempts WHERE login = ?")
        .bind(login)
        .execute(db)
        .await
        .map(drop)
}

//! Mail: who wants which, what people know already, and messages that wait to be sent.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::id::Id;
use crate::model::MailKind;
use crate::time::Millis;

/// Where a person gets mail, and about what.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct MailChoiceRow {
    pub(crate) user: Id,
    pub(crate) address: String,
    /// Kinds of mail, separated by spaces.
    pub(crate) kinds: String,
    pub(crate) last_seen_at: Option<Millis>,
}

const CHOICE: &str = "SELECT mail_choices.user, address, kinds, last_seen_at FROM mail_choices
    JOIN users ON users.id = mail_choices.user";

/// What a person chose.
pub(crate) async fn choice(db: &Db, user: &Id) -> Result<Option<MailChoiceRow>, DbError> {
    let sql = format!("{CHOICE} WHERE mail_choices.user = ?");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(user)
        .fetch_optional(db)
        .await
}

/// What all active people chose.
pub(crate) async fn choices(db: &Db) -> Result<Vec<MailChoiceRow>, DbError> {
    query::all(db, format!("{CHOICE} WHERE active = 1")).await
}

/// Stores what a person chose.
pub(crate) async fn choose(
    change: &mut Connection,
    user: &Id,
    (address, kinds): (&str, &str),
) -> Result<(), DbError> {
    sqlx::query("INSERT OR REPLACE INTO mail_choices (user, address, kinds) VALUES (?, ?, ?)")
        .bind(user)
        .bind(address)
        .bind(kinds)
        .execute(change)
        .await
        .map(drop)
}

/// Deletes what a person chose.
pub(crate) async fn forget(change: &mut Connection, user: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM mail_choices WHERE user = ?")
        .bind(user)
        .execute(change)
        .await
        .map(drop)
}

/// What a person knows already, by key.
pub(crate) async fn known(db: &Db, user: &Id) -> Result<Vec<String>, DbError> {
    let rows: Vec<(String,)> = query::all_of(
        db,
        "SELECT key FROM mail_known WHERE user = ?".to_owned(),
        user,
    )
    .await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

/// Stores that a person knows something, or, if `gone`, that it is over.
pub(crate) async fn set_known(
    change: &mut Connection,
    (user, key): (&Id, &str),
    gone: bool,
) -> Result<(), DbError> {
    let sql = if gone {
        "DELETE FROM mail_known WHERE user = ? AND key = ?"
    } else {
        "INSERT OR IGNORE INTO mail_known (user, key) VALUES (?, ?)"
    };
    sqlx::query(sql)
        .bind(user)
        .bind(key)
        .execute(change)
        .await
        .map(drop)
}

/// A message that waits, was sent, or was given up.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct MailRow {
    pub(crate) id: Id,
    pub(crate) user: Id,
    pub(crate) kind: MailKind,
    /// The number of the request, if it is about one.
    pub(crate) number: String,
    /// The place of the page, encrypted if it is secret; empty once it was sent.
    pub(crate) place: String,
    pub(crate) made_at: Millis,
    pub(crate) attempts: i64,
    pub(crate) next_at: Millis,
    pub(crate) given_up_at: Option<Millis>,
    /// Why it could not be sent.
    pub(crate) error: Option<String>,
    pub(crate) name: String,
}

const MAIL: &str = "SELECT mail_queue.id, user, kind, number, place, made_at, attempts, next_at,
    given_up_at, error, users.name AS name
    FROM mail_queue JOIN users ON users.id = mail_queue.user";

/// Adds a message, to be sent at once.
pub(crate) async fn insert(
    change: &mut Connection,
    (id, user, kind): (&Id, &Id, MailKind),
    (number, place): (&str, &str),
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO mail_queue (id, user, kind, number, place, made_at, attempts, next_at)
         VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
    )
    .bind(id)
    .bind(user)
    .bind(kind)
    .bind(number)
    .bind(place)
    .bind(now)
    .bind(now)
    .execute(change)
    .await
    .map(drop)
}

/// The messages that are due at `now`, oldest first.
pub(crate) async fn due(db: &Db, now: Millis, limit: i64) -> Result<Vec<MailRow>, DbError> {
    let sql = format!(
        "{MAIL} WHERE sent_at IS NULL AND given_up_at IS NULL AND next_at <= ?
         ORDER BY made_at LIMIT {limit}"
    );
    query::all_of(db, sql, now).await
}

/// The messages that were not sent, oldest first.
pub(crate) async fn not_sent(db: &Db) -> Result<Vec<MailRow>, DbError> {
    query::all(
        db,
        format!("{MAIL} WHERE sent_at IS NULL ORDER BY made_at LIMIT 200"),
    )
    .await
}

/// When the newest message was sent.
pub(crate) async fn last_sent(db: &Db) -> Result<Option<Millis>, DbError> {
    let (at,): (Option<Millis>,) = sqlx::query_as("SELECT max(sent_at) FROM mail_queue")
        .fetch_one(db)
        .await?;
    Ok(at)
}

/// Stores that a message was sent; forgets its link, and messages sent before `forget`.
pub(crate) async fn sent(db: &Db, id: &Id, (now, forget): (Millis, Millis)) -> Result<(), DbError> {
    sqlx::query("UPDATE mail_queue SET sent_at = ?, place = '', error = NULL WHERE id = ?")
        .bind(now)
        .bind(id)
        .execute(db)
        .await?;
    sqlx::query("DELETE FROM mail_queue WHERE sent_at < ?")
        .bind(forget)
        .execute(db)
        .await
        .map(drop)
}

/// Stores why a message could not be sent, and when to try again; `None`: never.
pub(crate) async fn failed(
    db: &Db,
    id: &Id,
    error: &str,
    (now, next): (Millis, Option<Millis>),
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE mail_queue SET attempts = attempts + 1, error = ?, next_at = coalesce(?, next_at),
         given_up_at = CASE WHEN ? IS NULL THEN ? END WHERE id = ?",
    )
    .bind(error)
    .bind(next)
    .bind(next)
    .bind(now)
    .bind(id)
    .execute(db)
    .await
    .map(drop)
}

/// Tries a message again now; `false` if there is no such one that was not sent.
pub(crate) async fn retry(db: &Db, id: &Id, now: Millis) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE mail_queue SET next_at = ?, given_up_at = NULL WHERE id = ? AND sent_at IS NULL",
    )
    .bind(now)
    .bind(id)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes a message that was not sent; `false` if there is no such one.
pub(crate) async fn delete(db: &Db, id: &Id) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM mail_queue WHERE id = ? AND sent_at IS NULL")
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

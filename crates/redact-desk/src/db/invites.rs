//! Invitations, by the SHA-256 of their token.

use super::pool::{Connection, Db, DbError};
use super::users::Account;
use crate::id::Id;
use crate::model::Role;
use crate::time::Millis;

/// An invitation; without `user`, the one for the first administrator.
#[derive(sqlx::FromRow)]
pub(crate) struct InviteRow {
    pub(crate) token: String,
    pub(crate) user: Option<Id>,
    pub(crate) role: Role,
    pub(crate) expires_at: Millis,
    pub(crate) login: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) secret: Option<String>,
}

/// The invitation with that token, unless it has expired.
pub(crate) async fn find(db: &Db, token: &str, now: Millis) -> Result<Option<InviteRow>, DbError> {
    sqlx::query_as(
        "SELECT token, user, role, expires_at, login, name, password, secret FROM invites
         WHERE token = ? AND expires_at > ?",
    )
    .bind(token)
    .bind(now)
    .fetch_optional(db)
    .await
}

/// Adds an invitation for an account, replacing earlier ones.
pub(crate) async fn insert(
    db: &Db,
    token: &str,
    account: &Account,
    (now, expires_at): (Millis, Millis),
) -> Result<(), DbError> {
    sqlx::query("DELETE FROM invites WHERE user = ? OR expires_at < ?")
        .bind(&account.id)
        .bind(now)
        .execute(db)
        .await?;
    sqlx::query(
        "INSERT INTO invites (token, user, role, expires_at, login, name) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(token)
    .bind(&account.id)
    .bind(account.role)
    .bind(expires_at)
    .bind(&account.login)
    .bind(&account.name)
    .execute(db)
    .await
    .map(drop)
}

/// Adds the invitation for the first administrator, replacing earlier ones.
pub(crate) async fn insert_first(db: &Db, token: &str, expires_at: Millis) -> Result<(), DbError> {
    sqlx::query("DELETE FROM invites WHERE user IS NULL")
        .execute(db)
        .await?;
    sqlx::query("INSERT INTO invites (token, role, expires_at) VALUES (?, 'administrator', ?)")
        .bind(token)
        .bind(expires_at)
        .execute(db)
        .await
        .map(drop)
}

/// What an invited person chose, until a code confirms it.
pub(crate) struct Chosen<'a> {
    pub(crate) login: &'a str,
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
    pub(crate) secret: &'a str,
}

/// Stores what an invited person chose.
pub(crate) async fn choose(db: &Db, token: &str, chosen: Chosen<'_>) -> Result<(), DbError> {
    sqlx::query("UPDATE invites SET login = ?, name = ?, password = ?, secret = ? WHERE token = ?")
        .bind(chosen.login)
        .bind(chosen.name)
        .bind(chosen.password)
        .bind(chosen.secret)
        .bind(token)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes an invitation when it is used; `false` if it was already used.
pub(crate) async fn use_up(change: &mut Connection, token: &str) -> Result<bool, DbError> {
    let used = sqlx::query("DELETE FROM invites WHERE token = ?")
        .bind(token)
        .execute(change)
        .await?;
    Ok(used.rows_affected() == 1)
}

/// Deletes the invitations of a user.
pub(crate) async fn delete_of(db: &Db, user: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM invites WHERE user = ?")
        .bind(user)
        .execute(db)
        .await
        .map(drop)
}

/// Second factors in plain text, as earlier versions stored them, with their invitations' tokens.
pub(crate) async fn clear_secrets(
    change: &mut Connection,
) -> Result<Vec<(String, String)>, DbError> {
    sqlx::query_as(
        "SELECT token, secret FROM invites WHERE secret IS NOT NULL AND secret NOT LIKE 'sealed:%'",
    )
    .fetch_all(change)
    .await
}

/// Replaces a second factor.
pub(crate) async fn set_secret(
    change: &mut Connection,
    token: &str,
    secret: &str,
) -> Result<(), DbError> {
    sqlx::query("UPDATE invites SET secret = ? WHERE token = ?")
        .bind(secret)
        .bind(token)
        .execute(change)
        .await
        .map(drop)
}

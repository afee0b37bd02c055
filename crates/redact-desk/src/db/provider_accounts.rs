//! Which account of the identity provider belongs to which account of the desk.

use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::time::Millis;

/// An account of the identity provider.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ProviderAccountRow {
    pub(crate) user: Id,
    pub(crate) issuer: String,
    /// The account name, in the form in which two spellings are equal.
    pub(crate) account: String,
    /// The provider's own id of the person; `None` until the first sign-in.
    pub(crate) subject: Option<String>,
    /// Whether groups of the provider gave this account and its role.
    pub(crate) managed: bool,
}

const ROW: &str = "SELECT user, issuer, account, subject, managed FROM provider_accounts";

/// All accounts of a provider.
pub(crate) async fn all(db: &Db) -> Result<Vec<ProviderAccountRow>, DbError> {
    query::all(db, ROW.to_owned()).await
}

/// The account name of a user.
pub(crate) async fn of(db: &Db, user: &Id) -> Result<Option<String>, DbError> {
    let found: Option<(String,)> =
        sqlx::query_as("SELECT account FROM provider_accounts WHERE user = ?")
            .bind(user)
            .fetch_optional(db)
            .await?;
    Ok(found.map(|(account,)| account))
}

async fn one(
    db: &Db,
    condition: &str,
    (issuer, value): (&str, &str),
) -> Result<Option<ProviderAccountRow>, DbError> {
    let sql = format!("{ROW} WHERE issuer = ? AND {condition}");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(issuer)
        .bind(value)
        .fetch_optional(db)
        .await
}

/// The account of that person.
pub(crate) async fn by_subject(
    db: &Db,
    issuer: &str,
    subject: &str,
) -> Result<Option<ProviderAccountRow>, DbError> {
    one(db, "subject = ?", (issuer, subject)).await
}

/// The account with that name that nobody has signed in with.
pub(crate) async fn unused(
    db: &Db,
    issuer: &str,
    account: &str,
) -> Result<Option<ProviderAccountRow>, DbError> {
    one(db, "account = ? AND subject IS NULL", (issuer, account)).await
}

/// Connects an account of the desk with one of a provider, in place of an earlier one.
///
/// # Errors
/// 409 `provider_taken` if another account has it.
pub(crate) async fn link(
    change: &mut Connection,
    row: &ProviderAccountRow,
    now: Millis,
) -> ApiResult<()> {
    unlink(change, &row.user).await?;
    let inserted = sqlx::query(
        "INSERT INTO provider_accounts (user, issuer, account, subject, managed, linked_at)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.user)
    .bind(&row.issuer)
    .bind(&row.account)
    .bind(&row.subject)
    .bind(row.managed)
    .bind(now)
    .execute(change)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if taken(&error).is_some() => Err(ApiError::conflict(
            "provider_taken",
            "Another account is already connected with this one.",
        )),
        Err(error) => Err(error.into()),
    }
}

/// Binds an account to the person who signed in with it first; `false` if somebody did already.
pub(crate) async fn bind(
    change: &mut Connection,
    user: &Id,
    subject: &str,
) -> Result<bool, DbError> {
    let bound =
        sqlx::query("UPDATE provider_accounts SET subject = ? WHERE user = ? AND subject IS NULL")
            .bind(subject)
            .bind(user)
            .execute(change)
            .await?;
    Ok(bound.rows_affected() == 1)
}

/// Disconnects an account; `false` if it was not connected.
pub(crate) async fn unlink(change: &mut Connection, user: &Id) -> Result<bool, DbError> {
    let deleted = sqlx::query("DELETE FROM provider_accounts WHERE user = ?")
        .bind(user)
        .execute(change)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

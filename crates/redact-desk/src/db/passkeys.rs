//! Passkeys: the public halves, with what `webauthn_rp` stores about each.

use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::time::Millis;

/// A passkey of a user.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct PasskeyRow {
    pub(crate) id: Id,
    pub(crate) user: Id,
    /// The host name that it belongs to.
    pub(crate) host: String,
    /// The authenticator's own id of it.
    pub(crate) credential: Vec<u8>,
    pub(crate) transports: i64,
    /// As the user calls it.
    pub(crate) name: String,
    /// The public key, with what never changes.
    pub(crate) fixed: Vec<u8>,
    /// The signature counter, with what changes with every sign-in.
    pub(crate) state: Vec<u8>,
    pub(crate) created_at: Millis,
    pub(crate) last_used_at: Option<Millis>,
}

const ROW: &str = "SELECT id, user, host, credential, transports, name, fixed, state, created_at,
    last_used_at FROM passkeys";

/// A user's passkeys, oldest first.
pub(crate) async fn of(db: &Db, user: &Id) -> Result<Vec<PasskeyRow>, DbError> {
    let sql = format!("{ROW} WHERE user = ? ORDER BY created_at, rowid");
    query::all_of(db, sql, user).await
}

/// The passkey of that host with that credential.
pub(crate) async fn by_credential(
    db: &Db,
    host: &str,
    credential: &[u8],
) -> Result<Option<PasskeyRow>, DbError> {
    let sql = format!("{ROW} WHERE host = ? AND credential = ?");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(host)
        .bind(credential)
        .fetch_optional(db)
        .await
}

/// Adds a passkey.
///
/// # Errors
/// 409 `conflict` if the authenticator registered it before.
pub(crate) async fn insert(change: &mut Connection, row: &PasskeyRow) -> ApiResult<()> {
    let inserted = sqlx::query(
        "INSERT INTO passkeys (id, user, host, credential, transports, name, fixed, state,
         created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.user)
    .bind(&row.host)
    .bind(&row.credential)
    .bind(row.transports)
    .bind(&row.name)
    .bind(&row.fixed)
    .bind(&row.state)
    .bind(row.created_at)
    .execute(change)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if taken(&error).is_some() => Err(ApiError::conflict(
            "conflict",
            "This passkey is already registered.",
        )),
        Err(error) => Err(error.into()),
    }
}

/// Stores that a passkey was used; `false` if its state is not `before` any more, because it was
/// used at the same time.
pub(crate) async fn used(
    db: &Db,
    row: &PasskeyRow,
    state: &[u8],
    now: Millis,
) -> Result<bool, DbError> {
    let stored =
        sqlx::query("UPDATE passkeys SET state = ?, last_used_at = ? WHERE id = ? AND state = ?")
            .bind(state)
            .bind(now)
            .bind(&row.id)
            .bind(&row.state)
            .execute(db)
            .await?;
    Ok(stored.rows_affected() == 1)
}

/// Deletes a passkey of a user; `false` if there is no such one.
pub(crate) async fn delete(change: &mut Connection, user: &Id, id: &Id) -> Result<bool, DbError> {
    let deleted = sqlx::query("DELETE FROM passkeys WHERE user = ? AND id = ?")
        .bind(user)
        .bind(id)
        .execute(change)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Deletes all passkeys of a user.
pub(crate) async fn delete_of(change: &mut Connection, user: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM passkeys WHERE user = ?")
        .bind(user)
        .execute(change)
        .await
        .map(drop)
}

//! Practice requests: one per person, of the sample recording.

use std::collections::HashSet;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::time::Millis;

/// The practice request of a person; `None` if they have none.
pub(crate) async fn of(db: &Db, user: &Id) -> Result<Option<Id>, DbError> {
    let sql = "SELECT id FROM requests WHERE practice = ? AND practice_removed_at IS NULL";
    let found: Option<(Id,)> = sqlx::query_as(sql).bind(user).fetch_optional(db).await?;
    Ok(found.map(|(id,)| id))
}

/// Makes a request that was just added the practice request of a person.
pub(crate) async fn mark(change: &mut Connection, id: &Id, user: &Id) -> Result<(), DbError> {
    let sql = "UPDATE requests SET practice = ? WHERE id = ?";
    query::set(change, sql, user.clone(), id).await
}

/// Removes a practice request from every list and gives its number back.
pub(crate) async fn remove(change: &mut Connection, id: &Id, now: Millis) -> Result<(), DbError> {
    sqlx::query("UPDATE requests SET practice_removed_at = ?, number = id, closed = 1 WHERE id = ?")
        .bind(now)
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// Whose practice a thing belongs to; `None`: to real work, or it does not exist. `kind`: its place
/// in the API, such as `recordings`.
pub(crate) async fn owner(db: &Db, kind: &str, id: &Id) -> Result<Option<Id>, DbError> {
    let of = match kind {
        "requests" => "?1",
        "recordings" => "(SELECT request FROM recordings WHERE id = ?1)",
        "reviews" => {
            "(SELECT request FROM recordings JOIN reviews ON reviews.recording = recordings.id
              WHERE reviews.id = ?1)"
        }
        "releases" => "(SELECT request FROM releases WHERE id = ?1)",
        "packages" => "(SELECT request FROM packages WHERE id = ?1)",
        "jobs" => "(SELECT request FROM jobs WHERE id = ?1)",
        _ => return Ok(None),
    };
    let sql = format!("SELECT practice FROM requests WHERE id = {of}");
    let found: Vec<(Option<Id>,)> = query::all_of(db, sql, id).await?;
    Ok(found.into_iter().next().and_then(|(owner,)| owner))
}

/// Practice requests of everybody but `user`.
pub(crate) async fn of_others(db: &Db, user: &Id) -> Result<HashSet<Id>, DbError> {
    let sql = "SELECT id FROM requests WHERE practice IS NOT NULL AND practice != ?";
    let found: Vec<(Id,)> = query::all_of(db, sql.to_owned(), user).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Whether a request is one to practice on.
///
/// # Errors
/// 404.
async fn is_practice(db: &Db, request: &Id) -> ApiResult<bool> {
    let sql = "SELECT practice IS NOT NULL FROM requests WHERE id = ?";
    let found: Option<(bool,)> = sqlx::query_as(sql).bind(request).fetch_optional(db).await?;
    Ok(found.ok_or_else(ApiError::not_found)?.0)
}

/// Refuses what would let something of a practice request leave the office, or something of the
/// office become practice.
///
/// # Errors
/// 404; 409 `practice`.
pub(crate) async fn refuse(db: &Db, request: &Id, message: &str) -> ApiResult<()> {
    if is_practice(db, request).await? {
        return Err(ApiError::conflict("practice", message));
    }
    Ok(())
}

/// Refuses a real request where only practice is meant.
///
/// # Errors
/// 404; 409 `not_practice`.
pub(crate) async fn refuse_real(db: &Db, request: &Id) -> ApiResult<()> {
    if is_practice(db, request).await? {
        return Ok(());
    }
    let message = "Only the review of a practice request can be scored.";
    Err(ApiError::conflict("not_practice", message))
}

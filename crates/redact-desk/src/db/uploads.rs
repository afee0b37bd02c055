//! Uploads in progress.

use sqlx::SqliteExecutor;

use super::pool::{Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::model::Purpose;
use crate::time::Millis;

/// An upload.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct UploadRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) bytes: i64,
    pub(crate) purpose: Purpose,
    pub(crate) request: Option<Id>,
    pub(crate) finished: bool,
}

const ROW: &str = "SELECT id, name, bytes, purpose, request, finished FROM uploads";

/// A user's own upload.
///
/// # Errors
/// 404, also for those of others.
pub(crate) async fn own(db: &Db, user: &Id, id: &Id) -> ApiResult<UploadRow> {
    query::own(db, ROW, (user, id)).await
}

/// A user's unfinished uploads, oldest first.
pub(crate) async fn unfinished(db: &Db, user: &Id) -> Result<Vec<UploadRow>, DbError> {
    let sql = format!("{ROW} WHERE user = ? AND finished = 0 ORDER BY created_at");
    query::all_of(db, sql, user).await
}

/// The number of a user's unfinished uploads.
pub(crate) async fn count_unfinished(db: &Db, user: &Id) -> Result<i64, DbError> {
    let (count,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM uploads WHERE user = ? AND finished = 0")
            .bind(user)
            .fetch_one(db)
            .await?;
    Ok(count)
}

/// Begins an upload.
pub(crate) async fn insert(
    db: &Db,
    row: &UploadRow,
    user: &Id,
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO uploads (id, name, bytes, purpose, request, user, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.name)
    .bind(row.bytes)
    .bind(row.purpose)
    .bind(&row.request)
    .bind(user)
    .bind(now)
    .execute(db)
    .await
    .map(drop)
}

/// Marks an upload as complete.
pub(crate) async fn finish(db: &Db, id: &Id) -> Result<(), DbError> {
    sqlx::query("UPDATE uploads SET finished = 1 WHERE id = ?")
        .bind(id)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes an upload.
pub(crate) async fn delete(db: impl SqliteExecutor<'_>, id: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM uploads WHERE id = ?")
        .bind(id)
        .execute(db)
        .await
        .map(drop)
}

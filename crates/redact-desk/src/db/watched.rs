//! Folders of requests in the watch folder, and the files that were added from them.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::id::Id;
use crate::time::Millis;

/// The folder of a request.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct WatchRow {
    pub(crate) request: Id,
    /// Its name within the watch folder.
    pub(crate) folder: String,
    /// In whose name files are added.
    pub(crate) user: Id,
}

const ROW: &str = "SELECT w.request, w.folder, w.user FROM watched_requests w
    JOIN requests q ON q.id = w.request JOIN users u ON u.id = w.user";

/// The folders of open requests whose users may still work on them.
pub(crate) async fn active(db: &Db) -> Result<Vec<WatchRow>, DbError> {
    let sql =
        format!("{ROW} WHERE q.closed = 0 AND u.active = 1 AND u.role IN ('operator', 'approver')");
    query::all(db, sql).await
}

/// The folders of all requests.
pub(crate) async fn all(db: &Db) -> Result<Vec<WatchRow>, DbError> {
    query::all(db, ROW.to_owned()).await
}

/// The folder of a request; `None` if it has none.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Option<WatchRow>, DbError> {
    let rows = query::all_of(db, format!("{ROW} WHERE w.request = ?"), request).await?;
    Ok(rows.into_iter().next())
}

/// Whether another request has a folder of that name.
pub(crate) async fn is_taken(db: &Db, (folder, request): (&str, &Id)) -> Result<bool, DbError> {
    let sql = "SELECT count(*) FROM watched_requests WHERE folder = ? AND request != ?";
    let (count,): (i64,) = sqlx::query_as(sql)
        .bind(folder)
        .bind(request)
        .fetch_one(db)
        .await?;
    Ok(count > 0)
}

/// Sets the folder of a request.
pub(crate) async fn put(
    change: &mut Connection,
    (request, folder): (&Id, &str),
    user: &Id,
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO watched_requests (request, folder, user, at) VALUES (?, ?, ?, ?)
         ON CONFLICT (request) DO UPDATE SET folder = excluded.folder, user = excluded.user,
           at = excluded.at",
    )
    .bind(request)
    .bind(folder)
    .bind(user)
    .bind(now)
    .execute(change)
    .await
    .map(drop)
}

/// Removes the folder of a request from those that are watched.
pub(crate) async fn remove(change: &mut Connection, request: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM watched_requests WHERE request = ?")
        .bind(request)
        .execute(change)
        .await
        .map(drop)
}

/// A file of a request's folder that was added, or why not.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct TakenRow {
    pub(crate) name: String,
    pub(crate) bytes: i64,
    pub(crate) changed_at: Millis,
    pub(crate) recording: Option<Id>,
    pub(crate) error: Option<String>,
}

/// The files of a request's folder that were added or could not be, the newest first.
pub(crate) async fn taken(db: &Db, request: &Id) -> Result<Vec<TakenRow>, DbError> {
    let sql = "SELECT name, bytes, changed_at, recording, error FROM watched_files
        WHERE request = ? ORDER BY at DESC";
    query::all_of(db, sql.to_owned(), request).await
}

/// Notes a file that was added or could not be.
pub(crate) async fn note(
    db: &Db,
    request: &Id,
    row: &TakenRow,
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT OR REPLACE INTO watched_files (request, name, bytes, changed_at, at, recording,
         error) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(request)
    .bind(&row.name)
    .bind(row.bytes)
    .bind(row.changed_at)
    .bind(now)
    .bind(&row.recording)
    .bind(&row.error)
    .execute(db)
    .await
    .map(drop)
}

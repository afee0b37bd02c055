//! What users viewed of recordings, by session.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::id::Id;
use crate::time::Millis;

/// What a user viewed of a recording in one session.
#[derive(sqlx::FromRow)]
pub(crate) struct ViewRow {
    pub(crate) id: Id,
    pub(crate) user: Id,
    pub(crate) name: String,
    pub(crate) recording: Id,
    /// The stored form of the session's token.
    pub(crate) session: String,
    pub(crate) began_at: Millis,
    pub(crate) last_at: Millis,
    /// Frames, half-open, as JSON.
    pub(crate) spans: String,
    /// The number of requests by kind, as JSON.
    pub(crate) seen: String,
    /// Whether it is in the event log.
    pub(crate) written: bool,
}

const ROW: &str = "SELECT id, user, name, recording, session, began_at, last_at, spans, seen,
    written FROM views";

/// Adds or updates a view.
pub(crate) async fn store(change: &mut Connection, view: &ViewRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO views (id, user, name, recording, session, began_at, last_at, spans, seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET last_at = ?7, spans = ?8, seen = ?9",
    )
    .bind(&view.id)
    .bind(&view.user)
    .bind(&view.name)
    .bind(&view.recording)
    .bind(&view.session)
    .bind(view.began_at)
    .bind(view.last_at)
    .bind(&view.spans)
    .bind(&view.seen)
    .execute(change)
    .await
    .map(drop)
}

/// Views that are not in the event log and whose session has ended: last used at `seen` or earlier,
/// or begun at `began` or earlier. With `all`, the views of all sessions.
pub(crate) async fn unlogged(
    db: &Db,
    all: bool,
    (seen, began): (Millis, Millis),
) -> Result<Vec<ViewRow>, DbError> {
    let sql = format!(
        "{ROW} WHERE written = 0 AND (?1 OR NOT EXISTS (SELECT 1 FROM sessions
         WHERE token = views.session AND seen_at > ?2 AND created_at > ?3)) ORDER BY began_at"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(all)
        .bind(seen)
        .bind(began)
        .fetch_all(db)
        .await
}

/// Marks a view as logged.
pub(crate) async fn set_written(db: &Db, id: &Id) -> Result<(), DbError> {
    sqlx::query("UPDATE views SET written = 1 WHERE id = ?")
        .bind(id)
        .execute(db)
        .await
        .map(drop)
}

/// The newest 500 views of a recording, newest first.
pub(crate) async fn of_recording(db: &Db, recording: &Id) -> Result<Vec<ViewRow>, DbError> {
    let sql = format!("{ROW} WHERE recording = ? ORDER BY began_at DESC LIMIT 500");
    query::all_of(db, sql, recording).await
}

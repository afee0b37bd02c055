//! What people changed of requests and recordings, with old and new values and reasons.
//!
//! The event log takes no text that a person typed, so it has only the id of an entry in here.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::id::Id;
use crate::time::Millis;

/// An entry of the history.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct HistoryRow {
    pub(crate) id: Id,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) action: String,
    /// Field, old value and new value of each change, as JSON.
    pub(crate) changes: String,
    pub(crate) reason: String,
    pub(crate) request: Id,
    pub(crate) recording: Option<Id>,
    /// The name of the recording.
    pub(crate) recording_name: Option<String>,
}

const ROW: &str = "SELECT id, at, by, action, changes, reason, request, recording,
    (SELECT name FROM recordings WHERE recordings.id = history.recording) AS recording_name
    FROM history";

/// An entry to add.
#[derive(Debug)]
pub(crate) struct NewEntry<'a> {
    pub(crate) request: &'a Id,
    pub(crate) recording: Option<&'a Id>,
    pub(crate) by: &'a str,
    pub(crate) action: &'static str,
    /// As JSON.
    pub(crate) changes: String,
    pub(crate) reason: &'a str,
    pub(crate) now: Millis,
}

/// Adds an entry and returns its id.
pub(crate) async fn insert(change: &mut Connection, entry: NewEntry<'_>) -> Result<Id, DbError> {
    let id = Id::random();
    sqlx::query(
        "INSERT INTO history (id, request, recording, at, by, action, changes, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(entry.request)
    .bind(entry.recording)
    .bind(entry.now)
    .bind(entry.by)
    .bind(entry.action)
    .bind(entry.changes)
    .bind(entry.reason)
    .execute(change)
    .await?;
    Ok(id)
}

/// The history of a request, newest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<HistoryRow>, DbError> {
    let sql = format!("{ROW} WHERE request = ? ORDER BY at DESC, rowid DESC");
    query::all_of(db, sql, request).await
}

/// All entries by id.
pub(crate) async fn all(db: &Db) -> Result<HashMap<Id, HistoryRow>, DbError> {
    let rows = query::all(db, ROW.to_owned()).await?;
    Ok(query::by_key(rows, |row: &HistoryRow| Some(row.id.clone())))
}

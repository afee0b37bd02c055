//! Copies of releases that were handed over.

use std::path::Path;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::error::DeskError;
use crate::id::Id;
use crate::model::Medium;
use crate::time::{self, Millis};

/// A copy.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct CopyRow {
    pub(crate) id: Id,
    pub(crate) release: Id,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) recipient: String,
    pub(crate) medium: Medium,
    pub(crate) note: String,
    /// Kind and SHA-256 of each file, as JSON.
    pub(crate) files: String,
}

const ROW: &str = "SELECT id, release, at, by, recipient, medium, note, files FROM copies";

/// The copies of a release, oldest first.
pub(crate) async fn of_release(db: &Db, release: &Id) -> Result<Vec<CopyRow>, DbError> {
    query::all_of(db, format!("{ROW} WHERE release = ? ORDER BY at"), release).await
}

/// All copies, oldest first.
pub(crate) async fn all(db: &Db) -> Result<Vec<CopyRow>, DbError> {
    query::all(db, format!("{ROW} ORDER BY at")).await
}

/// Adds a copy.
pub(crate) async fn insert(change: &mut Connection, row: &CopyRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO copies (id, release, at, by, recipient, medium, note, files)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.release)
    .bind(row.at)
    .bind(&row.by)
    .bind(&row.recipient)
    .bind(row.medium)
    .bind(&row.note)
    .bind(&row.files)
    .execute(change)
    .await
    .map(drop)
}

/// A copied file, as the desk recorded it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RecordedCopy {
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// When, as RFC 3339 in UTC.
    pub at: String,
    /// Who handed it over.
    pub by: String,
    /// Who received it.
    pub to: String,
    /// The medium: `download`, `disc` and so on.
    pub medium: String,
}

/// All copies in the desk's database at `database`, oldest first. The desk may be running.
///
/// # Errors
/// [`DeskError::Database`].
pub async fn recorded_copies(database: &Path) -> Result<Vec<RecordedCopy>, DeskError> {
    use sqlx::ConnectOptions as _;
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .connect()
        .await?;
    let sql = format!("{ROW} ORDER BY at");
    let rows: Vec<CopyRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_all(&mut connection)
        .await?;
    let copies = rows.into_iter().flat_map(|row| {
        let files: serde_json::Value = serde_json::from_str(&row.files).unwrap_or_default();
        let files = files.as_array().cloned().unwrap_or_default();
        files.into_iter().map(move |file| RecordedCopy {
            sha256: file["sha256"].as_str().unwrap_or_default().to_owned(),
            at: time::text(row.at),
            by: row.by.clone(),
            to: row.recipient.clone(),
            medium: row.medium.word().to_owned(),
        })
    });
    Ok(copies.collect())
}

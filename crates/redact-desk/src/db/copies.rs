//! Copies of releases that were handed over, by themselves or in a package.

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
    /// The package that it was in.
    pub(crate) package: Option<Id>,
}

const ROW: &str =
    "SELECT id, release, at, by, recipient, medium, note, files, package FROM received";

/// The same in a database of schema version 8 or earlier.
const ROW_WITHOUT_PACKAGES: &str =
    "SELECT id, release, at, by, recipient, medium, note, files, NULL AS package FROM copies";

/// The copies of a release, oldest first.
pub(crate) async fn of_release(db: &Db, release: &Id) -> Result<Vec<CopyRow>, DbError> {
    query::all_of(db, format!("{ROW} WHERE release = ? ORDER BY at"), release).await
}

/// The copies of all releases of a request, oldest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<CopyRow>, DbError> {
    let sql =
        format!("{ROW} WHERE release IN (SELECT id FROM releases WHERE request = ?) ORDER BY at");
    query::all_of(db, sql, request).await
}

/// All copies, oldest first.
pub(crate) async fn all(db: &Db) -> Result<Vec<CopyRow>, DbError> {
    query::all(db, format!("{ROW} ORDER BY at")).await
}

/// Adds a copy of a release by itself.
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

/// The schema version from which on there are packages.
const PACKAGES_SINCE: i64 = 9;

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
    // The desk may not have been started since the program was updated.
    let (version,): (i64,) = sqlx::query_as("PRAGMA user_version")
        .fetch_one(&mut connection)
        .await?;
    let row = if version < PACKAGES_SINCE {
        ROW_WITHOUT_PACKAGES
    } else {
        ROW
    };
    let sql = format!("{row} ORDER BY at");
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

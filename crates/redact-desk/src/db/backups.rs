//! Backups that were made of this desk, and copies of the database.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use super::pool::{self, Db, DbError};
use super::query;
use crate::id::Id;
use crate::time::Millis;

/// A backup.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct BackupRow {
    pub(crate) at: Millis,
    /// Where it was written.
    pub(crate) path: String,
    pub(crate) manifest_sha256: String,
}

/// The backups that were made at or after a time, oldest first. One that is being made counts: it
/// may have what there is now.
pub(crate) async fn since(db: &Db, at: Millis) -> Result<Vec<BackupRow>, DbError> {
    let sql = "SELECT at, path, manifest_sha256 FROM backups WHERE at >= ? ORDER BY at";
    query::all_of(db, sql.to_owned(), at).await
}

/// Records that a backup is being made, and returns its id.
pub(crate) async fn insert(db: &Db, at: Millis, path: &str) -> Result<Id, DbError> {
    let id = Id::random();
    sqlx::query("INSERT INTO backups (id, at, path, manifest_sha256) VALUES (?, ?, ?, '')")
        .bind(&id)
        .bind(at)
        .bind(path)
        .execute(db)
        .await?;
    Ok(id)
}

/// Records the digest of a backup's manifest.
pub(crate) async fn set_manifest(db: &Db, id: &Id, sha256: &str) -> Result<(), DbError> {
    let sql = "UPDATE backups SET manifest_sha256 = ? WHERE id = ?";
    query::set(db, sql, sha256, id).await
}

/// Forgets a backup that was not made.
pub(crate) async fn delete(db: &Db, id: &Id) -> Result<(), DbError> {
    let sql = "DELETE FROM backups WHERE id = ?";
    sqlx::query(sql).bind(id).execute(db).await.map(drop)
}

/// Writes a copy of the database as it is now to a new file.
pub(crate) async fn copy_into(db: &Db, path: &Path) -> Result<(), DbError> {
    sqlx::query("VACUUM INTO ?")
        .bind(path.to_string_lossy().into_owned())
        .execute(db)
        .await
        .map(drop)
}

/// Opens the database of a data folder as it is, without making or upgrading one.
pub(crate) async fn open_existing(folder: &Path) -> Result<Db, DbError> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join(pool::FILE))
        .create_if_missing(false)
        .busy_timeout(pool::BUSY_MAX);
    SqlitePoolOptions::new()
        .max_connections(2)
        .connect_with(options)
        .await
}

/// The schema version of an open database.
pub(crate) async fn schema(db: &Db) -> Result<i64, DbError> {
    let (found,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(db).await?;
    Ok(found)
}

/// What SQLite finds wrong in a copy of the database; `None`: nothing.
pub(crate) async fn damage(path: &Path) -> Result<Option<String>, DbError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(true);
    let db = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    let found: Vec<(String,)> = query::all(&db, "PRAGMA integrity_check".to_owned()).await?;
    db.close().await;
    Ok(found
        .into_iter()
        .map(|(line,)| line)
        .find(|line| line != "ok"))
}

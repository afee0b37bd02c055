//! Rechecks of all past releases.

use super::pool::{Connection, Db, DbError};
use crate::time::Millis;

/// A recheck of all past releases.
#[derive(sqlx::FromRow)]
pub(crate) struct RecheckRow {
    pub(crate) at: Millis,
    pub(crate) by: String,
    /// The number of releases.
    pub(crate) releases: i64,
}

/// The newest recheck.
pub(crate) async fn newest(db: &Db) -> Result<Option<RecheckRow>, DbError> {
    sqlx::query_as("SELECT at, by, releases FROM rechecks ORDER BY id DESC LIMIT 1")
        .fetch_optional(db)
        .await
}

/// Adds a recheck.
pub(crate) async fn insert(change: &mut Connection, row: &RecheckRow) -> Result<(), DbError> {
    sqlx::query("INSERT INTO rechecks (at, by, releases) VALUES (?, ?, ?)")
        .bind(row.at)
        .bind(&row.by)
        .bind(row.releases)
        .execute(change)
        .await
        .map(drop)
}

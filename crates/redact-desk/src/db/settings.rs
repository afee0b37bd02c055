//! The agency's settings, and what they were before.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::time::Millis;

/// A change of a setting.
#[derive(sqlx::FromRow)]
pub(crate) struct SettingChangeRow {
    pub(crate) name: String,
    pub(crate) from_value: String,
    pub(crate) to_value: String,
    pub(crate) by: String,
    pub(crate) at: Millis,
}

/// All settings that were saved, by name.
pub(crate) async fn all(db: &Db) -> Result<HashMap<String, String>, DbError> {
    let rows: Vec<(String, String)> =
        query::all(db, "SELECT name, value FROM settings".to_owned()).await?;
    Ok(rows.into_iter().collect())
}

/// Saves a setting with what it was before.
pub(crate) async fn set(change: &mut Connection, row: &SettingChangeRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO settings (name, value) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(&row.name)
    .bind(&row.to_value)
    .execute(&mut *change)
    .await?;
    sqlx::query(
        "INSERT INTO setting_changes (name, from_value, to_value, by, at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&row.name)
    .bind(&row.from_value)
    .bind(&row.to_value)
    .bind(&row.by)
    .bind(row.at)
    .execute(change)
    .await
    .map(drop)
}

/// The newest 100 changes, newest first.
pub(crate) async fn changes(db: &Db) -> Result<Vec<SettingChangeRow>, DbError> {
    let sql = "SELECT name, from_value, to_value, by, at FROM setting_changes
        ORDER BY id DESC LIMIT 100";
    query::all(db, sql.to_owned()).await
}

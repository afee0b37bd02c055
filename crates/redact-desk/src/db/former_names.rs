//! Names that people had before.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::id::Id;
use crate::time::Millis;

/// A change of a person's name.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct FormerNameRow {
    pub(crate) id: Id,
    pub(crate) user: Id,
    /// The name until the change.
    pub(crate) name: String,
    pub(crate) changed_to: String,
    /// When it changed.
    pub(crate) until: Millis,
    pub(crate) reason: String,
}

const ROW: &str = "SELECT id, user, name, changed_to, until, reason FROM former_names";

/// All changes of names, oldest first.
pub(crate) async fn all(db: &Db) -> Result<Vec<FormerNameRow>, DbError> {
    query::all(db, format!("{ROW} ORDER BY until, rowid")).await
}

/// The changes of a person's name, oldest first.
pub(crate) async fn of(db: &Db, user: &Id) -> Result<Vec<FormerNameRow>, DbError> {
    let sql = format!("{ROW} WHERE user = ? ORDER BY until, rowid");
    query::all_of(db, sql, user).await
}

/// Adds a change of a name by `by`. `key`: the form in which two spellings of it are equal.
pub(crate) async fn insert(
    change: &mut Connection,
    row: &FormerNameRow,
    (key, by): (&str, &Id),
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO former_names (id, user, name, name_key, changed_to, until, by, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.user)
    .bind(&row.name)
    .bind(key)
    .bind(&row.changed_to)
    .bind(row.until)
    .bind(by)
    .bind(&row.reason)
    .execute(change)
    .await
    .map(drop)
}

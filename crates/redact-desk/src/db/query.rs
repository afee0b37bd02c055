//! Queries that have the same shape for several tables.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Encode, FromRow, Sqlite, SqliteExecutor, Type};

use super::pool::{Db, DbError};
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;

/// A type that is read from a row.
pub(crate) trait Row: for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl<T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin> Row for T {}

/// The row with that id. `select` is a `SELECT` without a condition.
///
/// # Errors
/// 404.
pub(super) async fn by_id<R: Row>(db: &Db, select: &str, id: &Id) -> ApiResult<R> {
    let sql = AssertSqlSafe(format!("{select} WHERE id = ?"));
    let row = sqlx::query_as(sql).bind(id).fetch_optional(db).await?;
    row.ok_or_else(ApiError::not_found)
}

/// The row with that id that belongs to a person.
///
/// # Errors
/// 404, also for rows of others.
pub(super) async fn own<R: Row>(db: &Db, select: &str, (user, id): (&Id, &Id)) -> ApiResult<R> {
    let sql = AssertSqlSafe(format!("{select} WHERE id = ? AND user = ?"));
    let query = sqlx::query_as(sql).bind(id).bind(user);
    query
        .fetch_optional(db)
        .await?
        .ok_or_else(ApiError::not_found)
}

/// All rows that `sql` selects.
pub(super) async fn all<R: Row>(db: &Db, sql: String) -> Result<Vec<R>, DbError> {
    sqlx::query_as(AssertSqlSafe(sql)).fetch_all(db).await
}

/// The rows that `sql`, which has one parameter, selects for `of`.
pub(super) async fn all_of<'a, R: Row>(
    db: &Db,
    sql: String,
    of: impl Encode<'a, Sqlite> + Type<Sqlite> + 'a,
) -> Result<Vec<R>, DbError> {
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(of);
    query.fetch_all(db).await
}

/// Runs an `UPDATE` with two parameters: a value, and the id of the row that gets it.
pub(super) async fn set<'a>(
    db: impl SqliteExecutor<'_>,
    sql: &'static str,
    value: impl Encode<'a, Sqlite> + Type<Sqlite> + 'a,
    id: &Id,
) -> Result<(), DbError> {
    let query = sqlx::query(sql).bind(value).bind(id);
    query.execute(db).await.map(drop)
}

/// Rows by the id that `key` gives, one per id; rows without one are dropped.
pub(super) fn by_key<R>(rows: Vec<R>, key: impl Fn(&R) -> Option<Id>) -> HashMap<Id, R> {
    let pairs = rows.into_iter().filter_map(|row| Some((key(&row)?, row)));
    pairs.collect()
}

/// Rows by the id that `key` gives, each list in the order of `rows`; rows without one are dropped.
pub(super) fn groups<R>(rows: Vec<R>, key: impl Fn(&R) -> Option<Id>) -> HashMap<Id, Vec<R>> {
    let mut groups: HashMap<Id, Vec<R>> = HashMap::new();
    for row in rows {
        if let Some(key) = key(&row) {
            groups.entry(key).or_default().push(row);
        }
    }
    groups
}

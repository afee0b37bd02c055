//! Saved views of the queue.

use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::time::Millis;

/// Filters and columns of the queue under a name.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct QueueViewRow {
    pub(crate) id: Id,
    pub(crate) user: Id,
    /// The name of its owner.
    pub(crate) owner: String,
    pub(crate) name: String,
    /// Whether everybody who works on requests has it.
    pub(crate) shared: bool,
    /// The filters, as the address of the queue has them.
    pub(crate) query: String,
    /// The names of the columns, as JSON.
    pub(crate) columns: String,
}

const ROW: &str = "SELECT id, user, name, shared, query, columns,
    (SELECT users.name FROM users WHERE users.id = queue_views.user) AS owner FROM queue_views";

/// The views of a person and those that others share, by name.
pub(crate) async fn of(db: &Db, user: &Id) -> Result<Vec<QueueViewRow>, DbError> {
    let sql = format!("{ROW} WHERE user = ? OR shared = 1 ORDER BY name, at");
    query::all_of(db, sql, user).await
}

/// A view of the person.
///
/// # Errors
/// 404, also for views of others.
pub(crate) async fn own(db: &Db, user: &Id, id: &Id) -> ApiResult<QueueViewRow> {
    query::own(db, ROW, (user, id)).await
}

/// Adds a view, or replaces the one with that id.
///
/// # Errors
/// 409 `name_taken`.
pub(crate) async fn put(change: &mut Connection, row: &QueueViewRow, now: Millis) -> ApiResult<()> {
    let put = sqlx::query(
        "INSERT INTO queue_views (id, user, name, shared, query, columns, at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, shared = excluded.shared,
           query = excluded.query, columns = excluded.columns",
    )
    .bind(&row.id)
    .bind(&row.user)
    .bind(&row.name)
    .bind(row.shared)
    .bind(&row.query)
    .bind(&row.columns)
    .bind(now)
    .execute(change)
    .await;
    put.map(drop).map_err(|error| match taken(&error) {
        Some(_) => ApiError::conflict("name_taken", "You already have a view with this name."),
        None => error.into(),
    })
}

/// Removes a view.
pub(crate) async fn remove(change: &mut Connection, id: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM queue_views WHERE id = ?")
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

//! Tasks of requests.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::time::Millis;

/// A task.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct TaskRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) number: String,
    pub(crate) text: String,
    /// `2026-01-31`.
    pub(crate) due_on: Option<String>,
    pub(crate) assignee: Option<Id>,
    pub(crate) assignee_name: Option<String>,
    pub(crate) by: String,
    pub(crate) at: Millis,
    pub(crate) done_at: Option<Millis>,
    pub(crate) done_by: Option<String>,
}

const TASK: &str = "SELECT id, request, text, due_on, assignee, by, at, done_at, done_by,
    (SELECT number FROM requests WHERE requests.id = request_tasks.request) AS number,
    (SELECT name FROM users WHERE users.id = request_tasks.assignee) AS assignee_name
    FROM request_tasks";

/// The tasks of a request: open ones first, by the day they are due.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<TaskRow>, DbError> {
    let sql = format!(
        "{TASK} WHERE request = ? ORDER BY done_at IS NOT NULL, due_on IS NULL, due_on, at"
    );
    query::all_of(db, sql, request).await
}

/// The open tasks of a person.
pub(crate) async fn open_of(db: &Db, user: &Id) -> Result<Vec<TaskRow>, DbError> {
    let sql = format!(
        "{TASK} WHERE assignee = ? AND done_at IS NULL
         AND request IN (SELECT id FROM requests WHERE practice IS NULL)"
    );
    query::all_of(db, sql, user).await
}

/// One task.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<TaskRow> {
    query::by_id(db, TASK, id).await
}

/// Adds a task, or replaces the one with that id.
pub(crate) async fn put(change: &mut Connection, row: &TaskRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO request_tasks (id, request, text, due_on, assignee, by, at, done_at, done_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET text = excluded.text, due_on = excluded.due_on,
           assignee = excluded.assignee, done_at = excluded.done_at, done_by = excluded.done_by",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(&row.text)
    .bind(&row.due_on)
    .bind(&row.assignee)
    .bind(&row.by)
    .bind(row.at)
    .bind(row.done_at)
    .bind(&row.done_by)
    .execute(change)
    .await
    .map(drop)
}

/// Removes a task.
pub(crate) async fn remove(change: &mut Connection, id: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM request_tasks WHERE id = ?")
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

//! Pauses and extensions of requests.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::model::{Unit, WaitingFor};
use crate::time::Millis;

/// A time in which the agency waited for the requester.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct PauseRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) waiting_for: WaitingFor,
    /// `2026-01-31`.
    pub(crate) since: String,
    /// `None` while the agency waits.
    pub(crate) until: Option<String>,
    pub(crate) note: String,
    pub(crate) by: String,
}

/// What the agency added to the time for its answer.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ExtensionRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) days: u16,
    pub(crate) unit: Unit,
    pub(crate) reason: String,
    pub(crate) by: String,
}

/// Pauses and extensions of a request, oldest first.
#[derive(Clone, Default)]
pub(crate) struct ClockRows {
    pub(crate) pauses: Vec<PauseRow>,
    pub(crate) extensions: Vec<ExtensionRow>,
}

impl ClockRows {
    /// The pause that has not ended.
    pub(crate) fn open(&self) -> Option<&PauseRow> {
        self.pauses.iter().find(|pause| pause.until.is_none())
    }
}

/// Pauses and extensions of all requests or of one, by request.
pub(crate) async fn by_request(
    db: &Db,
    request: Option<&Id>,
) -> Result<HashMap<Id, ClockRows>, DbError> {
    let select = |columns: &str, table: &str| {
        format!(
            "SELECT id, request, {columns}, by FROM {table} WHERE ?1 IS NULL OR request = ?1
             ORDER BY at"
        )
    };
    let mut found: HashMap<Id, ClockRows> = HashMap::new();
    let pauses = select("waiting_for, since, until, note", "request_pauses");
    for row in query::all_of::<PauseRow>(db, pauses, request).await? {
        found
            .entry(row.request.clone())
            .or_default()
            .pauses
            .push(row);
    }
    let extensions = select("days, unit, reason", "request_extensions");
    for row in query::all_of::<ExtensionRow>(db, extensions, request).await? {
        found
            .entry(row.request.clone())
            .or_default()
            .extensions
            .push(row);
    }
    Ok(found)
}

/// Adds a pause that has not ended.
///
/// # Errors
/// 409 if there is one already.
pub(crate) async fn insert_pause(
    change: &mut Connection,
    row: &PauseRow,
    now: Millis,
) -> ApiResult<()> {
    sqlx::query(
        "INSERT INTO request_pauses (id, request, waiting_for, since, note, at, by)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(row.waiting_for)
    .bind(&row.since)
    .bind(&row.note)
    .bind(now)
    .bind(&row.by)
    .execute(change)
    .await
    .map(drop)
    .map_err(|error| match taken(&error) {
        Some(_) => ApiError::conflict("conflict", "The clock is stopped already."),
        None => error.into(),
    })
}

/// Ends the pause of a request that has not ended.
pub(crate) async fn end_pause(
    change: &mut Connection,
    request: &Id,
    until: &str,
) -> Result<(), DbError> {
    query::set(
        change,
        "UPDATE request_pauses SET until = ? WHERE request = ? AND until IS NULL",
        until,
        request,
    )
    .await
}

/// Adds an extension.
pub(crate) async fn insert_extension(
    change: &mut Connection,
    row: &ExtensionRow,
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO request_extensions (id, request, days, unit, reason, at, by)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(row.days)
    .bind(row.unit)
    .bind(&row.reason)
    .bind(now)
    .bind(&row.by)
    .execute(change)
    .await
    .map(drop)
}

/// Removes the newest extension of a request.
pub(crate) async fn remove_extension(change: &mut Connection, id: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM request_extensions WHERE id = ?")
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// Sets when the acknowledgement was sent.
pub(crate) async fn set_acknowledged(
    change: &mut Connection,
    request: &Id,
    on: Option<&str>,
) -> Result<(), DbError> {
    query::set(
        change,
        "UPDATE requests SET acknowledged_on = ? WHERE id = ?",
        on,
        request,
    )
    .await
}

/// Sets when the estimate was sent.
pub(crate) async fn set_estimated(
    change: &mut Connection,
    request: &Id,
    on: Option<&str>,
) -> Result<(), DbError> {
    query::set(
        change,
        "UPDATE requests SET estimated_on = ? WHERE id = ?",
        on,
        request,
    )
    .await
}

/// Sets the due date that follows from the law.
pub(crate) async fn set_due(
    change: &mut Connection,
    request: &Id,
    due: &str,
) -> Result<(), DbError> {
    query::set(
        change,
        "UPDATE requests SET due_on = ? WHERE id = ?",
        due,
        request,
    )
    .await
}

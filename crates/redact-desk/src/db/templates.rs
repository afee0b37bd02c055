//! Sets of defaults for new requests.

use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::time::Millis;

/// A set of defaults under a name.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct TemplateRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    /// As JSON.
    pub(crate) template: String,
    pub(crate) by: String,
}

const ROW: &str = "SELECT id, name, template, by FROM request_templates";

/// All templates, by name.
pub(crate) async fn all(db: &Db) -> Result<Vec<TemplateRow>, DbError> {
    query::all(db, format!("{ROW} ORDER BY name")).await
}

/// One template.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<TemplateRow> {
    query::by_id(db, ROW, id).await
}

/// Adds a template, or replaces the one with that id.
///
/// # Errors
/// 409 `name_taken`.
pub(crate) async fn put(change: &mut Connection, row: &TemplateRow, now: Millis) -> ApiResult<()> {
    let put = sqlx::query(
        "INSERT INTO request_templates (id, name, template, by, at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, template = excluded.template,
           by = excluded.by, at = excluded.at",
    )
    .bind(&row.id)
    .bind(&row.name)
    .bind(&row.template)
    .bind(&row.by)
    .bind(now)
    .execute(change)
    .await;
    put.map(drop).map_err(|error| match taken(&error) {
        Some(_) => ApiError::conflict("name_taken", "A template with this name exists already."),
        None => error.into(),
    })
}

/// Removes a template.
pub(crate) async fn remove(change: &mut Connection, id: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM request_templates WHERE id = ?")
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

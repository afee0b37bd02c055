//! Templates for new requests.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::api_error::{ApiError, ApiResult};
use crate::db::templates::{self as rows, TemplateRow};
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::templates::{self, TemplateValues};

/// A set of defaults for new requests.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RequestTemplate {
    id: Id,
    name: String,
    values: TemplateValues,
    /// Who saved it last.
    by: String,
}

fn present(row: TemplateRow) -> ApiResult<RequestTemplate> {
    let values = serde_json::from_str(&row.template);
    Ok(RequestTemplate {
        id: row.id,
        name: row.name,
        values: values.map_err(|error| ApiError::internal(&error))?,
        by: row.by,
    })
}

/// `GET /templates`.
pub(crate) async fn list(State(app): State<App>) -> ApiResult<axum::Json<Vec<RequestTemplate>>> {
    let rows = rows::all(&app.db).await?.into_iter();
    Ok(axum::Json(rows.map(present).collect::<ApiResult<_>>()?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateBody {
    name: String,
    values: TemplateValues,
}

/// `POST /templates`.
pub(crate) async fn add(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<TemplateBody>,
) -> ApiResult<(StatusCode, axum::Json<RequestTemplate>)> {
    let id = templates::put(&app, &who, None, (&given.name, given.values)).await?;
    let made = present(rows::by_id(&app.db, &id).await?)?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// `PUT /templates/:id`.
pub(crate) async fn change(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<TemplateBody>,
) -> ApiResult<StatusCode> {
    templates::put(&app, &who, Some(&id), (&given.name, given.values)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /templates/:id`.
pub(crate) async fn remove(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<StatusCode> {
    templates::remove(&app, &who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! The whole recording as it would be released, as a clip to watch before approval.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::body::{Body, Query};
use super::jobs::{Job, present};
use crate::api_error::ApiResult;
use crate::db::reviews as rows;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::clips;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClipBody {
    revision: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClipQuery {
    revision: Option<i64>,
}

/// `GET /reviews/:id/clip`.
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<Id>,
    Query(of): Query<ClipQuery>,
) -> ApiResult<axum::Json<Option<Job>>> {
    let newest = rows::by_id(&app.db, &id).await?.revision;
    let known = clips::known(&app, &id, of.revision.unwrap_or(newest)).await?;
    Ok(axum::Json(known.map(|job| present(&app, job))))
}

/// `POST /reviews/:id/clip`.
pub(crate) async fn make(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(of): Body<ClipBody>,
) -> ApiResult<(StatusCode, axum::Json<Job>)> {
    let job = clips::make(&app, &who, &id, of.revision).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(present(&app, job))))
}

//! Changes of a recording after its intake.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::body::Body;
use super::recordings::{Recording, present_by_id};
use crate::api_error::ApiResult;
use crate::details::RecordingDetails;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::recording_changes::{self as changes, RecordingChange};
use crate::service::recording_details;
use crate::service::sealed;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    name: Option<String>,
    /// The request to move it to.
    request: Option<Id>,
    responsive: Option<bool>,
    /// Why it is moved, or responsive or not.
    #[serde(default)]
    reason: String,
}

/// `PATCH /recordings/:id`.
pub(crate) async fn change(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<ChangeBody>,
) -> ApiResult<axum::Json<Recording>> {
    if let Some(target) = &given.request {
        sealed::check(&app, &who, "requests", target).await?;
    }
    let new = RecordingChange {
        name: given.name.as_deref(),
        responsive: given.responsive,
        request: given.request.as_ref(),
        reason: &given.reason,
    };
    changes::change(&app, &who, &id, new).await?;
    Ok(axum::Json(present_by_id(&app, &who, &id).await?))
}

/// `PUT /recordings/:id/details`.
pub(crate) async fn set_details(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<RecordingDetails>,
) -> ApiResult<axum::Json<Recording>> {
    recording_details::change(&app, &who, &id, given).await?;
    Ok(axum::Json(present_by_id(&app, &who, &id).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveBody {
    reason: String,
}

/// `POST /recordings/:id/remove`.
pub(crate) async fn remove(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<RemoveBody>,
) -> ApiResult<StatusCode> {
    changes::remove(&app, &who, &id, &given.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

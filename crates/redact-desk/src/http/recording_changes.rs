//! Changes of a recording after its intake.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::body::Body;
use super::recordings::{Recording, present_by_id};
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::recording_changes as changes;

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
    if let Some(name) = &given.name {
        changes::rename(&app, &who, &id, name).await?;
    }
    if let Some(responsive) = given.responsive {
        changes::set_responsive(&app, &who, &id, (responsive, &given.reason)).await?;
    }
    if let Some(request) = &given.request {
        changes::move_to(&app, &who, &id, (request, &given.reason)).await?;
    }
    Ok(axum::Json(present_by_id(&app, &id).await?))
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

//! Several recordings of one request: their shared clock, and who is named in them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::body::Body;
use crate::api_error::ApiResult;
use crate::domain::named::NamedElsewhere;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::cameras;
use crate::service::sealed;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnClock {
    recording: Id,
    /// The second of the clock at which its first frame is; `null`: not placed.
    seconds: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SharedClock {
    cameras: Vec<OnClock>,
}

/// `PUT /requests/:id/clock`.
pub(crate) async fn place(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<SharedClock>,
) -> ApiResult<StatusCode> {
    let cameras: Vec<(Id, Option<f64>)> = given
        .cameras
        .into_iter()
        .map(|one| (one.recording, one.seconds))
        .collect();
    for (recording, _) in &cameras {
        sealed::check(&app, &who, "recordings", recording).await?;
    }
    cameras::place(&app, &who, &id, &cameras).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /reviews/:id/named`.
pub(crate) async fn named(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Vec<NamedElsewhere>>> {
    let named = cameras::named_elsewhere(&app, &who, &id).await?;
    Ok(axum::Json(named))
}

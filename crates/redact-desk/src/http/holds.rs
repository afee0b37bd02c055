//! Legal holds.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::api_error::{ApiError, ApiResult};
use crate::db::holds::{self as rows, HoldRow};
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::{App, Shared};
use crate::service::holds::{self, HoldOf, NewHold};
use crate::service::sealed;
use crate::time;

/// A hold as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Hold {
    id: Id,
    request: Id,
    /// `null`: of the whole request.
    recording: Option<Id>,
    /// The case or matter.
    matter: String,
    /// The court, office or person that asked for it.
    authority: String,
    reason: String,
    at: String,
    by: String,
    released_at: Option<String>,
    released_by: Option<String>,
    release_reason: String,
}

impl From<HoldRow> for Hold {
    fn from(row: HoldRow) -> Self {
        Self {
            id: row.id,
            request: row.request,
            recording: row.recording,
            matter: row.matter,
            authority: row.authority,
            reason: row.reason,
            at: time::text(row.at),
            by: row.by,
            released_at: row.released_at.map(time::text),
            released_by: row.released_by,
            release_reason: row.release_reason,
        }
    }
}

/// The holds of a request and its recordings, newest first.
///
/// # Errors
/// Database errors.
pub(super) async fn of_request(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
) -> ApiResult<Vec<Hold>> {
    let closed = sealed::closed_to(app, who).await?;
    let rows = rows::of_request(&app.db, request).await?.into_iter();
    let open = |row: &HoldRow| row.recording.as_ref().is_none_or(|id| !closed.has(id));
    Ok(rows.filter(open).map(Hold::from).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHoldBody {
    request: Option<Id>,
    recording: Option<Id>,
    matter: String,
    authority: String,
    reason: String,
}

/// `POST /holds`.
pub(crate) async fn place(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<NewHoldBody>,
) -> ApiResult<(StatusCode, axum::Json<Hold>)> {
    let of = match (&given.request, &given.recording) {
        (Some(request), None) => {
            sealed::check(&app, &who, "requests", request).await?;
            HoldOf::Request(request)
        }
        (None, Some(recording)) => {
            sealed::check(&app, &who, "recordings", recording).await?;
            HoldOf::Recording(recording)
        }
        _ => {
            let message = "Expected either a request or a recording.";
            return Err(ApiError::field("recording", message));
        }
    };
    let new = NewHold {
        of,
        matter: &given.matter,
        authority: &given.authority,
        reason: &given.reason,
    };
    let id = holds::place(&app, &who, new).await?;
    let row = rows::by_id(&app.db, &id).await?;
    Ok((StatusCode::CREATED, axum::Json(row.into())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseHoldBody {
    reason: String,
}

/// `POST /holds/:id/release`.
pub(crate) async fn release(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<ReleaseHoldBody>,
) -> ApiResult<axum::Json<Hold>> {
    let row = rows::by_id(&app.db, &id).await?;
    sealed::check(&app, &who, "requests", &row.request).await?;
    if let Some(recording) = &row.recording {
        sealed::check(&app, &who, "recordings", recording).await?;
    }
    holds::release(&app, &who, &id, &given.reason).await?;
    Ok(axum::Json(rows::by_id(&app.db, &id).await?.into()))
}

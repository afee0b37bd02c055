//! Practice: a request of the user's own with the sample recording, and the score of its review.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;

use crate::api_error::ApiResult;
use crate::db::{practice as rows, recordings, reviews};
use crate::domain::score::{self, Score};
use crate::domain::viewing::Seen;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::practice;
use crate::service::reviews::LoadedReview;
use crate::service::views;

/// The practice request of the user.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Practice {
    /// `null` if there is none.
    request: Option<Id>,
}

/// `GET /practice`.
pub(crate) async fn show(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Practice>> {
    let request = rows::of(&app.db, &who.id).await?;
    Ok(axum::Json(Practice { request }))
}

/// `POST /practice`.
pub(crate) async fn start(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<(StatusCode, axum::Json<Practice>)> {
    let id = practice::start(&app, &who).await?;
    let request = Some(id);
    Ok((StatusCode::CREATED, axum::Json(Practice { request })))
}

/// `DELETE /practice`.
pub(crate) async fn remove(State(app): State<App>, who: SessionUser) -> ApiResult<StatusCode> {
    practice::remove(&app, &who).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /practice/reviews/:id/score`.
pub(crate) async fn score(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Score>> {
    let row = reviews::by_id(&app.db, &id).await?;
    let recording = recordings::by_id(&app.db, &row.recording).await?;
    rows::refuse_real(&app.db, &recording.request).await?;
    let loaded = LoadedReview::load(&app, &id, None).await?;
    let revision = loaded.row.revision;
    let scored =
        tokio::task::spawn_blocking(move || score::score(&loaded.plan()?, revision)).await??;
    views::note(&app, &who, &row.recording, Seen::Review, 0..0).await?;
    Ok(axum::Json(scored))
}

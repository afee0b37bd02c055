//! Comments on reviews, and reasons that do not fit, as the API returns them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::{Body, Query};
use super::reviews::SaveResult;
use crate::api_error::ApiResult;
use crate::db::{comments as rows, reviews as review_rows};
use crate::domain::comment::Comment;
use crate::domain::policy::ReasonText;
use crate::domain::reason_changes::{ReasonChange, ReasonProposal};
use crate::id::Id;
use crate::model::{CommentKind, SessionUser};
use crate::service::app::App;
use crate::service::comments::{self, NewComment};
use crate::service::releases;
use crate::service::reviews;
use crate::service::sealed;

/// `GET /reviews/:id/comments`.
pub(crate) async fn list(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Vec<Comment>>> {
    review_rows::by_id(&app.db, &id).await?;
    let rows = rows::of(&app.db, &id).await?;
    Ok(axum::Json(
        rows.into_iter().map(comments::present).collect(),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCommentBody {
    text: String,
    item: Option<String>,
}

async fn add(
    app: &App,
    who: &SessionUser,
    id: &Id,
    (kind, given): (CommentKind, &NewCommentBody),
) -> ApiResult<(StatusCode, axum::Json<Vec<Comment>>)> {
    let new = NewComment {
        kind,
        text: &given.text,
        item: given.item.as_deref(),
    };
    comments::add(app, who, id, new).await?;
    let all = list(State(App::clone(app)), Path(id.clone())).await?;
    Ok((StatusCode::CREATED, all))
}

/// `POST /reviews/:id/comments`.
pub(crate) async fn comment(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<NewCommentBody>,
) -> ApiResult<(StatusCode, axum::Json<Vec<Comment>>)> {
    add(&app, &who, &id, (CommentKind::Comment, &given)).await
}

/// `POST /reviews/:id/send-back`.
pub(crate) async fn send_back(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<NewCommentBody>,
) -> ApiResult<(StatusCode, axum::Json<Vec<Comment>>)> {
    let all = add(&app, &who, &id, (CommentKind::SentBack, &given)).await?;
    releases::stop_revoked(&app).await?;
    Ok(all)
}

/// `POST /reviews/:id/hand-in`.
pub(crate) async fn hand_in(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<NewCommentBody>,
) -> ApiResult<(StatusCode, axum::Json<Vec<Comment>>)> {
    add(&app, &who, &id, (CommentKind::HandedIn, &given)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnderPolicy {
    policy: Option<String>,
    /// The recording to which the decisions are to be copied.
    recording: Option<Id>,
}

/// The reasons of a review that do not fit, and all that do.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ReasonChoices {
    changes: Vec<ReasonProposal>,
    /// The reasons of the policy under the law of the request.
    reasons: Vec<ReasonText>,
}

/// `GET /reviews/:id/reasons`.
pub(crate) async fn reasons(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Query(under): Query<UnderPolicy>,
) -> ApiResult<axum::Json<ReasonChoices>> {
    if let Some(recording) = &under.recording {
        sealed::check(&app, &who, "recordings", recording).await?;
    }
    let under = (under.policy.as_deref(), under.recording.as_ref());
    let (policy, changes) = reviews::reason_changes(&app, &id, under).await?;
    Ok(axum::Json(ReasonChoices {
        changes,
        reasons: policy.reasons,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeReasons {
    base: i64,
    changes: Vec<ReasonChange>,
}

/// `POST /reviews/:id/reasons`.
pub(crate) async fn change_reasons(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<ChangeReasons>,
) -> ApiResult<axum::Json<SaveResult>> {
    let changes = (given.base, given.changes.as_slice());
    let saved = reviews::change_reasons(&app, &who, &id, changes).await?;
    super::reviews::save_result(&app, saved).await
}

//! Decisions of a second administrator, and notices about changes that one made alone.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;

use super::users::{User, present_by_id};
use crate::api_error::{ApiError, ApiResult};
use crate::db::grants::{self, NoticeRow};
use crate::db::{invites, users};
use crate::id::Id;
use crate::model::{GrantAction, GrantState, Role, SessionUser};
use crate::service::accounts::apply;
use crate::service::app::App;
use crate::service::grants::decide;
use crate::service::provider_accounts::link;
use crate::time::{self, HOUR, Millis};

/// How long a notice is shown.
const SHOWN_FOR: Millis = 30 * 24 * HOUR;

/// `POST /users/:id/confirm`: a second administrator confirms.
pub(crate) async fn confirm(
    State(app): State<App>,
    who: SessionUser,
    Path(user): Path<Id>,
) -> ApiResult<axum::Json<User>> {
    let _alone = app.review_lock.lock().await;
    let row = decide(&app, &who, &user, GrantState::Confirmed).await?;
    if row.action == GrantAction::Change {
        apply(&app, &who, &user, (Some(row.role), Some(true))).await?;
    }
    present_by_id(&app, &user).await.map(axum::Json)
}

/// `POST /users/:id/refuse`: a second administrator refuses, or the first withdraws.
pub(crate) async fn refuse(
    State(app): State<App>,
    who: SessionUser,
    Path(user): Path<Id>,
) -> ApiResult<axum::Json<User>> {
    let _alone = app.review_lock.lock().await;
    let row = decide(&app, &who, &user, GrantState::Refused).await?;
    if row.action == GrantAction::Link {
        let account = users::by_id(&app.db, &user).await?;
        link(&app, &who, &account, None).await?;
    } else if row.action != GrantAction::Change {
        invites::delete_of(&app.db, &user).await?;
    }
    if row.action == GrantAction::Invite {
        apply(&app, &who, &user, (None, Some(false))).await?;
    }
    present_by_id(&app, &user).await.map(axum::Json)
}

/// A change that one administrator made alone, as all users see it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Notice {
    id: Id,
    action: GrantAction,
    role: Role,
    by: String,
    about: String,
    /// The name before, if the change is another name.
    formerly: Option<String>,
    at: String,
}

/// `GET /notices`: those that this user has not dismissed, newest first.
pub(crate) async fn notices(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<Notice>>> {
    let rows = grants::notices(&app.db, app.now() - SHOWN_FOR, &who.id).await?;
    let notice = |row: NoticeRow| Notice {
        id: row.id,
        action: row.action,
        role: row.role,
        by: row.by_name,
        about: row.about,
        formerly: row.formerly,
        at: time::text(row.at),
    };
    Ok(axum::Json(rows.into_iter().map(notice).collect()))
}

/// `POST /notices/:id/dismiss`.
pub(crate) async fn dismiss(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<StatusCode> {
    if grants::dismiss(&app.db, &id, &who.id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::not_found())
}

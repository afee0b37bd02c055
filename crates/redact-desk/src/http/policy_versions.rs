//! Versions of policies: proposed by an administrator, put into force by a second person.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::api_error::ApiResult;
use crate::db::policies;
use crate::db::policy_versions::{self as rows, PolicyVersionRow, PolicyVersionState};
use crate::id::Id;
use crate::model::SessionUser;
use crate::peer::Peer;
use crate::service::app::App;
use crate::service::policy_versions::{self as versions, VersionDecision};
use crate::time;

/// A version of a policy.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PolicyVersion {
    id: Id,
    name: String,
    digest: String,
    /// The digest of the version that was in force when it was proposed; empty: none was.
    before: String,
    why: String,
    by: String,
    /// Whether the user proposed it.
    own: bool,
    at: String,
    state: PolicyVersionState,
    decided_by: Option<String>,
    decided_at: Option<String>,
}

fn present(who: &SessionUser, row: PolicyVersionRow) -> PolicyVersion {
    PolicyVersion {
        own: row.user == who.id,
        id: row.id,
        name: row.name,
        digest: row.digest,
        before: row.before,
        why: row.why,
        by: row.by,
        at: time::text(row.at),
        state: row.state,
        decided_by: row.decided_by,
        decided_at: row.decided_at.map(time::text),
    }
}

/// `GET /policy-versions`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<PolicyVersion>>> {
    let rows = rows::newest(&app.db).await?.into_iter();
    Ok(axum::Json(rows.map(|row| present(&who, row)).collect()))
}

/// The text of a policy.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PolicyText {
    /// TOML.
    text: String,
}

/// `GET /policies/:digest/text`.
pub(crate) async fn text(
    State(app): State<App>,
    Path(digest): Path<String>,
) -> ApiResult<axum::Json<PolicyText>> {
    let text = policies::find(&app.db, &digest).await?.rules;
    Ok(axum::Json(PolicyText { text }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposeBody {
    text: String,
    why: String,
}

/// `POST /policy-versions`.
pub(crate) async fn propose(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<ProposeBody>,
) -> ApiResult<(StatusCode, axum::Json<PolicyVersion>)> {
    let id = versions::propose(&app, &who, (&given.text, &given.why)).await?;
    let row = rows::by_id(&app.db, &id).await?;
    Ok((StatusCode::CREATED, axum::Json(present(&who, row))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActivateBody {
    password: String,
}

/// `POST /policy-versions/:id/confirm`.
pub(crate) async fn confirm(
    State(app): State<App>,
    who: SessionUser,
    peer: Peer,
    Path(id): Path<Id>,
    Body(given): Body<ActivateBody>,
) -> ApiResult<StatusCode> {
    let decision = VersionDecision::PutIntoForce {
        password: &given.password,
        peer,
    };
    versions::decide(&app, &who, &id, decision).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /policy-versions/:id/refuse`.
pub(crate) async fn refuse(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<StatusCode> {
    versions::decide(&app, &who, &id, VersionDecision::Refuse).await?;
    Ok(StatusCode::NO_CONTENT)
}

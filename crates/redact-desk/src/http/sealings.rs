//! Orders of courts to seal or expunge.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::api_error::ApiResult;
use crate::db::disposals;
use crate::db::sealings::{self as rows, OutRow, SealingRow};
use crate::domain::disposal::StaysElsewhere;
use crate::id::Id;
use crate::model::{Medium, SealingKind, SessionUser};
use crate::peer::Peer;
use crate::service::app::{App, Shared};
use crate::service::sealed;
use crate::service::sealings::{self, NewSealing};
use crate::time;

/// An order as the API returns it. People whom it does not name see the order, and nothing of what
/// it closes.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Sealing {
    id: Id,
    kind: SealingKind,
    court: String,
    number: String,
    dated: String,
    at: String,
    by: String,
    /// Names of the people who may still see it.
    people: Vec<String>,
    /// Whether the user is one of them.
    named: bool,
    /// `null` for people whom the order does not name.
    request: Option<Id>,
    /// `null`: the whole request, or the order does not name the user.
    recording: Option<Id>,
    note: String,
    /// Copies that are out; empty for people whom the order does not name.
    out: Vec<CopyAtLarge>,
    /// Other recordings of the same file, which the order does not close.
    same_file_in: Vec<StaysElsewhere>,
    lifted_at: Option<String>,
    lifted_by: Option<String>,
    lift_court: String,
    lift_number: String,
    lift_dated: String,
}

/// A copy of a release of what an order closes, with its recipient.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct CopyAtLarge {
    copy: Id,
    release: Id,
    title: String,
    package: Option<Id>,
    at: String,
    by: String,
    to: String,
    medium: Medium,
    told_at: Option<String>,
    told_by: Option<String>,
    told_note: String,
}

impl From<OutRow> for CopyAtLarge {
    fn from(row: OutRow) -> Self {
        Self {
            copy: row.copy,
            release: row.release,
            title: row.title,
            package: row.package,
            at: time::text(row.at),
            by: row.by,
            to: row.recipient,
            medium: row.medium,
            told_at: row.told_at.map(time::text),
            told_by: row.told_by,
            told_note: row.told_note.unwrap_or_default(),
        }
    }
}

async fn present(app: &Shared, who: &SessionUser, row: SealingRow) -> ApiResult<Sealing> {
    let people = rows::people(&app.db, &row.id).await?;
    let named = people.iter().any(|(id, _)| *id == who.id);
    let may_see = named || row.lifted_at.is_some();
    let (mut out, mut same) = (Vec::new(), Vec::new());
    if may_see {
        out = rows::out(&app.db, &row.id).await?;
        if let Some(recording) = &row.recording {
            same = disposals::same_file(&app.db, recording).await?;
            let closed = sealed::closed_to(app, who).await?;
            same.retain(|(id, _)| !closed.has(id));
        }
    }
    let same = same.into_iter().map(|(id, request_number)| StaysElsewhere {
        recording: id.to_string(),
        request_number,
    });
    Ok(Sealing {
        id: row.id,
        kind: row.kind,
        court: row.court,
        number: row.number,
        dated: row.dated,
        at: time::text(row.at),
        by: row.by,
        people: people.into_iter().map(|(_, name)| name).collect(),
        named,
        request: may_see.then_some(row.request),
        recording: row.recording.filter(|_| may_see),
        note: if may_see { row.note } else { String::new() },
        out: out.into_iter().map(CopyAtLarge::from).collect(),
        same_file_in: same.collect(),
        lifted_at: row.lifted_at.map(time::text),
        lifted_by: row.lifted_by,
        lift_court: row.lift_court,
        lift_number: row.lift_number,
        lift_dated: row.lift_dated,
    })
}

/// The orders about a request or its recordings, newest first.
///
/// # Errors
/// Database errors.
pub(super) async fn of_request(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
) -> ApiResult<Vec<Sealing>> {
    let mut list = Vec::new();
    for row in rows::all(&app.db).await? {
        if row.request == *request {
            list.push(present(app, who, row).await?);
        }
    }
    Ok(list)
}

/// `GET /sealings`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<Sealing>>> {
    let mut list = Vec::new();
    for row in rows::all(&app.db).await? {
        list.push(present(&app, &who, row).await?);
    }
    Ok(axum::Json(list))
}

async fn one(app: &Shared, who: &SessionUser, id: &Id) -> ApiResult<axum::Json<Sealing>> {
    let row = rows::by_id(&app.db, id).await?;
    Ok(axum::Json(present(app, who, row).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSealingBody {
    kind: SealingKind,
    request: Option<Id>,
    recording: Option<Id>,
    court: String,
    number: String,
    dated: String,
    #[serde(default)]
    note: String,
    people: Vec<Id>,
    password: String,
}

/// `POST /sealings`.
pub(crate) async fn enter(
    State(app): State<App>,
    who: SessionUser,
    peer: Peer,
    Body(given): Body<NewSealingBody>,
) -> ApiResult<(StatusCode, axum::Json<Sealing>)> {
    if let Some(request) = &given.request {
        sealed::check(&app, &who, "requests", request).await?;
    }
    if let Some(recording) = &given.recording {
        sealed::check(&app, &who, "recordings", recording).await?;
    }
    let new = NewSealing {
        kind: given.kind,
        request: given.request.as_ref(),
        recording: given.recording.as_ref(),
        court: &given.court,
        number: &given.number,
        dated: &given.dated,
        note: &given.note,
        people: &given.people,
        password: &given.password,
        peer,
    };
    let id = sealings::enter(&app, &who, new).await?;
    Ok((StatusCode::CREATED, one(&app, &who, &id).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToldBody {
    copy: Id,
    #[serde(default)]
    note: String,
}

/// `POST /sealings/:id/told`.
pub(crate) async fn told(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<ToldBody>,
) -> ApiResult<axum::Json<Sealing>> {
    sealings::told(&app, &who, &id, (&given.copy, &given.note)).await?;
    one(&app, &who, &id).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiftBody {
    court: String,
    number: String,
    dated: String,
    password: String,
}

/// `POST /sealings/:id/lift`.
pub(crate) async fn lift(
    State(app): State<App>,
    who: SessionUser,
    peer: Peer,
    Path(id): Path<Id>,
    Body(given): Body<LiftBody>,
) -> ApiResult<axum::Json<Sealing>> {
    let order = (&*given.court, &*given.number, &*given.dated);
    sealings::lift(&app, &who, &id, order, (&given.password, peer)).await?;
    one(&app, &who, &id).await
}

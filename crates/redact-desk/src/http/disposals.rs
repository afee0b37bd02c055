//! Disposals, and the signed records of them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::files::download;
use crate::api_error::ApiResult;
use crate::db::disposals::{self as rows, DisposalRow};
use crate::db::sealings::Closed;
use crate::domain::disposal::{BackupNamed, DisposalCertificate, GoneFile, StaysElsewhere};
use crate::id::Id;
use crate::model::{Category, DisposalState, SessionUser};
use crate::peer::Peer;
use crate::service::app::{App, Shared};
use crate::service::disposals::{self, NewDisposal, SecondDecision};
use crate::service::sealed;
use crate::time;

/// A disposal as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Disposal {
    id: Id,
    recording: Id,
    /// Empty for people to whom an order closes the recording.
    recording_name: String,
    recording_sha256: Option<String>,
    request: Id,
    request_number: String,
    state: DisposalState,
    /// Releases that go, too.
    releases: Vec<Id>,
    /// The title of the law.
    law: String,
    category: Category,
    counted_from: String,
    until: Option<String>,
    statute: String,
    reason: String,
    at: String,
    by: String,
    /// Whether the user proposed it: another person has to confirm it.
    own: bool,
    decided_at: Option<String>,
    decided_by: Option<String>,
    decision: String,
    done_at: Option<String>,
    /// What there was; empty until it is gone.
    files: Vec<GoneFile>,
    files_compared: u64,
    /// The store of a queue that may still have parts of it.
    queue_store: Option<String>,
    same_file_stays_in: Vec<StaysElsewhere>,
    backups_with_it: Vec<BackupNamed>,
}

fn present(app: &Shared, who: &SessionUser, closed: &Closed, row: DisposalRow) -> Disposal {
    let certificate = row.certificate.as_deref();
    let certificate: Option<DisposalCertificate> =
        certificate.and_then(|text| serde_json::from_str(text).ok());
    let hidden = closed.has(&row.recording) || closed.has(&row.request);
    let certificate = certificate.filter(|_| !hidden);
    let (files, files_compared, queue_store, mut same_file_stays_in, backups_with_it) = certificate
        .map_or_else(Default::default, |known| {
            (
                known.files,
                known.files_compared,
                known.queue_store,
                known.same_file_stays_in,
                known.backups_with_it,
            )
        });
    same_file_stays_in.retain(|stays| Id::read(&stays.recording).is_none_or(|id| !closed.has(&id)));
    Disposal {
        own: row.by_user == who.id,
        recording_name: if hidden {
            String::new()
        } else {
            row.recording_name
        },
        law: app.statutes.title(&row.law).to_owned(),
        releases: serde_json::from_str(&row.releases).unwrap_or_default(),
        reason: if hidden { String::new() } else { row.reason },
        id: row.id,
        recording: row.recording,
        recording_sha256: row.recording_sha256.filter(|_| !hidden),
        request: row.request,
        request_number: if hidden {
            String::new()
        } else {
            row.request_number
        },
        state: row.state,
        category: row.category,
        counted_from: row.counted_from,
        until: row.until,
        statute: row.statute,
        at: time::text(row.at),
        by: row.by,
        decided_at: row.decided_at.map(time::text),
        decided_by: row.decided_by,
        decision: row.decision,
        done_at: row.done_at.map(time::text),
        files,
        files_compared,
        queue_store,
        same_file_stays_in,
        backups_with_it,
    }
}

/// The disposals of a request, newest first.
///
/// # Errors
/// Database errors.
pub(super) async fn of_request(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
) -> ApiResult<Vec<Disposal>> {
    let closed = sealed::closed_to(app, who).await?;
    let rows = rows::of_request(&app.db, request).await?.into_iter();
    Ok(rows.map(|row| present(app, who, &closed, row)).collect())
}

/// A recording of a request that was disposed of, or is being removed.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct DisposedRecording {
    disposal: Id,
    /// `null` while its files are being removed.
    done_at: Option<String>,
    by: String,
    confirmed_by: Option<String>,
}

/// The recordings of a request that were disposed of, oldest first.
///
/// # Errors
/// Database errors.
pub(super) async fn disposed_of_request(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
) -> ApiResult<Vec<DisposedRecording>> {
    let closed = sealed::closed_to(app, who).await?;
    let rows = rows::of_request(&app.db, request).await?.into_iter().rev();
    let gone = rows.filter(|row| {
        let is_gone = matches!(row.state, DisposalState::Removing | DisposalState::Done);
        is_gone && !closed.has(&row.recording)
    });
    let shown = gone.map(|row| DisposedRecording {
        disposal: row.id,
        done_at: row.done_at.map(time::text),
        by: row.by,
        confirmed_by: row.decided_by,
    });
    Ok(shown.collect())
}

/// `GET /disposals`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<Disposal>>> {
    let closed = sealed::closed_to(&app, &who).await?;
    let rows = rows::all(&app.db).await?.into_iter();
    let list = rows.map(|row| present(&app, &who, &closed, row));
    Ok(axum::Json(list.collect()))
}

/// `GET /disposals/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Disposal>> {
    let closed = sealed::closed_to(&app, &who).await?;
    let row = rows::by_id(&app.db, &id).await?;
    Ok(axum::Json(present(&app, &who, &closed, row)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDisposalBody {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    releases: Vec<Id>,
}

/// `POST /recordings/:id/disposal`.
pub(crate) async fn propose(
    State(app): State<App>,
    who: SessionUser,
    Path(recording): Path<Id>,
    Body(given): Body<NewDisposalBody>,
) -> ApiResult<(StatusCode, axum::Json<Disposal>)> {
    let new = NewDisposal {
        recording: &recording,
        releases: &given.releases,
        reason: &given.reason,
    };
    let id = disposals::propose(&app, &who, new).await?;
    let shown = one(State(app), who, Path(id)).await?;
    Ok((StatusCode::CREATED, shown))
}

/// Refuses what an order closes to the user: the list shows that there is a disposal, and no more.
pub(super) async fn check_sealed(app: &App, who: &SessionUser, disposal: &Id) -> ApiResult<()> {
    let row = rows::by_id(&app.db, disposal).await?;
    sealed::check(app, who, "recordings", &row.recording).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmDisposalBody {
    password: String,
}

/// `POST /disposals/:id/confirm`.
pub(crate) async fn confirm(
    State(app): State<App>,
    who: SessionUser,
    peer: Peer,
    Path(id): Path<Id>,
    Body(given): Body<ConfirmDisposalBody>,
) -> ApiResult<(StatusCode, axum::Json<Disposal>)> {
    check_sealed(&app, &who, &id).await?;
    let decision = SecondDecision::Confirm {
        password: &given.password,
        peer,
    };
    disposals::decide(&app, &who, &id, decision).await?;
    let shown = one(State(app), who, Path(id)).await?;
    Ok((StatusCode::ACCEPTED, shown))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefuseDisposalBody {
    reason: String,
}

/// `POST /disposals/:id/refuse`.
pub(crate) async fn refuse(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<RefuseDisposalBody>,
) -> ApiResult<axum::Json<Disposal>> {
    check_sealed(&app, &who, &id).await?;
    let decision = SecondDecision::Refuse(&given.reason);
    disposals::decide(&app, &who, &id, decision).await?;
    one(State(app), who, Path(id)).await
}

/// `GET /disposals/:id/certificate`.
pub(crate) async fn certificate(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<Response> {
    check_sealed(&app, &who, &id).await?;
    let (text, _) = disposals::certificate(&app, &who, (&id, "disposal-certificate")).await?;
    let name = format!("disposal-{id}.json");
    Ok(download("application/json", &name, text))
}

/// `GET /disposals/:id/signature`.
pub(crate) async fn signature(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<Response> {
    check_sealed(&app, &who, &id).await?;
    let (_, signature) = disposals::certificate(&app, &who, (&id, "disposal-certificate")).await?;
    let name = format!("disposal-{id}.json.minisig");
    Ok(download("text/plain; charset=utf-8", &name, signature))
}

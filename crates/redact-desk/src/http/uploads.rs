//! Uploads in pieces. A piece is on disk before the response, so that an upload continues at the
//! right offset after a crash.

use std::sync::{Arc, PoisonError};

use axum::body::Body as RawBody;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use super::body::{Body, Query};
use super::recordings;
use crate::api_error::{ApiError, ApiResult, Status, text, too_large};
use crate::db::practice;
use crate::db::requests;
use crate::db::uploads::{self, UploadRow};
use crate::id::Id;
use crate::model::{Purpose, Role, SessionUser};
use crate::read_options::ReadOptions;
use crate::service::app::{App, Shared};
use crate::service::recordings::{NewFile, import};
use crate::service::sealed;

/// The largest piece.
const PIECE_BYTES_MAX: u64 = 8 << 20;

/// The most unfinished uploads of a user.
const UNFINISHED_MAX: i64 = 100;

/// An upload as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Upload {
    id: Id,
    name: String,
    bytes: i64,
    offset: u64,
    purpose: Purpose,
    request: Option<Id>,
    piece_bytes_max: u64,
}

fn present(app: &Shared, row: &UploadRow) -> Upload {
    let path = app.folders.upload(&row.id);
    Upload {
        // The file on disk counts.
        offset: std::fs::metadata(path).map_or(0, |meta| meta.len()),
        id: row.id.clone(),
        name: row.name.clone(),
        bytes: row.bytes,
        purpose: row.purpose,
        request: row.request.clone(),
        piece_bytes_max: PIECE_BYTES_MAX,
    }
}

/// Refuses an incomplete upload.
///
/// # Errors
/// 409 `incomplete`.
pub(crate) fn check_finished(row: &UploadRow) -> ApiResult<()> {
    if row.finished {
        return Ok(());
    }
    Err(ApiError::conflict(
        "incomplete",
        "The upload is not complete.",
    ))
}

/// Refuses an id without a request, or of a closed one.
///
/// # Errors
/// 400 on field `request`; 409 `closed`.
pub(crate) async fn check_request(app: &Shared, who: &SessionUser, id: &Id) -> ApiResult<()> {
    sealed::check(app, who, "requests", id).await?;
    let found = requests::is_closed(&app.db, id).await;
    if found.map_err(|_| ApiError::field("request", "Request not found."))? {
        let message = "The request is closed, so no recordings can be added.";
        return Err(ApiError::conflict("closed", message).hint("Reopen the request first."));
    }
    let message = "A practice request can have only the sample recording.";
    practice::refuse(&app.db, id, message).await
}

fn lock(app: &Shared, id: &Id) -> Arc<tokio::sync::Mutex<()>> {
    let mut locks = app
        .upload_locks
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Arc::clone(locks.entry(id.clone()).or_default())
}

fn unlock(app: &Shared, id: &Id) {
    let mut locks = app
        .upload_locks
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    locks.remove(id);
}

/// `GET /uploads`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<Upload>>> {
    let rows = uploads::unfinished(&app.db, &who.id).await?;
    Ok(axum::Json(
        rows.iter().map(|row| present(&app, row)).collect(),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUploadBody {
    name: String,
    bytes: u64,
    purpose: Purpose,
    request: Option<Id>,
}

/// `POST /uploads`.
pub(crate) async fn begin(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<NewUploadBody>,
) -> ApiResult<(StatusCode, axum::Json<Upload>)> {
    if given.bytes > app.options.upload_bytes_max {
        return Err(too_large());
    }
    if given.bytes == 0 {
        return Err(ApiError::field("bytes", "The file is empty."));
    }
    match (given.purpose, &given.request) {
        (Purpose::Recording, _) if who.role == Role::Auditor => {
            let message = "Auditors can upload releases to check, not recordings.";
            return Err(ApiError::new(Status::Forbidden, "forbidden", message));
        }
        (Purpose::Recording, Some(request)) => check_request(&app, &who, request).await?,
        (Purpose::Audit, None) => {}
        (Purpose::Recording, None) => {
            return Err(ApiError::field(
                "request",
                "A recording must belong to a request.",
            ));
        }
        (Purpose::Audit, Some(_)) => {
            return Err(ApiError::field(
                "request",
                "A file to check belongs to no request.",
            ));
        }
    }
    if uploads::count_unfinished(&app.db, &who.id).await? >= UNFINISHED_MAX {
        let message = "You have too many unfinished uploads. Finish or remove some.";
        return Err(ApiError::conflict("conflict", message));
    }
    // A file may have any name; only its visible form is stored.
    let name = text("name", &redact_record::visible(&given.name), 255)?;
    let id = Id::random();
    tokio::fs::File::create(app.folders.upload(&id)).await?;
    let row = UploadRow {
        id,
        name,
        bytes: i64::try_from(given.bytes).unwrap_or(i64::MAX),
        purpose: given.purpose,
        request: given.request,
        finished: false,
    };
    uploads::insert(&app.db, &row, &who.id, app.now()).await?;
    Ok((StatusCode::CREATED, axum::Json(present(&app, &row))))
}

/// `GET /uploads/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Upload>> {
    let row = uploads::own(&app.db, &who.id, &id).await?;
    Ok(axum::Json(present(&app, &row)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offset {
    offset: u64,
}

/// `PUT /uploads/:id`.
pub(crate) async fn piece(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Query(Offset { offset }): Query<Offset>,
    body: RawBody,
) -> ApiResult<axum::Json<Upload>> {
    let row = uploads::own(&app.db, &who.id, &id).await?;
    if row.finished {
        return Err(ApiError::conflict(
            "conflict",
            "The upload is already finished.",
        ));
    }
    let lock = lock(&app, &id);
    let _one_at_a_time = lock.lock().await;
    let path = app.folders.upload(&id);
    let mut file = tokio::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .await?;
    let length = file.metadata().await?.len();
    if length != offset {
        let message = format!("The server has {length} bytes of this upload.");
        return Err(ApiError::conflict("wrong_offset", message).details(present(&app, &row)));
    }
    let whole = u64::try_from(row.bytes).unwrap_or(0);
    let room = whole.saturating_sub(offset).min(PIECE_BYTES_MAX);
    file.seek(std::io::SeekFrom::Start(offset)).await?;
    let written = write(&mut file, body, room).await;
    if let Err(error) = written {
        // A partial piece stays if the connection broke, but nothing of a piece that is too large.
        if let Refused::TooLarge = error {
            file.set_len(offset).await?;
        }
        file.sync_all().await?;
        return Err(error.into());
    }
    file.sync_all().await?;
    Ok(axum::Json(present(&app, &row)))
}

enum Refused {
    TooLarge,
    Broken,
    Disk(std::io::Error),
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge => too_large(),
            Refused::Broken => Self::field("body", "The connection broke."),
            Refused::Disk(error) => error.into(),
        }
    }
}

async fn write(file: &mut tokio::fs::File, body: RawBody, room: u64) -> Result<(), Refused> {
    let mut left = room;
    let mut pieces = body.into_data_stream();
    while let Some(bytes) = pieces.next().await {
        let bytes = bytes.map_err(|_| Refused::Broken)?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or(Refused::TooLarge)?;
        file.write_all(&bytes).await.map_err(Refused::Disk)?;
    }
    file.flush().await.map_err(Refused::Disk)
}

/// `POST /uploads/:id/finish`.
pub(crate) async fn finish(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<FinishBody>,
) -> ApiResult<Response> {
    let lock = lock(&app, &id);
    let _one_at_a_time = lock.lock().await;
    let row = uploads::own(&app.db, &who.id, &id).await?;
    let upload = present(&app, &row);
    if row.finished {
        return Err(ApiError::conflict(
            "conflict",
            "The upload is already finished.",
        ));
    }
    if i64::try_from(upload.offset) != Ok(row.bytes) {
        let message = format!("{} of {} bytes have arrived.", upload.offset, row.bytes);
        return Err(ApiError::conflict("incomplete", message).details(upload));
    }
    let answer = match (row.purpose, &row.request) {
        (Purpose::Recording, Some(request)) => {
            sealed::check(&app, &who, "requests", request).await?;
            let incoming = NewFile {
                request,
                name: &row.name,
                upload: Some(&id),
                file: app.folders.upload(&id),
                options: given.options,
            };
            let taken = import(&app, &who, incoming).await?;
            let recording = recordings::present_by_id(&app, &who, &taken).await?;
            (StatusCode::CREATED, axum::Json(recording)).into_response()
        }
        _ => {
            uploads::finish(&app.db, &id).await?;
            (StatusCode::CREATED, axum::Json(upload)).into_response()
        }
    };
    unlock(&app, &id);
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FinishBody {
    /// How a recording is read.
    #[serde(default)]
    options: ReadOptions,
}

/// `DELETE /uploads/:id`.
pub(crate) async fn remove(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<StatusCode> {
    let lock = lock(&app, &id);
    let _one_at_a_time = lock.lock().await;
    let row = uploads::own(&app.db, &who.id, &id).await?;
    if row.finished && row.purpose == Purpose::Recording {
        return Err(ApiError::not_found());
    }
    uploads::delete(&app.db, &id).await?;
    let path = app.folders.upload(&id);
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    unlock(&app, &id);
    Ok(StatusCode::NO_CONTENT)
}

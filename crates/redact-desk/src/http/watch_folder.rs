//! The watch folder: recordings on the server that can be added without an upload.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::recordings::{self, Recording};
use super::uploads::check_request;
use crate::api_error::{ApiError, ApiResult};
use crate::db::watched;
use crate::id::Id;
use crate::model::SessionUser;
use crate::read_options::ReadOptions;
use crate::service::app::{App, Shared};
use crate::service::sealed;
use crate::service::watch_folder::{self as service, FolderFile, list_files};
use crate::time;

/// A file in the watch folder.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct WatchedFile {
    id: Id,
    name: String,
    bytes: u64,
    changed_at: String,
}

fn present(file: FolderFile) -> WatchedFile {
    WatchedFile {
        id: file.id,
        name: file.name,
        bytes: file.bytes,
        changed_at: time::text(file.changed_at),
    }
}

/// The files in the watch folder, but for those of requests that an order closes to the user.
async fn open_files(app: &App, who: &SessionUser) -> ApiResult<Vec<FolderFile>> {
    let listing = App::clone(app);
    let mut files = tokio::task::spawn_blocking(move || list_files(&listing, None)).await?;
    let closed = sealed::closed_to(app, who).await?;
    for row in watched::all(&app.db).await? {
        if closed.has(&row.request) {
            let within = format!("{}/", row.folder);
            files.retain(|file| !file.name.starts_with(&within));
        }
    }
    Ok(files)
}

/// `GET /watch-folder`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<WatchedFile>>> {
    let files = open_files(&app, &who).await?;
    Ok(axum::Json(files.into_iter().map(present).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeBody {
    request: Id,
    #[serde(default)]
    options: ReadOptions,
}

/// `POST /watch-folder/:id/take`.
pub(crate) async fn take(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<TakeBody>,
) -> ApiResult<(StatusCode, axum::Json<Recording>)> {
    check_request(&app, &who, &given.request).await?;
    let files = open_files(&app, &who).await?;
    let found = files.into_iter().find(|file| file.id == id);
    let file = found.ok_or_else(ApiError::not_found)?;
    let taken = service::take(&app, &who, (&given.request, &file), given.options).await?;
    let recording = recordings::present_by_id(&app, &who, &taken).await?;
    Ok((StatusCode::CREATED, axum::Json(recording)))
}

/// A file of a request's folder that could not be added.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RefusedFile {
    name: String,
    error: String,
}

/// The folder of a request in the watch folder.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RequestWatch {
    /// Its name; `null`: the request has none.
    folder: Option<String>,
    /// How many files were added from it.
    added: usize,
    /// Files that could not be added, the newest first.
    refused: Vec<RefusedFile>,
}

async fn find(app: &Shared, request: &Id) -> ApiResult<RequestWatch> {
    let row = watched::of_request(&app.db, request).await?;
    let taken = watched::taken(&app.db, request).await?;
    let added = taken.iter().filter(|file| file.recording.is_some()).count();
    let refused = taken.into_iter().filter_map(|file| {
        Some(RefusedFile {
            error: file.error?,
            name: file.name,
        })
    });
    Ok(RequestWatch {
        folder: row.map(|row| row.folder),
        added,
        refused: refused.collect(),
    })
}

/// `GET /requests/:id/watch`.
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<RequestWatch>> {
    Ok(axum::Json(find(&app, &id).await?))
}

/// `PUT /requests/:id/watch`: files that are there already are added at once.
pub(crate) async fn begin(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<RequestWatch>> {
    service::begin(&app, &who, &id).await?;
    service::take_new(&app).await?;
    Ok(axum::Json(find(&app, &id).await?))
}

/// `DELETE /requests/:id/watch`.
pub(crate) async fn end(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<RequestWatch>> {
    service::end(&app, &who, &id).await?;
    Ok(axum::Json(find(&app, &id).await?))
}

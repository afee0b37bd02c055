//! The watch folder: recordings on the server that can be added without an upload.

use std::path::{Path as FilePath, PathBuf};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::recordings::{self, Recording};
use super::uploads::check_request;
use crate::api_error::{ApiError, ApiResult, too_large};
use crate::id::Id;
use crate::model::SessionUser;
use crate::read_options::ReadOptions;
use crate::service::app::{App, Shared};
use crate::service::recordings::{NewFile, import};
use crate::time::{self, Millis};

/// A file that changed in the last seconds may still be written.
const STILL_FOR: Millis = 5_000;

/// The most files in a list.
const LISTED_MAX: usize = 1000;

/// Directory entries that are examined.
const ENTRIES_MAX: usize = 20_000;

/// The most nested folders that are entered; a memory card has three or four.
const DEPTH_MAX: usize = 8;

/// Extensions of companion files of cameras, as in `redact batch`.
const COMPANIONS: [&str; 5] = ["glv", "lrf", "lrv", "thm", "xmp"];

/// A file in the watch folder.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct WatchedFile {
    id: Id,
    name: String,
    bytes: u64,
    changed_at: String,
    #[serde(skip)]
    path: PathBuf,
}

/// The files in the folder and its subfolders, by path, without links, hidden files and companion
/// files of cameras.
fn list_files(app: &Shared) -> Vec<WatchedFile> {
    let mut files = Vec::new();
    if let Some(folder) = &app.options.watch {
        collect_files(folder, "", app.now(), DEPTH_MAX, &mut files);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files.truncate(LISTED_MAX);
    files
}

/// Adds the files in `folder`, whose path within the watch folder is `within`.
fn collect_files(
    folder: &FilePath,
    within: &str,
    now: Millis,
    depth: usize,
    files: &mut Vec<WatchedFile>,
) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            continue;
        };
        // Of the entry itself, not of a link's target.
        let Ok(meta) = entry.metadata() else { continue };
        if name.starts_with('.') || files.len() >= ENTRIES_MAX {
            continue;
        }
        let name = format!("{within}{name}");
        if meta.is_dir() && depth > 0 {
            collect_files(&entry.path(), &format!("{name}/"), now, depth - 1, files);
        } else if meta.is_file() && meta.len() > 0 && !is_companion(&name) {
            files.extend(watched_file(name, &meta, entry.path(), now));
        }
    }
}

/// A file that has not changed for a while.
fn watched_file(
    name: String,
    meta: &std::fs::Metadata,
    path: PathBuf,
    now: Millis,
) -> Option<WatchedFile> {
    let changed = meta.modified().ok()?;
    let changed = changed.duration_since(std::time::UNIX_EPOCH).ok()?;
    let changed = Millis::try_from(changed.as_millis()).ok()?;
    (changed + STILL_FOR <= now).then(|| WatchedFile {
        id: id(&name),
        name,
        bytes: meta.len(),
        changed_at: time::text(changed),
        path,
    })
}

/// Whether it is a file that a camera writes beside a recording: a still, a small copy or settings.
fn is_companion(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    COMPANIONS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// Derived from the name, so that it is the same in every listing.
fn id(name: &str) -> Id {
    let digest = redact_record::digest_bytes(name.as_bytes()).to_string();
    Id::read(&digest[..32]).expect("half a digest in hexadecimal digits")
}

/// `GET /watch-folder`.
pub(crate) async fn list(State(app): State<App>) -> ApiResult<axum::Json<Vec<WatchedFile>>> {
    let files = tokio::task::spawn_blocking(move || list_files(&app)).await?;
    Ok(axum::Json(files))
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
    let listing = App::clone(&app);
    let files = tokio::task::spawn_blocking(move || list_files(&listing)).await?;
    let found = files.into_iter().find(|file| file.id == id);
    let file = found.ok_or_else(ApiError::not_found)?;
    if file.bytes > app.options.upload_bytes_max {
        return Err(too_large());
    }
    // Copy under an id first: an incomplete copy then belongs to no recording.
    let copy = app.folders.work().join(Id::random().as_str());
    tokio::fs::copy(&file.path, &copy).await?;
    tokio::fs::File::open(&copy).await?.sync_all().await?;
    let incoming = NewFile {
        request: &given.request,
        name: file.name.rsplit('/').next().unwrap_or(&file.name),
        upload: None,
        file: copy,
        options: given.options,
    };
    let taken = import(&app, &who, incoming).await?;
    let recording = recordings::present_by_id(&app, &who, &taken).await?;
    Ok((StatusCode::CREATED, axum::Json(recording)))
}

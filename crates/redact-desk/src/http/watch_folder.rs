//! The watched folder: recordings that others put there, to be taken without an upload.

use std::path::{Path as FilePath, PathBuf};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::recordings::{self, Recording};
use super::uploads::check_request;
use crate::answer::{Answer, ApiError, too_large};
use crate::id::Id;
use crate::model::Who;
use crate::read_options::ReadOptions;
use crate::service::app::{App, Shared};
use crate::service::recordings::{Incoming, take_in};
use crate::time::{self, Millis};

/// A file that changed in the last seconds may still be being written.
const STILL_FOR: Millis = 5_000;

/// Files that are listed.
const LISTED_MAX: usize = 1000;

/// Directory entries that are examined.
const ENTRIES_MAX: usize = 20_000;

/// Folders within folders that are entered; a memory card has three or four.
const DEPTH_MAX: usize = 8;

/// Endings of what cameras write beside a recording, as in `redact batch`.
const COMPANIONS: [&str; 5] = ["glv", "lrf", "lrv", "thm", "xmp"];

/// A file in the watched folder.
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

/// What lies in the folder and the folders in it, by path; links, hidden files and companion files
/// of cameras are left out.
fn look(app: &Shared) -> Vec<WatchedFile> {
    let mut files = Vec::new();
    if let Some(folder) = &app.options.watch {
        enter(folder, "", app.now(), DEPTH_MAX, &mut files);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files.truncate(LISTED_MAX);
    files
}

/// Adds what lies in `folder`, whose path within the watched folder is `within`.
fn enter(folder: &FilePath, within: &str, now: Millis, depth: usize, files: &mut Vec<WatchedFile>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            continue;
        };
        // Of the entry itself: a link is none, wherever it leads.
        let Ok(meta) = entry.metadata() else { continue };
        if name.starts_with('.') || files.len() >= ENTRIES_MAX {
            continue;
        }
        let name = format!("{within}{name}");
        if meta.is_dir() && depth > 0 {
            enter(&entry.path(), &format!("{name}/"), now, depth - 1, files);
        } else if meta.is_file() && meta.len() > 0 && !is_companion(&name) {
            files.extend(watched(name, &meta, entry.path(), now));
        }
    }
}

/// A file that nobody has changed for a while.
fn watched(
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

/// Whether a camera writes such a file beside a recording: a still, a small copy or settings.
fn is_companion(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    COMPANIONS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// Follows from the name, so that it stays the same from one listing to the next.
fn id(name: &str) -> Id {
    let digest = redact_record::digest_bytes(name.as_bytes()).to_string();
    Id::read(&digest[..32]).expect("half a digest in hexadecimal digits")
}

/// `GET /watch-folder`.
pub(crate) async fn list(State(app): State<App>) -> Answer<axum::Json<Vec<WatchedFile>>> {
    let files = tokio::task::spawn_blocking(move || look(&app)).await?;
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
    who: Who,
    Path(id): Path<Id>,
    Body(given): Body<TakeBody>,
) -> Answer<(StatusCode, axum::Json<Recording>)> {
    check_request(&app, &given.request).await?;
    let looking = App::clone(&app);
    let files = tokio::task::spawn_blocking(move || look(&looking)).await?;
    let found = files.into_iter().find(|file| file.id == id);
    let file = found.ok_or_else(ApiError::not_found)?;
    if file.bytes > app.options.upload_bytes_max {
        return Err(too_large());
    }
    // Copied under a name of ours first: a copy that was cut short is nobody's recording.
    let copy = app.folders.work().join(Id::random().as_str());
    tokio::fs::copy(&file.path, &copy).await?;
    tokio::fs::File::open(&copy).await?.sync_all().await?;
    let incoming = Incoming {
        request: &given.request,
        name: file.name.rsplit('/').next().unwrap_or(&file.name),
        upload: None,
        file: copy,
        options: given.options,
    };
    let taken = take_in(&app, &who, incoming).await?;
    let recording = recordings::shown_by_id(&app, &taken).await?;
    Ok((StatusCode::CREATED, axum::Json(recording)))
}

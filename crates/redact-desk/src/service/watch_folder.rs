//! The watch folder: recordings on the server that can be added without an upload, by a person or,
//! from the folder of a request, as they arrive.

use std::path::{Path, PathBuf};

use redact_record::events::Act;

use super::app::{App, Shared};
use super::change::Change;
use super::closed::check_open;
use super::recordings::{NewFile, import};
use crate::api_error::{ApiError, ApiResult, too_large};
use crate::db::watched::{self, TakenRow, WatchRow};
use crate::db::{pool, practice, requests, users};
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;
use crate::read_options::ReadOptions;
use crate::time::Millis;

/// A file that changed in the last seconds may still be written.
const STILL_FOR: Millis = 5_000;

/// The most files in a list.
const LISTED_MAX: usize = 1000;

/// Directory entries that are examined.
const ENTRIES_MAX: usize = 20_000;

/// The most nested folders that are entered; a memory card has three or four.
const DEPTH_MAX: usize = 8;

/// The longest name of a request's folder, in characters.
const FOLDER_CHARS_MAX: usize = 80;

/// Extensions of companion files of cameras, as in `redact batch`.
const COMPANIONS: [&str; 5] = ["glv", "lrf", "lrv", "thm", "xmp"];

/// A file in the watch folder.
#[derive(Clone, Debug)]
pub(crate) struct FolderFile {
    pub(crate) id: Id,
    /// Its path within the watch folder.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) changed_at: Millis,
    pub(crate) path: PathBuf,
}

/// The files in the watch folder and its subfolders, by path, without links, hidden files and
/// companion files of cameras; only those within the subfolder `within`, if one is given.
pub(crate) fn list_files(app: &Shared, within: Option<&str>) -> Vec<FolderFile> {
    let mut files = Vec::new();
    if let Some(folder) = &app.options.watch {
        let (folder, prefix) = match within {
            Some(name) => (folder.join(name), format!("{name}/")),
            None => (folder.clone(), String::new()),
        };
        // A link in the place of a request's folder is not followed, either.
        if within.is_none() || is_folder(&folder) {
            collect_files(&folder, &prefix, app.now(), DEPTH_MAX, &mut files);
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files.truncate(LISTED_MAX);
    files
}

fn is_folder(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Adds the files in `folder`, whose path within the watch folder is `within`.
fn collect_files(
    folder: &Path,
    within: &str,
    now: Millis,
    depth: usize,
    files: &mut Vec<FolderFile>,
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
) -> Option<FolderFile> {
    let changed = meta.modified().ok()?;
    let changed = changed.duration_since(std::time::UNIX_EPOCH).ok()?;
    let changed = Millis::try_from(changed.as_millis()).ok()?;
    (changed + STILL_FOR <= now).then(|| FolderFile {
        id: id(&name),
        name,
        bytes: meta.len(),
        changed_at: changed,
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

/// Adds a file of the watch folder to a request and returns the recording's id. The file stays
/// where it is.
///
/// # Errors
/// 413 for a file that is too large; those of [`import`].
pub(crate) async fn take(
    app: &Shared,
    who: &SessionUser,
    (request, file): (&Id, &FolderFile),
    options: ReadOptions,
) -> ApiResult<Id> {
    if file.bytes > app.options.upload_bytes_max {
        return Err(too_large());
    }
    // Copy under an id first: an incomplete copy then belongs to no recording.
    let copy = app.folders.work().join(Id::random().as_str());
    tokio::fs::copy(&file.path, &copy).await?;
    tokio::fs::File::open(&copy).await?.sync_all().await?;
    // A file may have any name; only its visible form is stored.
    let name = redact_record::visible(file.name.rsplit('/').next().unwrap_or(&file.name));
    let incoming = NewFile {
        request,
        name: &name,
        upload: None,
        file: copy,
        options,
    };
    import(app, who, incoming).await
}

/// The name of a request's folder: its number, of letters that every file system takes.
fn folder_name(number: &str) -> String {
    let plain = |letter: char| {
        if letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' ') {
            letter
        } else {
            '_'
        }
    };
    let name: String = number.chars().take(FOLDER_CHARS_MAX).map(plain).collect();
    name.trim().to_owned()
}

/// Makes a folder for a request in the watch folder: files that are put there are added to it as
/// they arrive, in the name of the user.
///
/// # Errors
/// 404; 409 `closed`, `practice`, `no_watch_folder`; file errors.
pub(crate) async fn begin(app: &Shared, who: &SessionUser, request: &Id) -> ApiResult<()> {
    let Some(root) = &app.options.watch else {
        let message = "The desk has no watch folder.";
        return Err(
            ApiError::conflict("no_watch_folder", message).hint("Start the desk with --watch DIR.")
        );
    };
    let row = requests::by_id(&app.db, request).await?;
    check_open(app, request).await?;
    let message = "A practice request has its sample recording alone.";
    practice::refuse(&app.db, request, message).await?;
    let mut name = folder_name(&row.facts.number);
    // Two numbers may look the same in a file system.
    if name.is_empty() || watched::is_taken(&app.db, (&name, request)).await? {
        name = format!("{name} {}", &request.as_str()[..8])
            .trim()
            .to_owned();
    }
    let folder = root.join(&name);
    if let Err(error) = tokio::fs::create_dir(&folder).await
        && !is_folder(&folder)
    {
        tracing::error!("desk: {}: {error}", folder.display());
        let message = format!("Cannot create the folder {name} in the watch folder: {error}.");
        return Err(ApiError::conflict("no_watch_folder", message)
            .hint("The desk needs permission to write to the watch folder."));
    }
    let mut change = pool::begin(&app.db).await?;
    watched::put(&mut change, (request, &name), &who.id, app.now()).await?;
    log(app, who, "watch-began", request).await?;
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(())
}

/// Adds no more files from the folder of a request. The folder stays.
///
/// # Errors
/// 404.
pub(crate) async fn end(app: &Shared, who: &SessionUser, request: &Id) -> ApiResult<()> {
    requests::by_id(&app.db, request).await?;
    let mut change = pool::begin(&app.db).await?;
    watched::remove(&mut change, request).await?;
    log(app, who, "watch-ended", request).await?;
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(())
}

async fn log(app: &Shared, who: &SessionUser, action: &str, request: &Id) -> ApiResult<()> {
    let event = Event::new(Act::Request, action).id("request", request);
    app.log_event(&who.name, event).await
}

/// Adds the files that arrived in the folders of open requests. A file that cannot be added is
/// noted with the reason and not tried again until it changes.
///
/// # Errors
/// Those of the database.
pub(crate) async fn take_new(app: &App) -> ApiResult<()> {
    if app.options.watch.is_none() {
        return Ok(());
    }
    let _alone = app.watch_lock.lock().await;
    for row in watched::active(&app.db).await? {
        let known = watched::taken(&app.db, &row.request).await?;
        let (listing, name) = (App::clone(app), row.folder.clone());
        let files = tokio::task::spawn_blocking(move || list_files(&listing, Some(&name))).await?;
        for file in files {
            let is_same = |taken: &TakenRow| {
                let bytes = u64::try_from(taken.bytes).unwrap_or(0);
                (taken.name.as_str(), bytes, taken.changed_at)
                    == (file.name.as_str(), file.bytes, file.changed_at)
            };
            if !known.iter().any(is_same) {
                take_one(app, &row, &file).await?;
            }
        }
    }
    Ok(())
}

async fn take_one(app: &Shared, row: &WatchRow, file: &FolderFile) -> ApiResult<()> {
    let account = users::by_id(&app.db, &row.user).await?;
    let who = SessionUser {
        id: account.id,
        name: account.name,
        role: account.role,
        began: app.now(),
        session: String::new(),
    };
    let about = (&row.request, file);
    let (recording, error) = match take(app, &who, about, ReadOptions::default()).await {
        Ok(recording) => (Some(recording), String::new()),
        Err(refused) => (None, refused.message().to_owned()),
    };
    let taken = TakenRow {
        name: file.name.clone(),
        bytes: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        changed_at: file.changed_at,
        recording,
        error: (!error.is_empty()).then_some(error),
    };
    Ok(watched::note(&app.db, &row.request, &taken, app.now()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_by_letters_that_every_file_system_takes() {
        assert_eq!(folder_name("PR-2026/0144"), "PR-2026_0144");
        assert_eq!(folder_name("../../etc"), "______etc");
        assert_eq!(folder_name(" . "), "_");
        assert_eq!(folder_name(&"x".repeat(100)).len(), FOLDER_CHARS_MAX);
    }
}

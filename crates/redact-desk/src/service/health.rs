//! Whether the desk can work: room on the disk, its files, its database, jobs that failed, keys.

use std::path::Path;

use rustix::fs::statvfs;
use serde::{Deserialize, Serialize};

use super::app::{App, Shared};
use crate::api_error::ApiResult;
use crate::db::health::{self as rows, JobCountRow};
use crate::model::JobState;
use crate::time::Millis;

/// With less room than this, the desk does not count as working: a recording may not fit.
const FREE_BYTES_MIN: u64 = 2 << 30;

/// What the work on a recording may take, in its own sizes: its browser copy, and a release while
/// it is written and once more in a package.
const WORK_SIZES: u64 = 3;

/// What the work on a recording takes in a desk that has none yet.
const WORK_BYTES_MIN: u64 = 5 << 30;

/// Days before the end of a certificate at which it is pointed out.
pub(crate) const CERTIFICATE_DAYS: i64 = 30;

/// The room on a disk, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct DiskRoom {
    pub(crate) free: u64,
    pub(crate) total: u64,
    /// What the desk needs to go on working: room for the work on its largest recording.
    pub(crate) needed: u64,
    /// Whether less than that is free.
    pub(crate) low: bool,
    /// Whether so little is free that the desk does not count as working.
    pub(crate) full: bool,
}

impl DiskRoom {
    /// The room on a disk, for a desk whose largest recording has so many bytes.
    fn new((free, total): (u64, u64), largest: u64) -> Self {
        let work = largest.saturating_mul(WORK_SIZES).max(WORK_BYTES_MIN);
        let needed = FREE_BYTES_MIN.saturating_add(work);
        Self {
            free,
            total,
            needed,
            low: free < needed,
            full: free < FREE_BYTES_MIN,
        }
    }
}

/// What one kind of data takes.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct DataSize {
    /// The name of its folder or file in the data folder.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) files: u64,
}

/// The room on the disk of the data folder; `None` if the system does not say.
pub(crate) async fn room(app: &Shared) -> Option<DiskRoom> {
    let found = statvfs(app.folders.root()).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let total = found.f_blocks.saturating_mul(found.f_frsize);
    let largest = rows::largest_recording(&app.db).await.unwrap_or(0);
    let largest = u64::try_from(largest).unwrap_or(0);
    Some(DiskRoom::new((free, total), largest))
}

/// Whether the desk works: its database answers, its event log can be written, and there is room.
pub(crate) async fn is_well(app: &Shared) -> bool {
    let database = rows::schema_version(&app.db).await.is_ok();
    let log = app.options.event_log.log.path().to_owned();
    let log = tokio::task::spawn_blocking(move || can_append(&log)).await;
    let room = room(app).await.is_none_or(|room| !room.full);
    database && log.unwrap_or(false) && room
}

/// Whether a file can be written to, without changing it.
fn can_append(path: &Path) -> bool {
    std::fs::OpenOptions::new().append(true).open(path).is_ok()
}

/// What each kind of data takes, the largest first. Links are not followed.
///
/// # Errors
/// If the task that counts fails.
pub(crate) async fn sizes(app: &App) -> ApiResult<Vec<DataSize>> {
    let root = app.folders.root().to_owned();
    Ok(tokio::task::spawn_blocking(move || sizes_in(&root)).await?)
}

fn sizes_in(root: &Path) -> Vec<DataSize> {
    let mut sizes: Vec<DataSize> = Vec::new();
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // The log of the database and its index belong to it.
        let name = match name.split_once("-wal").or_else(|| name.split_once("-shm")) {
            Some((database, "")) => database.to_owned(),
            _ => name,
        };
        let (bytes, files) = size_of(&entry.path());
        match sizes.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                known.bytes += bytes;
                known.files += files;
            }
            None => sizes.push(DataSize { name, bytes, files }),
        }
    }
    sizes.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    sizes
}

/// Bytes and files of a file, or of a folder with all that is in it.
fn size_of(path: &Path) -> (u64, u64) {
    let mut left = vec![path.to_owned()];
    let (mut bytes, mut files) = (0, 0);
    while let Some(path) = left.pop() {
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if meta.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            left.extend(entries.map(|entry| entry.path()));
        } else if meta.is_file() {
            bytes += meta.len();
            files += 1;
        }
    }
    (bytes, files)
}

/// A file of a model that scans use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ModelFile {
    pub(crate) name: String,
    /// SHA-256 that its card pins; whoever uses the file checks it.
    pub(crate) sha256: String,
    /// Its length; `null`: the file is missing.
    pub(crate) bytes: Option<u64>,
    /// Whether set-up fetches it only when asked to.
    pub(crate) optional: bool,
}

/// A model's card, as far as this page needs it.
#[derive(Deserialize)]
struct ModelCard {
    file: String,
    #[serde(default, rename = "source")]
    sources: Vec<ModelSource>,
    #[serde(default, rename = "extra")]
    files: Vec<ModelPart>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
struct ModelSource {
    sha256: Option<String>,
}

/// A further file of a model.
#[derive(Deserialize)]
struct ModelPart {
    file: String,
    #[serde(default, rename = "source")]
    sources: Vec<ModelSource>,
}

/// The files of the models that scans use, by name.
///
/// # Errors
/// If the task that lists them fails.
pub(crate) async fn models(app: &App) -> ApiResult<Vec<ModelFile>> {
    let folder = app.options.jobs.models_folder();
    let list = move || folder.map(|folder| models_in(&folder)).unwrap_or_default();
    Ok(tokio::task::spawn_blocking(list).await?)
}

fn models_in(folder: &Path) -> Vec<ModelFile> {
    let mut models = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let Ok(card) = toml::from_str::<ModelCard>(&text) else {
            continue;
        };
        let first = (card.file, card.sources);
        let more = card.files.into_iter().map(|part| (part.file, part.sources));
        for (name, sources) in std::iter::once(first).chain(more) {
            let pinned = sources.into_iter().find_map(|source| source.sha256);
            models.push(ModelFile {
                bytes: std::fs::metadata(folder.join(&name))
                    .ok()
                    .map(|meta| meta.len()),
                sha256: pinned.unwrap_or_default(),
                optional: card.optional,
                name,
            });
        }
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    models
}

/// Jobs that wait or run, and those that failed in the last days.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct JobCounts {
    pub(crate) queued: i64,
    pub(crate) running: i64,
    /// In the last seven days.
    pub(crate) failed: i64,
}

/// How many jobs wait, run and failed.
///
/// # Errors
/// Those of the database.
pub(crate) async fn jobs(app: &Shared) -> ApiResult<JobCounts> {
    let week: Millis = 7 * 24 * crate::time::HOUR;
    let mut counts = JobCounts::default();
    for JobCountRow { state, count } in rows::jobs(&app.db, app.now() - week).await? {
        match state {
            JobState::Queued => counts.queued = count,
            JobState::Running => counts.running = count,
            JobState::Failed => counts.failed = count,
            JobState::Done | JobState::Cancelled | JobState::Interrupted => {}
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: what counts as too little follows from the largest recording. Controls: a desk without
    /// one, and a disk that is all but full.
    #[test]
    fn the_room_that_is_needed_follows_from_the_recordings() {
        let gib = 1 << 30;
        let of = |free: u64, largest: u64| {
            let room = DiskRoom::new((free * gib, 100 * gib), largest * gib);
            (room.needed / gib, room.low, room.full)
        };
        assert_eq!(of(3, 0), (7, true, false));
        assert_eq!(of(8, 0), (7, false, false));
        assert_eq!(of(8, 4), (14, true, false));
        assert_eq!(of(14, 4), (14, false, false));
        assert_eq!(of(1, 4), (14, true, true));
    }

    /// Goal: the cards of the program name all their files. Control: a weights file that is
    /// missing.
    #[test]
    fn every_file_of_a_model_is_listed() {
        let folder = tempfile::TempDir::new().unwrap();
        let card = include_str!("../../../../models/whisper-base.toml");
        std::fs::write(folder.path().join("whisper-base.toml"), card).unwrap();
        std::fs::write(folder.path().join("broken.toml"), "file = ").unwrap();
        let found = models_in(folder.path());
        assert!(found.len() >= 2, "{found:?}");
        assert!(
            found
                .iter()
                .all(|file| file.bytes.is_none() && file.sha256.len() == 64)
        );
        std::fs::write(folder.path().join(&found[0].name), "weights").unwrap();
        assert_eq!(models_in(folder.path())[0].bytes, Some(7));
    }

    /// Goal: sizes are those of the files, the database counts with its log, and a link counts for
    /// nothing. Control: a file beside it.
    #[test]
    fn sizes_are_those_of_the_files() {
        let folder = tempfile::TempDir::new().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("recordings/one")).unwrap();
        std::fs::write(root.join("recordings/one/source.mp4"), [0; 700]).unwrap();
        std::fs::write(root.join("desk.sqlite"), [0; 10]).unwrap();
        std::fs::write(root.join("desk.sqlite-wal"), [0; 5]).unwrap();
        std::os::unix::fs::symlink(root.join("recordings"), root.join("link")).unwrap();
        let found = sizes_in(root);
        let of = |name: &str| {
            let size = found.iter().find(|size| size.name == name).unwrap();
            (size.bytes, size.files)
        };
        assert_eq!(of("recordings"), (700, 1));
        assert_eq!(of("desk.sqlite"), (15, 2));
        assert_eq!(of("link"), (0, 0));
        assert_eq!(found[0].name, "recordings");
    }
}

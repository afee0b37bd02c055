//! A backup of everything that a desk has, made while it runs, all of one moment.
//!
//! At that moment nobody writes: a transaction is held while the database is copied and every file
//! gets a second name, which takes seconds. What happens to the files afterward (new pieces of an
//! upload, a recording that is removed, a file that is replaced) does not reach what was named.
//! Then the files are copied, read again and compared.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use redact_core::UtcNanos;
use redact_record::events::{Act, Circumstances};
use tokio::task::spawn_blocking;

use super::app::EventLogConfig;
use super::backup_error::BackupError;
use super::backup_files::{
    self, BackedUp, BackupManifest, DATA, EVENTS, FORMAT_VERSION, write_manifest,
};
use super::copies_of_file::files_below;
use super::ledger::{self, LEDGER};
use super::left_backups;
use crate::db::{backups, pool};
use crate::error::DeskError;
use crate::event::Event;
use crate::private;
use crate::time;

/// Reports a phase, bytes done and their total; may ask to stop.
pub type BackupProgress<'a> = &'a (dyn Fn(&str, u64, u64) -> ControlFlow<()> + Sync);

/// What to back up, and where.
pub struct BackupOrder {
    /// The data folder of the desk.
    pub data: PathBuf,
    /// The folder to make, on a disk with room for everything.
    pub to: PathBuf,
    /// The desk's event log.
    pub event_log: EventLogConfig,
    /// Who makes it, for the event log.
    pub by: String,
    /// The time.
    pub now: UtcNanos,
}

/// A backup that was made and read again.
#[derive(Clone, Debug)]
pub struct BackupMade {
    /// Number of files.
    pub files: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// SHA-256 of the list of files.
    pub manifest_sha256: String,
    /// The moment of which everything in it is, in RFC 3339.
    pub at: String,
}

/// Files of the data folder that are the running program's own.
const LEFT_OUT: [&str; 5] = [
    "desk.lock",
    "desk.sqlite",
    "desk.sqlite-wal",
    "desk.sqlite-shm",
    "desk.sqlite-journal",
];

/// A file as it was at the moment of the backup.
struct Named {
    /// Its second name.
    path: PathBuf,
    /// Its place in the backup.
    place: String,
    /// What there was of it: files grow.
    bytes: u64,
}

/// Makes a backup.
///
/// # Errors
/// See [`BackupError`]. Nothing is then left at the target.
pub async fn backup(
    order: BackupOrder,
    progress: BackupProgress<'_>,
) -> Result<BackupMade, BackupError> {
    let to = absolute(&order.to)?;
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists { path: to });
    }
    if !order.data.join(pool::FILE).is_file() {
        return Err(BackupError::NoDesk { path: order.data });
    }
    check_apart(&to, &order.data)?;
    check_partial(&partial_of(&to))?;
    let db = backups::open_existing(&order.data).await;
    let db = db.map_err(BackupError::database)?;
    let made = with_database(&db, &order, &to, progress).await;
    db.close().await;
    made
}

async fn with_database(
    db: &pool::Db,
    order: &BackupOrder,
    to: &Path,
    progress: BackupProgress<'_>,
) -> Result<BackupMade, BackupError> {
    let found = backups::schema(db).await.map_err(BackupError::database)?;
    if found != pool::VERSION {
        return Err(BackupError::OtherVersion {
            path: order.data.clone(),
            found,
            known: pool::VERSION,
        });
    }
    let at = order.now.0.div_euclid(1_000_000);
    // Before the moment: what is disposed of from now on may be in this backup.
    let row = backups::insert(db, at, &to.to_string_lossy()).await;
    let row = row.map_err(BackupError::database)?;
    let partial = partial_of(to);
    let work = order.data.join("work");
    let made = match private::folder(&work).and(left_backups::make(&work).map_err(|source| {
        DeskError::Folder {
            path: work.clone(),
            source,
        }
    })) {
        Ok((work, lock)) => {
            let made = write(db, order, (&work, &partial, to), progress).await;
            std::fs::remove_dir_all(&work).ok();
            drop(lock);
            made
        }
        Err(error) => Err(error.into()),
    };
    match &made {
        Ok(made) => backups::set_manifest(db, &row, &made.manifest_sha256).await,
        Err(_) => {
            drop_partial(&partial);
            backups::delete(db, &row).await
        }
    }
    .map_err(BackupError::database)?;
    made
}

async fn write(
    db: &pool::Db,
    order: &BackupOrder,
    (work, partial, to): (&Path, &Path, &Path),
    progress: BackupProgress<'_>,
) -> Result<BackupMade, BackupError> {
    make_partial(partial)?;
    let named = moment(db, order, work).await?;
    let total: u64 = named.iter().map(|file| file.bytes).sum();
    let done = AtomicU64::new(0);
    let report = |phase: &str, count: u64| {
        let done = done.fetch_add(count, Ordering::Relaxed) + count;
        progress(phase, done, total)
    };
    let mut files = Vec::with_capacity(named.len());
    for file in &named {
        let target = partial.join(&file.place);
        let copying = |count: u64| report("copy", count);
        let digest = tokio::task::block_in_place(|| {
            backup_files::copy(&file.path, &target, file.bytes, &copying)
        })?;
        files.push(BackedUp {
            path: file.place.clone(),
            bytes: file.bytes,
            sha256: digest.to_string(),
        });
    }
    done.store(0, Ordering::Relaxed);
    for file in &files {
        let checking = |count: u64| report("verify", count);
        tokio::task::block_in_place(|| backup_files::check(partial, file, &checking))?;
    }
    let database = partial.join(DATA).join(pool::FILE);
    let damage = backups::damage(&database).await;
    if let Some(what) = damage.map_err(BackupError::database)? {
        return Err(BackupError::Damaged {
            path: database,
            what,
        });
    }
    let at = order.now.0.div_euclid(1_000_000);
    let manifest = BackupManifest {
        format_version: FORMAT_VERSION,
        program: order.event_log.program.clone(),
        schema: pool::VERSION,
        at: time::text(at),
        files,
    };
    let manifest_sha256 = write_manifest(partial, &manifest)?;
    log(order, &manifest, &manifest_sha256).await?;
    // Where the backup is, a restore finds what was disposed of before and after it.
    let beside = to.parent().unwrap_or(to).join(LEDGER);
    ledger::merge(&order.data.join(LEDGER), &beside)
        .map_err(|source| BackupError::write(&beside, source))?;
    finish_partial(partial, to)?;
    sync_folder(to.parent().unwrap_or(to))?;
    Ok(BackupMade {
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        manifest_sha256,
        at: manifest.at,
    })
}

/// Names everything as it is at one moment, at which nobody writes.
async fn moment(
    db: &pool::Db,
    order: &BackupOrder,
    work: &Path,
) -> Result<Vec<Named>, BackupError> {
    let alone = pool::begin(db).await;
    let alone = alone.map_err(|_| BackupError::Database("cannot begin".to_owned()))?;
    let database = work.join(pool::FILE);
    backups::copy_into(db, &database)
        .await
        .map_err(BackupError::database)?;
    let (data, work) = (order.data.clone(), work.to_owned());
    let log = order.event_log.log.path().to_owned();
    let named = spawn_blocking(move || name_files(&data, &work, &log));
    let named = named.await.map_err(BackupError::database)??;
    // Nothing was written: this only lets the others go on.
    alone.rollback().await.map_err(BackupError::database)?;
    Ok(named)
}

fn name_files(data: &Path, work: &Path, log: &Path) -> Result<Vec<Named>, BackupError> {
    let unread = |source| BackupError::read(data, source);
    let mut paths = Vec::new();
    files_below(data, &mut paths).map_err(unread)?;
    paths.sort();
    let mut named = Vec::new();
    for path in paths {
        let inside = path.strip_prefix(data).unwrap_or(&path).to_owned();
        let own = LEFT_OUT.iter().any(|name| inside == Path::new(name));
        if own || inside.starts_with("work") {
            continue;
        }
        let second = work.join(DATA).join(&inside);
        if let Some(folder) = second.parent() {
            private::folder(folder)?;
        }
        match std::fs::hard_link(&path, &second) {
            // It was removed in between, after the database had said so.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(BackupError::write(&second, source)),
            Ok(()) => {}
        }
        let meta = std::fs::metadata(&second);
        named.push(Named {
            bytes: meta
                .map_err(|source| BackupError::read(&path, source))?
                .len(),
            place: Path::new(DATA).join(&inside).to_string_lossy().into_owned(),
            path: second,
        });
    }
    let database = work.join(pool::FILE);
    let meta = std::fs::metadata(&database);
    named.push(Named {
        bytes: meta
            .map_err(|source| BackupError::read(&database, source))?
            .len(),
        place: Path::new(DATA)
            .join(pool::FILE)
            .to_string_lossy()
            .into_owned(),
        path: database,
    });
    // Entries are only ever added to the log. One that is being added is not taken.
    let bytes = whole_lines(log).map_err(|source| BackupError::read(log, source))?;
    named.push(Named {
        bytes,
        place: EVENTS.to_owned(),
        path: log.to_owned(),
    });
    Ok(named)
}

/// The bytes of a file up to the end of its last line.
fn whole_lines(path: &Path) -> std::io::Result<u64> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    let mut end = file.metadata()?.len();
    let mut piece = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(piece.len() as u64);
        let part = &mut piece[..usize::try_from(end - start).unwrap_or_default()];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

async fn log(
    order: &BackupOrder,
    manifest: &BackupManifest,
    manifest_sha256: &str,
) -> Result<(), BackupError> {
    let digest = redact_core::Digest::from_hex(manifest_sha256);
    let mut event = Event::new(Act::Export, "backup").count("files", manifest.files.len());
    if let Some(digest) = digest {
        event = event.subject("manifest", digest);
    }
    let event = event.0.event(Circumstances {
        at: order.now,
        who: &order.by,
        program: &order.event_log.program,
        machine: &order.event_log.machine,
    });
    let log = order.event_log.log.clone();
    let appended = spawn_blocking(move || log.append(&event)).await;
    appended
        .map_err(BackupError::database)?
        .map_err(|error| BackupError::Desk(error.into()))?;
    Ok(())
}

/// An absolute path, whose folder exists.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, BackupError> {
    let whole = std::path::absolute(path).map_err(|source| BackupError::read(path, source))?;
    let folder = whole.parent().unwrap_or(&whole);
    let found = folder.canonicalize();
    let found = found.map_err(|source| BackupError::read(folder, source))?;
    Ok(found.join(whole.file_name().unwrap_or_default()))
}

/// Refuses a backup in the data folder, where the next one would copy it and a disposal would not
/// reach it, and one around the data folder.
fn check_apart(to: &Path, data: &Path) -> Result<(), BackupError> {
    let data = data.canonicalize();
    let data = data.map_err(|source| BackupError::read(to, source))?;
    if to.starts_with(&data) || data.starts_with(to) {
        return Err(BackupError::Inside {
            path: to.to_owned(),
            other: data,
        });
    }
    Ok(())
}

/// The file that marks a folder as one that was begun and not finished.
const UNFINISHED: &str = ".redact-unfinished";

/// Refuses a folder that stands where one is to be begun, unless it was begun here before.
pub(super) fn check_partial(partial: &Path) -> Result<(), BackupError> {
    let is_own = || -> std::io::Result<bool> {
        let meta = partial.symlink_metadata()?;
        let marked = partial.join(UNFINISHED).symlink_metadata().is_ok();
        Ok(meta.is_dir() && (marked || std::fs::read_dir(partial)?.next().is_none()))
    };
    match is_own() {
        Ok(true) => Ok(()),
        Ok(false) => Err(BackupError::Exists {
            path: partial.to_owned(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(BackupError::read(partial, source)),
    }
}

/// Begins a folder, in place of what an earlier attempt left.
pub(super) fn make_partial(partial: &Path) -> Result<(), BackupError> {
    check_partial(partial)?;
    std::fs::remove_dir_all(partial).ok();
    private::folder(partial)?;
    let mark = partial.join(UNFINISHED);
    let marked = private::new_file(&mark);
    marked.map_err(|source| BackupError::write(&mark, source))?;
    Ok(())
}

/// Gives a folder that is finished its name.
pub(super) fn finish_partial(partial: &Path, to: &Path) -> Result<(), BackupError> {
    std::fs::rename(partial, to).map_err(|source| BackupError::write(to, source))?;
    std::fs::remove_file(to.join(UNFINISHED)).ok();
    Ok(())
}

/// Removes a folder that was begun and cannot be finished.
pub(super) fn drop_partial(partial: &Path) {
    if check_partial(partial).is_ok() {
        std::fs::remove_dir_all(partial).ok();
    }
}

/// The name under which a folder is written: beside its final name.
pub(super) fn partial_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// Makes names in a folder last.
pub(super) fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| BackupError::write(folder, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: an entry that is being added to a log is not taken. Controls: a whole log; an empty
    /// one.
    #[test]
    fn a_log_ends_with_a_whole_line() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("log");
        let long = "x".repeat(9000);
        for (text, bytes) in [
            ("", 0),
            ("one\n", 4),
            ("one\ntwo", 4),
            (&format!("one\n{long}"), 4),
            (&format!("{long}\n"), 9001),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(whole_lines(&path).unwrap(), bytes, "{} bytes", text.len());
        }
    }
}

//! Reading whole files of limited size, and writing files atomically.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use crate::RecordError;
pub(crate) use crate::access::Access;
pub use crate::access::Overwrite;

/// Linux's value on x86-64 and arm64.
const O_NONBLOCK: i32 = 0o4000;

/// Opens a regular file; returns its length, too.
///
/// # Errors
/// [`RecordError::Read`]; [`RecordError::NotAFile`].
pub(crate) fn open(path: &Path) -> Result<(File, u64), RecordError> {
    let read = |source| RecordError::Read { source };
    // Without `O_NONBLOCK`, opening a pipe would wait for its other end.
    let mut how = File::options();
    let file = how
        .read(true)
        .custom_flags(O_NONBLOCK)
        .open(path)
        .map_err(read)?;
    // `File::metadata` uses a system call that takes a path, which is denied in the jail.
    let facts = rustix::fs::fstat(&file).map_err(|error| read(error.into()))?;
    if rustix::fs::FileType::from_raw_mode(facts.st_mode).is_file() {
        Ok((file, u64::try_from(facts.st_size).unwrap_or(0)))
    } else {
        Err(RecordError::NotAFile)
    }
}

/// The permission bits of an open file.
///
/// # Errors
/// [`RecordError::Read`].
pub(crate) fn mode(file: &File) -> Result<u32, RecordError> {
    let read = |source| RecordError::Read { source };
    Ok(file.metadata().map_err(read)?.permissions().mode() & 0o777)
}

/// Opens a file for reading and appending, or creates one that only its owner may read. Does not
/// wait for the other end of a pipe.
///
/// # Errors
/// The system's error.
pub(crate) fn open_to_append(path: &Path) -> std::io::Result<File> {
    let mut how = File::options();
    how.read(true).append(true).create(true).mode(0o600);
    how.custom_flags(O_NONBLOCK).open(path)
}

/// Reads a whole file of at most `max` bytes.
///
/// # Errors
/// [`RecordError::Read`]; [`RecordError::NotAFile`]; [`RecordError::TooLarge`], before any of it
/// is read.
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>, RecordError> {
    let (file, length) = open(path)?;
    if length > max {
        return Err(RecordError::TooLarge { found: length, max });
    }
    let mut bytes = Vec::new();
    file.take(max + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| RecordError::Read { source })?;
    let found = bytes.len() as u64;
    if found > max {
        return Err(RecordError::TooLarge { found, max });
    }
    Ok(bytes)
}

/// Reads a file from its start, at most `max` bytes of it.
///
/// # Errors
/// [`RecordError::Read`]; [`RecordError::NotAFile`].
pub fn read_start(path: &Path, max: u64) -> Result<Vec<u8>, RecordError> {
    let (file, _) = open(path)?;
    let mut bytes = Vec::new();
    file.take(max)
        .read_to_end(&mut bytes)
        .map_err(|source| RecordError::Read { source })?;
    Ok(bytes)
}

/// Writes a file atomically.
///
/// It writes a temporary file in the same folder, flushes it to the disk and renames it.
///
/// # Errors
/// [`RecordError::Exists`]; [`RecordError::Write`].
pub fn write(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<(), RecordError> {
    write_with(path, bytes, overwrite, Access::Shared)
}

/// Writes a file atomically that only its owner may read.
///
/// # Errors
/// [`RecordError::Exists`], [`RecordError::Write`].
pub fn write_for_owner(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<(), RecordError> {
    write_with(path, bytes, overwrite, Access::Owner)
}

pub(crate) fn write_with(
    path: &Path,
    bytes: &[u8],
    overwrite: Overwrite,
    access: Access,
) -> Result<(), RecordError> {
    let failed = |source| RecordError::Write { source };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if overwrite == Overwrite::Never && path.symlink_metadata().is_ok() {
        return Err(RecordError::Exists);
    }
    let mode = match access {
        Access::Shared => 0o666,
        Access::Owner => 0o600,
    };
    remove_leftovers(folder);
    let mut partial = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(failed)?;
    // The lock tells other processes that this file is not abandoned.
    partial.as_file().lock().map_err(failed)?;
    partial.write_all(bytes).map_err(failed)?;
    partial.as_file().sync_all().map_err(failed)?;
    let placed = match overwrite {
        Overwrite::Never => partial.persist_noclobber(path),
        Overwrite::Replace => partial.persist(path),
    };
    placed.map_err(|refused| match refused.error.kind() {
        std::io::ErrorKind::AlreadyExists => RecordError::Exists,
        _ => failed(refused.error),
    })?;
    // Without flushing the folder, the name is not durable.
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    if synced.is_err() && overwrite == Overwrite::Never {
        // After an error the file must not exist.
        std::fs::remove_file(path).ok();
    }
    synced.map_err(failed)
}

/// Prefix and suffix of the names of temporary files.
const PREFIX: &str = ".redact-";
const SUFFIX: &str = ".partial";

/// A temporary file is locked well before this age.
const LOCKED_WITHIN: Duration = Duration::from_secs(60);

/// Removes temporary files from `folder` that killed processes of this user left.
pub fn remove_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) && is_abandoned(&entry.path()) {
            // A remaining file does no harm.
            std::fs::remove_file(entry.path()).ok();
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut how = File::options();
    how.read(true).custom_flags(flags.bits().cast_signed());
    let Ok(file) = how.open(path) else {
        return false;
    };
    let Ok(data) = file.metadata() else {
        return false;
    };
    let own = data.is_file() && data.uid() == rustix::process::geteuid().as_raw();
    let age = data.modified().ok().and_then(|at| at.elapsed().ok());
    own && age.is_some_and(|age| age > LOCKED_WITHIN) && file.try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_replaced_unless_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"one", Overwrite::Never).unwrap();
        let refused = write(&path, b"two", Overwrite::Never).unwrap_err();
        assert!(matches!(refused, RecordError::Exists));
        assert_eq!(read(&path, 10).unwrap(), b"one");
        write(&path, b"two", Overwrite::Replace).unwrap();
        assert_eq!(read(&path, 10).unwrap(), b"two");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "no partial file stays behind");
    }

    /// Goal: what a killed process left goes, and nothing else. Controls: a file that a process
    /// has, a fresh one, a pipe, another name.
    #[test]
    fn leftovers_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let old = std::time::SystemTime::now() - Duration::from_secs(3600);
        for name in [".redact-a.partial", ".redact-b.partial", "c.partial"] {
            let file = File::create(at(name)).unwrap();
            file.set_modified(old).unwrap();
        }
        let held = File::open(at(".redact-b.partial")).unwrap();
        held.lock().unwrap();
        File::create(at(".redact-d.partial")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(at(".redact-e.partial"))
            .status();
        assert!(made.unwrap().success());
        write(&at("new"), b"x", Overwrite::Never).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let stay =
            [".redact-b", ".redact-d", ".redact-e", "c"].map(|name| format!("{name}.partial"));
        assert_eq!(left[..4], stay);
        assert_eq!(left[4..], ["new"]);
    }

    #[test]
    fn a_file_over_its_bound_and_a_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, &[0; 11], Overwrite::Never).unwrap();
        assert!(matches!(
            read(&path, 10),
            Err(RecordError::TooLarge { found: 11, max: 10 })
        ));
        assert_eq!(read(&path, 11).unwrap().len(), 11);
        assert!(matches!(
            read(folder.path(), 10),
            Err(RecordError::NotAFile)
        ));
    }
}

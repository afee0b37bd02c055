//! What backups hold in the data folder while they run, and leave there if they are killed.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::id::Id;
use crate::private;

/// How the names of their folders begin.
const PREFIX: &str = "backup-";

/// The file that a running backup holds locked.
const LOCK: &str = "lock";

/// Makes the folder of a backup below `work`, with a lock that ends with the program.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn make(work: &Path) -> io::Result<(PathBuf, File)> {
    let id = Id::random();
    // It gets its name once it is locked: nobody takes it for one that was left.
    let (hidden, folder) = (
        work.join(format!("new-{id}")),
        work.join(format!("{PREFIX}{id}")),
    );
    private::folder(&hidden).map_err(io::Error::other)?;
    let lock = private::new_file(&hidden.join(LOCK))?;
    lock.lock()?;
    std::fs::rename(&hidden, &folder)?;
    Ok((folder, lock))
}

/// The folders of backups below `work`, of those that run and of those that were killed.
///
/// # Errors
/// If `work` cannot be read.
pub(crate) fn folders(work: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(work)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Removes the folders that no running backup has; gives how many backups run.
///
/// # Errors
/// If one cannot be removed.
pub(crate) fn remove(work: &Path) -> io::Result<usize> {
    let mut running = 0;
    for folder in folders(work)? {
        let lock = match File::open(folder.join(LOCK)) {
            Ok(lock) => Some(lock),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(lock) = &lock {
            match lock.try_lock() {
                Ok(()) => {}
                Err(std::fs::TryLockError::WouldBlock) => {
                    running += 1;
                    continue;
                }
                Err(std::fs::TryLockError::Error(error)) => return Err(error),
            }
        }
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(running)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: what a killed backup left is removed. Control: one that runs keeps its folder until
    /// it ends.
    #[test]
    fn only_what_was_left_is_removed() {
        let work = tempfile::TempDir::new().unwrap();
        let (running, lock) = make(work.path()).unwrap();
        let left = work.path().join("backup-left");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("desk.sqlite"), "rows").unwrap();
        assert_eq!(remove(work.path()).unwrap(), 1);
        assert!(running.exists() && !left.exists());
        drop(lock);
        assert_eq!(remove(work.path()).unwrap(), 0);
        assert!(!running.exists());
    }
}

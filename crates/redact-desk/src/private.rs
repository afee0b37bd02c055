//! Files and folders for the owner only (0600 and 0700), whatever their permissions were and
//! whatever the umask.

use std::fs::{DirBuilder, Metadata, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use crate::error::DeskError;

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> DeskError {
    let path = path.to_owned();
    move |source| DeskError::Folder { path, source }
}

/// Creates a folder, unless it exists.
///
/// # Errors
/// [`DeskError::Folder`].
pub(crate) fn folder(path: &Path) -> Result<(), DeskError> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER)
        .create(path)
        .map_err(failed(path))
}

/// Opens a file for writing and creates it if needed, without changing its content.
///
/// # Errors
/// [`DeskError::Folder`].
pub(crate) fn file(path: &Path) -> Result<std::fs::File, DeskError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE)
        .open(path)
        .map_err(failed(path))
}

/// Creates a file that must not exist.
///
/// # Errors
/// The system's.
pub(crate) fn new_file(path: &Path) -> std::io::Result<std::fs::File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE)
        .open(path)
}

/// Writes a file atomically.
///
/// # Errors
/// [`DeskError::Folder`].
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), DeskError> {
    let partial = path.with_extension("partial");
    // Do not write into one that a crash left: it has its own permissions.
    std::fs::remove_file(&partial).ok();
    let make = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE)
            .open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::File::open(folder)?.sync_all()
    };
    make().map_err(failed(path))
}

/// Removes all permissions of others below and on `root`. Links are left alone, because their
/// targets are not the desk's.
///
/// # Errors
/// [`DeskError::Folder`] if something belongs to another user and cannot be changed.
pub(crate) fn restrict_to_owner(root: &Path) -> Result<(), DeskError> {
    let mut waiting: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        let meta = path.symlink_metadata().map_err(failed(&path))?;
        if meta.is_symlink() {
            continue;
        }
        // The folder first: while others can write to it, its entries could be exchanged.
        restrict_one(&path, &meta)?;
        if meta.is_dir() {
            for entry in std::fs::read_dir(&path).map_err(failed(&path))? {
                waiting.push(entry.map_err(failed(&path))?.path());
            }
        }
    }
    Ok(())
}

fn restrict_one(path: &Path, meta: &Metadata) -> Result<(), DeskError> {
    let wanted = if meta.is_dir() { FOLDER } else { FILE };
    if meta.mode() & 0o7777 == wanted {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(wanted)).map_err(failed(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().mode() & 0o7777
    }

    #[test]
    fn what_was_open_is_closed_and_links_are_not_followed() {
        let folder = tempfile::TempDir::new().unwrap();
        let outside = folder.path().join("outside");
        std::fs::write(&outside, "x").unwrap();
        std::fs::set_permissions(&outside, Permissions::from_mode(0o644)).unwrap();
        let root = folder.path().join("data");
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/file"), "x").unwrap();
        for path in ["", "a", "a/b", "a/b/file"] {
            std::fs::set_permissions(root.join(path), Permissions::from_mode(0o777)).unwrap();
        }
        std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
        restrict_to_owner(&root).unwrap();
        for (path, wanted) in [
            ("", 0o700),
            ("a", 0o700),
            ("a/b", 0o700),
            ("a/b/file", 0o600),
        ] {
            assert_eq!(mode(&root.join(path)), wanted, "{path}");
        }
        assert_eq!(mode(&outside), 0o644, "not the desk's");
    }
}

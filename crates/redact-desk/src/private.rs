//! Files and folders for their owner alone (0600 and 0700), whatever they were and whatever the
//! process' mask.

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

/// Makes a folder, or takes one that is there.
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

/// Makes a file if there is none, without changing what is in it.
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

/// Writes a file that appears whole or not at all.
///
/// # Errors
/// [`DeskError::Folder`].
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), DeskError> {
    let partial = path.with_extension("partial");
    // One that a crash left is not written into: its permissions are its own.
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

/// Takes everything below `root`, and `root` itself, from everybody but its owner. Links are left
/// alone: what they name is not the desk's.
///
/// # Errors
/// [`DeskError::Folder`] when something cannot be changed: it belongs to somebody else.
pub(crate) fn tighten(root: &Path) -> Result<(), DeskError> {
    let mut waiting: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        let meta = path.symlink_metadata().map_err(failed(&path))?;
        if meta.is_symlink() {
            continue;
        }
        // The folder first: while it is open, what is in it could be exchanged.
        tighten_one(&path, &meta)?;
        if meta.is_dir() {
            for entry in std::fs::read_dir(&path).map_err(failed(&path))? {
                waiting.push(entry.map_err(failed(&path))?.path());
            }
        }
    }
    Ok(())
}

fn tighten_one(path: &Path, meta: &Metadata) -> Result<(), DeskError> {
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
        tighten(&root).unwrap();
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

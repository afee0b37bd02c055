//! A file that is not finished yet, and goes away unless it is.

use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::progress;

/// A server that died leaves its job behind for as long as this, until it sees that nobody
/// listens; the server that starts in its place waits for it.
const ORPHAN_STOPS_WITHIN: Duration = Duration::from_secs(15);

/// How often the wait looks again.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A partial file beside the place where it will be; removed when dropped.
///
/// It is locked while it is written: of two that write the same release at one time, one stops,
/// and what is checked is what gets the name.
pub(crate) struct Partial {
    path: Option<PathBuf>,
    locked: File,
}

impl Partial {
    /// A partial file for `target`, in the same folder, so that renaming it is one step. What a
    /// crash left under that name is replaced.
    ///
    /// # Errors
    /// When another process writes it, or the system refuses.
    pub(crate) fn beside(target: &Path) -> Result<Self> {
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(".partial");
        let path = target.with_file_name(name);
        let named = || target.display().to_string();
        let began = Instant::now();
        let file = loop {
            if let Some(file) = locked(&path).with_context(named)? {
                break file;
            }
            if !progress::is_tethered() || began.elapsed() > ORPHAN_STOPS_WITHIN {
                bail!(
                    "{}: another process is writing this file, or a link is where it would be \
                     written",
                    target.display()
                );
            }
            std::thread::sleep(LOOK_EVERY);
        };
        file.set_len(0).with_context(named)?;
        Ok(Self {
            path: Some(path),
            locked: file,
        })
    }

    /// The same for its owner's eyes alone (mode 0600), before anything is in it.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn for_owner(self) -> Result<Self> {
        let mode = std::fs::Permissions::from_mode(0o600);
        self.locked
            .set_permissions(mode)
            .with_context(|| self.path().display().to_string())?;
        Ok(self)
    }

    /// Where it is now.
    pub(crate) fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// Gives it its final name, for good.
    ///
    /// # Errors
    /// When the system refuses; the partial file is then removed.
    pub(crate) fn rename(mut self, target: &Path) -> Result<()> {
        std::fs::rename(self.path(), target).with_context(|| target.display().to_string())?;
        self.path = None;
        let folder = crate::scan::folder_of(target);
        // The name is durable only when the folder is.
        File::open(&folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| folder.display().to_string())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // It may never have been made; anything else is left for a next run to replace.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The file at `path`, made if need be; `None` while another process holds it.
fn locked(path: &Path) -> std::io::Result<Option<File>> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    let file = options.open(path)?;
    let ours = file.try_lock().is_ok() && is_at(&file, path);
    Ok(ours.then_some(file))
}

/// Whether `path` names `file` itself: the one who held it before may have removed it, and a link
/// leads to a file that is not ours.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), std::fs::symlink_metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_file_goes_away_unless_it_is_renamed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.mp4");
        let partial = Partial::beside(&target).unwrap();
        std::fs::write(partial.path(), b"x").unwrap();
        drop(partial);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let partial = Partial::beside(&target).unwrap();
        std::fs::write(partial.path(), b"x").unwrap();
        partial.rename(&target).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"x");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_for_its_owner_is_so_before_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.json");
        // What a crash left, open to all.
        std::fs::write(dir.path().join(".a.json.partial"), b"x").unwrap();
        let partial = Partial::beside(&target).unwrap().for_owner().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(partial.path()), 0o600);
        partial.rename(&target).unwrap();
        assert_eq!(mode(&target), 0o600);
    }

    /// Goal: two that write one release never mix.
    #[test]
    fn a_partial_file_has_one_writer() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.mp4");
        let partial = Partial::beside(&target).unwrap();
        let second = Partial::beside(&target).map(drop).unwrap_err();
        assert!(second.to_string().contains("another process"), "{second}");
        drop(partial);
        drop(Partial::beside(&target).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (target, other) = (dir.path().join("a.mp4"), dir.path().join("other"));
        std::fs::write(&other, b"precious").unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join(".a.mp4.partial")).unwrap();
        assert!(Partial::beside(&target).is_err());
        assert_eq!(std::fs::read(&other).unwrap(), b"precious");
    }
}

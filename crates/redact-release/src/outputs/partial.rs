//! A file that is not finished yet, and goes away unless it is.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use redact_record::Overwrite;

use crate::error::{Context as _, ReleaseError, Result};

/// How often a file is tried that another process has.
const TRY_EVERY: Duration = Duration::from_millis(100);

/// A partial file beside the place where it will be; removed when dropped.
///
/// It is locked while it is written: of two that write the same file at one time, one stops, and
/// what is checked is what gets the name.
pub struct Partial {
    path: Option<PathBuf>,
    locked: File,
}

impl Partial {
    /// A partial file for `target`, in the same folder, so that renaming it is one step. What a
    /// crash left under that name is removed first: no other process has the new one open.
    ///
    /// - `wait`: how long to wait for another process that writes it.
    ///
    /// # Errors
    /// When another process writes it, when something else has its name, or the system refuses.
    pub fn beside(target: &Path, wait: Duration) -> Result<Self> {
        let path = hidden(target, "partial");
        let locked = wait_for(target, wait, || fresh(&path))?;
        Ok(Self {
            path: Some(path),
            locked,
        })
    }

    /// The same, readable by its owner alone (mode 0600), before anything is in it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn for_owner(self) -> Result<Self> {
        let mode = std::fs::Permissions::from_mode(0o600);
        self.locked.set_permissions(mode).in_file(self.path())?;
        Ok(self)
    }

    /// Writes all of it, on the disk before this returns.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn fill(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = &self.locked;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Where it is now.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// Gives it its final name. The name is on the disk after [`sync_folder`].
    ///
    /// - `overwrite`: what becomes of a file that is there.
    ///
    /// # Errors
    /// When there is one, or the system refuses; the partial file is then removed.
    pub fn rename(mut self, target: &Path, overwrite: Overwrite) -> Result<()> {
        rename(self.path(), target, overwrite).in_file(target)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Where that fails, the next run replaces it.
            std::fs::remove_file(path).ok();
        }
    }
}

fn rename(from: &Path, to: &Path, overwrite: Overwrite) -> Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    if overwrite == Overwrite::Replace {
        return Ok(std::fs::rename(from, to)?);
    }
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The disk knows no such rename.
        Err(Errno::INVAL | Errno::NOSYS) if to.symlink_metadata().is_err() => {
            Ok(std::fs::rename(from, to)?)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::EXIST) => Err(ReleaseError::Exists),
        other => Ok(other.map_err(std::io::Error::from)?),
    }
}

/// Names of files are durable only when their folder is.
///
/// # Errors
/// When the system refuses.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .in_file(folder)
}

/// `clip.mp4` and `partial` make `.clip.mp4.partial`, in the same folder.
pub(crate) fn hidden(target: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".");
    name.push(ending);
    target.with_file_name(name)
}

/// Opens a file that outlives the process which wrote it, made if need be, for this process alone.
///
/// - `target`: what it is about, for messages.
///
/// # Errors
/// When another process has it, when it is not a file of this user's, or the system refuses.
pub(super) fn lock(path: &Path, target: &Path, wait: Duration) -> Result<File> {
    wait_for(target, wait, || {
        for _ in 0..TRIES {
            let mut how = File::options();
            how.read(true).append(true).create(true).mode(0o600);
            let file = open(&how, path)?;
            let facts = file.metadata()?;
            if facts.uid() != rustix::process::geteuid().as_raw() || facts.nlink() > 1 {
                return Err(in_the_way(path));
            }
            if file.try_lock().is_err() {
                return Ok(None);
            }
            if is_at(&file, path) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    })
}

/// Waits until another process lets go.
fn wait_for(target: &Path, wait: Duration, get: impl Fn() -> Result<Option<File>>) -> Result<File> {
    let began = Instant::now();
    loop {
        if let Some(file) = get().in_file(target)? {
            return Ok(file);
        }
        if began.elapsed() >= wait {
            return Err(ReleaseError::Busy).in_file(target);
        }
        std::thread::sleep(TRY_EVERY);
    }
}

/// How often a name is tried that others make and remove.
const TRIES: usize = 10;

/// A new file at `path`, locked; `None` while another process holds it.
fn fresh(path: &Path) -> Result<Option<File>> {
    for _ in 0..TRIES {
        match File::options().write(true).create_new(true).open(path) {
            Ok(file) if file.try_lock().is_ok() && is_at(&file, path) => return Ok(Some(file)),
            // Another process took it for one that a crash left.
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let mut how = File::options();
                let left = match open(how.read(true), path) {
                    Err(ReleaseError::Io(gone)) if gone.kind() == ErrorKind::NotFound => continue,
                    left => left?,
                };
                if left.try_lock().is_err() {
                    return Ok(None);
                }
                if is_at(&left, path) {
                    std::fs::remove_file(path)?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Opens a regular file as itself, never behind a link, and without waiting, as for a pipe.
fn open(how: &OpenOptions, path: &Path) -> Result<File> {
    use rustix::fs::OFlags;
    use rustix::io::Errno;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let odd = [Errno::LOOP, Errno::ISDIR, Errno::NXIO].map(|errno| Some(errno.raw_os_error()));
    match how
        .clone()
        .custom_flags(flags.bits().cast_signed())
        .open(path)
    {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Ok(_) => Err(in_the_way(path)),
        Err(error) if odd.contains(&error.raw_os_error()) => Err(in_the_way(path)),
        Err(error) => Err(error.into()),
    }
}

/// Something else has a name that this program needs.
fn in_the_way(path: &Path) -> ReleaseError {
    let name = path.file_name().unwrap_or_default();
    ReleaseError::InTheWay {
        name: name.display().to_string(),
    }
}

/// Whether `path` names `file` itself: the one who held it before may have removed it.
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
        let partial = Partial::beside(&target, Duration::ZERO).unwrap();
        std::fs::write(partial.path(), b"x").unwrap();
        drop(partial);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let partial = Partial::beside(&target, Duration::ZERO).unwrap();
        std::fs::write(partial.path(), b"x").unwrap();
        partial.rename(&target, Overwrite::Never).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"x");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_for_its_owner_is_so_before_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.json");
        // What a crash left, open to all.
        std::fs::write(dir.path().join(".a.json.partial"), b"x").unwrap();
        let partial = Partial::beside(&target, Duration::ZERO)
            .unwrap()
            .for_owner()
            .unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(partial.path()), 0o600);
        partial.rename(&target, Overwrite::Never).unwrap();
        assert_eq!(mode(&target), 0o600);
    }

    /// Goal: two that write one release never mix.
    #[test]
    fn a_partial_file_has_one_writer() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.mp4");
        let partial = Partial::beside(&target, Duration::ZERO).unwrap();
        let second = Partial::beside(&target, Duration::ZERO)
            .map(drop)
            .unwrap_err();
        assert!(
            second.text().contains("another process"),
            "{}",
            second.text()
        );
        drop(partial);
        drop(Partial::beside(&target, Duration::ZERO).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    /// Goal: what is no file is neither opened nor waited for, and another name of an existing file
    /// is not written to.
    #[test]
    fn a_pipe_a_folder_and_a_second_name_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let target = |name: &str| dir.path().join(name);
        let partial = |name: &str| hidden(&target(name), "partial");
        let made = std::process::Command::new("mkfifo")
            .arg(partial("pipe"))
            .status();
        assert!(made.unwrap().success());
        std::fs::create_dir(partial("folder")).unwrap();
        for name in ["pipe", "folder"] {
            let refused = Partial::beside(&target(name), Duration::ZERO)
                .map(drop)
                .unwrap_err();
            assert!(refused.text().contains("in the way"));
            let list = hidden(&target(name), "unfinished");
            std::fs::rename(partial(name), &list).unwrap();
            assert!(
                lock(&list, &target(name), Duration::ZERO).is_err(),
                "{name}"
            );
        }
        let other = target("other");
        std::fs::write(&other, b"precious").unwrap();
        std::fs::hard_link(&other, partial("linked")).unwrap();
        let made = Partial::beside(&target("linked"), Duration::ZERO).unwrap();
        made.fill(b"x").unwrap();
        made.rename(&target("linked"), Overwrite::Never).unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"precious");
        assert_eq!(std::fs::read(target("linked")).unwrap(), b"x");
        let list = hidden(&target("linked"), "unfinished");
        std::fs::hard_link(&other, &list).unwrap();
        assert!(lock(&list, &other, Duration::ZERO).is_err());
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (target, other) = (dir.path().join("a.mp4"), dir.path().join("other"));
        std::fs::write(&other, b"precious").unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join(".a.mp4.partial")).unwrap();
        assert!(Partial::beside(&target, Duration::ZERO).is_err());
        assert_eq!(std::fs::read(&other).unwrap(), b"precious");
    }
}

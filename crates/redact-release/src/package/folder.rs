//! Writing a package as a folder: under another name until it is complete.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::plan::PackagePlan;
use super::write::{Meter, copy_file};
use crate::error::{Context as _, ReleaseError, Result};
use crate::names::folder_of;
use crate::outputs::{hidden, sync_folder};

/// A folder under a temporary name; removed when dropped.
///
/// It is locked while it is written: of two that write the same package, one stops.
pub(super) struct PartialFolder {
    path: PathBuf,
    target: PathBuf,
    /// Holds the lock.
    _lock: File,
    is_finished: bool,
}

impl PartialFolder {
    /// A new folder beside `target`. What a killed process left there is removed first.
    ///
    /// # Errors
    /// [`ReleaseError::Exists`] unless `force`; [`ReleaseError::Busy`]; the system's error.
    pub(super) fn beside(target: &Path, force: bool, for_owner: bool) -> Result<Self> {
        if target.symlink_metadata().is_ok() && !force {
            return Err(ReleaseError::Exists).in_file(target);
        }
        let path = hidden(target, "partial");
        remove_left(&path).in_file(target)?;
        let mut builder = DirBuilder::new();
        builder.mode(if for_owner { 0o700 } else { 0o777 });
        builder.create(&path).in_file(target)?;
        let lock = File::open(&path).in_file(target)?;
        if lock.try_lock().is_err() {
            return Err(ReleaseError::Busy).in_file(target);
        }
        Ok(Self {
            path,
            target: target.to_owned(),
            _lock: lock,
            is_finished: false,
        })
    }

    /// Where it is now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes every file.
    ///
    /// # Errors
    /// Those of [`copy_file`].
    pub(super) fn fill(
        &self,
        plan: &PackagePlan,
        for_owner: bool,
        meter: &mut Meter<'_>,
    ) -> Result<()> {
        for file in &plan.files {
            let path = self.path.join(&file.path);
            if let Some(folder) = path.parent() {
                let mut builder = DirBuilder::new();
                builder
                    .recursive(true)
                    .mode(if for_owner { 0o700 } else { 0o777 });
                builder.create(folder).in_file(&self.target)?;
            }
            let mode = if for_owner { 0o600 } else { 0o666 };
            let mut options = OpenOptions::new();
            let output = options.write(true).create_new(true).mode(mode).open(&path);
            let mut output = output.in_file(&self.target)?;
            let mut advance = |bytes| meter.advance(bytes);
            copy_file(file, &mut output, &mut advance)?;
            output.flush().in_file(&self.target)?;
        }
        // One call for all files is faster than one for each.
        let folder = File::open(&self.path).in_file(&self.target)?;
        rustix::fs::syncfs(&folder)
            .map_err(std::io::Error::from)
            .in_file(&self.target)
    }

    /// Gives the folder its name. With `force`, what is there is replaced.
    ///
    /// # Errors
    /// [`ReleaseError::Exists`], or the system's error; then everything is as before.
    pub(super) fn finish(mut self, force: bool) -> Result<()> {
        let aside = hidden(&self.target, "replaced");
        let replaces = force && self.target.symlink_metadata().is_ok();
        if replaces {
            remove_left(&aside).in_file(&self.target)?;
            fs::rename(&self.target, &aside).in_file(&self.target)?;
        }
        let renamed = rename_new(&self.path, &self.target);
        if renamed.is_err() && replaces {
            // What was there goes back.
            fs::rename(&aside, &self.target).ok();
        }
        renamed.in_file(&self.target)?;
        self.is_finished = true;
        sync_folder(&folder_of(&self.target))?;
        if replaces {
            // If it stays, the next command removes it.
            remove_left(&aside).ok();
        }
        Ok(())
    }
}

impl Drop for PartialFolder {
    fn drop(&mut self) {
        if !self.is_finished {
            fs::remove_dir_all(&self.path).ok();
        }
    }
}

fn rename_new(from: &Path, to: &Path) -> Result<()> {
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) if to.symlink_metadata().is_err() => {
            Ok(fs::rename(from, to)?)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::EXIST) => Err(ReleaseError::Exists),
        other => Ok(other.map_err(std::io::Error::from)?),
    }
}

/// Removes a folder, or a file that `--force` replaces, unless another process writes it.
fn remove_left(path: &Path) -> Result<()> {
    let Ok(data) = path.symlink_metadata() else {
        return Ok(());
    };
    let in_the_way = || {
        let name = path.file_name().unwrap_or_default().display().to_string();
        ReleaseError::InTheWay { name }
    };
    if data.uid() != rustix::process::geteuid().as_raw() {
        return Err(in_the_way());
    }
    if data.is_dir() {
        if File::open(path)?.try_lock().is_err() {
            return Err(ReleaseError::Busy);
        }
        return Ok(fs::remove_dir_all(path)?);
    }
    match data.is_file() {
        true => Ok(fs::remove_file(path)?),
        false => Err(in_the_way()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a killed command's folder goes, one that is being written stays, and an existing
    /// package is replaced only if asked for.
    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("case");
        let partial = PartialFolder::beside(&target, false, false).unwrap();
        let busy = PartialFolder::beside(&target, false, false)
            .map(drop)
            .unwrap_err();
        assert!(
            matches!(busy.cause(), ReleaseError::Busy),
            "{}",
            busy.text()
        );
        drop(partial);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

        // What a killed process left.
        fs::create_dir_all(dir.path().join(".case.partial/exhibits")).unwrap();
        let partial = PartialFolder::beside(&target, false, false).unwrap();
        fs::write(partial.path.join("a"), b"x").unwrap();
        partial.finish(false).unwrap();
        assert_eq!(fs::read(target.join("a")).unwrap(), b"x");

        let refused = PartialFolder::beside(&target, false, false)
            .map(drop)
            .unwrap_err();
        assert!(matches!(refused.cause(), ReleaseError::Exists));
        let partial = PartialFolder::beside(&target, true, true).unwrap();
        let mode = partial.path.metadata().unwrap().mode() & 0o777;
        assert_eq!(mode, 0o700);
        partial.finish(true).unwrap();
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

//! A file that is not finished yet, and goes away unless it is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A partial file beside the place where it will be; removed when dropped.
pub(crate) struct Partial {
    path: Option<PathBuf>,
}

impl Partial {
    /// A partial file for `target`, in the same folder, so that renaming it is one step. What a
    /// crash left under that name is replaced.
    pub(crate) fn beside(target: &Path) -> Self {
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(".partial");
        Self {
            path: Some(target.with_file_name(name)),
        }
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
        std::fs::File::open(&folder)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_file_goes_away_unless_it_is_renamed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.mp4");
        let partial = Partial::beside(&target);
        std::fs::write(partial.path(), b"x").unwrap();
        drop(partial);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let partial = Partial::beside(&target);
        std::fs::write(partial.path(), b"x").unwrap();
        partial.rename(&target).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"x");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

//! A folder for one confined process.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A folder for one confined process, and for this user alone; removed when it is dropped.
pub(crate) struct Staging {
    folder: tempfile::TempDir,
    /// Open and locked for as long as this process lives.
    _locked: File,
}

impl Staging {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A folder in `beside` for one confined process. Folders that killed processes left are removed.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn staging(beside: &Path) -> Result<Staging> {
    let name = || beside.display().to_string();
    for entry in std::fs::read_dir(beside).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(STAGING);
        if ours && is_abandoned(&entry.path()) {
            // Where that fails, it does no harm.
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
    let folder = tempfile::Builder::new()
        .prefix(STAGING)
        .tempdir_in(beside)
        .with_context(name)?;
    let locked = File::open(folder.path()).with_context(name)?;
    locked.lock().with_context(name)?;
    Ok(Staging {
        folder,
        _locked: locked,
    })
}

/// How names of such folders begin.
const STAGING: &str = ".redact-job-";

/// A folder of a running process is locked by then.
const LOCKED_WITHIN: Duration = Duration::from_secs(60);

/// Whether a folder is this user's, and no process that is running has it.
fn is_abandoned(folder: &Path) -> bool {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let mut how = File::options();
    let Ok(open) = how.read(true).custom_flags(flags).open(folder) else {
        return false;
    };
    let Ok(data) = open.metadata() else {
        return false;
    };
    let age = data.modified().ok().and_then(|at| at.elapsed().ok());
    data.uid() == rustix::process::geteuid().as_raw()
        && age.is_some_and(|age| age > LOCKED_WITHIN)
        && open.try_lock().is_ok()
}

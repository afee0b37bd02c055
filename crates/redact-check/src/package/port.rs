//! The files of a package, as its checks see them.

use std::io::{Read, Seek};
use std::ops::ControlFlow;

use redact_core::Digest;
use redact_record::RecordError;
use redact_record::sign::TrustStore;

use super::packaged::PackagedRelease;
use crate::Verdict;

/// The group of the checks of the package itself.
pub const GROUP: &str = "package";

/// A file that was found in a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Its path in the package, with `/` between folders and name.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The files of a package: in a folder, an archive, a disc image, or in a browser.
pub trait PackageFiles {
    /// Why a file cannot be read.
    type Error: From<RecordError>;

    /// Every file, in any order; folders are not listed.
    ///
    /// # Errors
    /// If they cannot be listed.
    fn list(&mut self) -> Result<Vec<FoundFile>, Self::Error>;

    /// The content of one of the listed files.
    ///
    /// # Errors
    /// If it cannot be opened.
    fn open(&mut self, path: &str) -> Result<impl Read + Seek, Self::Error>;

    /// What the container holds besides the files, such as data between the files of an archive.
    fn excess(&self) -> Option<&str> {
        None
    }

    /// Receives how many bytes of all files were read; `Break` cancels.
    fn advance(&mut self, done: u64, total: u64) -> ControlFlow<()> {
        let _ = (done, total);
        ControlFlow::Continue(())
    }

    /// Adds the check of the time stamp on the manifest with that SHA-256. `path` is where a stamp
    /// is or would be; `None` if there is none.
    ///
    /// # Errors
    /// If the stamp cannot be used.
    fn check_stamp(
        &mut self,
        verdict: &mut Verdict,
        path: &str,
        stamp: Option<&[u8]>,
        manifest: Digest,
    ) -> Result<(), Self::Error>;
}

/// How [`super::check()`] checks the releases of a package.
pub trait CheckRelease: PackageFiles {
    /// Checks one release of the package as a release by itself: [`super::check_undecoded`], and
    /// what only a decoder can check.
    ///
    /// # Errors
    /// If one of its files cannot be read.
    fn check_release(
        &mut self,
        verdict: &mut Verdict,
        release: &PackagedRelease,
        trust: &TrustStore,
    ) -> Result<(), Self::Error>;
}

/// A file of at most `max` bytes.
pub(super) fn read_small<F: PackageFiles>(
    files: &mut F,
    path: &str,
    max: u64,
) -> Result<Vec<u8>, F::Error> {
    let mut bytes = Vec::new();
    let mut reader = files.open(path)?.take(max + 1);
    let read = reader.read_to_end(&mut bytes);
    drop(reader);
    read.map_err(|source| RecordError::Read { source })?;
    let found = bytes.len() as u64;
    if found > max {
        return Err(RecordError::TooLarge { found, max }.into());
    }
    Ok(bytes)
}

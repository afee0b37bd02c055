//! Digests of files, and files that are flushed to disk.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use redact_core::Digest;
use sha2::{Digest as _, Sha256};

use crate::error::StoreError;

/// Where objects are, below a store's folder or prefix.
pub(crate) const OBJECTS: &str = "objects";

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 1 << 20;

/// The SHA-256 of `bytes`.
#[must_use]
pub fn digest_bytes(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// An error of the system, with the file.
pub(crate) fn io(path: &Path, what: &'static str) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { path, what, source }
}

/// The SHA-256 and the length of a file.
///
/// # Errors
/// [`StoreError::Io`] when it cannot be read.
pub fn digest_file(path: &Path) -> Result<(Digest, u64), StoreError> {
    copy_digesting(path, None)
}

/// Copies a file, and returns the SHA-256 and the length of what was read.
pub(crate) fn copy_digesting(
    from: &Path,
    mut to: Option<(&mut File, &Path)>,
) -> Result<(Digest, u64), StoreError> {
    let mut file = File::open(from).map_err(io(from, "open it"))?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut hash = Sha256::new();
    let mut length: u64 = 0;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(io(from, "read it")(error)),
        };
        hash.update(&buffer[..count]);
        if let Some((file, path)) = &mut to {
            file.write_all(&buffer[..count])
                .map_err(io(path, "write it"))?;
        }
        length += count as u64;
    }
    Ok((Digest(hash.finalize().into()), length))
}

/// Writes a folder's entries to disk, so that a rename in it survives a power failure.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let opened = File::open(folder).map_err(io(folder, "open the folder"))?;
    match opened.sync_all() {
        // Some network file systems refuse this for folders, and write them through.
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Ok(()),
        other => other.map_err(io(folder, "write the folder to disk")),
    }
}

/// A file as the system identifies it: device, number, length and time of the last change, which
/// every write sets and no program can set back.
type Identity = (u64, u64, u64, i64, i64);

/// Files whose digest this process computed, so that a recording of many chunks is read once for
/// that. A file that changes has another length or time.
#[derive(Debug, Default)]
pub struct VerifiedFiles {
    known: Mutex<HashMap<Identity, Digest>>,
}

impl VerifiedFiles {
    /// The file's digest, computed or remembered.
    ///
    /// # Errors
    /// [`StoreError::Io`] when it cannot be read.
    pub fn digest(&self, path: &Path) -> Result<Digest, StoreError> {
        let identity = identity(path)?;
        let known = |files: &Self| {
            let known = files.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&identity).copied()
        };
        if let Some(digest) = known(self) {
            return Ok(digest);
        }
        let (digest, _) = digest_file(path)?;
        // A file that changed meanwhile is digested again the next time.
        if self::identity(path)? == identity {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(identity, digest);
        }
        Ok(digest)
    }
}

fn identity(path: &Path) -> Result<Identity, StoreError> {
    let meta = std::fs::metadata(path).map_err(io(path, "read its length"))?;
    Ok((
        meta.dev(),
        meta.ino(),
        meta.len(),
        meta.ctime(),
        meta.ctime_nsec(),
    ))
}

#[cfg(test)]
mod tests {
    use super::{VerifiedFiles, digest_bytes, digest_file};

    /// Goal: a recording that changes after it was verified is found out. Control: the digest of
    /// one that did not change is the remembered one.
    #[test]
    fn a_changed_file_is_digested_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip é.mp4");
        std::fs::write(&path, b"first").unwrap();
        let files = VerifiedFiles::default();
        assert_eq!(files.digest(&path).unwrap(), digest_bytes(b"first"));
        assert_eq!(files.digest(&path).unwrap(), digest_bytes(b"first"));
        assert_eq!(files.known.lock().unwrap().len(), 1);
        std::fs::write(&path, b"second").unwrap();
        assert_eq!(files.digest(&path).unwrap(), digest_bytes(b"second"));
        let (digest, bytes) = digest_file(&path).unwrap();
        assert_eq!((digest, bytes), (digest_bytes(b"second"), 6));
        std::fs::remove_file(&path).unwrap();
        assert!(files.digest(&path).is_err());
    }
}

//! The files that a chunk needs on this machine: its plan, and the recording.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use redact_core::Digest;

use crate::error::StoreError;
use crate::files::{VerifiedFiles, io};
use crate::job::SourceFile;
use crate::store::Store;

/// Recordings that stay on this machine after their chunks, at most: fetched ones are as large as
/// an hour of video.
const FETCHED_MAX: usize = 4;

/// A fetched file; the last one that uses it may remove it.
type Fetched = Arc<tokio::sync::Mutex<Option<PathBuf>>>;

/// Files of this worker: verified ones, and fetched ones.
#[derive(Debug)]
pub(super) struct LocalFiles {
    folder: PathBuf,
    verified: Arc<VerifiedFiles>,
    fetched: Mutex<HashMap<Digest, Fetched>>,
}

impl LocalFiles {
    pub(super) fn new(scratch: &Path) -> Result<Self, StoreError> {
        let folder = scratch.join("fetched");
        std::fs::create_dir_all(&folder).map_err(io(&folder, "make the folder"))?;
        Ok(Self {
            folder,
            verified: Arc::default(),
            fetched: Mutex::default(),
        })
    }

    /// The recording: at its own path, if it is this one there, else from the store.
    pub(super) async fn source(
        &self,
        store: &Store,
        source: &SourceFile,
    ) -> Result<(PathBuf, Option<Fetched>), StoreError> {
        let verified = Arc::clone(&self.verified);
        let (path, expected) = (source.path.clone(), source.clone());
        let here = tokio::task::spawn_blocking(move || is_here(&verified, &expected)).await;
        let here =
            here.unwrap_or_else(|error| std::panic::resume_unwind(Box::new(error.to_string())));
        match here {
            Ok(true) => return Ok((path, None)),
            Ok(false) => {}
            // The store may have it nevertheless; if not, this says more.
            Err(error) => {
                let fetched = self.fetch(store, source.sha256).await;
                return match fetched {
                    Err(StoreError::Missing { .. }) => Err(error),
                    other => other.map(|(path, held)| (path, Some(held))),
                };
            }
        }
        let (path, held) = self.fetch(store, source.sha256).await?;
        Ok((path, Some(held)))
    }

    /// A file from the store. While what is returned beside the path is held, it stays.
    pub(super) async fn fetch(
        &self,
        store: &Store,
        object: Digest,
    ) -> Result<(PathBuf, Fetched), StoreError> {
        self.forget_unused(object);
        let entry = {
            let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(fetched.entry(object).or_default())
        };
        // Of several chunks that need it, one fetches it.
        let mut path = entry.lock().await;
        if let Some(path) = &*path {
            let path = path.clone();
            return Ok((path, Arc::clone(&entry)));
        }
        let file = self.folder.join(object.to_string());
        store.get(object, &file).await?;
        *path = Some(file.clone());
        drop(path);
        Ok((file, entry))
    }

    /// Removes fetched files that nothing uses, if there are too many.
    fn forget_unused(&self, wanted: Digest) {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if fetched.len() < FETCHED_MAX {
            return;
        }
        fetched.retain(|object, entry| {
            if *object == wanted || Arc::strong_count(entry) > 1 {
                return true;
            }
            // A file that cannot be removed is overwritten when it is fetched again.
            std::fs::remove_file(self.folder.join(object.to_string())).ok();
            false
        });
    }
}

/// Whether the recording is at its own path; an error if another file is there.
fn is_here(verified: &VerifiedFiles, source: &SourceFile) -> Result<bool, StoreError> {
    match std::fs::metadata(&source.path) {
        Ok(meta) if meta.is_file() => {}
        _ => return Ok(false),
    }
    let found = verified.digest(&source.path)?;
    if found != source.sha256 {
        return Err(StoreError::OtherFile {
            path: source.path.clone(),
            expected: source.sha256,
            found,
        });
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::LocalFiles;
    use crate::error::StoreError;
    use crate::job::SourceFile;
    use crate::store::{FolderStore, Store};
    use crate::{digest_bytes, digest_file};

    /// Goal: a chunk never reads a recording that changed. Method: the recording is at its path;
    /// then another is; then the right one is in the store, too; then only there.
    #[tokio::test]
    async fn the_recording_is_verified_or_fetched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("O'Neil clip é.mp4");
        std::fs::write(&path, b"recording").unwrap();
        let store = FolderStore::open(&folder.path().join("store"), "test").unwrap();
        let store = Store::Folder(store);
        let files = LocalFiles::new(&folder.path().join("scratch")).unwrap();
        let source = SourceFile {
            path: path.clone(),
            sha256: digest_bytes(b"recording"),
            bytes: 9,
        };
        let (found, _) = files.source(&store, &source).await.unwrap();
        assert_eq!(found, path);

        let copy = folder.path().join("copy");
        std::fs::write(&copy, b"recording").unwrap();
        std::fs::write(&path, b"another one").unwrap();
        let refused = files.source(&store, &source).await.unwrap_err();
        assert!(matches!(refused, StoreError::OtherFile { .. }), "{refused}");

        store.put(&copy, source.sha256).await.unwrap();
        let (found, held) = files.source(&store, &source).await.unwrap();
        assert_ne!(found, path);
        assert_eq!(digest_file(&found).unwrap().0, source.sha256);
        drop(held);

        std::fs::remove_file(&path).unwrap();
        let (found, _) = files.source(&store, &source).await.unwrap();
        assert_eq!(digest_file(&found).unwrap().0, source.sha256);
    }
}

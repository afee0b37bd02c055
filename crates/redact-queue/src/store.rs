//! The store of files: plans, recordings and outputs, each named by its digest.
//!
//! Whatever is read from it is compared with its name, every time. An object is written to a
//! partial file, flushed to disk and then renamed, so no object is ever half written.

mod folder;
mod s3;

use std::collections::HashSet;
use std::path::Path;

use redact_core::Digest;

pub use folder::FolderStore;
pub use s3::{S3Options, S3Store};

use crate::error::StoreError;

/// A store.
#[derive(Clone, Debug)]
pub enum Store {
    /// A folder that all machines have mounted.
    Folder(FolderStore),
    /// A bucket.
    S3(S3Store),
}

impl Store {
    /// Stores a file, unless its object is already there and intact.
    ///
    /// # Errors
    /// [`StoreError::OtherFile`] if the file has another digest, and what the store refuses.
    pub async fn put(&self, file: &Path, object: Digest) -> Result<(), StoreError> {
        match self {
            Self::Folder(store) => store.put(file, object).await,
            Self::S3(store) => store.put(file, object).await,
        }
    }

    /// Fetches an object into a file, which must not exist; the digest is checked.
    ///
    /// # Errors
    /// [`StoreError::Missing`] and [`StoreError::Damaged`], with the object's name, and what the
    /// store or the disk refuses. No file is left then.
    pub async fn get(&self, object: Digest, file: &Path) -> Result<(), StoreError> {
        let fetched = match self {
            Self::Folder(store) => store.get(object, file).await,
            Self::S3(store) => store.get(object, file).await,
        };
        if fetched.is_err() {
            // The partial file is of no use; if it cannot be removed, the first error says more.
            std::fs::remove_file(file).ok();
        }
        fetched
    }

    /// Removes an object; returns whether it was there.
    ///
    /// # Errors
    /// What the store refuses.
    pub async fn remove(&self, object: Digest) -> Result<bool, StoreError> {
        match self {
            Self::Folder(store) => store.remove(object),
            Self::S3(store) => store.remove(object).await,
        }
    }

    /// Removes files that are at least `days` old and not `needed`, and what was half written by
    /// then; gives their number. In a bucket, a lifecycle rule does that.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn remove_unused(&self, days: u32, needed: &HashSet<Digest>) -> Result<usize, StoreError> {
        match self {
            Self::Folder(store) => store.remove_unused(days, needed),
            Self::S3(_) => Ok(0),
        }
    }

    /// Whether workers on other machines can be expected to open a file of this machine by its
    /// path: it is below the folder that the store is in, which all of them have mounted.
    #[must_use]
    pub fn shares(&self, file: &Path) -> bool {
        match self {
            Self::Folder(store) => store.shares(file),
            Self::S3(_) => false,
        }
    }

    /// The store, for people: no credentials.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Folder(store) => store.name(),
            Self::S3(store) => store.name(),
        }
    }
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

//! A store in a folder, local or mounted from a file server.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redact_core::Digest;

use crate::error::StoreError;
use crate::files::{OBJECTS, copy_digesting, digest_file, io, sync_folder};

/// Objects that are being written: `partial/…`.
const PARTIAL: &str = "partial";

/// A folder with `objects/SHA256` in it.
#[derive(Clone, Debug)]
pub struct FolderStore {
    folder: PathBuf,
    /// Distinguishes partial files of this process.
    count: Arc<AtomicU64>,
    /// Distinguishes partial files of machines and processes.
    writer: String,
}

impl FolderStore {
    /// Opens a store, and makes its folders. `writer` is this process's name, unlike that of any
    /// other: it names partial files.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder cannot be made.
    pub fn open(folder: &Path, writer: &str) -> Result<Self, StoreError> {
        for name in [OBJECTS, PARTIAL] {
            let folder = folder.join(name);
            std::fs::create_dir_all(&folder).map_err(io(&folder, "make the folder"))?;
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        Ok(Self {
            folder: folder.to_owned(),
            count: Arc::new(AtomicU64::new(0)),
            writer: writer.replace(|c| !is_plain(c), "-"),
        })
    }

    /// The folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.folder.display().to_string()
    }

    /// Where an object is, whether it exists or not.
    #[must_use]
    pub fn path(&self, object: Digest) -> PathBuf {
        self.folder.join(OBJECTS).join(object.to_string())
    }

    pub(super) fn remove(&self, object: Digest) -> Result<bool, StoreError> {
        let path = self.path(object);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(io(&path, "remove it")(error)),
        }
    }

    pub(super) fn remove_unused(
        &self,
        days: u32,
        needed: &HashSet<Digest>,
    ) -> Result<usize, StoreError> {
        let age = Duration::from_secs(u64::from(days) * 24 * 3600);
        let mut removed = 0;
        for name in [OBJECTS, PARTIAL] {
            let folder = self.folder.join(name);
            let entries = std::fs::read_dir(&folder).map_err(io(&folder, "list it"))?;
            for entry in entries {
                let entry = entry.map_err(io(&folder, "list it"))?;
                let name = entry.file_name();
                let object = name.to_str().and_then(Digest::from_hex);
                let is_needed = object.is_some_and(|object| needed.contains(&object));
                let modified = entry.metadata().and_then(|data| data.modified());
                let is_old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|old| old >= age));
                if is_old && !is_needed {
                    let path = entry.path();
                    std::fs::remove_file(&path).map_err(io(&path, "remove it"))?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    pub(super) fn shares(&self, file: &Path) -> bool {
        let (Ok(folder), Ok(file)) = (self.folder.canonicalize(), file.canonicalize()) else {
            return false;
        };
        folder.parent().is_some_and(|shared| {
            // A store at the top of a file system shares nothing but itself.
            shared.parent().is_some() && file.starts_with(shared)
        })
    }

    pub(super) async fn put(&self, file: &Path, object: Digest) -> Result<(), StoreError> {
        let (store, file) = (self.clone(), file.to_owned());
        blocking(move || store.put_now(&file, object)).await
    }

    pub(super) async fn get(&self, object: Digest, file: &Path) -> Result<(), StoreError> {
        let (store, file) = (self.clone(), file.to_owned());
        blocking(move || store.get_now(object, &file)).await
    }

    fn put_now(&self, file: &Path, object: Digest) -> Result<(), StoreError> {
        let path = self.path(object);
        if let Ok((found, _)) = digest_file(&path)
            && found == object
        {
            return Ok(());
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let partial = self
            .folder
            .join(PARTIAL)
            .join(format!("{}.{number}", self.writer));
        let written = write_copy(file, &partial, object)
            .and_then(|()| std::fs::rename(&partial, &path).map_err(io(&path, "name it")));
        if written.is_err() {
            std::fs::remove_file(&partial).ok();
        }
        written?;
        sync_folder(&self.folder.join(OBJECTS))
    }

    fn get_now(&self, object: Digest, file: &Path) -> Result<(), StoreError> {
        let path = self.path(object);
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => {
                return Err(StoreError::Missing {
                    object,
                    store: self.name(),
                });
            }
            Err(error) => return Err(io(&path, "find it")(error)),
        }
        let mut to = File::create_new(file).map_err(io(file, "make it"))?;
        let (found, bytes) = copy_digesting(&path, Some((&mut to, file)))?;
        if found != object {
            return Err(StoreError::Damaged {
                object,
                store: self.name(),
                bytes,
                found,
            });
        }
        to.sync_all().map_err(io(file, "write it to disk"))
    }
}

fn write_copy(from: &Path, to: &Path, expected: Digest) -> Result<(), StoreError> {
    let mut file = File::create(to).map_err(io(to, "make it"))?;
    let (found, _) = copy_digesting(from, Some((&mut file, to)))?;
    if found != expected {
        return Err(StoreError::OtherFile {
            path: from.to_owned(),
            expected,
            found,
        });
    }
    file.sync_all().map_err(io(to, "write it to disk"))
}

/// Runs a blocking call on a thread for that purpose.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only while the runtime shuts down, when nobody waits for the answer.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::FolderStore;
    use crate::digest_bytes;
    use crate::error::StoreError;

    fn file(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Goal: what a store gives is what its name says. Method: an object is stored, then
    /// truncated, then removed, then stored again. Control: the intact object is given.
    #[test]
    fn lost_and_truncated_objects_are_found_out_and_repaired() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(&folder.path().join("a b'é"), "test").unwrap();
        let object = digest_bytes(b"output");
        let output = file(folder.path(), "out", b"output");
        let to = folder.path().join("fetched");

        store.put_now(&output, object).unwrap();
        store.get_now(object, &to).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"output");
        std::fs::remove_file(&to).unwrap();

        std::fs::write(store.path(object), b"outp").unwrap();
        let damaged = store.get_now(object, &to).unwrap_err();
        assert!(matches!(damaged, StoreError::Damaged { bytes: 4, .. }));
        assert!(damaged.to_string().contains(&object.to_string()));
        assert_eq!(damaged.lost_object(), Some(object));
        std::fs::remove_file(&to).ok();

        // Storing it again repairs it, although there is a file under its name.
        store.put_now(&output, object).unwrap();
        store.get_now(object, &to).unwrap();
        std::fs::remove_file(&to).unwrap();

        std::fs::remove_file(store.path(object)).unwrap();
        let missing = store.get_now(object, &to).unwrap_err();
        assert!(matches!(missing, StoreError::Missing { .. }));
        assert!(missing.to_string().contains(&object.to_string()));
    }

    /// Goal: nothing gets a name that is not its digest, and nothing partial stays.
    #[test]
    fn a_file_with_another_digest_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path(), "test").unwrap();
        let other = file(folder.path(), "out", b"other");
        let object = digest_bytes(b"output");
        let refused = store.put_now(&other, object).unwrap_err();
        assert!(matches!(refused, StoreError::OtherFile { .. }));
        assert!(!store.path(object).exists());
        let partial = std::fs::read_dir(folder.path().join("partial")).unwrap();
        assert_eq!(partial.count(), 0);
    }

    /// Goal: a full disk is distinguished from other faults, because another machine may go on.
    #[test]
    fn a_full_disk_is_recognized() {
        let folder = tempfile::tempdir().unwrap();
        let output = file(folder.path(), "out", &vec![0; 1 << 16]);
        let full =
            super::write_copy(&output, Path::new("/dev/full"), digest_bytes(b"")).unwrap_err();
        assert!(full.is_full(), "{full}");
        let missing = super::write_copy(
            Path::new("/none"),
            Path::new("/dev/null"),
            digest_bytes(b""),
        );
        assert!(!missing.unwrap_err().is_full());
    }
}

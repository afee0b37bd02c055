//! Signed files in a folder of this user's own.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use redact_core::Digest;
use redact_record::sign::{KeyPair, SIGNATURE_BYTES_MAX, Signed};

use crate::error::{Context as _, Result};
use crate::ports::{Clock, SegmentKind};

/// Files that were not used for this long are removed: a correction comes within weeks.
const AGE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// Bytes of all files; beyond, the oldest are removed.
const BYTES_MAX: u64 = 4 << 30;

/// How the folders begin through which segments come and go.
const EXCHANGE: &str = "exchange-";

/// No render takes longer.
const EXCHANGE_AGE_MAX: Duration = Duration::from_secs(3 * 24 * 3600);

/// Bytes of one file: a segment is some seconds of pictures.
const FILE_BYTES_MAX: u64 = 512 << 20;

const fn ending(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Pictures => "pictures",
        SegmentKind::Evidence => "found",
        SegmentKind::Proofs => "proved",
    }
}

pub(super) struct SegmentStore {
    folder: PathBuf,
    key: KeyPair,
    clock: Arc<dyn Clock>,
}

impl SegmentStore {
    /// The folder at `path`, for its owner alone.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn open(path: &Path, key: KeyPair, clock: Arc<dyn Clock>) -> Result<Self> {
        create_folder(path)?;
        let store = Self {
            folder: path.to_owned(),
            key,
            clock,
        };
        store.make_room();
        Ok(store)
    }

    /// A folder for one render: see [`exchange_in`].
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn exchange(&self) -> Result<tempfile::TempDir> {
        exchange_in(&self.folder)
    }

    fn path(&self, name: Digest, kind: SegmentKind) -> PathBuf {
        self.folder.join(format!("{name}.{}", ending(kind)))
    }

    /// What was stored under `name`; `None` when it is not there or was changed.
    pub(super) fn load(&self, name: Digest, kind: SegmentKind) -> Option<Vec<u8>> {
        let path = self.path(name, kind);
        let file = File::open(&path).ok()?;
        let length = file.metadata().ok()?.len();
        let mut bytes = Vec::new();
        if length <= FILE_BYTES_MAX {
            std::io::Read::read_to_end(&mut std::io::Read::take(file, length), &mut bytes).ok()?;
        }
        let content = self.opened(name, kind, &bytes);
        if content.is_none() {
            tracing::warn!("a cached segment was changed on disk and is not used");
            fs::remove_file(&path).ok();
        } else if let Ok(file) = File::options().append(true).open(&path) {
            // What is used is not old.
            file.set_modified(SystemTime::now()).ok();
        }
        content
    }

    /// The content behind a signature that holds for it under this name.
    fn opened(&self, name: Digest, kind: SegmentKind, bytes: &[u8]) -> Option<Vec<u8>> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        if u64::from(length) > SIGNATURE_BYTES_MAX {
            return None;
        }
        let (signature, signed) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let signature = std::str::from_utf8(signature).ok()?;
        let own = self.key.public();
        own.verify_bytes(signed, signature, Signed::CachedSegment)
            .ok()?;
        let content = signed.strip_prefix(heading(name, kind).as_bytes())?;
        Some(content.to_vec())
    }

    /// Stores `content` under `name`. Where that fails, the next render has more to do.
    pub(super) fn save(&self, name: Digest, kind: SegmentKind, content: &[u8]) {
        if let Err(error) = self.try_save(name, kind, content) {
            tracing::warn!("cannot cache a segment: {}", error.text());
        }
    }

    fn try_save(&self, name: Digest, kind: SegmentKind, content: &[u8]) -> Result<()> {
        let mut signed = heading(name, kind).into_bytes();
        signed.extend_from_slice(content);
        let signature = self
            .key
            .sign_bytes(&signed, Signed::CachedSegment, self.clock.now())?;
        let length = u32::try_from(signature.len()).unwrap_or(u32::MAX);
        let path = self.path(name, kind);
        let partial =
            path.with_extension(format!("{}.{}.partial", ending(kind), std::process::id()));
        let written = write(
            &partial,
            &[&length.to_le_bytes(), signature.as_bytes(), &signed],
        )
        .and_then(|()| fs::rename(&partial, &path));
        if written.is_err() {
            fs::remove_file(&partial).ok();
        }
        Ok(written?)
    }

    /// Removes what is too old, and the oldest of what is too much.
    pub(super) fn make_room(&self) {
        let mut files = listed(&self.folder);
        files.sort_unstable_by_key(|file| std::cmp::Reverse(file.0));
        let (now, mut bytes) = (SystemTime::now(), 0_u64);
        for (used, length, path) in files {
            bytes = bytes.saturating_add(length);
            let age = now.duration_since(used).unwrap_or_default();
            if bytes > BYTES_MAX || age > AGE_MAX {
                fs::remove_file(path).ok();
            }
        }
    }
}

/// Makes a folder for its owner alone, if need be.
fn create_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).in_file(path)
}

/// A new folder in `folder` for one render or task, for its owner alone; those that a kill left
/// behind go.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn exchange_in(folder: &Path) -> Result<tempfile::TempDir> {
    create_folder(folder)?;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(EXCHANGE);
        let age = entry.metadata().and_then(|data| data.modified());
        let old = age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > EXCHANGE_AGE_MAX));
        if ours && old {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
    tempfile::Builder::new()
        .prefix(EXCHANGE)
        .tempdir_in(folder)
        .in_file(folder)
}

/// When each file was used, its length, and where it is.
fn listed(folder: &Path) -> Vec<(SystemTime, u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let data = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some((data.modified().ok()?, data.len(), entry.path()))
    });
    files.collect()
}

/// What a signature covers beside the content: a file under another name is not believed.
fn heading(name: Digest, kind: SegmentKind) -> String {
    format!("redact {} {name}\n", ending(kind))
}

/// Reads a file that the worker made: a plain file, of a length that a segment has.
pub(super) fn read_foreign(path: &Path) -> Option<Vec<u8>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = File::options()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .ok()?;
    let data = file.metadata().ok()?;
    if !data.is_file() || data.len() > FILE_BYTES_MAX {
        return None;
    }
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, FILE_BYTES_MAX), &mut bytes).ok()?;
    Some(bytes)
}

pub(super) fn write(path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    let mut options = File::options();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    parts.iter().try_for_each(|part| file.write_all(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::UtcNanos;
    use std::os::unix::fs::PermissionsExt as _;

    fn open(path: &Path) -> SegmentStore {
        let key = KeyPair::generate(None).unwrap();
        SegmentStore::open(path, key, Arc::new(|| UtcNanos(0))).unwrap()
    }

    const NAME: Digest = Digest([1; 32]);

    #[test]
    fn what_is_stored_comes_back_and_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir.path().join("runs"));
        assert_eq!(store.load(NAME, SegmentKind::Pictures), None);
        store.save(NAME, SegmentKind::Pictures, b"pictures");
        assert_eq!(
            store.load(NAME, SegmentKind::Pictures).unwrap(),
            b"pictures"
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.folder), 0o700);
        assert_eq!(mode(&store.path(NAME, SegmentKind::Pictures)), 0o600);
    }

    /// Goal: nothing is believed but what this key signed, under the name it was signed for.
    #[test]
    fn what_was_changed_or_moved_or_signed_by_others_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir.path().join("runs"));
        let path = store.path(NAME, SegmentKind::Pictures);
        store.save(NAME, SegmentKind::Pictures, b"pictures");
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            assert_eq!(
                store.opened(NAME, SegmentKind::Pictures, &changed),
                None,
                "{place}"
            );
        }
        for length in 0..whole.len() {
            let cut = &whole[..length];
            assert_eq!(
                store.opened(NAME, SegmentKind::Pictures, cut),
                None,
                "{length}"
            );
        }
        let other = Digest([2; 32]);
        assert_eq!(store.opened(other, SegmentKind::Pictures, &whole), None);
        assert_eq!(store.opened(NAME, SegmentKind::Evidence, &whole), None);
        let stranger = open(&store.folder);
        assert_eq!(stranger.load(NAME, SegmentKind::Pictures), None);
        assert!(!path.exists(), "what is not believed is removed");
    }

    #[test]
    fn what_is_old_goes() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir.path().join("runs"));
        store.save(NAME, SegmentKind::Evidence, b"new");
        store.save(NAME, SegmentKind::Pictures, b"old");
        let path = store.path(NAME, SegmentKind::Pictures);
        let file = File::options().append(true).open(&path).unwrap();
        let long_ago = SystemTime::now() - AGE_MAX - Duration::from_secs(1);
        file.set_modified(long_ago).unwrap();
        store.make_room();
        assert!(!path.exists());
        assert_eq!(store.load(NAME, SegmentKind::Evidence).unwrap(), b"new");
    }
}

//! The files of a backup: their list with digests, and copies of them.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};

use redact_core::Digest;
use redact_record::Hasher;
use serde::{Deserialize, Serialize};

use super::backup_error::BackupError;
use crate::private;

/// The list of a backup's files.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The digest of the list.
pub(crate) const MANIFEST_DIGEST: &str = "manifest.json.sha256";

/// The folder with the files of the data folder.
pub(crate) const DATA: &str = "data";

/// The event log.
pub(crate) const EVENTS: &str = "events.jsonl";

/// The version of the list.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// Largest list that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 4 << 30;

/// Bytes that are copied at a time.
const PIECE: usize = 1 << 20;

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackedUp {
    /// Its place in the backup.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackupManifest {
    pub(crate) format_version: u32,
    /// The program that wrote it.
    pub(crate) program: String,
    /// The schema version of the database.
    pub(crate) schema: i64,
    /// The moment of which everything in it is, in RFC 3339.
    pub(crate) at: String,
    pub(crate) files: Vec<BackedUp>,
}

impl BackupManifest {
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Reports bytes that were done; may ask to stop.
pub(crate) type Advance<'a> = &'a (dyn Fn(u64) -> ControlFlow<()> + Sync);

/// Copies the first `bytes` bytes of a file to a new one, and gives their digest. `to` is on disk
/// afterward.
///
/// # Errors
/// [`BackupError::Read`] if there are fewer bytes, [`BackupError::Write`],
/// [`BackupError::Cancelled`].
pub(crate) fn copy(
    from: &Path,
    to: &Path,
    bytes: u64,
    report: Advance<'_>,
) -> Result<Digest, BackupError> {
    let unread = |source| BackupError::read(from, source);
    let unwritten = |source| BackupError::write(to, source);
    let mut source = File::open(from).map_err(unread)?.take(bytes);
    if let Some(folder) = to.parent() {
        private::folder(folder)?;
    }
    let mut target = private::new_file(to).map_err(unwritten)?;
    let mut hasher = Hasher::new();
    let mut piece = vec![0; PIECE];
    let mut copied = 0;
    loop {
        let count = source.read(&mut piece).map_err(unread)?;
        if count == 0 {
            break;
        }
        let part = &piece[..count];
        hasher.update(part);
        target.write_all(part).map_err(unwritten)?;
        copied += count as u64;
        if report(count as u64).is_break() {
            return Err(BackupError::Cancelled);
        }
    }
    if copied != bytes {
        let short = format!("has {copied} bytes, expected {bytes}");
        return Err(unread(io::Error::other(short)));
    }
    target.sync_all().map_err(unwritten)?;
    Ok(hasher.finish())
}

/// Writes the list and its digest, which is returned.
///
/// # Errors
/// [`BackupError::Write`].
pub(crate) fn write_manifest(
    folder: &Path,
    manifest: &BackupManifest,
) -> Result<String, BackupError> {
    let path = folder.join(MANIFEST);
    let text = serde_json::to_vec_pretty(manifest).map_err(io::Error::other);
    let text = text.map_err(|source| BackupError::write(&path, source))?;
    private::write(&path, &text)?;
    let digest = redact_record::digest_bytes(&text).to_string();
    private::write(
        &folder.join(MANIFEST_DIGEST),
        format!("{digest}\n").as_bytes(),
    )?;
    Ok(digest)
}

/// Reads the list of a backup and compares it with its digest.
///
/// # Errors
/// [`BackupError::NoBackup`], [`BackupError::Damaged`], [`BackupError::Newer`].
pub(crate) fn read_manifest(folder: &Path) -> Result<BackupManifest, BackupError> {
    let path = folder.join(MANIFEST);
    if !path.is_file() {
        return Err(BackupError::NoBackup {
            path: folder.to_owned(),
        });
    }
    let damaged = |what: String| BackupError::Damaged {
        path: path.clone(),
        what,
    };
    let read = |path: &Path, most| redact_record::read(path, most);
    let text = read(&path, MANIFEST_BYTES_MAX).map_err(|error| damaged(error.to_string()))?;
    let said = read(&folder.join(MANIFEST_DIGEST), 1000);
    let said = said.map_err(|error| damaged(format!("its digest cannot be read: {error}")))?;
    let found = redact_record::digest_bytes(&text).to_string();
    if String::from_utf8_lossy(&said).trim() != found {
        return Err(damaged("its digest is another one".to_owned()));
    }
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    let version = value["format_version"].as_i64().unwrap_or_default();
    if version > i64::from(FORMAT_VERSION) {
        return Err(BackupError::Newer {
            found: version,
            known: FORMAT_VERSION.into(),
        });
    }
    let manifest: BackupManifest =
        serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
    for file in &manifest.files {
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if file.path.is_empty() || !Path::new(&file.path).components().all(plain) {
            return Err(damaged(format!(
                "{:?} is not a path in a backup",
                file.path
            )));
        }
    }
    Ok(manifest)
}

/// Reads a file of a backup again and compares it with the list.
///
/// # Errors
/// [`BackupError::Damaged`], [`BackupError::Cancelled`].
pub(crate) fn check(
    folder: &Path,
    file: &BackedUp,
    report: Advance<'_>,
) -> Result<(), BackupError> {
    let path: PathBuf = folder.join(&file.path);
    let mut before = 0;
    let mut is_stopped = false;
    let mut advance = |done: u64, _| {
        let next = report(done.saturating_sub(before));
        before = done;
        is_stopped = next.is_break();
        next
    };
    let read = redact_record::digest_file(&path, &mut advance);
    if is_stopped {
        return Err(BackupError::Cancelled);
    }
    let damaged = |what: String| BackupError::Damaged {
        path: path.clone(),
        what,
    };
    let (digest, bytes) = read.map_err(|error| damaged(error.to_string()))?;
    if bytes != file.bytes {
        return Err(damaged(format!(
            "has {bytes} bytes, expected {}",
            file.bytes
        )));
    }
    if digest.to_string() != file.sha256 {
        return Err(damaged(format!(
            "its SHA-256 is {digest}, expected {}",
            file.sha256
        )));
    }
    Ok(())
}

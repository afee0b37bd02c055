//! Whom the caller believes, and signed records as they lie on disk.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_check::records::SignedBytes;
use redact_record::manifest;
use redact_record::sign::{
    APPROVER_SUFFIX, ApproverRecord, PublicKey, ROTATION_KEY_SUFFIX, Rotation, TrustStore,
    TrustedKey,
};

/// How files end that hand over from one key to the next.
const ROTATION_SUFFIX: &str = ".rotation.json";

/// The keys in `files`: public keys, statements of new keys, records of approvers' keys.
///
/// # Errors
/// When one cannot be read, or nobody in `files` vouches for it.
pub(crate) fn trusted(files: &[PathBuf]) -> Result<TrustStore> {
    let ends = |file: &&PathBuf, suffix: &str| file.to_string_lossy().ends_with(suffix);
    let (rotations, files): (Vec<_>, Vec<_>) =
        files.iter().partition(|file| ends(file, ROTATION_SUFFIX));
    let (rotation_keys, files): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|file| ends(file, ROTATION_KEY_SUFFIX));
    let (approvers, keys): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|file| ends(file, APPROVER_SUFFIX));
    let key = |file: &PathBuf| -> Result<TrustedKey> {
        let key = PublicKey::load(file).with_context(|| file.display().to_string())?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.into_owned();
        Ok(TrustedKey { name, key })
    };
    let keys: Vec<TrustedKey> = keys.into_iter().map(key).collect::<Result<_>>()?;
    let mut store = TrustStore::of(keys)?;
    for file in rotation_keys {
        let name = || file.display().to_string();
        let key = PublicKey::load(file).with_context(name)?;
        let believed = store.trust_rotation_key(&name(), &key);
        believed.with_context(name)?;
    }
    for file in rotations {
        let name = || file.display().to_string();
        let rotation = Rotation::load(file).with_context(name)?;
        store.follow(&rotation).with_context(name)?;
    }
    for file in approvers {
        let name = || file.display().to_string();
        let record = ApproverRecord::load(file).with_context(name)?;
        store.follow_approver(&record).with_context(name)?;
    }
    Ok(store)
}

/// A record and the signature beside it.
///
/// # Errors
/// When one of them cannot be read.
pub(crate) fn read_signed(path: &Path) -> Result<SignedBytes> {
    let bytes = manifest::read_bytes(path).with_context(|| path.display().to_string())?;
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    let beside = PathBuf::from(name);
    let text = manifest::read_bytes(&beside).with_context(|| beside.display().to_string())?;
    let signature = String::from_utf8_lossy(&text).into_owned();
    Ok(SignedBytes { bytes, signature })
}

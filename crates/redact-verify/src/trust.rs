//! Signed records on disk.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_check::records::SignedBytes;
use redact_record::manifest;

/// A record and the signature beside it.
///
/// # Errors
/// If one of them cannot be read.
pub(crate) fn read_signed(path: &Path) -> Result<SignedBytes> {
    let bytes = manifest::read_bytes(path).with_context(|| path.display().to_string())?;
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    let beside = PathBuf::from(name);
    let text = manifest::read_bytes(&beside).with_context(|| beside.display().to_string())?;
    let signature = String::from_utf8_lossy(&text).into_owned();
    Ok(SignedBytes { bytes, signature })
}

//! Names of the files that say which keys are trusted, and how one is written and read.

use std::path::{Path, PathBuf};

use super::signature::{self, SIGNATURE_BYTES_MAX};
use crate::{RecordError, store};

/// Ending of files with rotation statements.
pub const ROTATION_SUFFIX: &str = ".rotation.json";
/// Ending of files with rotation keys.
pub const ROTATION_KEY_SUFFIX: &str = ".rotation.pub";
/// Ending of files with records of approvers' keys.
pub(super) const APPROVER_SUFFIX: &str = ".approver.json";
/// Ending of files with revoked keys.
pub(super) const REVOKED_SUFFIX: &str = ".revoked";
/// Ending of files with signatures.
pub(super) const SIGNATURE_SUFFIX: &str = ".minisig";

/// The folder with rotation keys, below the trust folder.
pub(super) const ROTATION_FOLDER: &str = "rotation";
/// The folder with records of approvers' keys, below the trust folder.
pub(super) const APPROVER_FOLDER: &str = "approvers";

/// Makes a folder, if need be.
pub(super) fn create_folder(folder: &Path) -> Result<(), RecordError> {
    std::fs::create_dir_all(folder).map_err(|source| RecordError::Write { source })
}

/// The text of a signature's file.
pub(super) fn text_of(signature: Vec<u8>) -> Result<String, RecordError> {
    String::from_utf8(signature)
        .map_err(|_| RecordError::Signature(signature::malformed("not text")))
}

/// Where the signature of the file at `path` lies.
pub(super) fn signature_beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SIGNATURE_SUFFIX);
    PathBuf::from(name)
}

/// A statement about a key and the signature beside it.
pub(super) fn read_signed(path: &Path) -> Result<(Vec<u8>, String), RecordError> {
    let signature = store::read(&signature_beside(path), SIGNATURE_BYTES_MAX)?;
    Ok((store::read(path, SIGNATURE_BYTES_MAX)?, text_of(signature)?))
}

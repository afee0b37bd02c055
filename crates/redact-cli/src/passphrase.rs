//! Passphrases of packages, from files.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Maximum length of a file with a passphrase, in bytes.
const PASSPHRASE_FILE_MAX: u64 = 4096;

/// The first line of a file.
///
/// # Errors
/// When it cannot be read, is not text or has no first line.
pub(crate) fn read_passphrase(path: &Path) -> Result<String> {
    let name = || path.display().to_string();
    let bytes = redact_record::read(path, PASSPHRASE_FILE_MAX).with_context(name)?;
    let text = String::from_utf8(bytes)
        .ok()
        .context("not text; expected a passphrase");
    let text = text.with_context(name)?;
    let line = text.lines().next().unwrap_or_default();
    let line = (!line.is_empty()).then(|| line.to_owned());
    line.context("empty; expected a passphrase on the first line")
        .with_context(name)
}

//! The list of digests in the format of `sha256sum -c`.

use redact_core::Digest;

/// Maximum length of the list in bytes.
pub const SUMS_BYTES_MAX: u64 = 64 << 20;

/// Why a list of digests is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SumsError {
    /// It is not text.
    #[error("not text")]
    NotText,
    /// A line has another form.
    #[error("line {line}: expected 64 lower-case hexadecimal digits, two spaces and a name")]
    Line {
        /// Its number, from 1.
        line: usize,
    },
}

/// The list for `files`, sorted by name.
pub fn sums<'a>(files: impl IntoIterator<Item = (&'a str, Digest)>) -> String {
    let mut files: Vec<(&str, Digest)> = files.into_iter().collect();
    files.sort_unstable_by_key(|(path, _)| *path);
    let lines = files
        .iter()
        .map(|(path, digest)| format!("{digest}  {path}\n"));
    lines.collect()
}

/// Names and digests of a list, in its order.
///
/// # Errors
/// [`SumsError`] for what `sha256sum` would not write for these names.
pub fn parse_sums(bytes: &[u8]) -> Result<Vec<(String, Digest)>, SumsError> {
    let text = std::str::from_utf8(bytes).map_err(|_| SumsError::NotText)?;
    let parse = |(line, text): (usize, &str)| {
        let (digest, path) = text.split_once("  ").ok_or(SumsError::Line { line })?;
        let parsed = Digest::from_hex(digest).filter(|parsed| parsed.to_string() == digest);
        match parsed {
            Some(digest) if !path.is_empty() => Ok((path.to_owned(), digest)),
            _ => Err(SumsError::Line { line }),
        }
    };
    (1..).zip(text.lines()).map(parse).collect()
}

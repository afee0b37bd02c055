//! The verdict as a file for people.

use std::path::Path;

use redact_check::Verdict;
use redact_core::UtcNanos;

use crate::error::{Context as _, ReleaseError, Result};

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportForm {
    /// A page to print.
    Pdf,
    /// A page for a browser.
    Html,
    /// Data.
    Json,
}

impl ReportForm {
    /// By the extension of `path`.
    ///
    /// # Errors
    /// When it is another.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_lowercase().as_str() {
            "pdf" => Ok(Self::Pdf),
            "html" => Ok(Self::Html),
            "json" => Ok(Self::Json),
            other => {
                let ending = other.to_owned();
                Err(ReleaseError::ReportEnding { ending }).in_file(path)
            }
        }
    }

    /// Writes the verdict on `release` to `path`.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn write(
        self,
        verdict: &Verdict,
        release: &Path,
        path: &Path,
        now: UtcNanos,
    ) -> Result<()> {
        let name = release.file_name().unwrap_or_default().to_string_lossy();
        let program = concat!("redact ", env!("CARGO_PKG_VERSION"));
        let report = verdict.report(&name, program, now);
        let bytes = match self {
            Self::Pdf => report.pdf()?,
            Self::Html => report.html()?.into_bytes(),
            Self::Json => report.json(),
        };
        // What is in the way was refused before; --force says that it may go.
        redact_record::write(path, &bytes, redact_record::Overwrite::Replace).in_file(path)
    }
}

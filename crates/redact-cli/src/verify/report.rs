//! The verdict as a file for people.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_check::Verdict;

use crate::approve;

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReportForm {
    Pdf,
    Html,
    Json,
}

impl ReportForm {
    /// By the extension of `path`.
    ///
    /// # Errors
    /// When it is another.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_lowercase().as_str() {
            "pdf" => Ok(Self::Pdf),
            "html" => Ok(Self::Html),
            "json" => Ok(Self::Json),
            other => bail!(
                "{}: a report ends in .pdf, .html or .json, not in {other:?}",
                path.display()
            ),
        }
    }

    /// Writes the verdict on `release` to `path`.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub(super) fn write(self, verdict: &Verdict, release: &Path, path: &Path) -> Result<()> {
        let name = release.file_name().unwrap_or_default().to_string_lossy();
        let program = concat!("redact ", env!("CARGO_PKG_VERSION"));
        let report = verdict.report(&name, program, approve::now());
        let bytes = match self {
            Self::Pdf => report.pdf()?,
            Self::Html => report.html()?.into_bytes(),
            Self::Json => report.json(),
        };
        // What is in the way was refused before; --force says that it may go.
        redact_record::write(path, &bytes, redact_record::Overwrite::Replace)
            .with_context(|| path.display().to_string())
    }
}

//! The files of a release: paths, names, and who may have them.

use std::path::{Path, PathBuf};

use redact_record::release_paths;
use serde::{Deserialize, Serialize};

use crate::id::Id;

/// The files of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileKind {
    Release,
    /// What is said in it; absent if nothing was transcribed.
    Captions,
    Manifest,
    ManifestSignature,
    Sealed,
    SealedSignature,
    Log,
    LogCsv,
    LogPdf,
    Report,
}

impl FileKind {
    pub(crate) const ALL: [Self; 10] = [
        Self::Release,
        Self::Captions,
        Self::Manifest,
        Self::ManifestSignature,
        Self::Sealed,
        Self::SealedSignature,
        Self::Log,
        Self::LogCsv,
        Self::LogPdf,
        Self::Report,
    ];

    /// Whether it reveals what was hidden and must stay with the agency.
    pub(crate) const fn is_sealed(self) -> bool {
        matches!(self, Self::Sealed | Self::SealedSignature)
    }

    pub(crate) fn path(self, release: &Path) -> PathBuf {
        let paths = release_paths(release);
        match self {
            Self::Release => release.to_owned(),
            Self::Captions => release.with_extension("vtt"),
            Self::Manifest => paths.manifest,
            Self::ManifestSignature => paths.manifest_signature,
            Self::Sealed => paths.sealed,
            Self::SealedSignature => paths.sealed_signature,
            Self::Log => paths.log,
            Self::LogCsv => paths.log_csv,
            Self::LogPdf => paths.log_pdf,
            Self::Report => report_path(release),
        }
    }

    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Release => "video/mp4",
            Self::Captions => "text/vtt; charset=utf-8",
            Self::Manifest | Self::Sealed => "application/json",
            Self::LogPdf | Self::Report => "application/pdf",
            Self::LogCsv => "text/csv; charset=utf-8",
            // Served as text: an HTML log would run in this origin.
            Self::Log | Self::ManifestSignature | Self::SealedSignature => {
                "text/plain; charset=utf-8"
            }
        }
    }
}

/// The path of the verdict as PDF.
pub(crate) fn report_path(release: &Path) -> PathBuf {
    release.with_extension("verdict.pdf")
}

/// The stem of a release's file names. It reveals nothing about the recording, the request or the
/// policy.
pub(crate) fn neutral_stem(id: &Id) -> String {
    format!("release-{}", &id.as_str()[..8])
}

/// The name of a release's file for recipients. On disk, releases of earlier versions are named
/// after recording and request.
pub(crate) fn neutral_name((id, stem): (&Id, &str), file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let rest = name.strip_prefix(stem).unwrap_or(".file");
    format!("{}{rest}", neutral_stem(id))
}

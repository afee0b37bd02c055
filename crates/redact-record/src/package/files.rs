//! The files of a package.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use serde::{Deserialize, Serialize};

use crate::json::Hex;

/// What a file of a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FileRole {
    /// Released video: of an exhibit that is in one piece, or of one part.
    Release,
    /// The public manifest of that video.
    Manifest,
    /// The signature of that manifest.
    Signature,
    /// The public manifest of the whole release, for an exhibit in parts.
    WholeManifest,
    /// The signature of that manifest.
    WholeSignature,
    /// The time stamp of the exhibit's manifest.
    TimeStamp,
    /// The redaction log of the exhibit.
    Log,
    /// Captions of the release.
    Captions,
    /// The redacted transcript of the release.
    Transcript,
    /// The sealed manifest: only in packages for recipients who may have it.
    SealedManifest,
    /// The signature of the sealed manifest.
    SealedSignature,
    /// The findings of the scan: only in packages for recipients who may have them.
    Findings,
    /// The index of the package.
    Index,
    /// The cover letter.
    CoverLetter,
    /// The letter that lists what is withheld under which exemption.
    ExemptionLetter,
    /// How to view and check the package.
    Instructions,
    /// A program or page that checks the package.
    Checker,
}

impl FileRole {
    /// Its name, as in the package manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Manifest => "manifest",
            Self::Signature => "signature",
            Self::WholeManifest => "whole-manifest",
            Self::WholeSignature => "whole-signature",
            Self::TimeStamp => "time-stamp",
            Self::Log => "log",
            Self::Captions => "captions",
            Self::Transcript => "transcript",
            Self::SealedManifest => "sealed-manifest",
            Self::SealedSignature => "sealed-signature",
            Self::Findings => "findings",
            Self::Index => "index",
            Self::CoverLetter => "cover-letter",
            Self::ExemptionLetter => "exemption-letter",
            Self::Instructions => "instructions",
            Self::Checker => "checker",
        }
    }

    /// Whether it belongs to an exhibit; the others belong to the whole package.
    #[must_use]
    pub const fn is_of_exhibit(self) -> bool {
        !matches!(
            self,
            Self::Index
                | Self::CoverLetter
                | Self::ExemptionLetter
                | Self::Instructions
                | Self::Checker
        )
    }

    /// Whether it may be released only to recipients who may have sealed records.
    #[must_use]
    pub const fn is_sealed(self) -> bool {
        matches!(
            self,
            Self::SealedManifest | Self::SealedSignature | Self::Findings
        )
    }
}

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PackageFile {
    /// Its path in the package, with `/` between folder and name.
    pub path: String,
    /// What it is.
    pub role: FileRole,
    /// The number of the exhibit that it belongs to; omitted for files of the whole package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exhibit: Option<u32>,
    /// The number of the part that it belongs to; omitted for files of the whole exhibit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Hex,
}

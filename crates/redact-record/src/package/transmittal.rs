//! Transmittal profiles: what a package for one kind of recipient contains, as strict TOML.

use std::path::Path;

use redact_core::Digest;
use serde::Deserialize;

use super::files::FileRole;
use super::manifest::ProfileName;
use crate::json::{Hex, check_text};
use crate::{RecordError, digest_bytes, store, toml_file};

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1 << 20;
/// Maximum length of a text in bytes.
const TEXT_MAX: usize = 2000;
/// The smallest limit for a file or a package: below it, hardly any part with its records fits.
const LIMIT_MIN: u64 = 1_000_000;

/// The form of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageContainer {
    /// A folder.
    Folder,
    /// A ZIP archive, stored without compression.
    Zip,
    /// A disc image (ISO 9660 with Joliet names).
    Iso,
}

impl PackageContainer {
    /// Its name in profiles.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Zip => "zip",
            Self::Iso => "iso",
        }
    }
}

/// A paper of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// `index.html`.
    IndexHtml,
    /// `index.pdf`.
    IndexPdf,
    /// The cover letter.
    CoverLetter,
    /// The letter that lists what is withheld under which exemption.
    ExemptionLetter,
    /// How to view and check the package.
    Instructions,
}

impl Document {
    /// The role of its file.
    #[must_use]
    pub const fn role(self) -> FileRole {
        match self {
            Self::IndexHtml | Self::IndexPdf => FileRole::Index,
            Self::CoverLetter => FileRole::CoverLetter,
            Self::ExemptionLetter => FileRole::ExemptionLetter,
            Self::Instructions => FileRole::Instructions,
        }
    }
}

/// Limits in bytes; 1 MB is 1,000,000 bytes, so that a limit in MiB holds, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransmittalLimits {
    /// The largest video: a larger release is cut into parts.
    pub part_bytes: Option<u64>,
    /// The largest package.
    pub package_bytes: Option<u64>,
}

/// What a package says about request and recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransmittalNames {
    /// Whether the index has the recordings' file names, which may contain names of people.
    pub source_names: bool,
    /// Whether it has the request number.
    pub request_number: bool,
    /// Whether it has the case number.
    pub case_number: bool,
    /// Whether it has the requester.
    pub requester: bool,
}

/// A transmittal profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmittal {
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Its name.
    pub name: String,
    /// Its purpose, in one line.
    pub title: String,
    /// What operators must know about it.
    pub note: String,
    /// The forms that a package may have.
    pub containers: Vec<PackageContainer>,
    /// The papers.
    pub documents: Vec<Document>,
    /// Whether sealed manifests are in it.
    pub sealed_manifests: bool,
    /// Whether the findings of the scans are in it.
    pub findings: bool,
    /// Whether `verify.html` is in it.
    pub verifier: bool,
    /// Whether a package must be encrypted, unless the operator explicitly declines.
    pub encrypt: bool,
    /// What the exemption letter says before its list; a default text without it.
    pub exemption_statement: Option<String>,
    /// Limits of sizes.
    pub limits: TransmittalLimits,
    /// What the package says about request and recordings.
    pub names: TransmittalNames,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TransmittalFile {
    // Checked earlier, against the newest supported version.
    #[serde(rename = "format_version")]
    _format_version: u32,
    name: String,
    title: String,
    note: String,
    containers: Vec<PackageContainer>,
    documents: Vec<Document>,
    sealed_manifests: bool,
    findings: bool,
    verifier: bool,
    encrypt: Option<bool>,
    exemption_statement: Option<String>,
    #[serde(default)]
    limits: TransmittalLimits,
    names: TransmittalNames,
}

/// Reads a profile.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::TooLarge`], and those of [`transmittal_of`].
pub fn read_transmittal(path: &Path) -> Result<Transmittal, RecordError> {
    transmittal_of(&store::read(path, BYTES_MAX)?)
}

/// Parses the content of a profile file.
///
/// # Errors
/// [`RecordError::NewerVersion`]; [`RecordError::Syntax`] and [`RecordError::Field`] with the
/// place.
pub fn transmittal_of(bytes: &[u8]) -> Result<Transmittal, RecordError> {
    let file: TransmittalFile = toml_file::parse(bytes, VERSION)?;
    for (field, value) in [
        ("name", &file.name),
        ("title", &file.title),
        ("note", &file.note),
    ] {
        check_text(field, value, TEXT_MAX)?;
    }
    if let Some(statement) = &file.exemption_statement {
        check_text("exemption_statement", statement, TEXT_MAX)?;
    }
    check_set("containers", &file.containers)?;
    if file.containers.is_empty() {
        return Err(RecordError::field("containers", "none", "at least one"));
    }
    check_set("documents", &file.documents)?;
    for (field, limit) in [
        ("limits.part_bytes", file.limits.part_bytes),
        ("limits.package_bytes", file.limits.package_bytes),
    ] {
        if let Some(found) = limit.filter(|limit| *limit < LIMIT_MIN) {
            let expected = format!("at least {LIMIT_MIN} bytes");
            return Err(RecordError::field(field, found, expected));
        }
    }
    let sealed = file.sealed_manifests || file.findings;
    Ok(Transmittal {
        digest: digest_bytes(bytes),
        name: file.name,
        title: file.title,
        note: file.note,
        containers: file.containers,
        documents: file.documents,
        sealed_manifests: file.sealed_manifests,
        findings: file.findings,
        verifier: file.verifier,
        encrypt: file.encrypt.unwrap_or(sealed),
        exemption_statement: file.exemption_statement,
        limits: file.limits,
        names: file.names,
    })
}

/// Checks that nothing is listed twice.
fn check_set<T: PartialEq + std::fmt::Debug>(field: &str, list: &[T]) -> Result<(), RecordError> {
    let repeated = (1..list.len()).find(|at| list[..*at].contains(&list[*at]));
    match repeated {
        Some(at) => Err(RecordError::field(
            field,
            format!("{:?} twice", list[at]),
            "each once",
        )),
        None => Ok(()),
    }
}

impl Transmittal {
    /// The profile's name and digest, for the package manifest.
    #[must_use]
    pub fn profile_name(&self) -> ProfileName {
        ProfileName {
            name: self.name.clone(),
            sha256: Hex(self.digest),
        }
    }

    /// Whether a package contains records that otherwise stay with the agency.
    #[must_use]
    pub const fn has_sealed_records(&self) -> bool {
        self.sealed_manifests || self.findings
    }
}

//! The package manifest.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::{Digest, UtcNanos};
use serde::{Deserialize, Serialize};

use super::exhibit::Exhibit;
use super::files::{FileRole, PackageFile};
use crate::RecordError;
use crate::json::{self, Hex, OneLine, Utc};
use crate::manifest::{SCHEMA_VERSION, check_schema};
use crate::sign::{SignatureVerdict, Signed, TrustStore};

/// Value of the package manifest's `schema` key.
pub const PACKAGE_SCHEMA: &str = "redact-package";

/// Maximum length of a package manifest in bytes.
pub const PACKAGE_BYTES_MAX: u64 = 64 << 20;

/// Everything that is in a package. It contains only what the profile allows the recipient to
/// have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PackageManifest {
    /// Always `redact-package`: the kind of the record.
    pub schema: String,
    /// Version of the schema, for readers in later years.
    pub schema_version: String,
    /// When the newest release in the package was made.
    pub created: Utc,
    /// The program that made the package, with its version.
    pub program: String,
    /// The profile that the package was made with.
    pub profile: OneLine<ProfileName>,
    /// The request, as far as the profile allows.
    pub request: PackageRequest,
    /// The releases, in order.
    pub exhibits: Vec<Exhibit>,
    /// Every file of the package except this one, its signature and `SHA256SUMS`, in order of
    /// their paths.
    pub files: Vec<OneLine<PackageFile>>,
}

/// The profile of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProfileName {
    /// Its name.
    pub name: String,
    /// SHA-256 of the profile file, which identifies the exact rules.
    pub sha256: Hex,
}

/// The request that a package answers. The profile decides what of it the package contains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PackageRequest {
    /// The releasing agency.
    pub agency: Option<String>,
    /// The request number.
    pub number: Option<String>,
    /// The case number.
    pub case_number: Option<String>,
    /// The requester.
    pub requester: Option<String>,
}

/// What a new package manifest is made of.
#[derive(Clone, Debug)]
pub struct NewPackage {
    /// The program that makes it, with its version.
    pub program: String,
    /// The profile.
    pub profile: ProfileName,
    /// The request, as far as the profile allows.
    pub request: PackageRequest,
    /// The exhibits, in order.
    pub exhibits: Vec<Exhibit>,
}

impl PackageManifest {
    /// A manifest without files, which [`Self::add_file`] adds.
    #[must_use]
    pub fn new(new: NewPackage) -> Self {
        let newest = new.exhibits.iter().map(|exhibit| exhibit.created.0).max();
        Self {
            schema: PACKAGE_SCHEMA.into(),
            schema_version: SCHEMA_VERSION.into(),
            created: Utc(newest.unwrap_or(UtcNanos(0))),
            program: new.program,
            profile: OneLine(new.profile),
            request: new.request,
            exhibits: new.exhibits,
            files: Vec::new(),
        }
    }

    /// Adds a file, in its place by path.
    pub fn add_file(&mut self, file: PackageFile) {
        let place = self
            .files
            .partition_point(|known| known.0.path <= file.path);
        self.files.insert(place, OneLine(file));
    }

    /// The files, in order of their paths.
    pub fn files(&self) -> impl Iterator<Item = &PackageFile> {
        self.files.iter().map(|file| &file.0)
    }

    /// The file with that role of an exhibit and, if it is in parts, of a part.
    #[must_use]
    pub fn file_of(&self, exhibit: u32, part: Option<u32>, role: FileRole) -> Option<&PackageFile> {
        self.files()
            .find(|file| file.role == role && file.exhibit == Some(exhibit) && file.part == part)
    }

    /// Whether the package contains sealed records.
    #[must_use]
    pub fn has_sealed_records(&self) -> bool {
        self.files().any(|file| file.role.is_sealed())
    }

    /// The bytes of `package.json`.
    ///
    /// # Errors
    /// [`RecordError::Field`] for a manifest that [`Self::open`] would reject.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        self.check()?;
        Ok(json::pretty(self))
    }

    /// Reads a package manifest after verifying its signature.
    ///
    /// The caller decides whether [`SignatureVerdict::Unknown`] is acceptable; `Bad` is an error.
    ///
    /// # Errors
    /// [`RecordError::Signature`]; [`RecordError::OtherKind`], [`RecordError::NewerVersion`];
    /// [`RecordError::Syntax`] and [`RecordError::Field`] with the place.
    pub fn open(
        bytes: &[u8],
        signature: &str,
        trust: &TrustStore,
    ) -> Result<(Self, SignatureVerdict), RecordError> {
        let verdict = trust.check(bytes, signature, Signed::Package);
        if let SignatureVerdict::Bad(problem) = verdict {
            return Err(RecordError::Signature(problem));
        }
        Ok((Self::parse(bytes)?, verdict))
    }

    /// Parses a manifest whose signature was verified.
    fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        check_schema(bytes, PACKAGE_SCHEMA)?;
        let manifest: Self = json::parse(bytes)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The content of `SHA256SUMS` for this manifest, whose file and signature have these digests.
    #[must_use]
    pub fn sums(&self, manifest: Digest, signature: Digest) -> String {
        let listed = self.files().map(|file| (file.path.as_str(), file.sha256.0));
        super::sums(listed.chain([
            (super::PACKAGE_FILE, manifest),
            (super::PACKAGE_SIGNATURE, signature),
        ]))
    }
}

//! Why a package could not be made.

use std::path::PathBuf;

use redact_core::Digest;

/// Why a package could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// No release was given.
    #[error("no release given; a package needs at least one")]
    NoReleases,
    /// The request has no number, so nothing shows which releases belong to it.
    #[error(
        "the request file has no request_number; it is needed to see that all releases belong to \
         one request"
    )]
    NoRequestNumber,
    /// A release does not say which request it was made for.
    #[error(
        "its sealed manifest names no request; expected {expected:?}, as in the request file: \
         render it with --request or --request-file"
    )]
    ReleaseWithoutRequest {
        /// The request number of the request file.
        expected: String,
    },
    /// A release was made for another request or by another agency.
    #[error(
        "wrong {what} of the release: found {found:?}; expected {expected:?}, as in the request file"
    )]
    OtherRequest {
        /// `request number` or `agency`.
        what: &'static str,
        /// What the release has.
        found: String,
        /// What the request file has.
        expected: String,
    },
    /// A release names the request, and the profile does not.
    #[error(
        "its manifest names the request, {number:?}, which the profile {profile} leaves out: render \
         it without terms.request_number, or use another profile"
    )]
    NamesRequest {
        /// The number of the request.
        number: String,
        /// The name of the profile.
        profile: String,
    },
    /// The sealed manifest of a release is missing.
    #[error(
        "{} does not exist; the sealed manifest is needed to see which request the release \
         belongs to", path.display()
    )]
    NoSealedManifest {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The records of a release are not valid.
    #[error("the release does not pass its checks: {checks}")]
    Rejected {
        /// The failed checks, with their evidence.
        checks: String,
    },
    /// A newer release replaces it.
    #[error("this release was superseded: {by} replaces it")]
    Superseded {
        /// The newer manifest.
        by: String,
    },
    /// The same release was given twice.
    #[error("the same release as {}; give each once", other.display())]
    Duplicate {
        /// The other path.
        other: PathBuf,
    },
    /// The file is not the one that its manifest describes.
    #[error(
        "the file is not the one that its manifest describes: found SHA-256 {found}, expected \
         {expected}"
    )]
    Changed {
        /// What was copied.
        found: Digest,
        /// What the manifest says.
        expected: Digest,
    },
    /// A part of a release was given.
    #[error("part {number} of a release that was cut; give the whole release")]
    IsPart {
        /// Its number.
        number: u32,
    },
    /// A folder that is not a package would be replaced.
    #[error("the folder is not a package, or a release is in it; choose another name")]
    OtherFolder,
    /// The findings that the profile includes are not here.
    #[error("cannot find its findings: the .findings.json file with SHA-256 {digest} is needed")]
    NoFindings {
        /// SHA-256 of the findings.
        digest: Digest,
    },
    /// A release is larger than the profile's limit.
    #[error("{bytes} bytes; profile {profile:?} allows {max}")]
    TooLarge {
        /// Bytes of the file or the package.
        bytes: u64,
        /// The limit.
        max: u64,
        /// The profile.
        profile: String,
    },
    /// The profile does not allow packages of this form.
    #[error("profile {profile:?} does not allow a package of the form {found}: use {allowed}")]
    OtherForm {
        /// The form.
        found: &'static str,
        /// The profile.
        profile: String,
        /// The forms that are allowed.
        allowed: String,
    },
    /// The profile requires encryption.
    #[error(
        "profile {profile:?} requires encryption, and no passphrase and no recipient was given"
    )]
    NotEncrypted {
        /// The profile.
        profile: String,
    },
    /// The name of an encrypted package does not end in `.age`, or another one does.
    #[error("wrong name for the package: {found}; {expected}")]
    Name {
        /// What was found.
        found: String,
        /// What is needed.
        expected: &'static str,
    },
    /// A recipient of an encrypted package is not valid.
    #[error("not a recipient: found {found:?}, expected a public key like age1…")]
    Recipient {
        /// The text.
        found: String,
    },
    /// The passphrase is too short.
    #[error("the passphrase is too short: found {found} characters, at least {min} are needed")]
    Passphrase {
        /// Characters found.
        found: usize,
        /// Characters needed.
        min: usize,
    },
    /// There is no such profile.
    #[error("no transmittal profile named {name:?}; available: {available}")]
    NoProfile {
        /// The name.
        name: String,
        /// The names that exist.
        available: String,
    },
    /// The ZIP archive could not be written.
    #[error("cannot write the ZIP archive")]
    Zip(#[source] zip::result::ZipError),
    /// The disc image could not be written.
    #[error("cannot write the disc image: {what}")]
    Image {
        /// The library's message.
        what: String,
    },
    /// The package cannot be encrypted.
    #[error("cannot encrypt the package: {what}")]
    Encrypt {
        /// The library's message.
        what: String,
    },
}

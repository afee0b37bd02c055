//! Transmittal packages: releases of one request, checked, with neutral names, papers and one
//! signed manifest, in a folder, a ZIP archive or a disc image.
//!
//! Nothing about a package depends on the clock or on chance: the same releases, made into a
//! package again with the same profile and papers, give the same bytes before encryption.
//! Everything that the manifest lists is known before the first byte is written, so that a release
//! is copied and digested in one pass; a file that is not what its manifest says stops the package.

mod encryption;
mod error;
mod folder;
mod image;
mod job;
mod parts;
mod plan;
mod profiles;
mod releases;
mod target;
mod verify;
mod write;
mod zip_file;

pub use encryption::Encryption;
pub use error::PackageError;
pub use job::{MadePackage, PackageJob, make_package};
pub use profiles::{BUILT_IN_PROFILES, find_profile};
pub use target::PackageTarget;
pub use verify::{PackageVerifyRequest, VerifiedPackage};

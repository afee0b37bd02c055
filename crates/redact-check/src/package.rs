//! The checks of a transmittal package: its signature, every file, the list of digests, and each
//! release in it.
//!
//! [`check()`] determines what is checked and in which order; [`PackageCheck`] has its steps, for a
//! page in a browser, which waits for a decoder after each release. [`PackageFiles`] gives them the
//! files. Each release of the package is checked as a release by itself: its lines have the exhibit
//! in front.

mod check;
mod container;
mod disc_image;
#[cfg(not(target_family = "wasm"))]
mod encrypted;
mod exhibits;
mod files;
#[cfg(not(target_family = "wasm"))]
mod on_disk;
mod packaged;
mod port;
mod release;
mod zip_archive;

pub use check::{PackageCheck, add_release, check};
pub use container::{ContainerKind, PackageContainer, ReadSeek};
pub use disc_image::IsoPackage;
#[cfg(not(target_family = "wasm"))]
pub use encrypted::PackageKeys;
#[cfg(not(target_family = "wasm"))]
pub use on_disk::{PackageOnDisk, is_package};
pub use packaged::{PackagedRelease, ReleasePlace};
pub use port::{CheckRelease, FoundFile, GROUP, PackageFiles};
pub use release::{check_transcript, check_undecoded};
pub use zip_archive::{ContainerError, ZipPackage};

#[cfg(test)]
mod tests;

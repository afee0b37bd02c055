//! The checks of a transmittal package: its signature, every file, the list of digests, and each
//! release in it.
//!
//! [`check()`] determines what is checked and in which order, for the programs and for a page in a
//! browser; [`PackageFiles`] gives it the files. Each release of the package is then checked as a
//! release by itself: its lines have the exhibit in front.

mod check;
#[cfg(not(target_family = "wasm"))]
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

pub use check::check;
#[cfg(not(target_family = "wasm"))]
pub use disc_image::IsoPackage;
#[cfg(not(target_family = "wasm"))]
pub use encrypted::PackageKeys;
#[cfg(not(target_family = "wasm"))]
pub use on_disk::{PackageOnDisk, ReadSeek, is_package};
pub use packaged::PackagedRelease;
pub use port::{FoundFile, GROUP, PackageFiles};
pub use release::check_undecoded;
pub use zip_archive::{ContainerError, ZipPackage};

#[cfg(test)]
mod tests;

//! Transmittal packages: releases of one request, with their records, papers and one index.
//!
//! Which file is covered by which digest:
//!
//! | file | lists | is covered by |
//! |---|---|---|
//! | `package.json` | all but itself, its signature, `SHA256SUMS` | its signature, `SHA256SUMS` |
//! | `package.json.minisig` | | `SHA256SUMS` |
//! | `SHA256SUMS`, for `sha256sum -c` | all but itself | nothing: a checker computes it |
//! | papers, releases and their records | | `package.json`, `SHA256SUMS` |
//!
//! Papers therefore show every digest except that of `package.json`, which does not exist yet when
//! they are made: they are made from a [`PackageManifest`] whose files are those of the exhibits,
//! and are then added to it with [`PackageManifest::add_file`].
//!
//! The manifest has no clock and no random numbers: its time is that of the newest release in it.
//! The same releases, made into a package again, give the same bytes.

mod check;
mod exhibit;
mod files;
mod manifest;
mod names;
mod sums;
mod transmittal;
mod withheld;

pub use exhibit::{Exhibit, ExhibitPart};
pub use files::{FileRole, PackageFile};
pub use manifest::{
    NewPackage, PACKAGE_BYTES_MAX, PACKAGE_SCHEMA, PackageManifest, PackageRequest, ProfileName,
};
pub use names::{
    PACKAGE_FILE, PACKAGE_SIGNATURE, SUMS_FILE, exhibit_folder, exhibit_stem, is_package_path,
    part_stem,
};
pub use sums::{SUMS_BYTES_MAX, SumsError, parse_sums, sums};
pub use transmittal::{
    Document, PackageContainer, Transmittal, TransmittalLimits, TransmittalNames, read_transmittal,
    transmittal_of,
};
pub use withheld::Withheld;

#[cfg(test)]
mod tests;

//! Transmittal packages: releases of one request, with neutral names, papers and one signed
//! manifest, in a folder, a ZIP archive or a disc image.

mod verify;

pub use verify::{PackageVerifyRequest, VerifiedPackage};

//! Writing a package as a ZIP archive: stored, with fixed times and nothing but its files.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::error::PackageError;
use super::plan::PackagePlan;
use super::write::{Meter, copy_file};
use crate::error::{ReleaseError, Result};

/// Files of this length and longer need the 64-bit fields of an archive.
const LARGE: u64 = u32::MAX as u64;

/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes the package to `output`, and flushes it to the disk.
///
/// # Errors
/// [`PackageError::Zip`], and those of [`copy_file`].
pub(super) fn write(plan: &PackagePlan, output: File, meter: &mut Meter<'_>) -> Result<()> {
    let failed = |error| match error {
        zip::result::ZipError::Io(error) => ReleaseError::Io(error),
        other => PackageError::Zip(other).into(),
    };
    let output = BufWriter::with_capacity(BUFFER_BYTES, output);
    let mut archive = ZipWriter::new(output);
    for file in &plan.files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            // The first moment that the format can express.
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            .large_file(file.bytes >= LARGE);
        archive
            .start_file(file.path.as_str(), options)
            .map_err(failed)?;
        let mut advance = |bytes| meter.advance(bytes);
        copy_file(file, &mut archive, &mut advance)?;
    }
    let mut output = archive.finish().map_err(failed)?;
    output.flush()?;
    output.get_ref().sync_all()?;
    Ok(())
}

//! Writing a package as a disc image: ISO 9660, level 3, with Joliet names.
//!
//! The library reads each file once and writes blocks in ascending order. They are digested on
//! their way to the disk and compared with the plan, like the bytes of the other forms.

use std::fs::File;
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::ops::Range;

use hadris_fs::{Content, DateTime, Node, Tree};
use hadris_io::{Error, ErrorType};
use hadris_iso::{IsoId, IsoLevel, IsoOptions};
use hadris_storage::sync::BlockDevice;
use hadris_storage::{BlockIndex, BlockSize};
use redact_core::Digest;
use redact_record::Hasher;

use super::error::PackageError;
use super::plan::{FileContent, PackagePlan};
use super::write::{Meter, same};
use crate::error::{Context as _, ReleaseError, Result};

/// Bytes of a sector.
const SECTOR: u32 = 2048;
/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes the package to `output`, and flushes it to the disk.
///
/// # Errors
/// [`PackageError::Image`], [`PackageError::Changed`], the system's error,
/// [`ReleaseError::Cancelled`].
pub(super) fn write(plan: &PackagePlan, output: File, meter: &mut Meter<'_>) -> Result<()> {
    let tree = tree(plan)?;
    let options = options(plan);
    let report = hadris_iso::plan(&tree, &options).map_err(failed)?;
    let mut parts = Vec::new();
    for (file, planned) in plan.files.iter().enumerate() {
        for extent in report.extents(&planned.path).unwrap_or_default() {
            let end = extent.offset().saturating_add(extent.len());
            let bytes = extent.offset()..end;
            parts.push(Part { bytes, file });
        }
    }
    parts.sort_unstable_by_key(|part| part.bytes.start);
    let mut hashers = Vec::new();
    hashers.resize_with(plan.files.len(), Hasher::new);
    let mut device = DigestingDevice {
        output: BufWriter::with_capacity(BUFFER_BYTES, output),
        at: 0,
        blocks: report.size().div_ceil(u64::from(SECTOR)),
        parts,
        hashers,
        meter,
        is_cancelled: false,
    };
    let written = hadris_iso::sync::write(&mut device, &tree, &options);
    if device.is_cancelled {
        return Err(ReleaseError::Cancelled);
    }
    written.map_err(failed)?;
    device.output.flush()?;
    device.output.get_ref().sync_all()?;
    for (file, hasher) in plan.files.iter().zip(device.hashers) {
        check(&file.content, hasher.finish(), file.sha256)?;
    }
    Ok(())
}

fn check(content: &FileContent, found: Digest, expected: Digest) -> Result<()> {
    match content {
        FileContent::Bytes(_) => Ok(same(found, expected)?),
        FileContent::File(path) => same(found, expected).in_file(path),
    }
}

fn failed(error: hadris_fs::PathError) -> ReleaseError {
    // A full disk, and the like, keep the system's own words.
    let what = redact_core::error::with_causes(&error);
    PackageError::Image { what }.into()
}

/// The files as the library takes them.
fn tree(plan: &PackagePlan) -> Result<Tree> {
    let mut tree = Tree::new();
    for file in &plan.files {
        if let Some((folder, _)) = file.path.rsplit_once('/')
            && tree.get(folder).is_none()
        {
            tree.insert(folder, Node::dir()).map_err(failed)?;
        }
        let content = match &file.content {
            FileContent::Bytes(bytes) => Content::bytes(bytes.clone()),
            FileContent::File(path) => {
                let content = hadris_fs::host::file(path).map_err(failed).in_file(path)?;
                if content.len() != file.bytes {
                    let what = format!("{} bytes, expected {}", content.len(), file.bytes);
                    return Err(ReleaseError::from(PackageError::Image { what })).in_file(path);
                }
                content
            }
        };
        tree.insert(&file.path, Node::file(content))
            .map_err(failed)?;
    }
    Ok(tree)
}

fn options(plan: &PackagePlan) -> IsoOptions {
    let nanos = plan.manifest.created.0.0;
    let time = DateTime::from_unix_seconds(nanos.div_euclid(1_000_000_000));
    IsoOptions::default()
        .with_level(IsoLevel::L3)
        .with_joliet()
        .with_id(IsoId::Volume, "EXHIBITS")
        .with_id(IsoId::Application, "REDACT")
        .with_time(time.unwrap_or(DateTime::UNIX_EPOCH))
}

/// Where a file, or one extent of it, is in the image.
struct Part {
    bytes: Range<u64>,
    file: usize,
}

/// The image's file. It digests the content of each file on the way.
struct DigestingDevice<'a, 'p> {
    output: BufWriter<File>,
    /// Where the next block goes if no gap is left.
    at: u64,
    blocks: u64,
    /// In order of their bytes.
    parts: Vec<Part>,
    hashers: Vec<Hasher>,
    meter: &'a mut Meter<'p>,
    is_cancelled: bool,
}

impl DigestingDevice<'_, '_> {
    fn take(&mut self, start: u64, block: &[u8]) {
        let end = start.saturating_add(block.len() as u64);
        let first = self.parts.partition_point(|part| part.bytes.end <= start);
        for part in &self.parts[first..] {
            if part.bytes.start >= end {
                break;
            }
            let from = part.bytes.start.max(start) - start;
            let until = part.bytes.end.min(end) - start;
            let range = (usize::try_from(from), usize::try_from(until));
            if let (Ok(from), Ok(until)) = range {
                self.hashers[part.file].update(&block[from..until]);
            }
        }
    }

    fn write(&mut self, start: u64, block: &[u8]) -> std::io::Result<()> {
        if start != self.at {
            self.output.seek(SeekFrom::Start(start))?;
        }
        self.output.write_all(block)?;
        self.at = start.saturating_add(block.len() as u64);
        Ok(())
    }
}

impl ErrorType for DigestingDevice<'_, '_> {
    type Error = std::io::Error;
}

impl BlockDevice for DigestingDevice<'_, '_> {
    fn block_size(&self) -> BlockSize {
        BlockSize::new(SECTOR).expect("2048 is a power of two")
    }

    fn block_count(&self) -> u64 {
        self.blocks
    }

    fn writable(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, _: BlockIndex, _: &mut [u8]) -> Result<(), Error<std::io::Error>> {
        let error = std::io::ErrorKind::Unsupported.into();
        Err(Error::device(error, "a new disc image is not read"))
    }

    fn write_blocks(
        &mut self,
        first: BlockIndex,
        block: &[u8],
    ) -> Result<(), Error<std::io::Error>> {
        let start = first.get().saturating_mul(u64::from(SECTOR));
        self.take(start, block);
        let written = self.write(start, block);
        written.map_err(|error| Error::device(error, "cannot write the disc image"))?;
        if self.meter.advance(block.len() as u64).is_break() {
            self.is_cancelled = true;
            let error = std::io::ErrorKind::Interrupted.into();
            return Err(Error::device(error, "cancelled"));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error<std::io::Error>> {
        let flushed = self.output.flush();
        flushed.map_err(|error| Error::device(error, "cannot write the disc image"))
    }
}

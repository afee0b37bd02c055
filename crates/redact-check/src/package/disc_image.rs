//! Packages in disc images (ISO 9660 with Joliet names), read in place.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use hadris_fs::sync::{FileSystem as _, Volume};
use hadris_fs::{Extent, FileType, MountOptions, Resolve};
use hadris_io::{Error, ErrorType};
use hadris_iso::sync::IsoFs;
use hadris_storage::sync::BlockDevice;
use hadris_storage::{BlockIndex, BlockSize};

use super::port::FoundFile;
use super::zip_archive::ContainerError;

/// Bytes of a sector.
const SECTOR: u32 = 2048;
/// Maximum number of files and folders.
const ENTRIES_MAX: usize = 200_000;
/// Where the first volume descriptor has its identifier, and which: ECMA-119, 8.1.
pub(super) const MAGIC: (u64, &[u8]) = (32_769, b"CD001");

/// Bytes that are read at once of a file.
const BUFFER: usize = 1 << 16;

const KIND: &str = "disc image";

fn invalid(error: impl std::fmt::Display) -> ContainerError {
    let what = error.to_string();
    ContainerError::Invalid { kind: KIND, what }
}

/// A reader as a device with blocks of 2048 bytes.
struct Device<R> {
    reader: R,
    blocks: u64,
}

impl<R: Read + Seek> ErrorType for Device<R> {
    type Error = std::io::Error;
}

impl<R: Read + Seek> BlockDevice for Device<R> {
    fn block_size(&self) -> BlockSize {
        BlockSize::new(SECTOR).expect("2048 is a power of two")
    }

    fn block_count(&self) -> u64 {
        self.blocks
    }

    fn read_blocks(
        &mut self,
        first: BlockIndex,
        buffer: &mut [u8],
    ) -> Result<(), Error<std::io::Error>> {
        let start = first.get().saturating_mul(u64::from(SECTOR));
        let sought = self.reader.seek(SeekFrom::Start(start));
        sought
            .and_then(|_| self.reader.read_exact(buffer))
            .map_err(|error| Error::device(error, "cannot read the disc image"))
    }
}

/// A package in a disc image.
pub struct IsoPackage<R: Read + Seek> {
    volume: Volume<IsoFs<Device<R>>>,
    files: Vec<FoundFile>,
}

impl<R: Read + Seek> IsoPackage<R> {
    /// Reads the directory of a disc image.
    ///
    /// # Errors
    /// [`ContainerError`] if it is damaged.
    pub fn new(mut reader: R) -> Result<Self, ContainerError> {
        let read = |source| ContainerError::Read { kind: KIND, source };
        let length = reader.seek(SeekFrom::End(0)).map_err(read)?;
        let blocks = length / u64::from(SECTOR);
        let device = Device { reader, blocks };
        let image = IsoFs::mount(device, MountOptions::new()).map_err(invalid)?;
        let volume = Volume::new(image);
        let mut files = Vec::new();
        for entry in volume.walk("/").map_err(invalid)? {
            let entry = entry.map_err(invalid)?;
            if files.len() > ENTRIES_MAX {
                return Err(invalid(format!("more than {ENTRIES_MAX} files")));
            }
            let path = String::from_utf8_lossy(entry.path());
            let path = path.trim_start_matches('/').to_owned();
            match entry.entry().metadata().file_type() {
                FileType::Dir => {}
                FileType::File => files.push(FoundFile {
                    path,
                    bytes: entry.entry().metadata().len(),
                }),
                _ => files.push(FoundFile {
                    path: format!("{path} (not a regular file)"),
                    bytes: 0,
                }),
            }
        }
        Ok(Self { volume, files })
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> &[FoundFile] {
        &self.files
    }

    /// The content of one file.
    ///
    /// # Errors
    /// [`ContainerError::Invalid`].
    pub fn open<'a>(
        &'a mut self,
        path: &str,
    ) -> Result<impl Read + Seek + use<'a, R>, ContainerError> {
        let extents = self.extents(path)?;
        let length = |range: &Range<u64>| range.end.saturating_sub(range.start);
        let content = ImageFile {
            volume: &self.volume,
            length: extents.iter().map(length).sum(),
            extents,
            at: 0,
        };
        Ok(BufReader::with_capacity(BUFFER, content))
    }

    /// Where the content of one file is in the image, in bytes and in order.
    ///
    /// # Errors
    /// [`ContainerError::Invalid`].
    pub fn extents(&mut self, path: &str) -> Result<Vec<Range<u64>>, ContainerError> {
        let mut image = self.volume.lock().map_err(invalid)?;
        let name = format!("/{path}");
        let node = image
            .resolve(name.as_bytes(), Resolve::default())
            .map_err(invalid)?;
        let (mut found, mut end) = (Vec::new(), 0);
        let mut next = [Extent::new(0, 0); 16];
        loop {
            let count = image.extents(node, end, &mut next).map_err(invalid)?;
            let Some(last) = next[..count].last() else {
                return Ok(found);
            };
            end = last.file_offset().saturating_add(last.len());
            found.extend(next[..count].iter().map(|part| part.offset()..part.end()));
        }
    }
}

/// A file in a disc image, read where its bytes are. The library's own files look their directory
/// up again for each read, which costs a reader of slices two slices.
struct ImageFile<'a, R: Read + Seek> {
    volume: &'a Volume<IsoFs<Device<R>>>,
    extents: Vec<Range<u64>>,
    length: u64,
    at: u64,
}

impl<R: Read + Seek> Read for ImageFile<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut skipped = self.at;
        for extent in &self.extents {
            let bytes = extent.end.saturating_sub(extent.start);
            if skipped >= bytes {
                skipped -= bytes;
                continue;
            }
            let left = usize::try_from(bytes - skipped).unwrap_or(usize::MAX);
            let count = left.min(buffer.len());
            let mut image = self.volume.lock().map_err(std::io::Error::other)?;
            image
                .read_raw(extent.start.saturating_add(skipped), &mut buffer[..count])
                .map_err(std::io::Error::other)?;
            self.at += count as u64;
            return Ok(count);
        }
        Ok(0)
    }
}

impl<R: Read + Seek> Seek for ImageFile<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = at.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

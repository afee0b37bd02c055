//! Packages in ZIP archives, read in place: nothing is unpacked.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use redact_record::RecordError;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::port::FoundFile;

/// Maximum number of files in a package.
const FILES_MAX: usize = 200_000;

/// Lengths of the fixed parts of an archive, in bytes: APPNOTE 6.3.10, 4.3.7, 4.3.12 to 4.3.16.
const LOCAL_HEADER: u64 = 30;
const CENTRAL_HEADER: u64 = 46;
const END_RECORD: u64 = 22;
const ZIP64_END: u64 = 56 + 20;
/// The longest ZIP64 field of a local and of a central header.
const ZIP64_LOCAL: u64 = 4 + 16;
const ZIP64_CENTRAL: u64 = 4 + 28;

/// Why an archive or a disc image cannot be read as a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// It is not an archive of this kind, or it is damaged.
    #[error("not a valid {kind}: {what}")]
    Invalid {
        /// `ZIP archive`, `disc image` or `encrypted file`.
        kind: &'static str,
        /// What is wrong.
        what: String,
    },
    /// It cannot be read.
    #[error("cannot read the {kind}")]
    Read {
        /// `ZIP archive`, `disc image` or `encrypted file`.
        kind: &'static str,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// A file in it is compressed or encrypted: packages are stored.
    #[error(
        "{path}: compressed or encrypted; packages are stored as they are: unpack the archive and \
         check the folder"
    )]
    NotStored {
        /// The file.
        path: String,
    },
    /// There is no such file in it.
    #[error("{path}: no such file in the package")]
    NoFile {
        /// The file.
        path: String,
    },
}

impl ContainerError {
    /// Whether an archive or a disc image is damaged or contradicts itself: its check failed. For
    /// other errors, nothing could be checked.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Invalid { kind, .. } if matches!(*kind, "ZIP archive" | "disc image"))
    }
}

impl From<ContainerError> for RecordError {
    fn from(error: ContainerError) -> Self {
        let source = std::io::Error::other(error);
        Self::Read { source }
    }
}

const KIND: &str = "ZIP archive";

fn invalid(what: impl Into<String>) -> ContainerError {
    let what = what.into();
    ContainerError::Invalid { kind: KIND, what }
}

fn failed(error: ZipError) -> ContainerError {
    match error {
        ZipError::Io(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            ContainerError::Read { kind: KIND, source }
        }
        other => invalid(other.to_string()),
    }
}

/// A package in a ZIP archive.
pub struct ZipPackage<R> {
    archive: ZipArchive<R>,
    places: BTreeMap<String, usize>,
    files: Vec<FoundFile>,
    /// What is in the archive besides its files, if anything is.
    excess: Option<String>,
}

impl<R: Read + Seek> ZipPackage<R> {
    /// Reads the directory of an archive.
    ///
    /// # Errors
    /// [`ContainerError`] if it is damaged or contradicts itself: two files with one name, files
    /// that overlap, headers that disagree, compressed or encrypted files.
    pub fn new(mut reader: R) -> Result<Self, ContainerError> {
        let read = |source| ContainerError::Read { kind: KIND, source };
        let length = reader.seek(SeekFrom::End(0)).map_err(read)?;
        reader.rewind().map_err(read)?;
        let mut archive = ZipArchive::new(reader).map_err(failed)?;
        if archive.len() > FILES_MAX {
            let what = format!("{} files; at most {FILES_MAX} are allowed", archive.len());
            return Err(invalid(what));
        }
        archive.validate_header_consistency().map_err(failed)?;
        let mut package = Self {
            places: BTreeMap::new(),
            files: Vec::new(),
            excess: None,
            archive,
        };
        let mut extents = Vec::new();
        for place in 0..package.archive.len() {
            extents.extend(package.add(place)?);
        }
        package.excess = package.find_excess(extents, length);
        Ok(package)
    }

    /// Adds one entry; returns where it is and the length of its name.
    fn add(&mut self, place: usize) -> Result<Option<Extent>, ContainerError> {
        let entry = self.archive.by_index_raw(place).map_err(failed)?;
        let path = match std::str::from_utf8(entry.name_raw()) {
            Ok(path) => path.to_owned(),
            Err(_) => return Err(invalid("the name of a file is not UTF-8")),
        };
        if entry.is_dir() {
            return Ok(None);
        }
        let is_stored = entry.compression() == CompressionMethod::Stored;
        if !is_stored || entry.encrypted() || entry.size() != entry.compressed_size() {
            return Err(ContainerError::NotStored { path });
        }
        if entry.is_symlink() {
            return Err(invalid(format!("{path}: a link")));
        }
        let start = entry
            .data_start()
            .ok_or_else(|| invalid("a file has no place"))?;
        let extent = Extent {
            header: entry.header_start(),
            start,
            bytes: entry.size(),
            name: path.len() as u64,
        };
        self.files.push(FoundFile {
            path: path.clone(),
            bytes: entry.size(),
        });
        self.places.insert(path, place);
        Ok(Some(extent))
    }

    /// What is in an archive of `length` bytes besides files and the headers that they need.
    fn find_excess(&self, mut files: Vec<Extent>, length: u64) -> Option<String> {
        if self.archive.offset() != 0 {
            return Some("data before the first file".into());
        }
        if !self.archive.comment().is_empty() {
            return Some("a comment".into());
        }
        if files.len() != self.archive.len() {
            return Some("entries of folders".into());
        }
        files.sort_unstable_by_key(|file| file.header);
        let mut end = 0;
        for file in &files {
            let header = LOCAL_HEADER + file.name;
            let found = file.start.saturating_sub(file.header);
            if file.header != end || found != header && found != header + ZIP64_LOCAL {
                return Some(format!("other data before byte {}", file.start));
            }
            end = file.start.saturating_add(file.bytes);
        }
        let directory = self.archive.central_directory_start();
        let headers: u64 = files.iter().map(|file| CENTRAL_HEADER + file.name).sum();
        let tail = length.saturating_sub(directory);
        let needs_zip64 = length > u64::from(u32::MAX) || files.len() >= usize::from(u16::MAX);
        let most = match needs_zip64 {
            true => headers + ZIP64_CENTRAL * files.len() as u64 + ZIP64_END + END_RECORD,
            false => headers + END_RECORD,
        };
        (end != directory || tail > most).then(|| "other data after the last file".into())
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> &[FoundFile] {
        &self.files
    }

    /// What is in the archive besides its files, if anything is.
    #[must_use]
    pub fn excess(&self) -> Option<&str> {
        self.excess.as_deref()
    }

    /// The content of one file.
    ///
    /// # Errors
    /// [`ContainerError::NoFile`], [`ContainerError::Read`], [`ContainerError::Invalid`].
    pub fn open<'a>(
        &'a mut self,
        path: &str,
    ) -> Result<impl Read + Seek + use<'a, R>, ContainerError> {
        let place = self.place(path)?;
        self.archive.by_index_seek(place).map_err(failed)
    }

    /// Where the content of one file is in the archive, in bytes.
    ///
    /// # Errors
    /// [`ContainerError::NoFile`], [`ContainerError::Read`], [`ContainerError::Invalid`].
    pub fn extent(&mut self, path: &str) -> Result<Range<u64>, ContainerError> {
        let place = self.place(path)?;
        let entry = self.archive.by_index_raw(place).map_err(failed)?;
        let start = entry
            .data_start()
            .ok_or_else(|| invalid("a file has no place"))?;
        Ok(start..start.saturating_add(entry.size()))
    }

    fn place(&self, path: &str) -> Result<usize, ContainerError> {
        let place = self.places.get(path).copied();
        place.ok_or_else(|| ContainerError::NoFile { path: path.into() })
    }
}

/// Where a file is in an archive, in bytes.
struct Extent {
    header: u64,
    start: u64,
    bytes: u64,
    name: u64,
}

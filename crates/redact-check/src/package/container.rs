//! Packages in one file: a ZIP archive or a disc image, told apart by their first bytes.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use super::disc_image::{self, IsoPackage};
use super::port::FoundFile;
use super::zip_archive::{ContainerError, ZipPackage};

/// How a ZIP archive starts.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
/// How a file that is encrypted with age starts.
const ENCRYPTED_MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// Something that is read from any place.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// The form of a file, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    /// A ZIP archive.
    Zip,
    /// A disc image.
    Iso,
    /// A file that is encrypted with age.
    Encrypted,
}

impl ContainerKind {
    /// The form of a file, which is then read from its start again; `None` for anything else.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(reader: &mut (impl Read + Seek)) -> std::io::Result<Option<Self>> {
        let mut starts_with = |at: u64, expected: &[u8]| {
            reader.seek(SeekFrom::Start(at))?;
            let mut found = Vec::new();
            (&mut *reader)
                .take(expected.len() as u64)
                .read_to_end(&mut found)?;
            std::io::Result::Ok(found == expected)
        };
        let kind = if starts_with(0, ZIP_MAGIC)? {
            Some(Self::Zip)
        } else if starts_with(0, ENCRYPTED_MAGIC)? {
            Some(Self::Encrypted)
        } else if starts_with(disc_image::MAGIC.0, disc_image::MAGIC.1)? {
            Some(Self::Iso)
        } else {
            None
        };
        reader.rewind()?;
        Ok(kind)
    }
}

/// A package in one file.
pub enum PackageContainer<R: Read + Seek> {
    /// In a ZIP archive.
    Zip(ZipPackage<R>),
    /// In a disc image.
    Iso(IsoPackage<R>),
}

impl<R: Read + Seek> PackageContainer<R> {
    /// Reads the directory of a file of that kind; an encrypted one is decrypted first.
    ///
    /// # Errors
    /// [`ContainerError`].
    pub fn open(reader: R, kind: Option<ContainerKind>) -> Result<Self, ContainerError> {
        match kind {
            Some(ContainerKind::Zip) => Ok(Self::Zip(ZipPackage::new(reader)?)),
            Some(ContainerKind::Iso) => Ok(Self::Iso(IsoPackage::new(reader)?)),
            Some(ContainerKind::Encrypted) | None => Err(ContainerError::Invalid {
                kind: "package",
                what: "neither a folder nor a ZIP archive nor a disc image".into(),
            }),
        }
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> &[FoundFile] {
        match self {
            Self::Zip(archive) => archive.files(),
            Self::Iso(image) => image.files(),
        }
    }

    /// What it holds besides the files, if anything.
    #[must_use]
    pub fn excess(&self) -> Option<&str> {
        match self {
            Self::Zip(archive) => archive.excess(),
            Self::Iso(_) => None,
        }
    }

    /// The content of one of its files.
    ///
    /// # Errors
    /// [`ContainerError`].
    pub fn open_file<'a>(
        &'a mut self,
        path: &str,
    ) -> Result<Box<dyn ReadSeek + 'a>, ContainerError> {
        match self {
            Self::Zip(archive) => Ok(Box::new(archive.open(path)?)),
            Self::Iso(image) => Ok(Box::new(image.open(path)?)),
        }
    }

    /// Where the bytes of one of its files are, in order, for a reader that needs no directory.
    ///
    /// # Errors
    /// [`ContainerError`].
    pub fn extents(&mut self, path: &str) -> Result<Vec<Range<u64>>, ContainerError> {
        match self {
            Self::Zip(archive) => Ok(vec![archive.extent(path)?]),
            Self::Iso(image) => image.extents(path),
        }
    }
}

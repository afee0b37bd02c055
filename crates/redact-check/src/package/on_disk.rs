//! Packages on a disk: a folder, an archive or a disc image, perhaps encrypted.
//!
//! The only part of this crate that opens files; it is for programs and left out of a browser.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use redact_record::package::PACKAGE_FILE;

use super::disc_image::{self, IsoPackage};
use super::encrypted::{self, PackageKeys};
use super::port::FoundFile;
use super::zip_archive::{ContainerError, ZipPackage};

/// The deepest folder that is searched.
const DEPTH_MAX: usize = 16;
/// Maximum number of files.
const FILES_MAX: usize = 200_000;
/// How a ZIP archive starts.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Something that is read from any place.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// A package on a disk.
pub struct PackageOnDisk(Form);

enum Form {
    Folder {
        root: PathBuf,
        files: Vec<FoundFile>,
    },
    Zip(ZipPackage<Box<dyn ReadSeek>>),
    Iso(IsoPackage<Box<dyn ReadSeek>>),
}

/// The form of a file, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Zip,
    Iso,
    Encrypted,
}

/// Whether `path` is a package, or else a single release: a folder, a ZIP archive, a disc image or
/// a file that is encrypted with age.
///
/// # Errors
/// If it cannot be read.
pub fn is_package(path: &Path) -> std::io::Result<bool> {
    let facts = std::fs::metadata(path)?;
    if facts.is_dir() {
        return Ok(true);
    }
    // Opening a pipe would wait.
    Ok(facts.is_file() && kind_of(&mut File::open(path)?)?.is_some())
}

/// The form by the first bytes; `None` for anything else.
fn kind_of(reader: &mut (impl Read + Seek)) -> std::io::Result<Option<Kind>> {
    let mut starts_with = |at: u64, expected: &[u8]| {
        reader.seek(SeekFrom::Start(at))?;
        let mut found = Vec::new();
        (&mut *reader)
            .take(expected.len() as u64)
            .read_to_end(&mut found)?;
        std::io::Result::Ok(found == expected)
    };
    let kind = if starts_with(0, ZIP_MAGIC)? {
        Some(Kind::Zip)
    } else if starts_with(0, encrypted::MAGIC)? {
        Some(Kind::Encrypted)
    } else if starts_with(disc_image::MAGIC.0, disc_image::MAGIC.1)? {
        Some(Kind::Iso)
    } else {
        None
    };
    reader.rewind()?;
    Ok(kind)
}

impl PackageOnDisk {
    /// Opens the package at `path`. `keys` open it if it is encrypted.
    ///
    /// # Errors
    /// [`ContainerError`].
    pub fn open(path: &Path, keys: &PackageKeys) -> Result<Self, ContainerError> {
        let read = |source| ContainerError::Read {
            kind: "package",
            source,
        };
        if std::fs::metadata(path).map_err(read)?.is_dir() {
            let files = list(path).map_err(read)?;
            let root = path.to_owned();
            return Ok(Self(Form::Folder { root, files }));
        }
        let mut reader: Box<dyn ReadSeek> =
            Box::new(BufReader::new(File::open(path).map_err(read)?));
        let mut kind = kind_of(&mut reader).map_err(read)?;
        if kind == Some(Kind::Encrypted) {
            reader = Box::new(keys.decrypt(reader)?);
            kind = kind_of(&mut reader).map_err(read)?;
        }
        match kind {
            Some(Kind::Zip) => Ok(Self(Form::Zip(ZipPackage::new(reader)?))),
            Some(Kind::Iso) => Ok(Self(Form::Iso(IsoPackage::new(reader)?))),
            Some(Kind::Encrypted) | None => Err(ContainerError::Invalid {
                kind: "package",
                what: "neither a folder nor a ZIP archive nor a disc image".into(),
            }),
        }
    }

    /// The folder that the package is, unless it is a file.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Form::Folder { root, .. } => Some(root),
            Form::Zip(_) | Form::Iso(_) => None,
        }
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> &[FoundFile] {
        match &self.0 {
            Form::Folder { files, .. } => files,
            Form::Zip(archive) => archive.files(),
            Form::Iso(image) => image.files(),
        }
    }

    /// Whether it has a package manifest: a folder may be anything.
    #[must_use]
    pub fn has_manifest(&self) -> bool {
        self.files().iter().any(|file| file.path == PACKAGE_FILE)
    }

    /// What the container holds besides the files, if anything.
    #[must_use]
    pub fn excess(&self) -> Option<&str> {
        match &self.0 {
            Form::Zip(archive) => archive.excess(),
            Form::Folder { .. } | Form::Iso(_) => None,
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
        match &mut self.0 {
            Form::Zip(archive) => Ok(Box::new(archive.open(path)?)),
            Form::Iso(image) => Ok(Box::new(image.open(path)?)),
            Form::Folder { root, files } => {
                // Only what was listed as a regular file: nothing behind a link.
                if !files.iter().any(|file| file.path == path) {
                    return Err(ContainerError::NoFile { path: path.into() });
                }
                let file = File::open(root.join(path));
                let file = file.map_err(|source| ContainerError::Read {
                    kind: "package",
                    source,
                })?;
                Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
            }
        }
    }
}

/// Every file below `root`. What is not a regular file is listed under a name that says so.
fn list(root: &Path) -> std::io::Result<Vec<FoundFile>> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type()?;
            if found.len() >= FILES_MAX {
                let what = format!("more than {FILES_MAX} files");
                return Err(std::io::Error::other(what));
            }
            if kind.is_dir() && depth < DEPTH_MAX {
                folders.push((entry.path(), format!("{path}/"), depth + 1));
            } else if kind.is_file() {
                let bytes = entry.metadata()?.len();
                found.push(FoundFile { path, bytes });
            } else {
                let path = format!("{path} (not a regular file)");
                found.push(FoundFile { path, bytes: 0 });
            }
        }
    }
    found.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

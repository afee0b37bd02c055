//! Packages on a disk: a folder, an archive or a disc image, perhaps encrypted.
//!
//! The only part of this crate that opens files; it is for programs and left out of a browser.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use redact_record::package::PACKAGE_FILE;

use super::container::{ContainerKind, PackageContainer, ReadSeek};
use super::encrypted::PackageKeys;
use super::port::FoundFile;
use super::zip_archive::ContainerError;

/// The deepest folder that is searched.
const DEPTH_MAX: usize = 16;
/// Maximum number of files.
const FILES_MAX: usize = 200_000;

/// A package on a disk.
pub struct PackageOnDisk(Form);

enum Form {
    Folder {
        root: PathBuf,
        files: Vec<FoundFile>,
    },
    Container(PackageContainer<Box<dyn ReadSeek>>),
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
    Ok(facts.is_file() && ContainerKind::of(&mut File::open(path)?)?.is_some())
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
        let mut kind = ContainerKind::of(&mut reader).map_err(read)?;
        if kind == Some(ContainerKind::Encrypted) {
            reader = Box::new(keys.decrypt(reader)?);
            kind = ContainerKind::of(&mut reader).map_err(read)?;
        }
        let container = PackageContainer::open(reader, kind)?;
        Ok(Self(Form::Container(container)))
    }

    /// The folder that the package is, unless it is a file.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Form::Folder { root, .. } => Some(root),
            Form::Container(_) => None,
        }
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> &[FoundFile] {
        match &self.0 {
            Form::Folder { files, .. } => files,
            Form::Container(container) => container.files(),
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
            Form::Container(container) => container.excess(),
            Form::Folder { .. } => None,
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
            Form::Container(container) => container.open_file(path),
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

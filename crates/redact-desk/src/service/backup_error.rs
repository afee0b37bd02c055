//! Errors of backups and restores.

use std::path::{Path, PathBuf};

use crate::error::DeskError;

/// Why a backup or a restore failed. Nothing is left under the final name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The folder has no database of a desk.
    #[error("{path}: found no data of a desk; need its data folder", path = path.display())]
    NoDesk {
        /// The folder.
        path: PathBuf,
    },
    /// The folder has no list of files.
    #[error("{path}: found no backup; need a folder that redact desk backup wrote", path = path.display())]
    NoBackup {
        /// The folder.
        path: PathBuf,
    },
    /// The data folder was written by another version of the program.
    #[error("{path}: the data has version {found}, this program has {known}; make the backup with the program that serves the desk", path = path.display())]
    OtherVersion {
        /// The folder.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// This program's version.
        known: i64,
    },
    /// The backup was written by a newer program.
    #[error(
        "the backup has version {found}; this program supports versions up to {known}; restore it with a newer program"
    )]
    Newer {
        /// Its version.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// The target exists.
    #[error("{path}: there is something already; need a name that is not used", path = path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The target is in a folder that it is made of, or the other way around.
    #[error("{path}: this is in or around {other}; need a folder apart from it", path = path.display(), other = other.display())]
    Inside {
        /// The target.
        path: PathBuf,
        /// What it is made of.
        other: PathBuf,
    },
    /// The data folder to restore into is not empty.
    #[error("{path}: the folder is not empty; need an empty folder or a new name", path = path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the backup is missing or was changed.
    #[error("{path}: the backup is damaged: {what}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A file cannot be read.
    #[error("{path}: cannot read this file: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("{path}: cannot write this file: {source}; what was written was removed", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A database error.
    #[error("the database returned an error: {0}")]
    Database(String),
    /// A line of a ledger could not be applied.
    #[error("the ledger's {line} cannot be applied again: {what}")]
    Ledger {
        /// What it is about: its kind and id.
        line: String,
        /// What is wrong.
        what: String,
    },
    /// Somebody stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The data folder cannot be used.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl BackupError {
    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: std::io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn database(error: impl std::fmt::Display) -> Self {
        Self::Database(error.to_string())
    }
}

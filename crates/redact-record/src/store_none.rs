//! Replaces [`store`](crate::store) on targets without a file system (`wasm32-unknown-unknown`):
//! functions that take a path return an error; records are passed as bytes.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

pub(crate) use crate::access::Access;
pub use crate::access::Overwrite;

use crate::RecordError;

fn no_files() -> io::Error {
    ErrorKind::Unsupported.into()
}

fn unread<T>() -> Result<T, RecordError> {
    Err(RecordError::Read { source: no_files() })
}

/// Opens a regular file; returns its length, too.
///
/// # Errors
/// Always: [`RecordError::Read`].
pub(crate) fn open(_: &Path) -> Result<(File, u64), RecordError> {
    unread()
}

/// The permission bits of an open file.
///
/// # Errors
/// Always: [`RecordError::Read`].
pub(crate) fn mode(_: &File) -> Result<u32, RecordError> {
    unread()
}

/// Opens a file for appending.
///
/// # Errors
/// Always.
pub(crate) fn open_to_append(_: &Path) -> io::Result<File> {
    Err(no_files())
}

/// Reads a whole file.
///
/// # Errors
/// Always: [`RecordError::Read`].
pub fn read(_: &Path, _: u64) -> Result<Vec<u8>, RecordError> {
    unread()
}

/// Reads the start of a file.
///
/// # Errors
/// Always.
pub fn read_start(_: &Path, _: u64) -> Result<Vec<u8>, RecordError> {
    unread()
}

/// Does nothing.
pub fn remove_leftovers(_: &Path) {}

/// Writes a file.
///
/// # Errors
/// Always: [`RecordError::Write`].
pub fn write(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<(), RecordError> {
    write_with(path, bytes, overwrite, Access::Shared)
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// Always: [`RecordError::Write`].
pub fn write_for_owner(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<(), RecordError> {
    write_with(path, bytes, overwrite, Access::Owner)
}

pub(crate) fn write_with(_: &Path, _: &[u8], _: Overwrite, _: Access) -> Result<(), RecordError> {
    Err(RecordError::Write { source: no_files() })
}

//! Facts about an open file.
//!
//! A confined process may make one system call for them, `fstat`. The calls of the standard library
//! take a path as well, which a filter of system calls cannot read, and so are not possible there.

use std::fs::File;
use std::io;

/// Length of an open file, bytes.
///
/// # Errors
/// The system's own.
pub(crate) fn length(file: &File) -> io::Result<u64> {
    Ok(u64::try_from(rustix::fs::fstat(file)?.st_size).unwrap_or(0))
}

/// Whether an open file is a regular one: no pipe, folder or device.
///
/// # Errors
/// The system's own.
pub(crate) fn is_regular(file: &File) -> io::Result<bool> {
    let mode = rustix::fs::fstat(file)?.st_mode;
    Ok(rustix::fs::FileType::from_raw_mode(mode).is_file())
}

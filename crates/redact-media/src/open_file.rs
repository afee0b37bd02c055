//! Length and type of an open file.
//!
//! A confined process may call `fstat` only. The standard library uses system calls that also take
//! a path, which a seccomp filter cannot inspect and therefore denies.

use std::fs::File;
use std::io;

/// Length of an open file, bytes.
///
/// # Errors
/// The operating system's error.
pub(crate) fn length(file: &File) -> io::Result<u64> {
    Ok(u64::try_from(rustix::fs::fstat(file)?.st_size).unwrap_or(0))
}

/// Whether an open file is a regular file, not a pipe, directory or device.
///
/// # Errors
/// The operating system's error.
pub(crate) fn is_regular(file: &File) -> io::Result<bool> {
    let mode = rustix::fs::fstat(file)?.st_mode;
    Ok(rustix::fs::FileType::from_raw_mode(mode).is_file())
}

//! Reads bytes of the scanned file.

use std::io::{Read, Seek};

use super::verdict::LeakError;
use crate::mp4::boxes::malformed;
use crate::mp4::read_at;

/// Exactly `bytes` bytes from offset `at` on.
pub(super) fn read_whole(
    file: &mut (impl Read + Seek),
    at: u64,
    bytes: u64,
) -> Result<Vec<u8>, LeakError> {
    let found = read_at(file, at, bytes)?;
    if found.len() as u64 == bytes {
        Ok(found)
    } else {
        Err(malformed("unexpected end of file", at).into())
    }
}

//! Reading parts of a file that is too large for memory.

use std::io::{self, Read, Seek, SeekFrom};

/// Length of the file, bytes.
pub(crate) fn length(file: &mut impl Seek) -> io::Result<u64> {
    file.seek(SeekFrom::End(0))
}

/// Up to `bytes` bytes from offset `at` on.
pub(crate) fn read_at(file: &mut (impl Read + Seek), at: u64, bytes: u64) -> io::Result<Vec<u8>> {
    let mut found = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.by_ref().take(bytes).read_to_end(&mut found)?;
    Ok(found)
}

//! A file that is read in slices.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of a slice: few calls, and little memory.
const SLICE_BYTES: u64 = 1 << 20;

/// A file of which any part can be read.
pub trait Slices {
    /// The bytes from `at` on: exactly `bytes` of them, which lie within the file.
    ///
    /// # Errors
    /// If the file cannot be read.
    fn read(&mut self, at: u64, bytes: u64) -> io::Result<Vec<u8>>;
}

impl<S: Slices> Slices for &mut S {
    fn read(&mut self, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
        (**self).read(at, bytes)
    }
}

/// Reads a file of known length slice by slice.
pub struct SliceReader<S> {
    slices: S,
    length: u64,
    at: u64,
    /// The slice in memory, and where it starts.
    slice: Vec<u8>,
    slice_at: u64,
}

impl<S: Slices> SliceReader<S> {
    /// A file of `length` bytes.
    pub const fn new(slices: S, length: u64) -> Self {
        Self {
            slices,
            length,
            at: 0,
            slice: Vec::new(),
            slice_at: 0,
        }
    }

    /// What of the slice in memory lies at the place that is read next.
    fn ready(&self) -> &[u8] {
        let skipped = self.at.checked_sub(self.slice_at);
        let skipped = skipped.and_then(|skipped| usize::try_from(skipped).ok());
        skipped
            .and_then(|skipped| self.slice.get(skipped..))
            .unwrap_or_default()
    }
}

impl<S: Slices> Read for SliceReader<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length || buffer.is_empty() {
            return Ok(0);
        }
        if self.ready().is_empty() {
            let bytes = SLICE_BYTES.min(self.length - self.at);
            let slice = self.slices.read(self.at, bytes)?;
            if slice.len() as u64 != bytes {
                // The file became shorter while it was read.
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            (self.slice, self.slice_at) = (slice, self.at);
        }
        let ready = self.ready();
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl<S: Slices> Seek for SliceReader<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in memory that counts how often it is read.
    struct Counted {
        bytes: Vec<u8>,
        reads: usize,
    }

    impl Slices for Counted {
        fn read(&mut self, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
            self.reads += 1;
            let (start, end) = (
                usize::try_from(at).unwrap(),
                usize::try_from(at + bytes).unwrap(),
            );
            Ok(self.bytes.get(start..end).unwrap_or_default().to_vec())
        }
    }

    /// Goal: every byte comes once and in order, and neighbors come from one slice.
    #[test]
    fn a_file_is_read_whole_in_few_slices() {
        let length = 2 * SLICE_BYTES + 5;
        let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let mut file = Counted {
            bytes: bytes.clone(),
            reads: 0,
        };
        let mut reader = SliceReader::new(&mut file, length);
        let mut found = Vec::new();
        reader.read_to_end(&mut found).unwrap();
        assert!(found == bytes);
        let mut four = [0; 4];
        for at in [SLICE_BYTES, SLICE_BYTES + 4, length - 4] {
            reader.seek(SeekFrom::Start(at)).unwrap();
            reader.read_exact(&mut four).unwrap();
            let at = usize::try_from(at).unwrap();
            assert_eq!(four[..], bytes[at..at + 4]);
        }
        assert_eq!(reader.seek(SeekFrom::End(0)).unwrap(), length);
        assert!(
            reader
                .seek(SeekFrom::End(-1 - i64::try_from(length).unwrap()))
                .is_err()
        );
        assert_eq!(file.reads, 5);
    }

    /// Goal: a file that became shorter is an error, not a shorter file.
    #[test]
    fn a_file_that_is_cut_while_it_is_read_is_an_error() {
        let mut file = Counted {
            bytes: vec![1; 10],
            reads: 0,
        };
        let mut reader = SliceReader::new(&mut file, 11);
        assert!(reader.read(&mut [0; 11]).is_err());
    }
}

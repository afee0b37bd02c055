//! Digests of files: a SHA-256 that shows *whether* a file differs, and a hash tree that shows
//! *where*.
//!
//! The tree is the Merkle tree of RFC 6962, section 2.1, over leaves of 4 KiB: leaves are hashed
//! after a 0 byte, inner nodes after a 1 byte, so that no leaf can pose as a node. A binding
//! lists up to 1,024 *parts*: the roots of equal, complete subtrees (a power of two leaves each).
//! The root follows from the parts. In a file of up to 4 MiB a difference is located to a single
//! leaf, and the list takes less than 70 KB for a file of any length.

use std::io::Read;
use std::ops::{ControlFlow, Range};
use std::path::Path;

use redact_core::Digest;
use sha2::{Digest as _, Sha256};

use crate::{RecordError, store};

/// Bytes in a leaf of the tree; the last one may be shorter.
pub const LEAF_BYTES: u64 = 4096;

/// Maximum number of parts in a binding.
const PARTS_MAX: u64 = 1024;

/// Bytes per read.
const READ_BYTES: usize = 1 << 20;

/// Receives the number of bytes done and of all bytes; `Break` cancels.
pub type Advance<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// SHA-256 of `bytes`.
#[must_use]
pub fn digest_bytes(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// Computes the SHA-256 of bytes that come in blocks.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Before the first block.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next block.
    pub fn update(&mut self, block: &[u8]) {
        self.0.update(block);
    }

    /// The digest of all blocks.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// SHA-256 and length of a file, in bytes.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::NotAFile`]; [`RecordError::ChangedWhileReading`];
/// [`RecordError::Cancelled`] if `advance` breaks.
pub fn digest_file(path: &Path, advance: Advance<'_>) -> Result<(Digest, u64), RecordError> {
    let (file, expected) = store::open(path)?;
    let mut whole = Sha256::new();
    let bytes = walk(file, expected, advance, |block| whole.update(block))?;
    Ok((Digest(whole.finalize().into()), bytes))
}

/// Digests that bind a record to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileBinding {
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Root of the tree.
    pub merkle_root: Digest,
    /// Bytes covered by each part: [`LEAF_BYTES`] times a power of two; the last may be shorter.
    pub part_bytes: u64,
    /// Roots of the subtrees in file order; none for an empty file.
    pub parts: Vec<Digest>,
}

impl FileBinding {
    /// Computes the binding of a file in one pass.
    ///
    /// # Errors
    /// Those of [`digest_file`].
    pub fn of_file(path: &Path, advance: Advance<'_>) -> Result<Self, RecordError> {
        let (file, expected) = store::open(path)?;
        Self::of_reader(file, expected, advance)
    }

    /// Computes the binding of the remaining `expected` bytes of `reader`.
    ///
    /// # Errors
    /// [`RecordError::Read`]; [`RecordError::ChangedWhileReading`] for another length;
    /// [`RecordError::Cancelled`] if `advance` breaks.
    pub fn of_reader(
        reader: impl Read,
        expected: u64,
        advance: Advance<'_>,
    ) -> Result<Self, RecordError> {
        let mut tree = TreeBuilder::new(expected);
        let mut whole = Sha256::new();
        let bytes = walk(reader, expected, advance, |block| {
            whole.update(block);
            tree.update(block);
        })?;
        Ok(tree.finish(bytes, Digest(whole.finalize().into())))
    }

    /// Whether length, parts and root agree.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.part_bytes == part_bytes(self.bytes)
            && self.parts.len() as u64 == self.bytes.div_ceil(self.part_bytes)
            && root(&self.parts) == self.merkle_root
    }

    /// Where `found` differs from this binding: ascending, disjoint byte ranges of whole parts.
    ///
    /// If the two lengths require parts of different sizes, the range is the whole file; if a file
    /// is longer, the last range extends to its end.
    #[must_use]
    pub fn differences(&self, found: &Self) -> Vec<Range<u64>> {
        let longest = self.bytes.max(found.bytes);
        if self.part_bytes != found.part_bytes {
            return std::iter::once(0..longest).collect();
        }
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let count = self.parts.len().max(found.parts.len());
        let mut start = 0;
        for index in 0..count {
            let end = start + self.part_bytes;
            if self.parts.get(index) != found.parts.get(index) {
                match ranges.last_mut() {
                    Some(last) if last.end == start => last.end = end.min(longest),
                    _ => ranges.push(start..end.min(longest)),
                }
            }
            start = end;
        }
        ranges
    }
}

/// Reads `expected` bytes in blocks; returns their number.
fn walk(
    mut file: impl Read,
    expected: u64,
    advance: Advance<'_>,
    mut take: impl FnMut(&[u8]),
) -> Result<u64, RecordError> {
    let mut buffer = vec![0; READ_BYTES];
    let mut done = 0_u64;
    loop {
        if advance(done, expected).is_break() {
            return Err(RecordError::Cancelled);
        }
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(source) if source.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(RecordError::Read { source }),
        };
        take(&buffer[..count]);
        done += count as u64;
        if done > expected {
            break;
        }
    }
    if done == expected {
        Ok(done)
    } else {
        let found = done;
        Err(RecordError::ChangedWhileReading { expected, found })
    }
}

/// The smallest part size that needs at most [`PARTS_MAX`] parts.
fn part_bytes(file_bytes: u64) -> u64 {
    let leaves = file_bytes.div_ceil(LEAF_BYTES);
    LEAF_BYTES * leaves.div_ceil(PARTS_MAX).max(1).next_power_of_two()
}

fn leaf(bytes: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(bytes);
    Digest(hash.finalize().into())
}

fn node(left: Digest, right: Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left.0);
    hash.update(right.0);
    Digest(hash.finalize().into())
}

/// The root over subtrees of equal height; the last may be lower (RFC 6962, 2.1).
fn root(subtrees: &[Digest]) -> Digest {
    match subtrees {
        [] => digest_bytes(&[]),
        [only] => *only,
        _ => {
            // The largest power of two below the count.
            let left = subtrees.len().next_power_of_two() / 2;
            node(root(&subtrees[..left]), root(&subtrees[left..]))
        }
    }
}

/// Collects leaves into parts while a file streams by.
struct TreeBuilder {
    part_bytes: u64,
    leaves_per_part: u64,
    pending: Vec<u8>,
    leaves: Vec<Digest>,
    parts: Vec<Digest>,
}

impl TreeBuilder {
    fn new(file_bytes: u64) -> Self {
        let part_bytes = part_bytes(file_bytes);
        Self {
            part_bytes,
            leaves_per_part: part_bytes / LEAF_BYTES,
            pending: Vec::new(),
            leaves: Vec::new(),
            parts: Vec::new(),
        }
    }

    fn update(&mut self, mut block: &[u8]) {
        while !block.is_empty() {
            let room = LEAF_BYTES - self.pending.len() as u64;
            let room = usize::try_from(room).unwrap_or(block.len());
            let (now, later) = block.split_at(room.min(block.len()));
            self.pending.extend_from_slice(now);
            block = later;
            if self.pending.len() as u64 == LEAF_BYTES {
                self.close_leaf();
            }
        }
    }

    fn close_leaf(&mut self) {
        self.leaves.push(leaf(&self.pending));
        self.pending.clear();
        if self.leaves.len() as u64 == self.leaves_per_part {
            self.close_part();
        }
    }

    fn close_part(&mut self) {
        self.parts.push(root(&self.leaves));
        self.leaves.clear();
    }

    fn finish(mut self, bytes: u64, sha256: Digest) -> FileBinding {
        if !self.pending.is_empty() {
            self.close_leaf();
        }
        if !self.leaves.is_empty() {
            self.close_part();
        }
        FileBinding {
            bytes,
            sha256,
            merkle_root: root(&self.parts),
            part_bytes: self.part_bytes,
            parts: self.parts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(_: u64, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn bind(bytes: &[u8]) -> FileBinding {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        FileBinding::of_file(file.path(), &mut go).unwrap()
    }

    /// The literal definition in RFC 6962, 2.1, over all leaves at once.
    fn reference_root(leaves: &[&[u8]]) -> Digest {
        match leaves {
            [] => digest_bytes(&[]),
            [only] => leaf(only),
            _ => {
                let mut split = 1;
                while split * 2 < leaves.len() {
                    split *= 2;
                }
                node(
                    reference_root(&leaves[..split]),
                    reference_root(&leaves[split..]),
                )
            }
        }
    }

    /// Goal: parts of any size are nodes of the tree of 4 KiB leaves.
    #[test]
    fn the_root_is_the_same_with_parts_of_one_leaf_and_of_many() {
        for leaves in [0_usize, 1, 2, 3, 7, 1024, 1025, 2049, 3000] {
            let bytes: Vec<u8> = (0..leaves * 4096)
                .map(|i| u8::try_from(i / 4096 % 251).unwrap())
                .collect();
            for cut in [0, 1] {
                let bytes = &bytes[..bytes.len().saturating_sub(cut)];
                let binding = bind(bytes);
                let expected = reference_root(&bytes.chunks(4096).collect::<Vec<_>>());
                assert_eq!(binding.merkle_root, expected, "{leaves} leaves less {cut}");
                assert!(binding.is_consistent());
                assert_eq!(binding.sha256, digest_bytes(bytes));
            }
        }
    }

    #[test]
    fn a_changed_byte_is_located_and_an_equal_file_is_not() {
        let bytes = vec![7_u8; 5 * 4096 + 10];
        let mut changed = bytes.clone();
        changed[3 * 4096] ^= 1;
        let (before, after) = (bind(&bytes), bind(&changed));
        assert_eq!(before.differences(&after), vec![3 * 4096..4 * 4096]);
        assert_eq!(before.differences(&before), []);
        changed.extend_from_slice(b"tail");
        let longer = bind(&changed);
        let end = longer.bytes;
        assert_eq!(
            before.differences(&longer),
            [3 * 4096..4 * 4096, 5 * 4096..end]
        );
    }

    #[test]
    fn a_break_stops_reading() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![0; 3 << 20]).unwrap();
        let mut calls = 0;
        let stopped = digest_file(file.path(), &mut |done, total| {
            calls += 1;
            assert_eq!(total, 3 << 20);
            if done > 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert!(matches!(stopped, Err(RecordError::Cancelled)));
        assert_eq!(calls, 2);
    }
}

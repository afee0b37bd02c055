//! Copying files into a package, and digesting them on the way.

use std::fs::File;
use std::io::{Read, Write};
use std::ops::ControlFlow;

use redact_core::{Digest, Phase, Progress};
use redact_record::Hasher;

use super::error::PackageError;
use super::plan::{FileContent, PlannedFile};
use crate::error::{Context as _, ReleaseError, Result};

/// Bytes per read.
const READ_BYTES: usize = 1 << 20;

/// Receives how many more bytes were written; `Break` cancels.
pub(super) type Progressed<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// Copies everything, and gives each block to `take`, too.
///
/// # Errors
/// The system's error; [`ReleaseError::Cancelled`].
pub(super) fn copy(
    from: &mut dyn Read,
    to: &mut dyn Write,
    advance: Progressed<'_>,
    mut take: impl FnMut(&[u8]),
) -> Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        take(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        if advance(count as u64).is_break() {
            return Err(ReleaseError::Cancelled);
        }
    }
}

/// Copies a file of a package to its place, and checks that it is what the manifest says.
///
/// # Errors
/// [`PackageError::Changed`], the system's error, [`ReleaseError::Cancelled`].
pub(super) fn copy_file(
    file: &PlannedFile,
    to: &mut dyn Write,
    advance: Progressed<'_>,
) -> Result<()> {
    let path = match &file.content {
        FileContent::Bytes(bytes) => {
            return copy(&mut bytes.as_slice(), to, advance, |_| {});
        }
        FileContent::File(path) => path,
    };
    let mut hasher = Hasher::new();
    // One byte more than expected, so that a file that grows is found.
    let mut from = File::open(path)
        .in_file(path)?
        .take(file.bytes.saturating_add(1));
    copy(&mut from, to, advance, |block| hasher.update(block))?;
    same(hasher.finish(), file.sha256).in_file(path)
}

/// # Errors
/// [`PackageError::Changed`].
pub(super) fn same(found: Digest, expected: Digest) -> Result<(), PackageError> {
    match found == expected {
        true => Ok(()),
        false => Err(PackageError::Changed { found, expected }),
    }
}

/// Reports how much of a package is written.
pub(super) struct Meter<'a> {
    progress: &'a dyn Progress,
    done: u64,
    total: u64,
}

impl<'a> Meter<'a> {
    pub(super) const fn new(progress: &'a dyn Progress, total: u64) -> Self {
        Self {
            progress,
            done: 0,
            total,
        }
    }

    pub(super) fn advance(&mut self, bytes: u64) -> ControlFlow<()> {
        self.done = self.done.saturating_add(bytes);
        self.progress
            .advance(Phase::Digest, self.done, Some(self.total.max(self.done)))
    }
}

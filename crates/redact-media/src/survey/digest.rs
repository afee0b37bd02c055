//! What a group of pictures is recognised by: its coded form, and when it is shown.

use redact_core::Digest;
use sha2::{Digest as _, Sha256};

use crate::coded::{Header, Looked};

/// The digest of one group, packet by packet.
///
/// It covers the parameter sets that its slices name, at their first use, and every unit that is
/// kept behind its length in four bytes.
pub(crate) struct GroupDigest {
    hash: Sha256,
    sets: Vec<u32>,
}

impl GroupDigest {
    pub(crate) fn new() -> Self {
        Self {
            hash: Sha256::new(),
            sets: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, header: &Header, looked: &Looked, kept: &[u8]) {
        for set in &looked.sets {
            if !self.sets.contains(set) {
                self.sets.push(*set);
                self.hash
                    .update(header.decoded_with(*set).unwrap_or_default());
            }
        }
        self.hash.update(kept);
    }

    /// Numbers of the picture parameter sets that its slices name, at their first use.
    pub(crate) fn sets(&self) -> &[u32] {
        &self.sets
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(self.hash.finalize().into())
    }
}

/// SHA-256 over the digest of a group and when each of its packets is shown, in ticks after the
/// first of them: the same pictures at other times are another group.
pub(crate) fn timed_digest(coded: Digest, pts: &[i64]) -> Digest {
    let mut hash = Sha256::new_with_prefix(coded.0);
    let first = pts.first().copied().unwrap_or(0);
    for at in pts {
        hash.update(at.wrapping_sub(first).to_le_bytes());
    }
    Digest(hash.finalize().into())
}

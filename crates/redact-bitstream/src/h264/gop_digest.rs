//! What a GOP is recognized by: its coded form, and when it is shown.

use redact_core::Digest;
use sha2::{Digest as _, Sha256};

use super::avcc::{AccessUnit, AvcConfig};

/// The digest of one GOP, sample by sample.
///
/// It covers the parameter sets that its slices name, at their first use, and every NAL unit but
/// SEI and filler data, each behind its length in four bytes.
pub struct GopDigest {
    hash: Sha256,
    pps_ids: Vec<u32>,
}

impl GopDigest {
    /// Of a GOP of which nothing was seen yet.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "a digest of nothing is no default"
    )]
    pub fn new() -> Self {
        Self {
            hash: Sha256::new(),
            pps_ids: Vec::new(),
        }
    }

    /// Adds the next sample: what is in it, and its NAL units as [`super::avcc::picture_nal_units`]
    /// gives them.
    pub fn add(&mut self, config: &AvcConfig, found: &AccessUnit, nal_units: &[u8]) {
        for id in &found.pps_ids {
            if !self.pps_ids.contains(id) {
                self.pps_ids.push(*id);
                self.hash
                    .update(config.parameter_sets_of(*id).unwrap_or_default());
            }
        }
        self.hash.update(nal_units);
    }

    /// Picture parameter sets that its slices name (`pps_id`), at their first use.
    #[must_use]
    pub fn pps_ids(&self) -> &[u32] {
        &self.pps_ids
    }

    /// SHA-256 of all that was added.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.hash.finalize().into())
    }
}

/// SHA-256 over the digest of a GOP and when each of its samples is shown, in ticks after the first
/// of them: the same pictures at other times are another GOP.
#[must_use]
pub fn timed_digest(coded: Digest, pts: &[i64]) -> Digest {
    let mut hash = Sha256::new_with_prefix(coded.0);
    let first = pts.first().copied().unwrap_or(0);
    for at in pts {
        hash.update(at.wrapping_sub(first).to_le_bytes());
    }
    Digest(hash.finalize().into())
}

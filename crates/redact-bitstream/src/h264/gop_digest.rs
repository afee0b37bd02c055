//! Digests that identify a GOP by its coded pictures and their times.

use redact_core::Digest;
use sha2::{Digest as _, Sha256};

use super::avcc::{AccessUnit, AvcConfig};

/// The digest of one GOP, sample by sample.
///
/// It covers the parameter sets that its slices use, at their first use, and every NAL unit except
/// SEI and filler data, each preceded by its length in four bytes.
pub struct GopDigest {
    hash: Sha256,
    pps_ids: Vec<u32>,
}

impl GopDigest {
    /// The digest of a GOP before its first sample.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "a digest of no data is not a useful default"
    )]
    pub fn new() -> Self {
        Self {
            hash: Sha256::new(),
            pps_ids: Vec::new(),
        }
    }

    /// Adds the next sample, `found` by [`AvcConfig::access_unit`], with its NAL units from
    /// [`super::avcc::picture_nal_units`].
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

    /// Picture parameter sets that its slices use (`pps_id`), in the order of first use.
    #[must_use]
    pub fn pps_ids(&self) -> &[u32] {
        &self.pps_ids
    }

    /// SHA-256 of all samples.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.hash.finalize().into())
    }
}

/// SHA-256 over the digest of a GOP and the presentation times of its samples, relative to the
/// first: the same pictures with other times are a different GOP. `pts` are in ticks of `scale`
/// units each, so that two streams with the same unit and other ticks give the same digest.
#[must_use]
pub fn timed_digest(coded: Digest, pts: &[i64], scale: u32) -> Digest {
    let mut hash = Sha256::new_with_prefix(coded.0);
    let first = pts.first().copied().unwrap_or(0);
    for at in pts {
        let units = at.wrapping_sub(first).wrapping_mul(i64::from(scale));
        hash.update(units.to_le_bytes());
    }
    Digest(hash.finalize().into())
}

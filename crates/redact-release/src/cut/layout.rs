//! Where a release is cut, so that no part is larger than the limit.

use redact_core::{FrameIndex, FrameSpan};
use redact_record::manifest::Hex;
use serde::{Deserialize, Serialize};

use crate::error::ReleaseError;

/// Most bytes that the tables of an MP4 file have for a picture: time, offset, size, key frame, and
/// a chunk of its own.
const PICTURE_OVERHEAD: u64 = 48;

/// The same for a packet of sound.
const SOUND_OVERHEAD: u64 = 36;

/// Bytes of an MP4 file's other boxes, and of a signature.
const FILE_OVERHEAD: u64 = 8 << 10;

/// A GOP, and the sound that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GopRow {
    /// First frame, and first frame after.
    pub(super) frames: (u32, u32),
    /// Bytes of its coded pictures, and of the sound.
    pub(super) bytes: u64,
    /// Packets of sound.
    pub(super) sound_packets: u64,
    /// SHA-256 over its coded pictures and their parameter sets.
    pub(super) digest: Hex,
}

impl GopRow {
    /// The most bytes that it takes in a file.
    fn bytes_max(&self) -> u64 {
        let pictures = u64::from(self.frames.1.saturating_sub(self.frames.0));
        self.bytes
            .saturating_add(pictures.saturating_mul(PICTURE_OVERHEAD))
            .saturating_add(self.sound_packets.saturating_mul(SOUND_OVERHEAD))
    }
}

/// The frames of each part, as few parts as possible: each takes GOPs until the next would exceed
/// `limit` with `records` bytes of records.
///
/// # Errors
/// When a GOP alone exceeds the limit.
pub(super) fn lay_out(
    gops: &[GopRow],
    limit: u64,
    records: u64,
) -> Result<Vec<FrameSpan>, ReleaseError> {
    let room = limit.saturating_sub(records.saturating_add(FILE_OVERHEAD));
    let (mut spans, mut start, mut bytes) = (Vec::new(), 0, 0_u64);
    let span = |start, end| FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end));
    for gop in gops {
        let own = gop.bytes_max();
        if own > room {
            let (start, end) = gop.frames;
            return Err(ReleaseError::GopTooLarge {
                start,
                end,
                needed: own.saturating_add(records).saturating_add(FILE_OVERHEAD),
                limit,
            });
        }
        if bytes.saturating_add(own) > room {
            spans.extend(span(start, gop.frames.0));
            (start, bytes) = (gop.frames.0, 0);
        }
        bytes = bytes.saturating_add(own);
    }
    spans.extend(gops.last().and_then(|last| span(start, last.frames.1)));
    Ok(spans)
}

#[cfg(test)]
mod tests {
    use redact_core::Digest;

    use super::*;

    fn gops(bytes: &[u64]) -> Vec<GopRow> {
        let row = |(at, &bytes): (u32, &u64)| GopRow {
            frames: (at * 10, at * 10 + 10),
            bytes,
            sound_packets: 5,
            digest: Hex(Digest([0; 32])),
        };
        (0..).zip(bytes).map(row).collect()
    }

    /// Goal: every frame is in exactly one part and no part exceeds the limit. Control: a GOP that
    /// does not fit is an error that names it.
    #[test]
    fn parts_have_every_frame_once_and_keep_to_the_limit() {
        let gops = gops(&[4000, 9000, 100, 30_000, 1, 2000, 2000]);
        let records = 1000;
        for limit in (41_000..90_000).step_by(777) {
            let spans = lay_out(&gops, limit, records).unwrap();
            let mut due = 0;
            for span in &spans {
                assert_eq!(span.start().get(), due);
                due = span.end().get();
                let own = gops.iter().filter(|gop| {
                    span.start().get() <= gop.frames.0 && gop.frames.1 <= span.end().get()
                });
                let bytes: u64 = own.map(GopRow::bytes_max).sum();
                assert!(bytes + records + FILE_OVERHEAD <= limit);
            }
            assert_eq!(due, 70);
        }
        assert_eq!(lay_out(&gops, u64::MAX, records).unwrap().len(), 1);
        let refused = lay_out(&gops, 30_000, records).unwrap_err();
        assert!(
            matches!(refused, ReleaseError::GopTooLarge { start: 30, .. }),
            "{refused}"
        );
        assert!(lay_out(&gops, 0, records).is_err());
    }
}

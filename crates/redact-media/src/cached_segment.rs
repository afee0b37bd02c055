//! Segments of re-encoded pictures that a later render can reuse.
//!
//! A segment is self-contained: it has its own encoder and begins with an IDR picture. It holds
//! coded pictures with the redactions drawn in; the cache must make sure that they are reused only
//! for the same redactions of the same recording.

use redact_core::FrameSpan;

/// Magic bytes of a segment file; the digit is the format version.
const MAGIC: &[u8; 8] = b"redkept1";

/// Re-encoded pictures, in decoding order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedSegment {
    pub(crate) frames: FrameSpan,
    /// Parameter sets of their encoder, in Annex B.
    pub(crate) config: Vec<u8>,
    pub(crate) packets: Vec<CachedPacket>,
}

/// One coded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CachedPacket {
    pub(crate) frame: u32,
    pub(crate) is_key: bool,
    /// NAL units with four-byte lengths, without SEI.
    pub(crate) data: Vec<u8>,
}

/// Stores and loads segments.
pub trait SegmentCache: Send + Sync {
    /// The segment of exactly these frames; `None` when it is missing or was changed.
    fn load(&self, frames: FrameSpan) -> Option<CachedSegment>;

    /// Stores an encoded segment. A failure to store it does not fail the render.
    fn save(&self, segment: &CachedSegment);
}

impl CachedSegment {
    /// The frames of the segment.
    #[must_use]
    pub const fn frames(&self) -> FrameSpan {
        self.frames
    }

    /// The segment as bytes: little-endian four-byte numbers, data preceded by its length.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let data: usize = self
            .packets
            .iter()
            .map(|packet| packet.data.len() + 9)
            .sum();
        let mut bytes = Vec::with_capacity(data + self.config.len() + 32);
        bytes.extend_from_slice(MAGIC);
        let number = |bytes: &mut Vec<u8>, value: u32| bytes.extend(value.to_le_bytes());
        number(&mut bytes, self.frames.start().get());
        number(&mut bytes, self.frames.end().get());
        let block = |bytes: &mut Vec<u8>, data: &[u8]| {
            number(bytes, u32::try_from(data.len()).unwrap_or(u32::MAX));
            bytes.extend_from_slice(data);
        };
        block(&mut bytes, &self.config);
        for packet in &self.packets {
            bytes.extend(packet.frame.to_le_bytes());
            bytes.push(u8::from(packet.is_key));
            block(&mut bytes, &packet.data);
        }
        bytes
    }

    /// Parses what [`CachedSegment::to_bytes`] writes; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let start = redact_core::FrameIndex::new(number(&mut rest)?);
        let end = redact_core::FrameIndex::new(number(&mut rest)?);
        let frames = FrameSpan::new(start, end)?;
        let config = block(&mut rest)?;
        let mut packets = Vec::new();
        while !rest.is_empty() {
            let frame = number(&mut rest)?;
            let (&key, behind) = rest.split_first()?;
            rest = behind;
            packets.push(CachedPacket {
                frame,
                is_key: match key {
                    0 => false,
                    1 => true,
                    _ => return None,
                },
                data: block(&mut rest)?,
            });
        }
        let mut shown: Vec<u32> = packets.iter().map(|packet| packet.frame).collect();
        shown.sort_unstable();
        let is_whole = shown.into_iter().eq(start.get()..end.get());
        let begins = packets.first().is_some_and(|first| first.is_key);
        (is_whole && begins).then_some(Self {
            frames,
            config,
            packets,
        })
    }
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (number, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    Some(u32::from_le_bytes(*number))
}

fn block(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (block, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(block.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::FrameIndex;

    fn segment(order: &[u32]) -> CachedSegment {
        let packet = |(place, &frame): (usize, &u32)| CachedPacket {
            frame,
            is_key: place == 0,
            data: vec![7; frame as usize],
        };
        CachedSegment {
            frames: FrameSpan::new(FrameIndex::new(4), FrameIndex::new(7)).unwrap(),
            config: vec![1, 2],
            packets: order.iter().enumerate().map(packet).collect(),
        }
    }

    #[test]
    fn a_segment_survives_a_round_trip_through_bytes() {
        let segment = segment(&[4, 6, 5]);
        assert_eq!(
            CachedSegment::from_bytes(&segment.to_bytes()),
            Some(segment)
        );
    }

    /// Goal: only the bytes of a complete segment are accepted.
    #[test]
    fn truncated_segments_and_missing_or_repeated_frames_are_refused() {
        let whole = segment(&[4, 6, 5]).to_bytes();
        for length in 0..whole.len() {
            assert_eq!(
                CachedSegment::from_bytes(&whole[..length]),
                None,
                "{length}"
            );
        }
        for order in [&[4, 5][..], &[4, 5, 5], &[4, 5, 7], &[4, 5, 6, 6]] {
            assert_eq!(
                CachedSegment::from_bytes(&segment(order).to_bytes()),
                None,
                "{order:?}"
            );
        }
    }
}

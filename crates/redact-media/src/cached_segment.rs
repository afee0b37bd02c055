//! Runs of pictures that were re-encoded, kept so that a later render need not encode them again.
//!
//! A run is a whole: it has an encoder of its own, begins with an IDR picture, and needs nothing of
//! what is around it. What is kept are coded pictures with the redactions in them; who keeps them
//! proves that they are used for the same redactions of the same recording only.

use redact_core::FrameSpan;

/// What the bytes of a kept run begin with; the number changes with the form.
const MAGIC: &[u8; 8] = b"redkept1";

/// Pictures that were re-encoded, in the order in which they are decoded.
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
    /// Units behind lengths of four bytes, without messages.
    pub(crate) data: Vec<u8>,
}

/// Where runs are kept.
pub trait SegmentCache: Send + Sync {
    /// The run of exactly these frames; `None` when it is not there, or not as it was kept.
    fn load(&self, frames: FrameSpan) -> Option<CachedSegment>;

    /// Takes a run that was encoded. That it cannot be kept is no reason to stop.
    fn save(&self, span: &CachedSegment);
}

impl CachedSegment {
    /// The frames, all of them.
    #[must_use]
    pub const fn frames(&self) -> FrameSpan {
        self.frames
    }

    /// The run as bytes: numbers of four bytes with the lowest first, data behind their lengths.
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
        let run = |bytes: &mut Vec<u8>, data: &[u8]| {
            number(bytes, u32::try_from(data.len()).unwrap_or(u32::MAX));
            bytes.extend_from_slice(data);
        };
        run(&mut bytes, &self.config);
        for packet in &self.packets {
            bytes.extend(packet.frame.to_le_bytes());
            bytes.push(u8::from(packet.is_key));
            run(&mut bytes, &packet.data);
        }
        bytes
    }

    /// Reads what [`CachedSegment::to_bytes`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let start = redact_core::FrameIndex::new(number(&mut rest)?);
        let end = redact_core::FrameIndex::new(number(&mut rest)?);
        let frames = FrameSpan::new(start, end)?;
        let config = run(&mut rest)?;
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
                data: run(&mut rest)?,
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

fn run(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (run, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(run.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::FrameIndex;

    fn span(order: &[u32]) -> CachedSegment {
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
    fn a_kept_run_comes_back_as_it_was() {
        let kept = span(&[4, 6, 5]);
        assert_eq!(CachedSegment::from_bytes(&kept.to_bytes()), Some(kept));
    }

    /// Goal: no bytes but those of a whole run are taken for one.
    #[test]
    fn what_is_cut_or_has_a_frame_twice_or_misses_one_is_refused() {
        let whole = span(&[4, 6, 5]).to_bytes();
        for length in 0..whole.len() {
            assert_eq!(
                CachedSegment::from_bytes(&whole[..length]),
                None,
                "{length}"
            );
        }
        for order in [&[4, 5][..], &[4, 5, 5], &[4, 5, 7], &[4, 5, 6, 6]] {
            let kept = span(order);
            assert_eq!(
                CachedSegment::from_bytes(&kept.to_bytes()),
                None,
                "{order:?}"
            );
        }
    }
}

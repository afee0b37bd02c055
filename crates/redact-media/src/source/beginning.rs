//! Where a recording can be decoded from, and which of its stored pictures are never shown.
//!
//! A recording that begins between key frames has pictures at its start that refer to others which
//! it does not hold: before the first key frame, and behind an open one those that are shown before
//! it. They are left out and counted. From the first key frame on everything else must decode: an
//! error there is damage, also where no picture has come out yet.

use ffmpeg_next::Packet;
use redact_core::{Conversion, LeftOut};

use crate::ffi;

/// Times of packets before the first picture that are remembered; a decoder delays a few tens.
const EARLY_MAX: usize = 100_000;

/// Counts what is stored and what is shown.
#[derive(Default)]
pub(super) struct Beginning {
    /// Whether a key frame was read, and when it is shown.
    key: Option<Option<i64>>,
    /// Packets of pictures before the first key frame.
    before_key: u64,
    /// Whether pictures follow the first key frame that are shown before it.
    is_open: bool,
    /// When the first picture that was delivered is shown.
    first: Option<i64>,
    /// Times of the packets before it.
    early: Vec<i64>,
    /// Packets that are shown before it.
    unreached: u64,
    stored: u64,
    shown: u64,
    discarded: u64,
}

impl Beginning {
    /// Counts a packet of pictures that is shown at `pts`.
    pub(super) fn note_packet(&mut self, packet: &Packet, pts: Option<i64>) {
        if self.key.is_none() && packet.is_key() {
            self.key = Some(pts);
        } else if self.is_leading(pts) {
            self.is_open = true;
        }
        if ffi::is_discarded(packet) {
            self.discarded += 1;
        } else {
            self.note_stored(pts);
        }
    }

    fn note_stored(&mut self, pts: Option<i64>) {
        self.stored += 1;
        match (self.first, pts) {
            (Some(first), Some(pts)) => self.unreached += u64::from(pts < first),
            (None, Some(pts)) if self.early.len() < EARLY_MAX => self.early.push(pts),
            (None, None) if self.key.is_none() => self.before_key += 1,
            (None | Some(_), _) => {}
        }
    }

    /// Counts a picture that is delivered; whether it is the first.
    pub(super) fn note_picture(&mut self, pts: Option<i64>) -> bool {
        self.shown += 1;
        if self.shown > 1 {
            return false;
        }
        self.first = pts.or(Some(i64::MIN));
        let early = std::mem::take(&mut self.early);
        let first = pts.unwrap_or(i64::MIN);
        self.unreached += early.iter().filter(|at| **at < first).count() as u64;
        true
    }

    /// Takes the recording to have begun, although its first packet is no key frame.
    pub(super) fn insist(&mut self) {
        self.key.get_or_insert(None);
    }

    /// Whether whatever is wrong now is damage.
    pub(super) const fn is_over(&self) -> bool {
        self.key.is_some() || self.shown > 0
    }

    /// Whether no key frame was read.
    pub(super) const fn awaits_key(&self) -> bool {
        self.key.is_none()
    }

    /// Whether the decoder may complain: of pictures that refer to what the recording lacks.
    pub(super) const fn excuses_complaints(&self) -> bool {
        !self.is_over() || self.is_open && self.shown == 0
    }

    /// Whether a picture with this time is shown before the first key frame.
    pub(super) fn is_leading(&self, pts: Option<i64>) -> bool {
        let key = self.key.flatten();
        self.shown == 0 && pts.zip(key).is_some_and(|(pts, key)| pts < key)
    }

    /// What is stored and not shown; `promised` pictures are in the container's index.
    pub(super) fn left_out(&self, promised: u64) -> Vec<Conversion> {
        let before = (self.unreached + self.before_key).min(self.stored);
        let read = self.stored + self.discarded;
        let counts = [
            (LeftOut::BeforeKeyFrame, before),
            (
                LeftOut::NotShown,
                self.discarded + promised.saturating_sub(read),
            ),
            (
                LeftOut::NoPicture,
                (self.stored - before).saturating_sub(self.shown),
            ),
        ];
        let counted = counts.into_iter().filter(|(_, count)| *count > 0);
        counted
            .map(|(why, count)| Conversion::LeftOut {
                pictures: u32::try_from(count).unwrap_or(u32::MAX),
                why,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ffmpeg_next::packet::Flags;

    fn packet(pts: i64, is_key: bool) -> Packet {
        let mut packet = Packet::copy(&[1]);
        packet.set_pts(Some(pts));
        if is_key {
            packet.set_flags(Flags::KEY);
        }
        packet
    }

    /// Goal: what refers to pictures that are not there is counted, on both sides of the key frame.
    #[test]
    fn pictures_before_the_first_whole_one_are_counted() {
        let mut beginning = Beginning::default();
        beginning.note_packet(&packet(0, false), Some(0));
        assert!(beginning.excuses_complaints());
        beginning.note_packet(&packet(40, true), Some(40));
        assert!(!beginning.excuses_complaints());
        // Decoded behind the key frame, shown before it.
        beginning.note_packet(&packet(20, false), Some(20));
        assert!(beginning.excuses_complaints());
        assert!(beginning.note_picture(Some(40)));
        assert!(!beginning.excuses_complaints());
        beginning.note_packet(&packet(60, false), Some(60));
        beginning.note_picture(Some(60));
        let expected = [Conversion::LeftOut {
            pictures: 2,
            why: LeftOut::BeforeKeyFrame,
        }];
        assert_eq!(beginning.left_out(0), expected);
    }

    #[test]
    fn a_recording_that_begins_with_a_key_frame_leaves_nothing_out() {
        let mut beginning = Beginning::default();
        beginning.note_packet(&packet(0, true), Some(0));
        beginning.note_packet(&packet(20, false), Some(20));
        assert!(!beginning.excuses_complaints());
        beginning.note_picture(Some(0));
        beginning.note_picture(Some(20));
        assert_eq!(beginning.left_out(2), []);
        assert_eq!(
            beginning.left_out(5),
            [Conversion::LeftOut {
                pictures: 3,
                why: LeftOut::NotShown
            }]
        );
    }
}

//! Where decoding can begin, and which stored pictures are never shown.
//!
//! A recording that begins between key frames starts with pictures whose references are missing:
//! those before the first key frame, and, if that begins an open GOP, the leading pictures after
//! it. They are skipped and counted. From the first key frame on, everything else must decode: an
//! error there is damage even if the decoder has not returned a picture yet.

use ffmpeg_next::Packet;
use redact_core::{Conversion, LeftOut};

use crate::ffi;

/// Most packet times that are stored before the first picture; a decoder delays a few dozen.
const EARLY_MAX: usize = 100_000;

/// Counts the pictures that are stored and those that are shown.
#[derive(Default)]
pub(super) struct Beginning {
    /// Whether a key frame was read, and when it is shown.
    key: Option<Option<i64>>,
    /// Video packets before the first key frame.
    before_key: u64,
    /// Whether the first GOP is open: leading pictures follow its key frame.
    is_open: bool,
    /// When the first delivered picture is shown.
    first: Option<i64>,
    /// Times of the packets read before it.
    early: Vec<i64>,
    /// Packets with an earlier time.
    unreached: u64,
    stored: u64,
    shown: u64,
    discarded: u64,
}

impl Beginning {
    /// Counts a video packet that is shown at `pts`.
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

    /// Counts a delivered picture and returns whether it is the first.
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

    /// Treats the recording as begun although its first packet is not a key frame.
    pub(super) fn insist(&mut self) {
        self.key.get_or_insert(None);
    }

    /// Whether any error from here on is damage.
    pub(super) const fn is_over(&self) -> bool {
        self.key.is_some() || self.shown > 0
    }

    /// Whether no key frame has been read yet.
    pub(super) const fn awaits_key(&self) -> bool {
        self.key.is_none()
    }

    /// Whether decoder errors are expected, because references are missing.
    pub(super) const fn excuses_complaints(&self) -> bool {
        !self.is_over() || self.is_open && self.shown == 0
    }

    /// Whether a picture with this time is a leading picture of the first key frame.
    pub(super) fn is_leading(&self, pts: Option<i64>) -> bool {
        let key = self.key.flatten();
        self.shown == 0 && pts.zip(key).is_some_and(|(pts, key)| pts < key)
    }

    /// What is stored and not shown; the container's index lists `promised` pictures.
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

    /// Goal: pictures with missing references are counted on both sides of the key frame.
    #[test]
    fn pictures_before_the_first_whole_one_are_counted() {
        let mut beginning = Beginning::default();
        beginning.note_packet(&packet(0, false), Some(0));
        assert!(beginning.excuses_complaints());
        beginning.note_packet(&packet(40, true), Some(40));
        assert!(!beginning.excuses_complaints());
        // A leading picture: decoded after the key frame, shown before it.
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
    fn a_recording_that_begins_with_a_key_frame_skips_nothing() {
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

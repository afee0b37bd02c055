//! Records where a recording is damaged, for a source that reads past damage.
//!
//! A damaged span begins with the first affected picture and ends before the next key frame that
//! decodes without errors in an emptied decoder. Because pictures are not decoded in presentation
//! order, pictures shown just before a damaged one that may be predicted from it belong to the span
//! too. When in doubt, the span is longer.
//!
//! Limits: a changed picture that still decodes without errors, and a removed picture that nothing
//! refers to, are not detected.

use redact_core::{
    Damage, DamageCause, DamagedPictures, DamagedSound, FrameIndex, FrameSpan, TimeBase, TimeSpan,
    Timestamp,
};

use ffmpeg_next::frame::Video;
use ffmpeg_next::{Error, picture};

use crate::codec::needs_input;

/// Padding of damaged sound on both sides: two overlapping AAC frames at 24 kHz.
const SOUND_PADDING_NANOS: i64 = 100_000_000;

/// Largest step of a damaged frame's time from the previous frame that is believed, seconds.
const JUMP_SECONDS_MAX: i64 = 10;

/// Which pictures shown before a damaged one may be predicted from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// B pictures.
    Bidirectional,
    /// Any since the last key frame.
    Gop,
}

/// The damage found so far.
pub(super) struct DamageLog {
    found: Damage,
    reach: Reach,
    zero: Timestamp,
    base: TimeBase,
    open: Option<Open>,
    /// Whether the next picture ends the span.
    closing: bool,
    /// Times of the frames since the last key frame.
    times: Vec<i64>,
    /// The key frame's index.
    first: u32,
    /// B pictures at the end of `times`.
    bidirectional: u32,
    /// Per track: the first damaged sample.
    sound: Vec<Option<(i64, DamageCause)>>,
}

/// A damaged span that has not ended.
struct Open {
    start: u32,
    cause: DamageCause,
}

impl DamageLog {
    /// A log for pictures of `codec`, the first one shown at `zero`, and `tracks` sound tracks.
    pub(super) fn new(codec: &str, zero: Timestamp, base: TimeBase, tracks: usize) -> Self {
        let typed = [
            "h264",
            "hevc",
            "mpeg1video",
            "mpeg2video",
            "mpeg4",
            "vc1",
            "wmv3",
        ];
        Self {
            found: Damage::default(),
            reach: if typed.contains(&codec) {
                Reach::Bidirectional
            } else {
                Reach::Gop
            },
            zero,
            base,
            open: None,
            closing: false,
            times: Vec::new(),
            first: 0,
            bidirectional: 0,
            sound: vec![None; tracks],
        }
    }

    /// The damage found so far.
    pub(super) fn found(&self) -> Damage {
        self.found.clone()
    }

    /// Whether the next picture's time is not credible: within a damaged span, far ahead of `last`.
    pub(super) fn is_doubtful(&self, last: Timestamp, ticks: i64) -> bool {
        if self.open.is_none() || self.closing {
            return false;
        }
        let ahead = Timestamp::new(ticks.saturating_sub(last.ticks()));
        ahead
            .nanos(self.base)
            .is_none_or(|nanos| nanos > JUMP_SECONDS_MAX * 1_000_000_000)
    }

    /// Frames are damaged from `next` on.
    pub(super) fn break_at(&mut self, next: u32, cause: DamageCause) {
        use DamageCause::{Container, Marked, Missing, Time, Undecodable};
        self.closing = false;
        let behind_key = next.saturating_sub(self.first.saturating_add(1));
        let back = match (cause, self.reach) {
            (Time, _) => 0,
            // B pictures shown before it may be predicted from it.
            (Marked, Reach::Bidirectional) => self.bidirectional.min(behind_key),
            (Marked | Undecodable, Reach::Gop) => behind_key,
            (Undecodable, Reach::Bidirectional) => 0,
            // If data are missing, the previous picture may lack its end.
            (Container | Missing, _) => 1,
        };
        let start = next.saturating_sub(back);
        match &mut self.open {
            Some(open) => open.start = open.start.min(start),
            None => self.open = Some(Open { start, cause }),
        }
    }

    /// The next picture ends the span.
    pub(super) const fn mend(&mut self) {
        self.closing = true;
    }

    /// Records frame `index`, which is shown at `at`.
    pub(super) fn note(&mut self, index: u32, at: Timestamp, frame: &Video) {
        // If everything before the first frame was lost, that frame is masked in its place.
        if self.closing && index > 0 {
            self.closing = false;
            self.close(index, at.ticks());
        }
        if frame.is_key() && self.open.is_none() {
            self.times.clear();
            self.first = index;
        }
        self.times.push(at.ticks());
        self.bidirectional = match frame.kind() {
            picture::Type::B | picture::Type::BI => self.bidirectional + 1,
            _ => 0,
        };
    }

    /// Ends the open span before frame `end`, which is or would be shown at `ticks`.
    fn close(&mut self, end: u32, ticks: i64) {
        let Some(open) = self.open.take() else {
            return;
        };
        // A lost picture is replaced on display by the previous one, which is therefore masked.
        let start = open.start.min(end.saturating_sub(1));
        let (mut start, mut cause) = (start, open.cause);
        let mut start_nanos = self.nanos(self.time_of(start).unwrap_or(ticks));
        let touches = |last: &&mut DamagedPictures| last.frames.end().get() >= start;
        if let Some(last) = self.found.pictures.last_mut().filter(touches) {
            start = start.min(last.frames.start().get());
            start_nanos = start_nanos.min(last.span.start_nanos());
            cause = last.cause;
            self.found.pictures.pop();
        }
        let frames = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end));
        let end_nanos = self.nanos(ticks).max(start_nanos.saturating_add(1));
        let stretch = frames.zip(TimeSpan::new(start_nanos, end_nanos));
        self.found
            .pictures
            .extend(stretch.map(|(frames, span)| DamagedPictures {
                frames,
                span,
                cause,
            }));
    }

    fn time_of(&self, index: u32) -> Option<i64> {
        let at = index.checked_sub(self.first)?;
        self.times.get(at as usize).copied()
    }

    fn nanos(&self, ticks: i64) -> i64 {
        let since = ticks.saturating_sub(self.zero.ticks());
        Timestamp::new(since).nanos(self.base).unwrap_or(i64::MAX)
    }

    /// Sound of `track` is lost from sample `start` on.
    pub(super) fn break_sound(&mut self, track: usize, start: i64, cause: DamageCause) {
        self.sound[track].get_or_insert((start, cause));
    }

    /// Sound of `track` is intact again from sample `end` on.
    pub(super) fn mend_sound(&mut self, track: usize, end: i64, rate_hz: u32) {
        let Some((start, cause)) = self.sound[track].take() else {
            return;
        };
        let nanos = |sample: i64| {
            let nanos = i128::from(sample) * 1_000_000_000 / i128::from(rate_hz.max(1));
            i64::try_from(nanos).unwrap_or(i64::MAX)
        };
        let (start, end) = (nanos(start.min(end)), nanos(start.max(end)));
        let Some(span) = TimeSpan::new(start, end.saturating_add(1)) else {
            return;
        };
        let mut span = span.padded(SOUND_PADDING_NANOS);
        let all = &mut self.found.sound;
        let last = all.iter().rposition(|known| known.stream == track);
        let last = last.filter(|&at| all[at].span.end_nanos() >= span.start_nanos());
        if let Some(before) = last.map(|at| all.remove(at)) {
            span = TimeSpan::merged(vec![before.span, span], 0)[0];
        }
        all.push(DamagedSound {
            stream: track,
            span,
            cause,
        });
        all.sort_by_key(|known| (known.stream, known.span));
    }

    /// The recording ends after `frames` frames, at `ticks`; `sound` has each track's last sample
    /// and rate.
    pub(super) fn end(&mut self, frames: u32, ticks: i64, sound: &[(i64, u32)]) {
        self.close(frames, ticks);
        for (track, (end, rate_hz)) in sound.iter().enumerate() {
            self.mend_sound(track, *end, *rate_hz);
        }
    }
}

/// Whether the decoder flags a picture as damaged.
pub(super) fn is_marked(frame: &Video) -> bool {
    frame.is_corrupt() || frame.has_decode_errors()
}

/// Whether an error means broken data, not a lack of memory or an unreadable file.
pub(super) fn is_damage(error: Error) -> bool {
    use ffmpeg_next::ffi::{EIO, ENOMEM};
    !needs_input(error)
        && !matches!(error, Error::Other { errno } if [EIO, ENOMEM].contains(&errno))
}

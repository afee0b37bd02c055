//! Where a recording is damaged, for a source that was asked to go on there.
//!
//! A stretch of pictures begins with the first one that something is wrong with and ends before
//! the next key frame that decodes without a complaint in a decoder that was emptied. Pictures are
//! shown in another order than they are decoded: those just before a damaged one that may have been
//! predicted from it belong to the stretch too. When in doubt, it is longer.
//!
//! What cannot be told: a picture that decodes without a complaint although its data were changed,
//! and one that was taken out so that nothing refers to it any more.

use redact_core::{
    Damage, DamageCause, DamagedPictures, DamagedSound, FrameIndex, FrameSpan, TimeBase, TimeSpan,
    Timestamp,
};

use ffmpeg_next::frame::Video;
use ffmpeg_next::picture;

/// Sound on both sides of a damaged stretch that is part of it: two frames of AAC at 24 kHz, which
/// overlap.
const SOUND_PADDING_NANOS: i64 = 100_000_000;

/// How far ahead of the frame before it a damaged frame's time may lie and be believed, seconds.
const JUMP_SECONDS_MAX: i64 = 10;

/// Which pictures before a damaged one may have been predicted from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Those that say that they are predicted from both sides.
    Bidirectional,
    /// Any since the last key frame.
    Gop,
}

/// The damage that was met so far.
pub(super) struct DamageLog {
    found: Damage,
    reach: Reach,
    zero: Timestamp,
    base: TimeBase,
    open: Option<Open>,
    /// The next picture stands on its own.
    closing: bool,
    /// Times of the frames from the last key frame on.
    times: Vec<i64>,
    /// The key frame's number.
    first: u32,
    /// Frames at the end of `times` that are predicted from both sides.
    bidirectional: u32,
    /// Per track: the first damaged sample.
    sound: Vec<Option<(i64, DamageCause)>>,
}

/// A stretch whose end has not come yet.
struct Open {
    start: u32,
    cause: DamageCause,
}

impl DamageLog {
    /// A log for pictures of `codec`, whose first one is shown at `zero`, and `tracks` sound
    /// tracks.
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

    /// What was found.
    pub(super) fn found(&self) -> Damage {
        self.found.clone()
    }

    /// Whether a picture that comes next says a time that it is not to be believed: in a damaged
    /// stretch, far ahead of `last`.
    pub(super) fn is_doubtful(&self, last: Timestamp, ticks: i64) -> bool {
        if self.open.is_none() || self.closing {
            return false;
        }
        let ahead = Timestamp::new(ticks.saturating_sub(last.ticks()));
        ahead
            .nanos(self.base)
            .is_none_or(|nanos| nanos > JUMP_SECONDS_MAX * 1_000_000_000)
    }

    /// Something is wrong with what is shown from frame `next` on.
    pub(super) fn break_at(&mut self, next: u32, cause: DamageCause) {
        use DamageCause::{Container, Marked, Missing, Time, Undecodable};
        self.closing = false;
        let behind_key = next.saturating_sub(self.first.saturating_add(1));
        let back = match (cause, self.reach) {
            (Time, _) => 0,
            // Others may have been predicted from it and shown before.
            (Marked, Reach::Bidirectional) => self.bidirectional.min(behind_key),
            (Marked | Undecodable, Reach::Gop) => behind_key,
            (Undecodable, Reach::Bidirectional) => 0,
            // Where something is missing, what was read last may lack its end.
            (Container | Missing, _) => 1,
        };
        let start = next.saturating_sub(back);
        match &mut self.open {
            Some(open) => open.start = open.start.min(start),
            None => self.open = Some(Open { start, cause }),
        }
    }

    /// The next picture stands on its own.
    pub(super) const fn mend(&mut self) {
        self.closing = true;
    }

    /// Takes note of frame `index`, which is shown at `at`.
    pub(super) fn note(&mut self, index: u32, at: Timestamp, frame: &Video) {
        // Where all before the first frame was lost, that frame is hidden for it.
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

    /// Ends the open stretch before frame `end`, which is or would be shown at `ticks`.
    fn close(&mut self, end: u32, ticks: i64) {
        let Some(open) = self.open.take() else {
            return;
        };
        // Where a picture was lost the one before it is shown instead, and hidden for it.
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

    /// Sound of `track` is there again from sample `end` on.
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

    /// The recording ends after `frames` frames, at `ticks`; its tracks' sound at `samples` with
    /// their rates.
    pub(super) fn end(&mut self, frames: u32, ticks: i64, sound: &[(i64, u32)]) {
        self.close(frames, ticks);
        for (track, (end, rate_hz)) in sound.iter().enumerate() {
            self.mend_sound(track, *end, *rate_hz);
        }
    }
}

//! Excerpts: the spans of a recording that a release shows, and the title cards between them.
//!
//! A release of an excerpt has no frame and no sample from outside its spans. Its frames are
//! numbered from 0, its ticks are those of the first span, and later spans follow after a title
//! card that says what was left out.

use std::ops::Range;

use super::redactions::Redactions;
use super::region::{MaskRegion, MuteRegion};
use crate::{
    Damage, DamagedPictures, DamagedSound, FrameIndex, FrameSpan, TimeBase, TimeSpan, Timestamp,
};

/// How long a title card is shown, nanoseconds: long enough to read one line twice.
const CARD_NANOS: i64 = 4_000_000_000;

/// Fewest and most frames of a title card.
const CARD_FRAMES: Range<i64> = 2..1000;

const NANOS_PER_SEC: i128 = 1_000_000_000;

/// A span of a recording that a release shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExcerptSpan {
    /// Its frames in the recording.
    pub frames: FrameSpan,
    /// When its first frame is shown and when its last one ends, ticks of the recording.
    pub ticks: (i64, i64),
    /// The sound that is heard with it, since the recording's zero.
    pub sound: TimeSpan,
}

/// A title card between two spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TitleCard {
    /// Its frames in the release.
    pub frames: FrameSpan,
    /// When its first frame is shown, in ticks of the release.
    pub start: i64,
    /// Ticks that each of its frames is shown.
    pub step: i64,
    /// What it says.
    pub text: String,
}

/// The part of a recording that a release shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    zero: i64,
    base: TimeBase,
    step: i64,
    spans: Vec<ExcerptSpan>,
    /// First frame and first tick of each span in the release.
    starts: Vec<(u32, i64)>,
    cards: Vec<TitleCard>,
}

impl Excerpt {
    /// An excerpt of a recording whose first frame is shown at tick `zero`.
    ///
    /// - `step`: ticks that a frame of a title card is shown.
    ///
    /// `None` unless there is a span, the spans ascend with at least one frame between them, and
    /// their times ascend and fit their frames.
    #[must_use]
    pub fn new(
        zero: Timestamp,
        base: TimeBase,
        step: i64,
        spans: Vec<ExcerptSpan>,
    ) -> Option<Self> {
        let zero = zero.ticks();
        let apart = spans.windows(2).all(|two| {
            two[0].frames.end() < two[1].frames.start() && two[0].ticks.1 < two[1].ticks.0
        });
        let fits = |span: &ExcerptSpan| {
            let length = span.ticks.1.checked_sub(span.ticks.0);
            length.is_some_and(|length| length >= i64::from(span.frames.frames()))
                && span.ticks.0 >= zero
        };
        if step < 1 || spans.is_empty() || !apart || !spans.iter().all(fits) {
            return None;
        }
        let step_nanos = Timestamp::new(step).nanos(base)?.max(1);
        let frames = (CARD_NANOS / step_nanos).clamp(CARD_FRAMES.start, CARD_FRAMES.end);
        let frames = u32::try_from(frames).ok()?;
        let (mut starts, mut cards) = (Vec::new(), Vec::new());
        let (mut frame, mut tick) = (0_u32, spans[0].ticks.0);
        for (at, span) in spans.iter().enumerate() {
            if let Some(before) = at.checked_sub(1).map(|before| &spans[before]) {
                let end = frame.checked_add(frames)?;
                cards.push(TitleCard {
                    frames: FrameSpan::new(FrameIndex::new(frame), FrameIndex::new(end))?,
                    start: tick,
                    step,
                    text: card_text(before.ticks.1.checked_sub(zero)?, span.ticks.0 - zero, base)?,
                });
                frame = end;
                tick = tick.checked_add(step.checked_mul(i64::from(frames))?)?;
            }
            starts.push((frame, tick));
            frame = frame.checked_add(span.frames.frames())?;
            tick = tick.checked_add(span.ticks.1 - span.ticks.0)?;
        }
        Some(Self {
            zero,
            base,
            step,
            spans,
            starts,
            cards,
        })
    }

    /// The spans, in order.
    #[must_use]
    pub fn spans(&self) -> &[ExcerptSpan] {
        &self.spans
    }

    /// The title cards, in order: one between each two spans.
    #[must_use]
    pub fn cards(&self) -> &[TitleCard] {
        &self.cards
    }

    /// Ticks that a frame of a title card is shown.
    #[must_use]
    pub const fn step(&self) -> i64 {
        self.step
    }

    /// Frames of the release.
    #[must_use]
    pub fn frames(&self) -> u32 {
        let last = self.spans.len() - 1;
        self.starts[last].0 + self.spans[last].frames.frames()
    }

    /// When the release's first frame is shown and its last one ends, in its ticks.
    #[must_use]
    pub fn ticks(&self) -> (i64, i64) {
        let last = self.spans.len() - 1;
        (
            self.starts[0].1,
            self.spans[last].ticks.1 + self.shift(last),
        )
    }

    /// The span, by its number from 0, that has frame `frame` of the recording.
    #[must_use]
    pub fn span_of(&self, frame: FrameIndex) -> Option<usize> {
        self.spans
            .iter()
            .position(|span| span.frames.contains(frame))
    }

    /// The span that has all of `frames` of the recording.
    #[must_use]
    pub fn span_with(&self, frames: FrameSpan) -> Option<usize> {
        let covers = |span: &ExcerptSpan| {
            span.frames.start() <= frames.start() && frames.end() <= span.frames.end()
        };
        self.spans.iter().position(covers)
    }

    /// Whether the excerpt has any of `frames` of the recording.
    #[must_use]
    pub fn touches(&self, frames: FrameSpan) -> bool {
        let mut spans = self.spans.iter();
        spans.any(|s| s.frames.start() < frames.end() && frames.start() < s.frames.end())
    }

    /// Frames of the recording that one span has, as the release numbers them.
    #[must_use]
    pub fn release_frames(&self, frames: FrameSpan) -> Option<FrameSpan> {
        let span = self.span_with(frames)?;
        let moved = |frame: FrameIndex| {
            let within = frame.get() - self.spans[span].frames.start().get();
            FrameIndex::new(self.starts[span].0 + within)
        };
        FrameSpan::new(moved(frames.start()), moved(frames.end()))
    }

    /// Frames of the release that one span has, as the recording numbers them.
    #[must_use]
    pub fn source_frames(&self, frames: FrameSpan) -> Option<FrameSpan> {
        let whole = |span: &usize| self.release_frames(self.spans[*span].frames);
        let span = (0..self.spans.len()).find(|span| {
            whole(span)
                .is_some_and(|all| all.start() <= frames.start() && frames.end() <= all.end())
        })?;
        let moved = |frame: FrameIndex| {
            let within = frame.get() - self.starts[span].0;
            FrameIndex::new(self.spans[span].frames.start().get() + within)
        };
        FrameSpan::new(moved(frames.start()), moved(frames.end()))
    }

    /// What is added to the recording's ticks in a span to get the release's.
    #[must_use]
    pub fn shift(&self, span: usize) -> i64 {
        self.starts[span].1 - self.spans[span].ticks.0
    }

    /// The recording's tick at tick `at` of the release, which is in a span or ends one.
    #[must_use]
    pub fn source_tick(&self, at: i64) -> i64 {
        let after = self.starts.partition_point(|start| start.1 <= at);
        at - self.shift(after.saturating_sub(1))
    }

    /// Ticks between the place of a span in the recording, from its zero, and its place in the
    /// release, from its first frame.
    fn delay(&self, span: usize) -> i128 {
        let place = i128::from(self.starts[span].1) - i128::from(self.starts[0].1);
        place - (i128::from(self.spans[span].ticks.0) - i128::from(self.zero))
    }

    /// `delay` in units of which `rate` are in a second, rounded down.
    fn delay_in(&self, span: usize, rate: i128) -> i64 {
        let (num, den) = (
            i128::from(self.base.num.get()),
            i128::from(self.base.den.get()),
        );
        let units = (self.delay(span) * num * rate).div_euclid(den);
        i64::try_from(units).unwrap_or(0)
    }

    /// Samples that are added to a sample's place in the recording to get its place in the release.
    #[must_use]
    pub fn sample_shift(&self, span: usize, rate_hz: u32) -> i64 {
        self.delay_in(span, i128::from(rate_hz))
    }

    /// The samples of a span that are heard, since the recording's zero. Rounds inward.
    #[must_use]
    pub fn samples(&self, span: usize, rate_hz: u32) -> Range<i64> {
        let sound = self.spans[span].sound;
        let rate = i128::from(rate_hz);
        let start = -(-i128::from(sound.start_nanos()) * rate).div_euclid(NANOS_PER_SEC);
        let end = (i128::from(sound.end_nanos()) * rate).div_euclid(NANOS_PER_SEC);
        let clamp = |value: i128| i64::try_from(value).unwrap_or(0);
        clamp(start)..clamp(end)
    }

    /// Times of the recording in the release, as far as `span` is heard. Rounds outward.
    fn release_time(&self, span: usize, time: TimeSpan) -> Option<TimeSpan> {
        let sound = self.spans[span].sound;
        let start = time.start_nanos().max(sound.start_nanos());
        let end = time.end_nanos().min(sound.end_nanos());
        let delay = self.delay_in(span, NANOS_PER_SEC);
        let within = TimeSpan::new(start, end)?;
        TimeSpan::new(
            within.start_nanos().saturating_add(delay),
            within.end_nanos().saturating_add(delay).saturating_add(1),
        )
    }

    /// The recording's time at `nanos` of the release, both from the first frame.
    #[must_use]
    pub fn source_nanos(&self, nanos: i64) -> i64 {
        let starts = |at: usize| self.release_nanos(at).is_none_or(|start| start <= nanos);
        let after = (0..self.spans.len()).take_while(|&at| starts(at)).count();
        let span = after.saturating_sub(1);
        nanos.saturating_sub(self.delay_in(span, NANOS_PER_SEC))
    }

    /// When a span begins in the release, rounded down.
    fn release_nanos(&self, span: usize) -> Option<i64> {
        let since = self.starts[span].1.checked_sub(self.starts[0].1)?;
        Timestamp::new(since).nanos(self.base)
    }

    /// What the release hides, of what the recording's redactions are.
    #[must_use]
    pub fn redactions(&self, all: &Redactions) -> Redactions {
        let masks = all.masks.iter().flat_map(|mask| self.masks(mask));
        let mutes = all.mutes.iter().flat_map(|mute| self.mutes(mute));
        Redactions {
            masks: masks.collect(),
            mutes: mutes.collect(),
        }
    }

    fn masks<'a>(&'a self, mask: &'a MaskRegion) -> impl Iterator<Item = MaskRegion> + 'a {
        let spans = self.spans.iter().zip(&self.starts);
        spans.filter_map(|(span, start)| Some(mask.cut(span.frames)?.moved_on(start.0)))
    }

    fn mutes<'a>(&'a self, mute: &'a MuteRegion) -> impl Iterator<Item = MuteRegion> + 'a {
        (0..self.spans.len()).filter_map(|span| {
            Some(MuteRegion {
                span: self.release_time(span, mute.span)?,
                ..mute.clone()
            })
        })
    }

    /// When `time` of the recording is heard in the release, and whether all of it is. Rounds
    /// outward.
    #[must_use]
    pub fn times_heard(&self, time: TimeSpan) -> Vec<(TimeSpan, bool)> {
        let heard = self.spans.iter().enumerate().filter_map(|(at, span)| {
            let is_whole = span.sound.start_nanos() <= time.start_nanos()
                && time.end_nanos() <= span.sound.end_nanos();
            Some((self.release_time(at, time)?, is_whole))
        });
        heard.collect()
    }

    /// What of the recording's damage is in the release.
    #[must_use]
    pub fn damage(&self, all: &Damage) -> Damage {
        let pictures = all.pictures.iter().flat_map(|damaged| {
            (0..self.spans.len()).filter_map(|at| {
                let span = &self.spans[at];
                let start = damaged.frames.start().max(span.frames.start());
                let end = damaged.frames.end().min(span.frames.end());
                let frames = self.release_frames(FrameSpan::new(start, end)?)?;
                let delay = self.delay_in(at, NANOS_PER_SEC);
                let moved = |nanos: i64| nanos.saturating_add(delay);
                let (start, end) = (damaged.span.start_nanos(), damaged.span.end_nanos());
                Some(DamagedPictures {
                    frames,
                    span: TimeSpan::new(moved(start).max(0), moved(end))?,
                    cause: damaged.cause,
                })
            })
        });
        let sound = all.sound.iter().flat_map(|damaged| {
            (0..self.spans.len()).filter_map(|at| {
                Some(DamagedSound {
                    span: self.release_time(at, damaged.span)?,
                    ..*damaged
                })
            })
        });
        Damage {
            pictures: pictures.collect(),
            sound: sound.collect(),
        }
    }

    /// What of the recording's `frames` frames, of which the last ends at tick `end`, is withheld:
    /// frames and ticks.
    #[must_use]
    pub fn withheld(&self, frames: u32, end: i64) -> Vec<(FrameSpan, (i64, i64))> {
        let mut withheld = Vec::new();
        let (mut frame, mut tick) = (FrameIndex::ZERO, self.zero);
        for span in &self.spans {
            let before = FrameSpan::new(frame, span.frames.start());
            withheld.extend(before.map(|frames| (frames, (tick, span.ticks.0))));
            (frame, tick) = (span.frames.end(), span.ticks.1);
        }
        let rest = FrameSpan::new(frame, FrameIndex::new(frames));
        withheld.extend(rest.map(|frames| (frames, (tick, end))));
        withheld
    }
}

/// What a title card says of the ticks that were left out.
fn card_text(start: i64, end: i64, base: TimeBase) -> Option<String> {
    let nanos = |ticks: i64| Timestamp::new(ticks).nanos(base);
    Some(format!(
        "{} to {} withheld",
        clock(nanos(start)?),
        clock(nanos(end)?)
    ))
}

/// `00:03:10`, or `00:03:10.040` where it is no whole second.
#[must_use]
pub fn clock(nanos: i64) -> String {
    let millis = (nanos.max(0) + 500_000) / 1_000_000;
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let whole = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    match rest {
        0 => whole,
        rest => format!("{whole}.{rest:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effect, Keyframe, MaskOrigin, MuteStreams, MuteStyle, NormRect, ReasonCode};

    /// 25 frames per second, 40 ticks each, from tick 1000 on.
    fn span(start: u32, end: u32) -> ExcerptSpan {
        let tick = |frame: u32| 1000 + i64::from(frame) * 40;
        let nanos = |frame: u32| i64::from(frame) * 40_000_000;
        ExcerptSpan {
            frames: FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap(),
            ticks: (tick(start), tick(end)),
            sound: TimeSpan::new(nanos(start), nanos(end)).unwrap(),
        }
    }

    fn excerpt(spans: &[(u32, u32)]) -> Option<Excerpt> {
        let part = |value: u32| value.try_into().unwrap();
        let base = TimeBase {
            num: part(1),
            den: part(1000),
        };
        let spans = spans.iter().map(|&(start, end)| span(start, end));
        Excerpt::new(Timestamp::new(1000), base, 40, spans.collect())
    }

    #[test]
    fn spans_that_overlap_touch_or_are_missing_are_refused() {
        for spans in [
            &[][..],
            &[(0, 9), (8, 12)],
            &[(0, 9), (9, 12)],
            &[(20, 30), (0, 9)],
        ] {
            assert_eq!(excerpt(spans), None, "{spans:?}");
        }
        assert!(excerpt(&[(0, 9), (10, 12)]).is_some());
    }

    /// Goal: every frame, tick and sample of a span has one place in the release, and what lies
    /// between two spans is named on the card between them.
    #[test]
    fn spans_follow_one_another_with_a_card_between_them() {
        let cut = excerpt(&[(50, 75), (4750, 4760)]).unwrap();
        assert_eq!(cut.frames(), 25 + 100 + 10);
        assert_eq!(cut.ticks(), (3000, 3000 + 135 * 40));
        let card = &cut.cards()[0];
        assert_eq!((card.frames.start().get(), card.start), (25, 4000));
        assert_eq!(card.text, "00:00:03 to 00:03:10 withheld");
        let frames = |start: u32, end: u32| {
            FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap()
        };
        assert_eq!(
            cut.release_frames(frames(4751, 4753)),
            Some(frames(126, 128))
        );
        assert_eq!(
            cut.source_frames(frames(126, 128)),
            Some(frames(4751, 4753))
        );
        assert_eq!(cut.release_frames(frames(74, 76)), None);
        assert_eq!(cut.source_frames(frames(24, 26)), None);
        assert_eq!(cut.source_tick(3000), 3000);
        assert_eq!(cut.source_tick(3000 + 130 * 40), 1000 + 4755 * 40);
        assert_eq!(cut.samples(0, 48_000), 96_000..144_000);
        assert_eq!(cut.sample_shift(0, 48_000), -96_000);
        let start = cut.samples(1, 48_000).start + cut.sample_shift(1, 48_000);
        assert_eq!(start, 125 * 1920);
        let left: Vec<_> = cut
            .withheld(5000, 201_000)
            .iter()
            .map(|(span, _)| (span.start().get(), span.end().get()))
            .collect();
        assert_eq!(left, [(0, 50), (75, 4750), (4760, 5000)]);
    }

    /// Goal: a mask or mute over both spans is hidden in both, and one between them is gone.
    #[test]
    fn redactions_move_with_their_spans() {
        let cut = excerpt(&[(50, 75), (100, 110)]).unwrap();
        let mask = |start: u32, end: u32| {
            let span = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap();
            let path = vec![Keyframe {
                frame: FrameIndex::new(start),
                rect: NormRect::WHOLE,
            }];
            let reason = ReasonCode("r".into());
            MaskRegion::new(
                "m".into(),
                MaskOrigin::Drawn,
                Effect::Fill,
                reason,
                span,
                path,
            )
        };
        let mute = |start: i64, end: i64| MuteRegion {
            id: "s".into(),
            span: TimeSpan::new(start * 1_000_000, end * 1_000_000).unwrap(),
            streams: MuteStreams::All,
            style: MuteStyle::Silence,
            reason: ReasonCode("r".into()),
        };
        let all = Redactions {
            masks: vec![mask(70, 105).unwrap(), mask(80, 90).unwrap()],
            mutes: vec![mute(2500, 4100), mute(3100, 3900)],
        };
        let found = cut.redactions(&all);
        let frames = |m: &MaskRegion| (m.span().start().get(), m.span().end().get());
        let masks: Vec<_> = found.masks.iter().map(frames).collect();
        assert_eq!(masks, [(20, 25), (125, 130)]);
        let times: Vec<_> = found
            .mutes
            .iter()
            .map(|m| {
                (
                    m.span.start_nanos() / 1_000_000,
                    m.span.end_nanos() / 1_000_000,
                )
            })
            .collect();
        assert_eq!(times, [(500, 1000), (5000, 5100)]);
    }
}

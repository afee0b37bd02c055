//! Frames, ticks and spans of time.
//!
//! A [`Timestamp`] counts ticks of a stream; nanoseconds appear only in [`TimeSpan`], which counts
//! from the *recording's zero*: the presentation time of its first video frame. Sound may start
//! before it (negative) or after it (a camera's pre-event buffer has none).
//!
//! All ranges are half-open.

use std::num::NonZeroU32;

const NANOS_PER_SEC: i128 = 1_000_000_000;

/// A frame's position in presentation order, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameIndex(u32);

impl FrameIndex {
    /// The first frame of a recording.
    pub const ZERO: Self = Self(0);

    /// The frame with `index` frames before it.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The number of frames before this one.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The frame after this one; saturates at `u32::MAX`.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for FrameIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A half-open, non-empty range of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameSpan {
    start: FrameIndex,
    end: FrameIndex,
}

impl FrameSpan {
    /// Makes `start..end`; `None` if it would contain no frame.
    #[must_use]
    pub fn new(start: FrameIndex, end: FrameIndex) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first frame.
    #[must_use]
    pub const fn start(self) -> FrameIndex {
        self.start
    }

    /// The first frame after the span.
    #[must_use]
    pub const fn end(self) -> FrameIndex {
        self.end
    }

    /// The number of frames, at least 1.
    #[must_use]
    pub const fn frames(self) -> u32 {
        self.end.0 - self.start.0
    }

    /// The span with its frames counted from frame `zero`; `None` if it begins before that.
    #[must_use]
    pub fn moved_back(self, zero: u32) -> Option<Self> {
        let moved = |frame: FrameIndex| frame.get().checked_sub(zero).map(FrameIndex::new);
        Self::new(moved(self.start)?, moved(self.end)?)
    }

    /// Whether `frame` is in the span.
    #[must_use]
    pub fn contains(self, frame: FrameIndex) -> bool {
        self.start <= frame && frame < self.end
    }
}

/// The length of one tick: `num / den` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeBase {
    /// Numerator of a tick's length in seconds.
    pub num: NonZeroU32,
    /// Denominator of a tick's length in seconds.
    pub den: NonZeroU32,
}

impl TimeBase {
    /// Makes a time base of `num / den` seconds per tick; `None` if either is zero.
    #[must_use]
    pub const fn new(num: u32, den: u32) -> Option<Self> {
        match (NonZeroU32::new(num), NonZeroU32::new(den)) {
            (Some(num), Some(den)) => Some(Self { num, den }),
            _ => None,
        }
    }
}

/// A presentation time, in ticks of the stream's [`TimeBase`].
///
/// It may be negative: edit lists and encoder delay put frames before zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A time of `ticks`.
    #[must_use]
    pub const fn new(ticks: i64) -> Self {
        Self(ticks)
    }

    /// The ticks.
    #[must_use]
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// Converts to nanoseconds, rounded toward negative infinity.
    ///
    /// Returns `None` when the result does not fit an `i64` (292 years).
    #[must_use]
    pub fn nanos(self, time_base: TimeBase) -> Option<i64> {
        let num = i128::from(time_base.num.get());
        let den = i128::from(time_base.den.get());
        let nanos = (i128::from(self.0) * num * NANOS_PER_SEC).div_euclid(den);
        i64::try_from(nanos).ok()
    }
}

/// A half-open, non-empty span of time, in nanoseconds since the recording's zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeSpan {
    start_nanos: i64,
    end_nanos: i64,
}

impl TimeSpan {
    /// Makes `start_nanos..end_nanos`; `None` if it would be empty.
    #[must_use]
    pub fn new(start_nanos: i64, end_nanos: i64) -> Option<Self> {
        (start_nanos < end_nanos).then_some(Self {
            start_nanos,
            end_nanos,
        })
    }

    /// The first nanosecond.
    #[must_use]
    pub const fn start_nanos(self) -> i64 {
        self.start_nanos
    }

    /// The first nanosecond after the span.
    #[must_use]
    pub const fn end_nanos(self) -> i64 {
        self.end_nanos
    }

    /// The length in nanoseconds, at least 1.
    #[must_use]
    pub const fn length_nanos(self) -> i64 {
        self.end_nanos.saturating_sub(self.start_nanos)
    }

    /// The span extended by `nanos` at both ends; a negative value counts as 0.
    #[must_use]
    pub fn padded(self, nanos: i64) -> Self {
        let nanos = nanos.max(0);
        Self {
            start_nanos: self.start_nanos.saturating_sub(nanos),
            end_nanos: self.end_nanos.saturating_add(nanos),
        }
    }

    /// The samples that the span touches at `rate_hz`, counted from the recording's zero.
    ///
    /// Rounds outward: a mute may silence one sample too many, never one too few.
    #[must_use]
    pub fn covering_samples(self, rate_hz: u32) -> std::ops::Range<i64> {
        let rate = i128::from(rate_hz);
        let start = (i128::from(self.start_nanos) * rate).div_euclid(NANOS_PER_SEC);
        let end = -(-i128::from(self.end_nanos) * rate).div_euclid(NANOS_PER_SEC);
        clamp_i64(start)..clamp_i64(end)
    }

    /// Joins spans that overlap or lie at most `gap_nanos` apart; the result is sorted.
    #[must_use]
    pub fn merged(mut spans: Vec<Self>, gap_nanos: i64) -> Vec<Self> {
        spans.sort_unstable();
        let mut joined: Vec<Self> = Vec::with_capacity(spans.len());
        for span in spans {
            match joined.last_mut() {
                Some(last) if span.start_nanos <= last.end_nanos.saturating_add(gap_nanos) => {
                    last.end_nanos = last.end_nanos.max(span.end_nanos);
                }
                _ => joined.push(span),
            }
        }
        joined
    }

    /// The parts of `spans` outside `covered`, in the order of `spans`.
    ///
    /// - `covered`: sorted and disjoint, as [`TimeSpan::merged`] returns spans.
    #[must_use]
    pub fn without(spans: &[Self], covered: &[Self]) -> Vec<Self> {
        let mut left = Vec::new();
        for span in spans {
            let mut start = span.start_nanos;
            let first = covered.partition_point(|cover| cover.end_nanos <= start);
            for cover in &covered[first..] {
                if cover.start_nanos >= span.end_nanos {
                    break;
                }
                left.extend(Self::new(start, cover.start_nanos));
                start = cover.end_nanos;
            }
            left.extend(Self::new(start, span.end_nanos));
        }
        left
    }
}

fn clamp_i64(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// A UTC time: nanoseconds since 1970-01-01T00:00:00Z.
///
/// This crate never reads a clock; the caller supplies the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcNanos(pub i64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(start_nanos: i64, end_nanos: i64) -> TimeSpan {
        TimeSpan::new(start_nanos, end_nanos).unwrap()
    }

    #[test]
    fn nanoseconds_round_toward_negative_infinity() {
        let ntsc = TimeBase::new(1001, 30_000).unwrap();
        assert_eq!(Timestamp::new(1).nanos(ntsc), Some(33_366_666));
        assert_eq!(Timestamp::new(-1).nanos(ntsc), Some(-33_366_667));
        assert_eq!(Timestamp::new(i64::MAX).nanos(ntsc), None);
    }

    #[test]
    fn an_empty_span_cannot_be_made() {
        assert!(TimeSpan::new(5, 5).is_none());
        assert!(FrameSpan::new(FrameIndex::new(3), FrameIndex::new(3)).is_none());
    }

    #[test]
    fn spans_close_together_merge_and_others_do_not() {
        let spans = vec![span(30, 40), span(0, 10), span(12, 20)];
        assert_eq!(TimeSpan::merged(spans, 2), vec![span(0, 20), span(30, 40)]);
    }

    #[test]
    fn what_is_covered_is_taken_out_of_spans() {
        let covered = [span(0, 5), span(8, 12), span(20, 30)];
        let spans = [span(3, 10), span(11, 15), span(18, 40), span(21, 29)];
        let left = vec![span(5, 8), span(12, 15), span(18, 20), span(30, 40)];
        assert_eq!(TimeSpan::without(&spans, &covered), left);
        assert_eq!(TimeSpan::without(&spans, &[]), spans);
        assert_eq!(TimeSpan::without(&[], &covered), []);
    }

    proptest! {
        /// Goal: rounding to samples is outward at every rate and on both sides of zero.
        #[test]
        fn every_touched_sample_is_covered(
            start in -1_000_000_000_000_i64..1_000_000_000_000,
            length in 1_i64..10_000_000_000,
            rate in 8_000_u32..192_000,
        ) {
            let span = span(start, start + length);
            let samples = span.covering_samples(rate);
            let scale = i128::from(rate);
            prop_assert!(i128::from(samples.start) * NANOS_PER_SEC <= i128::from(start) * scale);
            prop_assert!(
                i128::from(samples.end) * NANOS_PER_SEC >= i128::from(start + length) * scale
            );
            prop_assert!(samples.start < samples.end);
        }
    }
}

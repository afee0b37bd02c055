//! Mutes: the only code that changes sound.
//!
//! Three parts, outward from the middle, all counted in samples since the recording's zero:
//!
//! - the *span* that the plan names, rounded outward;
//! - the *core*: the span and a guard ([`guard_samples`]) on both sides. In it nothing of the
//!   sound is left;
//! - the *ramps*: 5 ms outside the core, in which the sound fades out and in again.
//!
//! The core is wider than the span because a lossy encoder smears what comes after a silence into
//! it: with the guard, no encoder window that reaches into the span holds anything else.

use std::ops::Range;

use redact_core::{AudioBlock, MuteRegion, MuteStyle, Redactions};

/// An AAC window is 2048 samples long (ISO/IEC 14496-3, filter bank, long block).
const ENCODER_WINDOW: i64 = 2048;

/// The highest rate that AAC has; sound of a higher one is brought down to it.
const ENCODER_RATE_MAX_HZ: u32 = 96_000;

/// How far a change of rate smears a sample, with room to spare.
const RESAMPLER_REACH: i64 = 64;

/// What is emptied on both sides of a span, samples: every encoder window that touches the span
/// then lies in the core, at the rate of the sound and at the one it may be brought down to.
pub(crate) fn guard_samples(rate_hz: u32) -> i64 {
    let scaled = ENCODER_WINDOW * i64::from(rate_hz) / i64::from(ENCODER_RATE_MAX_HZ);
    scaled.max(ENCODER_WINDOW) + RESAMPLER_REACH
}

/// One ramp lasts a 200th of a second: 5 ms.
const RAMPS_PER_SECOND: u32 = 200;

/// The tone's peak: -20 dB of full scale.
const TONE_PEAK: f64 = 0.1;

/// The tone, where the rate can carry it.
const TONE_HZ: u32 = 1000;

/// The tone's frequency at `rate_hz`: 1 kHz, or a quarter of a rate too low for it.
fn tone_hz(rate_hz: u32) -> u32 {
    TONE_HZ.min(rate_hz / 4)
}

/// One mute in the samples of one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Samples without any of the sound.
    pub(crate) core: Range<i64>,
    /// Length of the ramps on both sides of the core.
    ramp: i64,
    style: MuteStyle,
}

impl Reach {
    /// What `mute` does at `rate_hz`.
    pub(crate) fn new(mute: &MuteRegion, rate_hz: u32) -> Self {
        let span = mute.span.covering_samples(rate_hz);
        let guard = guard_samples(rate_hz);
        Self {
            core: span.start.saturating_sub(guard)..span.end.saturating_add(guard),
            ramp: i64::from(rate_hz.div_ceil(RAMPS_PER_SECOND)).max(1),
            style: mute.style,
        }
    }

    /// Core and ramps: every sample that may change.
    pub(crate) fn whole(&self) -> Range<i64> {
        self.core.start.saturating_sub(self.ramp)..self.core.end.saturating_add(self.ramp)
    }

    /// How much of the sound is left at `at`, `0.0..=1.0`.
    fn sound_gain(&self, at: i64) -> f64 {
        let outside = if at < self.core.start {
            self.core.start.saturating_sub(at)
        } else if at >= self.core.end {
            at.saturating_sub(self.core.end).saturating_add(1)
        } else {
            return 0.0;
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "at most a ramp's length plus one"
        )]
        let gain = outside.min(self.ramp + 1) as f64 / (self.ramp + 1) as f64;
        gain
    }

    /// Gain of this mute's tone at `at`, `0.0..=1.0`: it fades in and out inside the core.
    fn own_tone_gain(&self, at: i64) -> f64 {
        if self.style != MuteStyle::Tone || !self.core.contains(&at) {
            return 0.0;
        }
        let edge = (at.saturating_sub(self.core.start) + 1).min(self.core.end.saturating_sub(at));
        #[expect(clippy::cast_precision_loss, reason = "at most a ramp's length")]
        let gain = edge.min(self.ramp) as f64 / self.ramp as f64;
        gain
    }
}

/// Gain of the tone at `at` with all of `reaches`, `0.0..=1.0`: silence wins, and the
/// tone fades where it meets one.
pub(crate) fn tone_gain(reaches: &[Reach], at: i64) -> f64 {
    let tone = reaches.iter().map(|reach| reach.own_tone_gain(at));
    let silences = reaches
        .iter()
        .filter(|reach| reach.style == MuteStyle::Silence);
    tone.fold(0.0, f64::max).min(
        silences
            .map(|reach| reach.sound_gain(at))
            .fold(1.0, f64::min),
    )
}

/// The mutes that cover track `stream` at `rate_hz`.
fn reaches(
    redactions: &Redactions,
    stream: usize,
    rate_hz: u32,
) -> impl Iterator<Item = Reach> + use<'_> {
    redactions
        .mutes
        .iter()
        .filter(move |mute| mute.streams.contains(stream))
        .map(move |mute| Reach::new(mute, rate_hz))
}

/// The mutes that change a sample of `block`.
pub(crate) fn touching(block: &AudioBlock, redactions: &Redactions) -> Vec<Reach> {
    let range = samples_of(block);
    reaches(redactions, block.stream, block.rate_hz)
        .filter(|reach| overlap(&reach.whole(), &range).is_some())
        .collect()
}

/// Mutes what `redactions` cover in `block`. Everything else in it is unchanged.
///
/// What happens to a sample depends on its place since the recording's zero alone, so it does not
/// matter how a recording is cut into blocks. Inside a mute's span every sample is exactly `0.0`,
/// or a 1 kHz tone, which releases of earlier versions have; where a silent mute and a tone
/// overlap, there is silence.
pub fn mute_block(block: &mut AudioBlock, redactions: &Redactions) {
    let range = samples_of(block);
    let touching = touching(block, redactions);
    if touching.is_empty() {
        return;
    }
    let rate_hz = block.rate_hz.max(1);
    let channels = usize::from(block.channels.max(1));
    for (at, samples) in (range.start..).zip(block.samples.chunks_mut(channels)) {
        let sound = touching
            .iter()
            .map(|reach| reach.sound_gain(at))
            .fold(1.0, f64::min);
        if sound >= 1.0 {
            continue;
        }
        let tone_gain = tone_gain(&touching, at);
        let tone = if tone_gain == 0.0 {
            0.0
        } else {
            tone_at(at, rate_hz) * tone_gain
        };
        for sample in samples {
            // Not a plain product: what is not a number would survive a gain of zero.
            let left = if sound == 0.0 || !sample.is_finite() {
                0.0
            } else {
                f64::from(*sample) * sound
            };
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a sample's precision is enough"
            )]
            {
                *sample = (left + tone) as f32;
            }
        }
    }
}

/// The tone's value at sample `at`.
pub(crate) fn tone_at(at: i64, rate_hz: u32) -> f64 {
    // The frequency is a whole number, so the tone repeats every second.
    let in_second = at.rem_euclid(i64::from(rate_hz));
    #[expect(clippy::cast_precision_loss, reason = "below the rate, a u32")]
    let turns = in_second as f64 * f64::from(tone_hz(rate_hz)) / f64::from(rate_hz);
    TONE_PEAK * (turns.fract() * std::f64::consts::TAU).sin()
}

/// Samples per channel of `block` in which nothing of the sound is left.
pub(crate) fn muted_samples(block: &AudioBlock, redactions: &Redactions) -> u64 {
    muted_in(
        &samples_of(block),
        (block.stream, block.rate_hz),
        redactions,
    )
}

/// Of the samples `range` of a track, with its number and rate: in how many nothing of the sound is
/// left.
#[must_use]
pub fn muted_in(
    range: &Range<i64>,
    (stream, rate_hz): (usize, u32),
    redactions: &Redactions,
) -> u64 {
    let mut muted: Vec<Range<i64>> = reaches(redactions, stream, rate_hz)
        .filter_map(|reach| overlap(&reach.core, range))
        .collect();
    muted.sort_unstable_by_key(|part| part.start);
    let (mut total, mut end) = (0, range.start);
    for part in muted {
        total += (part.end - part.start.max(end)).max(0);
        end = end.max(part.end);
    }
    total.unsigned_abs()
}

/// The places of a block's samples since the recording's zero.
pub(crate) fn samples_of(block: &AudioBlock) -> Range<i64> {
    let frames = i64::try_from(block.frames()).unwrap_or(i64::MAX);
    block.start..block.start.saturating_add(frames)
}

/// What two ranges share, if anything.
pub(crate) fn overlap(a: &Range<i64>, b: &Range<i64>) -> Option<Range<i64>> {
    let common = a.start.max(b.start)..a.end.min(b.end);
    (common.start < common.end).then_some(common)
}

#[cfg(test)]
mod tests;

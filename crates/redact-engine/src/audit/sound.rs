//! How loud a mute still is, on every track and channel.
//!
//! Inside a span there is digital silence: every sample of every channel is held against it, so
//! that speech that is too quiet to be levels_so_far is found too. An honest release decodes to
//! nothing but zeros there. Releases of earlier versions may have a tone, which is taken away
//! first; what a lossy encoder leaves in addition is more than allowed.

use std::collections::BTreeMap;
use std::ops::Range;

use redact_core::{AudioBlock, Redactions};

use crate::check::{Check, Failures};
use crate::mute::{Reach, overlap, samples_of, tone_at, tone_gain, touching};

/// Windows per second: 20 ms, about the shortest sound of speech. They show where something is
/// left.
const WINDOWS_PER_SECOND: u32 = 50;

/// Loudest sample, decibels of full scale: below the last bit of 16-bit sound by 20 dB.
const SAMPLE_MAX_DB: f64 = -110.0;

/// Levels below this are shown as this.
const FLOOR_DB: f64 = -200.0;

/// How loud a mute still is on one track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MutedLevel {
    /// Index of the mute in the redactions.
    pub mute: usize,
    /// The sound track, from 0.
    pub track: usize,
    /// Samples per channel that were measured.
    pub samples: u64,
    /// The loudest sample, decibels of full scale, at least -200; of a tone, what is left beside
    /// it.
    pub loudest_dbfs: f64,
}

/// Hears all mutes of a release.
#[derive(Default)]
pub(super) struct MuteMeter {
    /// Window in progress, by mute and track.
    open: BTreeMap<(usize, usize), Window>,
    levels_so_far: MuteLevels,
    highest_track: Option<usize>,
}

#[derive(Default)]
struct MuteLevels {
    samples: u64,
    /// What is left of each mute on each track.
    levels: BTreeMap<(usize, usize), MutedLevel>,
    worst: Option<(f64, String)>,
    loud: Failures,
}

impl MuteMeter {
    /// The highest track of which sound came.
    pub(super) const fn highest_track(&self) -> Option<usize> {
        self.highest_track
    }

    /// Measures the parts of `block` that lie in mutes.
    pub(super) fn listen(&mut self, block: &AudioBlock, redactions: &Redactions) {
        self.highest_track = self.highest_track.max(Some(block.stream));
        let range = samples_of(block);
        let reaches = touching(block, redactions);
        for (index, mute) in redactions.mutes.iter().enumerate() {
            if !mute.streams.contains(block.stream) {
                continue;
            }
            let span = mute.span.covering_samples(block.rate_hz);
            let Some(part) = overlap(&span, &range) else {
                continue;
            };
            let key = (index, block.stream);
            self.levels_so_far.samples += part.end.abs_diff(part.start);
            let length = i64::from((block.rate_hz / WINDOWS_PER_SECOND).max(1));
            let mut start = part.start;
            while start < part.end {
                let number = start.div_euclid(length);
                let end = part.end.min((number + 1).saturating_mul(length));
                if self
                    .open
                    .get(&key)
                    .is_some_and(|window| window.number != number)
                    && let Some(done) = self.open.remove(&key)
                {
                    self.levels_so_far.close(key, &done, redactions);
                }
                self.open
                    .entry(key)
                    .or_insert_with(|| Window::new(number))
                    .add(block, start..end, &reaches);
                start = end;
            }
        }
    }

    /// The verdict on all mutes.
    pub(super) fn into_check(mut self, redactions: &Redactions) -> (Check, Vec<MutedLevel>) {
        for (key, window) in std::mem::take(&mut self.open) {
            self.levels_so_far.close(key, &window, redactions);
        }
        let mut figures = format!(
            "{} mutes, {} samples measured",
            redactions.mutes.len(),
            self.levels_so_far.samples
        );
        if let Some((level, place)) = self.levels_so_far.worst {
            figures.push_str(&format!(
                "; loudest sample {level:.1} dBFS ({place}), allowed {SAMPLE_MAX_DB:.0}"
            ));
        }
        let levels = self.levels_so_far.levels.into_values().collect();
        (self.levels_so_far.loud.into_check("mutes", figures), levels)
    }
}

impl MuteLevels {
    /// Judges a window that is complete.
    fn close(&mut self, (index, stream): (usize, usize), window: &Window, all: &Redactions) {
        let mute = &all.mutes[index];
        let (level, worst) = (window.level_db(), &mut self.worst);
        #[expect(clippy::cast_precision_loss, reason = "a recording's seconds")]
        let second = window.number as f64 / f64::from(WINDOWS_PER_SECOND);
        let place = || format!("{} on track {stream} at second {second:.2}", mute.id);
        // Written so that a level that is not a number fails.
        let within = level <= SAMPLE_MAX_DB;
        if !within {
            self.loud.add(|| format!("{} ({level:.1} dBFS)", place()));
        }
        let known = self.levels.entry((index, stream)).or_insert(MutedLevel {
            mute: index,
            track: stream,
            samples: 0,
            loudest_dbfs: FLOOR_DB,
        });
        known.samples += window.samples;
        if level.is_nan() || level > known.loudest_dbfs {
            known.loudest_dbfs = level;
        }
        if level.is_nan() || worst.as_ref().is_none_or(|&(known, _)| level > known) {
            *worst = Some((level, place()));
        }
    }
}

/// A short stretch of a mute on one track.
struct Window {
    /// Counted from the recording's zero.
    number: i64,
    /// Samples per channel.
    samples: u64,
    /// The largest sample of any channel; NaN where a sample is.
    peak: f64,
}

impl Window {
    const fn new(number: i64) -> Self {
        Self {
            number,
            samples: 0,
            peak: 0.0,
        }
    }

    fn add(&mut self, block: &AudioBlock, part: Range<i64>, reaches: &[Reach]) {
        let first = usize::try_from(part.start - block.start).unwrap_or(0);
        let count = usize::try_from(part.end - part.start).unwrap_or(0);
        let width = usize::from(block.channels.max(1));
        let samples = block.samples.chunks_exact(width).skip(first).take(count);
        for (at, samples) in (part.start..).zip(samples) {
            self.samples += 1;
            let gain = tone_gain(reaches, at);
            let tone = if gain == 0.0 {
                0.0
            } else {
                tone_at(at, block.rate_hz.max(1)) * gain
            };
            for &sample in samples {
                let left = (f64::from(sample) - tone).abs();
                // A peak that is not a number stays so.
                if left > self.peak || left.is_nan() {
                    self.peak = left;
                }
            }
        }
    }

    /// The peak, decibels of full scale.
    fn level_db(&self) -> f64 {
        if self.peak.is_nan() {
            return f64::NAN;
        }
        (20.0 * self.peak.log10()).max(FLOOR_DB)
    }
}

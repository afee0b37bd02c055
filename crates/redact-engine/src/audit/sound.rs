//! How loud a mute still is, on every track and channel.
//!
//! Inside a span there is silence or the tone. The level is measured in short windows, so that a
//! word of a tenth of a second is not lost in the mean of a minute. Where the mute is a tone, the
//! best 1 kHz tone is taken away first and the rest is measured.

use std::collections::BTreeMap;
use std::ops::Range;

use redact_core::{AudioBlock, MuteStyle, Redactions};

use crate::check::{Check, Failures};
use crate::mute::{Reach, overlap, samples_of, tone_gain, tone_hz, touching};

/// Windows per second: 20 ms, about the shortest sound of speech.
const WINDOWS_PER_SECOND: u32 = 50;

/// Loudest window of a silent mute, decibels of full scale.
const SILENCE_MAX_DB: f64 = -80.0;

/// Loudest rest beside the tone: what a lossy encoder adds to a tone of -20 dB.
const BESIDE_TONE_MAX_DB: f64 = -55.0;

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
    /// The loudest window, decibels of full scale, at least -200; of a tone, what is heard beside it.
    pub loudest_dbfs: f64,
}

/// Hears all mutes of a release.
pub(super) struct Listener<'a> {
    redactions: &'a Redactions,
    /// Window in progress, by mute and track.
    open: BTreeMap<(usize, usize), Window>,
    heard: Heard,
    highest_track: Option<usize>,
}

#[derive(Default)]
struct Heard {
    samples: u64,
    /// What is left of each mute on each track.
    levels: BTreeMap<(usize, usize), MutedLevel>,
    worst_silence: Option<(f64, String)>,
    worst_tone: Option<(f64, String)>,
    loud: Failures,
}

impl<'a> Listener<'a> {
    pub(super) fn new(redactions: &'a Redactions) -> Self {
        Self {
            redactions,
            open: BTreeMap::new(),
            heard: Heard::default(),
            highest_track: None,
        }
    }

    /// The highest track of which sound came.
    pub(super) const fn highest_track(&self) -> Option<usize> {
        self.highest_track
    }

    /// Measures the parts of `block` that lie in mutes.
    pub(super) fn listen(&mut self, block: &AudioBlock) {
        self.highest_track = self.highest_track.max(Some(block.stream));
        let range = samples_of(block);
        let reaches = touching(block, self.redactions);
        for (index, mute) in self.redactions.mutes.iter().enumerate() {
            if !mute.streams.contains(block.stream) {
                continue;
            }
            let span = mute.span.covering_samples(block.rate_hz);
            let Some(part) = overlap(&span, &range) else {
                continue;
            };
            let key = (index, block.stream);
            self.heard.samples += part.end.abs_diff(part.start);
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
                    self.heard.close(key, &done, self.redactions);
                }
                self.open
                    .entry(key)
                    .or_insert_with(|| Window::new(number, block))
                    .add(block, start..end, &reaches);
                start = end;
            }
        }
    }

    /// The verdict on all mutes.
    pub(super) fn into_check(mut self) -> (Check, Vec<MutedLevel>) {
        for (key, window) in std::mem::take(&mut self.open) {
            self.heard.close(key, &window, self.redactions);
        }
        let mut figures = format!(
            "{} mutes, {} samples measured",
            self.redactions.mutes.len(),
            self.heard.samples
        );
        if let Some((level, place)) = self.heard.worst_silence {
            figures.push_str(&format!(
                "; loudest silence {level:.1} dBFS ({place}), allowed {SILENCE_MAX_DB:.0}"
            ));
        }
        if let Some((level, place)) = self.heard.worst_tone {
            figures.push_str(&format!(
                "; loudest beside the tone {level:.1} dBFS ({place}), allowed \
                 {BESIDE_TONE_MAX_DB:.0}"
            ));
        }
        let levels = self.heard.levels.into_values().collect();
        (self.heard.loud.into_check("mutes", figures), levels)
    }
}

impl Heard {
    /// Judges a window that is complete.
    fn close(&mut self, (index, stream): (usize, usize), window: &Window, all: &Redactions) {
        let mute = &all.mutes[index];
        let (level, allowed, worst) = match mute.style {
            MuteStyle::Silence => (
                window.level_db(Channel::power),
                SILENCE_MAX_DB,
                &mut self.worst_silence,
            ),
            MuteStyle::Tone => (
                window.level_db(Channel::power_beside_tone),
                BESIDE_TONE_MAX_DB,
                &mut self.worst_tone,
            ),
        };
        #[expect(clippy::cast_precision_loss, reason = "a recording's seconds")]
        let second = window.number as f64 / f64::from(WINDOWS_PER_SECOND);
        let place = || format!("{} on track {stream} at second {second:.2}", mute.id);
        // Written so that a level that is not a number fails.
        let within = level <= allowed;
        if !within {
            self.loud.add(|| format!("{} ({level:.1} dBFS)", place()));
        }
        let known = self.levels.entry((index, stream)).or_insert(MutedLevel {
            mute: index,
            track: stream,
            samples: 0,
            loudest_dbfs: FLOOR_DB,
        });
        known.samples += window.samples();
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
    channels: Vec<Channel>,
}

impl Window {
    fn new(number: i64, block: &AudioBlock) -> Self {
        Self {
            number,
            channels: vec![Channel::default(); usize::from(block.channels.max(1))],
        }
    }

    fn add(&mut self, block: &AudioBlock, part: Range<i64>, reaches: &[Reach]) {
        let first = usize::try_from(part.start - block.start).unwrap_or(0);
        let count = usize::try_from(part.end - part.start).unwrap_or(0);
        let width = usize::from(block.channels.max(1));
        let rate = i64::from(block.rate_hz.max(1));
        let turn = f64::from(tone_hz(block.rate_hz)) / f64::from(block.rate_hz.max(1));
        let samples = block.samples.chunks_exact(width).skip(first).take(count);
        for (at, samples) in (part.start..).zip(samples) {
            #[expect(clippy::cast_precision_loss, reason = "below the rate, a u32")]
            let angle = (at.rem_euclid(rate) as f64 * turn).fract() * std::f64::consts::TAU;
            let (sine, cosine) = angle.sin_cos();
            let gain = tone_gain(reaches, at);
            let wave = (sine * gain, cosine * gain);
            for (channel, &sample) in self.channels.iter_mut().zip(samples) {
                channel.add(f64::from(sample), wave);
            }
        }
    }

    /// Samples per channel.
    fn samples(&self) -> u64 {
        self.channels.first().map_or(0, |channel| channel.samples)
    }

    /// The loudest channel, decibels of full scale.
    fn level_db(&self, power: impl Fn(&Channel) -> f64) -> f64 {
        let loudest = self.channels.iter().map(power).fold(0.0, |a: f64, b| {
            // `max` would drop what is not a number.
            if a.is_nan() || b.is_nan() {
                f64::NAN
            } else {
                a.max(b)
            }
        });
        if loudest.is_nan() {
            return f64::NAN;
        }
        (10.0 * loudest.log10()).max(FLOOR_DB)
    }
}

/// Sums over one channel of a window.
#[derive(Clone, Copy, Default)]
struct Channel {
    samples: u64,
    count: f64,
    square: f64,
    sine: f64,
    cosine: f64,
    sine_square: f64,
    cosine_square: f64,
    product: f64,
}

impl Channel {
    fn add(&mut self, sample: f64, (sine, cosine): (f64, f64)) {
        self.samples += 1;
        self.count += 1.0;
        self.square += sample * sample;
        self.sine += sample * sine;
        self.cosine += sample * cosine;
        self.sine_square += sine * sine;
        self.cosine_square += cosine * cosine;
        self.product += sine * cosine;
    }

    fn power(&self) -> f64 {
        self.square / self.count.max(1.0)
    }

    /// The power that is left when the best tone is taken away.
    fn power_beside_tone(&self) -> f64 {
        let determinant = self.sine_square * self.cosine_square - self.product * self.product;
        if determinant < 1e-6 * self.count * self.count {
            // No tone is due here, so all of it counts; or it is a single sample, of which the
            // tone's own phase is taken away.
            let explained = self.sine * self.sine / self.sine_square.max(1e-12);
            return (self.square - explained) / self.count.max(1.0);
        }
        let a = (self.sine * self.cosine_square - self.cosine * self.product) / determinant;
        let b = (self.cosine * self.sine_square - self.sine * self.product) / determinant;
        let explained = a * self.sine + b * self.cosine;
        let rest = self.square - explained;
        if rest.is_nan() {
            return rest;
        }
        rest.max(0.0) / self.count
    }
}

//! Where two sound tracks differ by more than a codec's noise.
//!
//! Lossy encoders preserve the waveform of low frequencies and only the envelope of high ones, so
//! both sides are averaged down to about 6 kHz first. A window that was muted, replaced or shifted
//! without being declared differs by about all of its own level.

use std::collections::BTreeMap;
use std::ops::Range;

use redact_core::{AudioBlock, AudioInfo};

use crate::check::{Check, Failures};
use crate::mute::samples_of;

/// Windows per second: 200 ms. Long enough that an attack's pre-echo is weighed with the attack.
const WINDOWS_PER_SECOND: u32 = 5;

/// Means into which a window is averaged down: 6 kHz. Rates of source and release may differ.
const MEANS_PER_WINDOW: usize = 1200;

/// Root mean square by which silence may differ: -50 dB of full scale.
const QUIET_MAX: f64 = 0.003;

/// What the window's own level adds to it.
const PER_LEVEL: f64 = 0.5;

/// Both sides of a track may begin or end this much apart: a few encoder frames of priming or
/// padding, or a tenth of a second.
const ENDS_APART_MAX_SAMPLES: f64 = 4096.0;
const ENDS_APART_MAX_SECONDS: f64 = 0.1;

/// Windows with sound that wait for the other side, a minute of them: behind that, what it has not
/// sent is silence. A gap has no windows, however long it is.
const WAITING_MAX_WINDOWS: usize = 60 * WINDOWS_PER_SECOND as usize;

/// Samples of a release's track whose source has none: an encoder's frame, and its padding.
const EMPTY_MAX_SAMPLES: i64 = 4096;

/// Compares all tracks of both sides.
pub(super) struct SoundComparison {
    tracks: [Vec<AudioInfo>; 2],
    compared: BTreeMap<usize, ComparedTrack>,
}

/// One track on both sides.
#[derive(Default)]
struct ComparedTrack {
    stream: usize,
    sides: [Option<Side>; 2],
    /// The window that was weighed last.
    before: Option<Weighed>,
    /// Windows that wait for the other side; a side that sent nothing of one has no samples.
    windows: BTreeMap<i64, [Vec<f32>; 2]>,
    judged: u64,
    /// Largest share of what is allowed that a window differs by, and its second.
    worst: Option<(f64, f64)>,
    failures: Failures,
}

/// What one side of a track is and has sent.
#[derive(Clone)]
struct Side {
    rate_hz: u32,
    channels: usize,
    /// From its first sample to its last.
    sent: Range<i64>,
}

impl SoundComparison {
    pub(super) fn new(tracks: [Vec<AudioInfo>; 2]) -> Self {
        Self {
            tracks,
            compared: BTreeMap::new(),
        }
    }

    /// Takes the next run of sound of `side` (0: the source, muted again; 1: the release).
    pub(super) fn listen(&mut self, side: usize, block: &AudioBlock) {
        let stream = block.stream;
        let track = self.compared.entry(stream).or_default();
        track.stream = stream;
        track.take(side, block);
    }

    /// The verdict on all tracks.
    pub(super) fn into_check(mut self) -> Check {
        let [source, release] = self.tracks.each_ref().map(Vec::len);
        let mut failures = Failures::default();
        if source != release {
            failures.add(|| format!("the source has {source} tracks, the release {release}"));
        }
        let (mut judged, mut worst) = (0, None::<(f64, f64, usize)>);
        for track in self.compared.values_mut() {
            track.finish();
            judged += track.judged;
            failures.append(std::mem::take(&mut track.failures));
            if let Some((load, second)) = track.worst
                && worst.is_none_or(|(known, ..)| load > known)
            {
                worst = Some((load, second, track.stream));
            }
        }
        let mut figures = format!("{source} tracks, {judged} windows of 200 ms");
        if let Some((load, second, stream)) = worst {
            figures.push_str(&format!(
                "; the worst differs by {:.0} % of what is allowed (track {stream}, second \
                 {second:.1})",
                load * 100.0
            ));
        }
        failures.into_check("sound", figures)
    }
}

impl Side {
    /// The window that a sample is in. Rates need not be a multiple of the windows per second.
    fn window_of(&self, sample: i64) -> i64 {
        let window = i128::from(sample) * i128::from(WINDOWS_PER_SECOND);
        i64::try_from(window.div_euclid(i128::from(self.rate_hz))).unwrap_or(i64::MAX)
    }

    /// The first sample of a window.
    fn start_of(&self, window: i64) -> i64 {
        let samples = -i128::from(window) * i128::from(self.rate_hz);
        let first = -samples.div_euclid(i128::from(WINDOWS_PER_SECOND));
        i64::try_from(first).unwrap_or(i64::MAX)
    }

    /// Its first and last second.
    fn seconds(&self) -> [f64; 2] {
        #[expect(clippy::cast_precision_loss, reason = "a recording's samples")]
        let seconds =
            [self.sent.start, self.sent.end].map(|at| at as f64 / f64::from(self.rate_hz));
        seconds
    }

    /// The first window that it may still change.
    fn reached(&self) -> i64 {
        self.window_of(self.sent.end)
    }
}

impl ComparedTrack {
    fn take(&mut self, index: usize, block: &AudioBlock) {
        let range = samples_of(block);
        let channels = usize::from(block.channels.max(1));
        let side = self.sides[index].get_or_insert_with(|| Side {
            rate_hz: block.rate_hz.max(1),
            channels,
            sent: range.clone(),
        });
        if side.rate_hz != block.rate_hz || side.channels != channels {
            let stream = self.stream;
            self.failures
                .add(|| format!("track {stream} changed its rate or channels"));
            return;
        }
        side.sent = side.sent.start.min(range.start)..side.sent.end.max(range.end);
        let mut samples = block.samples.chunks_exact(channels);
        let mut at = range.start;
        while at < range.end {
            let number = side.window_of(at);
            let (start, end) = (side.start_of(number), side.start_of(number + 1));
            let window = &mut self.windows.entry(number).or_default()[index];
            if window.is_empty() {
                window.resize(usize::try_from(end - start).unwrap_or(0) * channels, 0.0);
            }
            let place = usize::try_from(at - start).unwrap_or(0) * channels;
            for (sent, frame) in window[place..].chunks_exact_mut(channels).zip(&mut samples) {
                sent.copy_from_slice(frame);
            }
            at = end;
        }
        self.judge_complete();
    }

    /// Judges the windows that both sides have passed.
    fn judge_complete(&mut self) {
        let reached = self
            .sides
            .each_ref()
            .map(|side| side.as_ref().map_or(i64::MIN, Side::reached));
        let passed = reached[0].min(reached[1]);
        while let Some((first, _)) = self.windows.first_key_value() {
            // The last whole window waits: the side that is behind may end in it.
            let is_passed = first.saturating_add(1) < passed;
            if !is_passed && self.windows.len() <= WAITING_MAX_WINDOWS {
                break;
            }
            let Some((number, window)) = self.windows.pop_first() else {
                break;
            };
            self.judge(number, &window);
        }
    }

    fn finish(&mut self) {
        for (number, window) in std::mem::take(&mut self.windows) {
            self.judge(number, &window);
        }
        if let Some(alone) = self.before.take().filter(|window| !window.is_judged) {
            self.verdict(alone.number, &alone.weights);
        }
        let stream = self.stream;
        match &self.sides {
            [Some(source), Some(release)] => {
                if release.channels < source.channels {
                    self.failures
                        .add(|| format!("track {stream} lost a channel"));
                }
                let (allowed, ends) = (apart_max(release), [source.seconds(), release.seconds()]);
                for (end, name) in ["begins", "ends"].into_iter().enumerate() {
                    let apart = (ends[0][end] - ends[1][end]).abs();
                    // What the release has before the source begins was compared with silence.
                    let is_filled = end == 0 && ends[1][end] < ends[0][end];
                    if apart > allowed && !is_filled {
                        self.failures
                            .add(|| format!("track {stream} {name} {apart:.2} seconds apart"));
                    }
                }
            }
            [Some(_), None] => self.failures.add(|| format!("track {stream} is missing")),
            // An empty track is written as one frame of silence, which was judged above.
            [None, Some(release)] if length_of(release) <= EMPTY_MAX_SAMPLES => {}
            [None, Some(_)] => self.failures.add(|| format!("track {stream} was added")),
            [None, None] => {}
        }
    }

    /// The part of a window, `0.0..=1.0`, in which either side has sound.
    fn covered(&self, number: i64) -> Range<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a recording's windows")]
        let origin = number as f64;
        let [mut start, mut end] = [f64::INFINITY, f64::NEG_INFINITY];
        for [first, last] in self.sides.iter().flatten().map(Side::seconds) {
            (start, end) = (start.min(first), end.max(last));
        }
        let within =
            |seconds: f64| (seconds * f64::from(WINDOWS_PER_SECOND) - origin).clamp(0.0, 1.0);
        within(start)..within(end)
    }

    /// Weighs a window. One that the track begins or ends in is judged together with the window
    /// beside it: in a few milliseconds alone, the noise of an attack is as loud as the attack.
    fn judge(&mut self, number: i64, window: &[Vec<f32>; 2]) {
        let covered = self.covered(number);
        if covered.start >= covered.end {
            return;
        }
        let weights = self.weigh(window, &covered);
        let is_part = covered.end - covered.start < 1.0;
        let mut judged = weights.clone();
        if let Some(before) = self.before.take() {
            let is_beside = before.number == number - 1;
            if is_beside && (is_part || !before.is_judged) {
                let both = before.weights.iter().zip(&weights);
                judged = both.map(|(a, b)| a.and(b)).collect();
            } else if !before.is_judged {
                self.verdict(before.number, &before.weights);
            }
        }
        let waits = covered.start > 0.0 && is_part;
        if !waits {
            self.verdict(number, &judged);
        }
        self.before = Some(Weighed {
            number,
            weights,
            is_judged: !waits,
        });
    }

    /// What each channel weighs in the part of a window in which either side has sound.
    fn weigh(&self, window: &[Vec<f32>; 2], covered: &Range<f64>) -> Vec<Weight> {
        let channels = self
            .sides
            .each_ref()
            .map(|side| side.as_ref().map_or(1, |side| side.channels));
        (0..channels[0].min(channels[1]))
            .map(|channel| {
                let [expected, found] =
                    [0, 1].map(|side| coarse(&window[side], channel, channels[side], covered));
                let differences = expected.iter().zip(&found).map(|(a, b)| a - b);
                Weight {
                    means: expected.len(),
                    expected: energy(expected.iter().copied()),
                    difference: energy(differences),
                }
            })
            .collect()
    }

    fn verdict(&mut self, number: i64, weights: &[Weight]) {
        self.judged += 1;
        #[expect(clippy::cast_precision_loss, reason = "a recording's seconds")]
        let second = number as f64 / f64::from(WINDOWS_PER_SECOND);
        for load in weights.iter().map(Weight::load) {
            // Written so that a load that is not a number fails.
            let within = load <= 1.0;
            if !within {
                let stream = self.stream;
                self.failures.add(|| {
                    format!(
                        "track {stream} at second {second:.1} differs by {:.0} % of what is \
                         allowed",
                        load * 100.0
                    )
                });
            }
            if self.worst.is_none_or(|(worst, _)| load > worst) {
                self.worst = Some((load, second));
            }
        }
    }
}

/// What each channel of a window weighs.
struct Weighed {
    number: i64,
    weights: Vec<Weight>,
    is_judged: bool,
}

/// What one channel of a window weighs: sums of squares over its means.
#[derive(Clone, Copy)]
struct Weight {
    means: usize,
    expected: f64,
    difference: f64,
}

impl Weight {
    /// Both as one window.
    fn and(&self, other: &Self) -> Self {
        Self {
            means: self.means + other.means,
            expected: self.expected + other.expected,
            difference: self.difference + other.difference,
        }
    }

    /// By how much the sides differ, 1 being what is allowed.
    fn load(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "one window's samples")]
        let level = |energy: f64| (energy / self.means.max(1) as f64).sqrt();
        level(self.difference) / (QUIET_MAX + PER_LEVEL * level(self.expected))
    }
}

fn length_of(side: &Side) -> i64 {
    side.sent.end.saturating_sub(side.sent.start)
}

/// How far apart the ends of a track may be, seconds.
fn apart_max(release: &Side) -> f64 {
    (ENDS_APART_MAX_SAMPLES / f64::from(release.rate_hz)).max(ENDS_APART_MAX_SECONDS)
}

/// One channel of the covered part of a window, averaged down; silence where nothing was sent.
fn coarse(samples: &[f32], channel: usize, channels: usize, covered: &Range<f64>) -> Vec<f64> {
    let length = samples.len() / channels;
    (0..MEANS_PER_WINDOW)
        .filter(|&index| {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let ends = [index, index + 1].map(|at| at as f64 / MEANS_PER_WINDOW as f64);
            covered.start <= ends[0] && ends[1] <= covered.end
        })
        .map(|index| {
            if length == 0 {
                return 0.0;
            }
            // A rate below the means' own gives some samples twice.
            let start = index * length / MEANS_PER_WINDOW;
            let end = ((index + 1) * length / MEANS_PER_WINDOW).max(start + 1);
            let sum: f64 = (start..end)
                .map(|at| f64::from(samples[at * channels + channel]))
                .sum();
            #[expect(clippy::cast_precision_loss, reason = "a few samples")]
            let mean = sum / (end - start) as f64;
            mean
        })
        .collect()
}

fn energy(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone at half of full scale, from `start` to `end`.
    fn tone(rate_hz: u32, start: i64, end: i64) -> AudioBlock {
        #[expect(clippy::cast_precision_loss, reason = "a minute of samples")]
        let phase = |at: i64| at as f64 / f64::from(rate_hz) * std::f64::consts::TAU * 440.0;
        #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
        let samples = (start..end).map(|at| (phase(at).sin() * 0.5) as f32);
        AudioBlock {
            stream: 0,
            start,
            rate_hz,
            channels: 1,
            samples: samples.collect(),
        }
    }

    fn passes(source: &AudioBlock, release: &AudioBlock) -> bool {
        let tracks = [source, release].map(|block| {
            vec![AudioInfo {
                stream: 1,
                codec: "aac".to_owned(),
                rate_hz: block.rate_hz,
                channels: 1,
            }]
        });
        let mut listener = SoundComparison::new(tracks);
        listener.listen(0, source);
        listener.listen(1, release);
        listener.into_check().passed
    }

    /// Goal: sound that begins or ends loudly a few milliseconds beside a window is not refused for
    /// a codec's noise there. Control: sound that is added or silenced in the same place.
    #[test]
    fn a_few_milliseconds_are_judged_with_the_window_beside_them() {
        let source = tone(48_000, -480, 48_480);
        let changed = |from: usize, until: usize, by: f32| {
            let mut release = source.clone();
            release.samples[from..until]
                .iter_mut()
                .for_each(|s| *s *= by);
            release
        };
        let length = source.samples.len();
        assert!(passes(&source, &changed(0, 480, 0.0)), "noise of an attack");
        assert!(
            passes(&source, &changed(length - 480, length, 0.0)),
            "noise at the end"
        );
        assert!(
            !passes(&source, &changed(0, 480 + 4800, 0.0)),
            "silenced at the start"
        );
        assert!(
            !passes(&source, &changed(length - 5280, length, 0.0)),
            "silenced at the end"
        );
        assert!(
            !passes(&source, &tone(48_000, -480 - 4700, 48_480)),
            "added before"
        );
        assert!(
            !passes(&source, &tone(48_000, -480, 48_480 + 4700)),
            "added behind"
        );
        let late = tone(48_000, 48_000, 96_000);
        let filled = |level: f32| {
            let mut release = tone(48_000, 0, 96_000);
            release.samples[..48_000]
                .iter_mut()
                .for_each(|s| *s *= level);
            release
        };
        assert!(passes(&late, &filled(0.0)), "silence before late sound");
        assert!(
            !passes(&late, &filled(0.02)),
            "something quiet before late sound"
        );
        assert!(!passes(&filled(1.0), &late), "the first second is missing");
        let moment = tone(48_000, -480, 480);
        let silent = AudioBlock {
            samples: vec![0.0; 960],
            ..moment.clone()
        };
        assert!(passes(&moment, &moment), "a track of 20 ms");
        assert!(!passes(&moment, &silent), "a track of 20 ms, silenced");
    }

    /// Goal: rates that are no multiple of the windows per second stay in step. Control: 20 ms
    /// late.
    #[test]
    fn odd_rates_stay_in_step() {
        let source = tone(22_254, 0, 22_254 * 60);
        let release = tone(24_000, 0, 24_000 * 60);
        assert!(passes(&source, &release));
        let late = AudioBlock {
            start: 461,
            ..release
        };
        assert!(!passes(&source, &late));
    }
}

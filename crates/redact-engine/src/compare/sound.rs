//! Where two sound tracks differ by more than a codec's noise.
//!
//! Lossy encoders keep the wave of low frequencies and only the likeness of high ones, so both
//! sides are averaged down to about 6 kHz first. A window that was muted, replaced or shifted
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
pub(super) struct Listener {
    tracks: [Vec<AudioInfo>; 2],
    lines: BTreeMap<usize, Line>,
}

/// One track on both sides.
#[derive(Default)]
struct Line {
    stream: usize,
    sides: [Option<Side>; 2],
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

impl Listener {
    pub(super) fn new(tracks: [Vec<AudioInfo>; 2]) -> Self {
        Self {
            tracks,
            lines: BTreeMap::new(),
        }
    }

    /// Takes the next run of sound of `side` (0: the source, muted again; 1: the release).
    pub(super) fn listen(&mut self, side: usize, block: &AudioBlock) {
        let stream = block.stream;
        let line = self.lines.entry(stream).or_default();
        line.stream = stream;
        line.take(side, block);
    }

    /// The verdict on all tracks.
    pub(super) fn into_check(mut self) -> Check {
        let [source, release] = self.tracks.each_ref().map(Vec::len);
        let mut failures = Failures::default();
        if source != release {
            failures.add(|| format!("the source has {source} tracks, the release {release}"));
        }
        let (mut judged, mut worst) = (0, None::<(f64, f64, usize)>);
        for line in self.lines.values_mut() {
            line.finish();
            judged += line.judged;
            failures.append(std::mem::take(&mut line.failures));
            if let Some((load, second)) = line.worst
                && worst.is_none_or(|(known, ..)| load > known)
            {
                worst = Some((load, second, line.stream));
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
    /// Samples of a window.
    fn window(&self) -> i64 {
        i64::from(self.rate_hz / WINDOWS_PER_SECOND).max(1)
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
        self.sent.end.div_euclid(self.window())
    }
}

impl Line {
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
        let length = side.window();
        let samples = block.samples.chunks_exact(channels);
        for (at, frame) in (range.start..range.end).zip(samples) {
            let window = &mut self.windows.entry(at.div_euclid(length)).or_default()[index];
            if window.is_empty() {
                window.resize(usize::try_from(length).unwrap_or(0) * channels, 0.0);
            }
            let place = usize::try_from(at.rem_euclid(length)).unwrap_or(0) * channels;
            window[place..place + channels].copy_from_slice(frame);
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
                    if apart > allowed {
                        self.failures
                            .add(|| format!("track {stream} {name} {apart:.2} seconds apart"));
                    }
                }
            }
            [Some(_), None] => self.failures.add(|| format!("track {stream} is missing")),
            // A track without a sample comes out as one frame of silence, which was judged above.
            [None, Some(release)] if length_of(release) <= EMPTY_MAX_SAMPLES => {}
            [None, Some(_)] => self.failures.add(|| format!("track {stream} was added")),
            [None, None] => {}
        }
    }

    /// The part of a window, `0.0..=1.0`, in which both sides must sound alike: what only one side
    /// has at its very begin or end is priming and padding.
    fn common(&self, number: i64) -> Range<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a recording's windows")]
        let origin = number as f64;
        let mut range = 0.0..1.0_f64;
        if let [Some(a), Some(b)] = &self.sides {
            let (allowed, a, b) = (apart_max(b), a.seconds(), b.seconds());
            let windows = f64::from(WINDOWS_PER_SECOND);
            if (a[0] - b[0]).abs() <= allowed {
                range.start = (a[0].max(b[0]) * windows - origin).clamp(0.0, 1.0);
            }
            if (a[1] - b[1]).abs() <= allowed {
                range.end = (a[1].min(b[1]) * windows - origin).clamp(0.0, 1.0);
            }
        }
        range
    }

    fn judge(&mut self, number: i64, window: &[Vec<f32>; 2]) {
        let common = self.common(number);
        if common.start >= common.end {
            return;
        }
        self.judged += 1;
        let channels = self
            .sides
            .each_ref()
            .map(|side| side.as_ref().map_or(1, |side| side.channels));
        for channel in 0..channels[0].min(channels[1]) {
            let [expected, found] =
                [0, 1].map(|side| coarse(&window[side], channel, channels[side], &common));
            let allowed = QUIET_MAX + PER_LEVEL * root_mean_square(&expected);
            let differences: Vec<f64> = expected.iter().zip(&found).map(|(a, b)| a - b).collect();
            let load = root_mean_square(&differences) / allowed;
            #[expect(clippy::cast_precision_loss, reason = "a recording's seconds")]
            let second = number as f64 / f64::from(WINDOWS_PER_SECOND);
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

fn length_of(side: &Side) -> i64 {
    side.sent.end.saturating_sub(side.sent.start)
}

/// How far apart the ends of a track may be, seconds.
fn apart_max(release: &Side) -> f64 {
    (ENDS_APART_MAX_SAMPLES / f64::from(release.rate_hz)).max(ENDS_APART_MAX_SECONDS)
}

/// One channel of the common part of a window, averaged down; silence where nothing was sent.
fn coarse(samples: &[f32], channel: usize, channels: usize, common: &Range<f64>) -> Vec<f64> {
    let length = samples.len() / channels;
    (0..MEANS_PER_WINDOW)
        .filter(|&index| {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let ends = [index, index + 1].map(|at| at as f64 / MEANS_PER_WINDOW as f64);
            common.start <= ends[0] && ends[1] <= common.end
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

fn root_mean_square(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "one window's samples")]
    let count = values.len().max(1) as f64;
    (values.iter().map(|value| value * value).sum::<f64>() / count).sqrt()
}

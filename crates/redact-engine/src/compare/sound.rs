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

/// Rate to which sound is averaged down.
const COARSE_HZ: u32 = 6000;

/// Root mean square by which silence may differ: -50 dB of full scale.
const QUIET_MAX: f64 = 0.003;

/// What the window's own level adds to it.
const PER_LEVEL: f64 = 0.5;

/// Tracks of one recording may begin or end this much apart: two AAC frames of priming or padding.
const ENDS_APART_MAX: u64 = 2 * 2048;

/// A side that is this far ahead does not wait: what the other has not sent is silence.
const AHEAD_MAX_SECONDS: i64 = 60;

/// Compares all tracks of both sides.
pub(super) struct Listener {
    tracks: [Vec<AudioInfo>; 2],
    lines: BTreeMap<usize, Line>,
    strangers: Failures,
}

/// One track on both sides.
struct Line {
    stream: usize,
    rate_hz: u32,
    channels: usize,
    /// What each side has sent: from its first sample to its last.
    sent: [Option<Range<i64>>; 2],
    /// Windows that wait for the other side; a side that sent nothing of one has no samples.
    windows: BTreeMap<i64, [Vec<f32>; 2]>,
    judged: u64,
    /// Largest share of what is allowed that a window differs by, and its second.
    worst: Option<(f64, f64)>,
    failures: Failures,
}

impl Listener {
    pub(super) fn new(tracks: [Vec<AudioInfo>; 2]) -> Self {
        Self {
            tracks,
            lines: BTreeMap::new(),
            strangers: Failures::default(),
        }
    }

    /// Takes the next run of sound of `side` (0: the source, muted again; 1: the release).
    pub(super) fn listen(&mut self, side: usize, block: &AudioBlock) {
        let stream = block.stream;
        let line = self.lines.entry(stream).or_insert_with(|| Line::new(block));
        let channels = usize::from(block.channels.max(1));
        if line.rate_hz == block.rate_hz && line.channels == channels {
            line.take(side, block);
        } else {
            self.strangers
                .add(|| format!("track {stream} changed its rate or channels"));
        }
    }

    /// The verdict on all tracks.
    pub(super) fn into_check(mut self) -> Check {
        let [source, release] = self.tracks.each_ref().map(Vec::len);
        let mut failures = self.strangers;
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

impl Line {
    fn new(block: &AudioBlock) -> Self {
        Self {
            stream: block.stream,
            rate_hz: block.rate_hz.max(WINDOWS_PER_SECOND),
            channels: usize::from(block.channels.max(1)),
            sent: [None, None],
            windows: BTreeMap::new(),
            judged: 0,
            worst: None,
            failures: Failures::default(),
        }
    }

    fn window_length(&self) -> i64 {
        i64::from(self.rate_hz / WINDOWS_PER_SECOND)
    }

    fn take(&mut self, side: usize, block: &AudioBlock) {
        let range = samples_of(block);
        let length = self.window_length();
        let samples = block.samples.chunks_exact(self.channels);
        for (at, frame) in (range.start..range.end).zip(samples) {
            let number = at.div_euclid(length);
            let window = &mut self.windows.entry(number).or_default()[side];
            if window.is_empty() {
                window.resize(usize::try_from(length).unwrap_or(0) * self.channels, 0.0);
            }
            let place = usize::try_from(at.rem_euclid(length)).unwrap_or(0) * self.channels;
            window[place..place + self.channels].copy_from_slice(frame);
        }
        let sent = &mut self.sent[side];
        *sent = Some(match sent.take() {
            None => range,
            Some(known) => known.start.min(range.start)..known.end.max(range.end),
        });
        self.judge_complete();
    }

    /// Judges the windows that both sides have passed.
    fn judge_complete(&mut self) {
        let ends = self
            .sent
            .each_ref()
            .map(|sent| sent.as_ref().map_or(i64::MIN, |sent| sent.end));
        let ahead = AHEAD_MAX_SECONDS * i64::from(self.rate_hz);
        let passed = ends[0]
            .min(ends[1])
            .max(ends[0].max(ends[1]).saturating_sub(ahead));
        let length = self.window_length();
        while let Some(first) = self.windows.first_entry() {
            // The last window of the side that is behind may still be cut short by its end.
            if (*first.key() + 2).saturating_mul(length) > passed {
                break;
            }
            let (number, window) = first.remove_entry();
            self.judge(number, &window);
        }
    }

    fn finish(&mut self) {
        for (number, window) in std::mem::take(&mut self.windows) {
            self.judge(number, &window);
        }
        let (stream, length) = (self.stream, self.rate_hz);
        match &self.sent {
            [Some(source), Some(release)] => {
                let apart = [
                    source.start.abs_diff(release.start),
                    source.end.abs_diff(release.end),
                ];
                for (end, apart) in ["begins", "ends"].into_iter().zip(apart) {
                    if apart > ENDS_APART_MAX.max(u64::from(length / 10)) {
                        self.failures
                            .add(|| format!("track {stream} {end} {apart} samples apart"));
                    }
                }
            }
            [Some(_), None] => self.failures.add(|| format!("track {stream} is missing")),
            [None, Some(_)] => self.failures.add(|| format!("track {stream} was added")),
            [None, None] => {}
        }
    }

    /// The part of a window in which both sides must sound alike: a few samples that only one
    /// side has at its very begin or end are priming and padding.
    fn common(&self, number: i64) -> Range<usize> {
        let length = self.window_length();
        let origin = number.saturating_mul(length);
        let mut range = origin..origin.saturating_add(length);
        if let [Some(a), Some(b)] = &self.sent {
            if a.start.abs_diff(b.start) <= ENDS_APART_MAX {
                range.start = range.start.max(a.start).max(b.start);
            }
            if a.end.abs_diff(b.end) <= ENDS_APART_MAX {
                range.end = range.end.min(a.end).min(b.end);
            }
        }
        let place = |at: i64| usize::try_from((at - origin).clamp(0, length)).unwrap_or(0);
        place(range.start)..place(range.end)
    }

    fn judge(&mut self, number: i64, window: &[Vec<f32>; 2]) {
        let common = self.common(number);
        if common.is_empty() {
            return;
        }
        self.judged += 1;
        let step = usize::try_from((self.rate_hz / COARSE_HZ).max(1)).unwrap_or(1);
        for channel in 0..self.channels {
            let [expected, found] = window
                .each_ref()
                .map(|side| coarse(side, channel, self.channels, common.clone(), step));
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

/// One channel of a window, averaged over `step` samples; silence where the side sent nothing.
fn coarse(
    samples: &[f32],
    channel: usize,
    channels: usize,
    common: Range<usize>,
    step: usize,
) -> Vec<f64> {
    let starts = common.clone().step_by(step);
    starts
        .map(|start| {
            let end = (start + step).min(common.end);
            let sum: f64 = (start..end)
                .map(|at| f64::from(samples.get(at * channels + channel).copied().unwrap_or(0.0)))
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

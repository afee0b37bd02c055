//! Sound that waits to be recognized.

use redact_core::{AudioBlock, TimeSpan};

/// The latest sound of one track.
#[derive(Debug, Default)]
pub(super) struct TrackBuffer {
    rate_hz: u32,
    channels: usize,
    /// Place of the first sample, per channel from the recording's zero.
    start: i64,
    /// Interleaved; gaps are silent.
    samples: Vec<f32>,
}

/// The sound of one track in a span, channel by channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Heard {
    pub(super) rate_hz: u32,
    /// When the first sample is heard.
    pub(super) start_nanos: i64,
    /// All of the same length.
    pub(super) channels: Vec<Vec<f32>>,
}

impl TrackBuffer {
    /// Adds a block; what lies before `needed_nanos` is left out where nothing waits yet.
    pub(super) fn push(&mut self, block: &AudioBlock, needed_nanos: i64) {
        let channels = usize::from(block.channels.max(1));
        if (self.rate_hz, self.channels) != (block.rate_hz, channels) {
            *self = Self {
                rate_hz: block.rate_hz,
                channels,
                start: block.start,
                samples: Vec::new(),
            };
        }
        let end = self.end();
        if self.samples.is_empty() {
            self.start = block.start;
        } else if block.start > end {
            let gap = usize::try_from(block.start - end).unwrap_or(usize::MAX);
            self.fill_gap(gap, block.start);
        }
        let repeated = usize::try_from(self.end() - block.start).unwrap_or(0);
        let fresh = block.samples.chunks_exact(channels).skip(repeated);
        self.samples.extend(fresh.flatten().map(|sample| {
            let is_usable = sample.is_finite();
            if is_usable { *sample } else { 0.0 }
        }));
        self.drop_before(needed_nanos);
    }

    /// Silence for `gap` samples, unless the gap is so long that the sound starts over after it.
    fn fill_gap(&mut self, gap: usize, start: i64) {
        const GAP_SECONDS_MAX: usize = 30;
        if gap > GAP_SECONDS_MAX * self.rate_hz as usize {
            (self.start, self.samples) = (start, Vec::new());
            return;
        }
        let silent = self.samples.len() + gap * self.channels;
        self.samples.resize(silent, 0.0);
    }

    fn end(&self) -> i64 {
        let frames = self.samples.len() / self.channels.max(1);
        self.start.saturating_add_unsigned(frames as u64)
    }

    /// The time up to which sound was read; `None` before the first block.
    pub(super) fn end_nanos(&self) -> Option<i64> {
        (self.rate_hz > 0).then(|| nanos(self.end(), self.rate_hz))
    }

    /// Forgets what lies before `at_nanos`.
    pub(super) fn drop_before(&mut self, at_nanos: i64) {
        if self.rate_hz == 0 {
            return;
        }
        let at = place(at_nanos, self.rate_hz).min(self.end());
        let dropped = usize::try_from(at - self.start).unwrap_or(0);
        if dropped > 0 {
            self.samples.drain(..dropped * self.channels);
            self.start = at;
        }
    }

    /// The sound in `span`; `None` if there is none.
    pub(super) fn cut(&self, span: TimeSpan) -> Option<Heard> {
        if self.rate_hz == 0 {
            return None;
        }
        let wanted = span.covering_samples(self.rate_hz);
        let (start, end) = (wanted.start.max(self.start), wanted.end.min(self.end()));
        let first = usize::try_from(start - self.start).ok()?;
        let count = usize::try_from(end - start)
            .ok()
            .filter(|&count| count > 0)?;
        let samples = &self.samples[first * self.channels..(first + count) * self.channels];
        let channel = |at: usize| samples.iter().skip(at).step_by(self.channels).copied();
        Some(Heard {
            rate_hz: self.rate_hz,
            start_nanos: nanos(start, self.rate_hz),
            channels: (0..self.channels).map(|at| channel(at).collect()).collect(),
        })
    }
}

impl Heard {
    /// Root mean square of the loudest channel in `span`; 0 outside of the sound.
    pub(super) fn loudness(&self, span: TimeSpan) -> f32 {
        let range = self.range(span);
        let channels = self.channels.iter();
        channels
            .map(|channel| rms(&channel[range.clone()]))
            .fold(0.0, f32::max)
    }

    /// The samples of each channel in `span`.
    pub(super) fn range(&self, span: TimeSpan) -> std::ops::Range<usize> {
        let length = self.channels.first().map_or(0, Vec::len);
        let index = |at: i64| {
            let since = place(at.saturating_sub(self.start_nanos), self.rate_hz);
            usize::try_from(since).unwrap_or(0).min(length)
        };
        index(span.start_nanos())..index(span.end_nanos())
    }
}

/// Root mean square.
pub(super) fn rms(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    #[expect(clippy::cast_possible_truncation, reason = "samples are f32, too")]
    let mean = (sum / samples.len() as f64).sqrt() as f32;
    mean
}

fn nanos(sample: i64, rate_hz: u32) -> i64 {
    let nanos = i128::from(sample) * 1_000_000_000 / i128::from(rate_hz.max(1));
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

fn place(nanos: i64, rate_hz: u32) -> i64 {
    let place = (i128::from(nanos) * i128::from(rate_hz)).div_euclid(1_000_000_000);
    i64::try_from(place).unwrap_or(if place < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(start: i64, samples: &[f32]) -> AudioBlock {
        AudioBlock {
            stream: 0,
            start,
            rate_hz: 1000,
            channels: 2,
            samples: samples.to_vec(),
        }
    }

    fn millis(start: i64, end: i64) -> TimeSpan {
        TimeSpan::new(start * 1_000_000, end * 1_000_000).unwrap()
    }

    /// Goal: samples keep their times across gaps, repeats and what is forgotten.
    #[test]
    fn a_span_is_cut_where_it_is_heard() {
        let mut track = TrackBuffer::default();
        assert_eq!(track.end_nanos(), None);
        track.push(&block(10, &[0.1, -0.1, 0.2, -0.2, 0.3, -0.3]), 0);
        // One sample is repeated, then two are missing.
        track.push(&block(12, &[0.3, -0.3, 0.4, -0.4]), 0);
        track.push(&block(16, &[f32::NAN, -0.7]), 0);
        assert_eq!(track.end_nanos(), Some(17_000_000));
        let heard = track.cut(millis(11, 20)).unwrap();
        assert_eq!(heard.start_nanos, 11_000_000);
        assert_eq!(heard.channels[0], [0.2, 0.3, 0.4, 0.0, 0.0, 0.0]);
        assert_eq!(heard.channels[1], [-0.2, -0.3, -0.4, 0.0, 0.0, -0.7]);
        assert_eq!(heard.range(millis(12, 14)), 1..3);
        track.drop_before(13_000_000);
        assert_eq!(track.cut(millis(0, 13)), None);
        assert_eq!(track.cut(millis(0, 14)).unwrap().channels[0], [0.4]);
    }
}

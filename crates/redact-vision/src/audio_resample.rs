//! Resamples one channel of sound incrementally.
//!
//! The output is aligned with the input: the filter's delay is removed at the start and compensated
//! at the end.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

/// Input samples per conversion.
const CHUNK: usize = 1024;

/// Resamples one channel of sound.
pub(crate) struct Resampler {
    /// `None` if the rates are equal.
    filter: Option<Filter>,
}

struct Filter {
    inner: Async<f32>,
    /// Output samples per input sample.
    ratio: f64,
    /// Input that does not fill a chunk yet.
    waiting: Vec<f32>,
    out: Vec<f32>,
    /// Remaining output samples of the filter's delay to drop.
    delay: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// Converts from `from_hz` to `to_hz`, both at least 1.
    pub(crate) fn new(from_hz: u32, to_hz: u32) -> Self {
        if from_hz == to_hz {
            return Self { filter: None };
        }
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        let mut parameters = SincInterpolationParameters::new(128, WindowFunction::BlackmanHarris2);
        parameters.interpolation = SincInterpolationType::Linear;
        let inner = Async::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input)
            .expect("a finite positive ratio and one channel can be converted");
        Self {
            filter: Some(Filter {
                ratio,
                waiting: Vec::with_capacity(CHUNK),
                out: vec![0.0; inner.output_frames_max()],
                delay: inner.output_delay(),
                inner,
                taken: 0,
                given: 0,
            }),
        }
    }

    /// Adds samples and appends what can be converted to `out`.
    pub(crate) fn push(&mut self, samples: impl Iterator<Item = f32>, out: &mut Vec<f32>) {
        let Some(filter) = &mut self.filter else {
            out.extend(samples);
            return;
        };
        for sample in samples {
            filter.waiting.push(sample);
            filter.taken += 1;
            if filter.waiting.len() == CHUNK {
                filter.convert(out);
            }
        }
    }

    /// Appends the rest to `out`, whose duration then equals that of the input.
    pub(crate) fn flush(&mut self, out: &mut Vec<f32>) {
        let Some(filter) = &mut self.filter else {
            return;
        };
        let wanted = filter.wanted();
        while filter.given < wanted {
            filter.waiting.resize(CHUNK, 0.0);
            filter.convert(out);
        }
        let surplus = usize::try_from(filter.given - wanted).unwrap_or(0);
        out.truncate(out.len() - surplus);
    }
}

impl Filter {
    /// Number of output samples for the input so far.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of samples, far below 2^53"
    )]
    fn wanted(&self) -> u64 {
        (self.taken as f64 * self.ratio).round() as u64
    }

    /// Converts the waiting chunk.
    fn convert(&mut self, out: &mut Vec<f32>) {
        let frames = self.out.len();
        let input = SequentialSlice::new(&self.waiting, 1, CHUNK).expect("one whole chunk");
        let mut output =
            SequentialSlice::new_mut(&mut self.out, 1, frames).expect("one whole buffer");
        let (_, given) = self
            .inner
            .process_into_buffer(&input, &mut output, None)
            .expect("buffers have the sizes that the filter requires");
        self.waiting.clear();
        let dropped = self.delay.min(given);
        self.delay -= dropped;
        out.extend_from_slice(&self.out[dropped..given]);
        self.given += (given - dropped) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: resampling preserves time and pitch of a tone at common and odd rates.
    /// Method: compare with the same tone generated at the target rate, away from both ends.
    #[track_caller]
    fn check(from_hz: u32, samples: usize) {
        let tone = |at: usize, rate: u32| {
            (at as f32 / rate as f32 * 440.0 * std::f32::consts::TAU).sin() * 0.5
        };
        let mut resampler = Resampler::new(from_hz, 16_000);
        let mut out = Vec::new();
        let input: Vec<f32> = (0..samples).map(|at| tone(at, from_hz)).collect();
        for block in input.chunks(701) {
            resampler.push(block.iter().copied(), &mut out);
        }
        resampler.flush(&mut out);
        let expected = samples as f64 * 16_000.0 / f64::from(from_hz);
        assert!((out.len() as f64 - expected).abs() <= 1.0, "{}", out.len());
        let worst = (400..out.len() - 400)
            .map(|at| (out[at] - tone(at, 16_000)).abs())
            .fold(0.0, f32::max);
        // The maximum difference between two samples of this tone. The filter's delay is a whole
        // number of samples only at some rates, so the time is accurate to about one sample.
        let step = 0.5 * 440.0 / 16_000.0 * std::f32::consts::TAU;
        assert!(worst < step * 1.25, "{from_hz} Hz: off by {worst}");
    }

    #[test]
    fn a_tone_is_not_shifted() {
        check(16_000, 5000);
        check(48_000, 48_000);
        check(44_100, 44_100);
        check(8_000, 8_000);
        check(11_025, 9_000);
        check(96_001, 50_000);
    }

    #[test]
    fn no_input_gives_no_output() {
        let mut out = Vec::new();
        let mut resampler = Resampler::new(48_000, 16_000);
        resampler.flush(&mut out);
        assert!(out.is_empty());
    }
}

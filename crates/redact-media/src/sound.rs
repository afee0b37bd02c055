//! Turns decoded sound into runs of interleaved `f32` on the recording's clock.
//!
//! A run starts where the last one ended unless its timestamp says otherwise by more than
//! [`JITTER_NANOS`] (or a tick of a coarse time base): gaps stay gaps, rounding is smoothed.

use ffmpeg_next::format::Sample;
use ffmpeg_next::format::sample::Type;
use ffmpeg_next::frame::Audio;
use ffmpeg_next::software::resampling;
use ffmpeg_next::{ChannelLayout, Error};
use redact_core::{AudioBlock, TimeBase, Timestamp};

/// Timestamps closer than this to the end of the last run count as rounding: 2 ms, well below
/// audible or visible lip-sync error.
const JITTER_NANOS: i128 = 2_000_000;

const NANOS_PER_SEC: i128 = 1_000_000_000;

/// Sample rates that are encoded without resampling. Source: ISO/IEC 14496-3, table 1.18, without
/// 7350, which browsers do not play.
const RATES_HZ: [u32; 12] = [
    8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000,
];

/// The sample rate of `rate_hz` sound in a release: unchanged if AAC supports it, else the next
/// higher rate, at most 96 kHz.
#[must_use]
pub fn release_rate_hz(rate_hz: u32) -> u32 {
    RATES_HZ
        .into_iter()
        .find(|rate| *rate >= rate_hz)
        .unwrap_or(96_000)
}

/// Places the runs of one track on the recording's clock.
pub(crate) struct Track {
    stream: usize,
    time_base: TimeBase,
    rate_hz: u32,
    channels: u16,
    next_start: Option<i64>,
    /// Whether the track begins after the pictures; `None` before its first sample.
    begins_late: Option<bool>,
    resampler: Option<Resampler>,
    held: Option<(AudioBlock, Option<usize>)>,
}

struct Resampler {
    rate_hz: u32,
    channels: u16,
    context: resampling::Context,
}

impl Track {
    /// A track that delivers as `stream` at `rate_hz` with `channels`.
    pub(crate) fn new(stream: usize, time_base: TimeBase, rate_hz: u32, channels: u16) -> Self {
        Self {
            stream,
            time_base,
            rate_hz,
            channels,
            next_start: None,
            begins_late: None,
            resampler: None,
            held: None,
        }
    }

    /// Forgets what it holds: the next frame comes from another place of the recording. How the
    /// track begins is known only if it was read before.
    pub(crate) fn seek(&mut self) {
        self.begins_late.get_or_insert(false);
        (self.next_start, self.resampler, self.held) = (None, None, None);
    }

    /// Takes a decoded frame; returns the run before it, which is now known not to be the last.
    pub(crate) fn push(
        &mut self,
        frame: &Audio,
        zero: Timestamp,
        zero_base: TimeBase,
    ) -> Result<Option<AudioBlock>, Error> {
        let (rate_hz, channels) = (frame.rate(), frame.channels());
        let mut samples = interleaved(frame)?;
        if (rate_hz, channels) != (self.rate_hz, self.channels) {
            samples = self.resampled(&samples, rate_hz, channels)?;
        }
        let stamped = frame
            .timestamp()
            .and_then(|ticks| self.position(Timestamp::new(ticks), zero, zero_base));
        let start = self.smoothed(stamped);
        let overlap = self
            .next_start
            .map_or(0, |expected| (expected - start).max(0));
        let cut = usize::try_from(overlap).unwrap_or(usize::MAX);
        // Overlapping sound is not played twice.
        let cut = cut
            .saturating_mul(usize::from(self.channels))
            .min(samples.len());
        samples.drain(..cut);
        let start = start + overlap;
        if samples.is_empty() {
            return Ok(None);
        }
        self.begins_late.get_or_insert(start > 0);
        let block = AudioBlock {
            stream: self.stream,
            start,
            rate_hz: self.rate_hz,
            channels: self.channels,
            samples,
        };
        self.next_start = Some(start.saturating_add(i64::try_from(block.frames()).unwrap_or(0)));
        let declared = (cut == 0).then(|| self.declared_samples(frame)).flatten();
        Ok(self.held.replace((block, declared)).map(|(block, _)| block))
    }

    /// Where a packet starts that is stamped `at` and lasts `samples`, in samples since the
    /// recording's zero: where the one before it ended, unless its time says otherwise. `None` for
    /// a time out of range.
    pub(crate) fn place_packet(
        &mut self,
        at: Timestamp,
        samples: i64,
        zero: Timestamp,
        zero_base: TimeBase,
    ) -> Option<i64> {
        let start = self.smoothed(Some(self.position(at, zero, zero_base)?));
        self.next_start = Some(start.saturating_add(samples));
        Some(start)
    }

    /// One tick of its times.
    pub(crate) const fn time_base(&self) -> TimeBase {
        self.time_base
    }

    /// Where the next packet is expected.
    pub(crate) const fn expected(&self) -> Option<i64> {
        self.next_start
    }

    /// Where the last run starts, and where the next one is expected.
    pub(crate) fn place(&self) -> Option<(i64, i64)> {
        let (held, _) = self.held.as_ref()?;
        Some((held.start, self.next_start?))
    }

    /// The last run, trimmed to the duration that the container declares.
    pub(crate) fn finish(&mut self) -> Option<AudioBlock> {
        let (mut block, declared) = self.held.take()?;
        if let Some(frames) = declared {
            block
                .samples
                .truncate(frames.saturating_mul(usize::from(block.channels)));
        }
        (!block.samples.is_empty()).then_some(block)
    }

    /// The frame's declared duration, if the container counts in samples and declares less than was
    /// decoded: encoders pad their last frame.
    ///
    /// In a track that begins N samples late, FFmpeg declares the last packet N samples too short.
    fn declared_samples(&self, frame: &Audio) -> Option<usize> {
        let counts_samples =
            self.time_base.num.get() == 1 && self.time_base.den.get() == self.rate_hz;
        let duration = usize::try_from(frame.packet().duration).ok()?;
        (self.begins_late == Some(false)
            && counts_samples
            && frame.rate() == self.rate_hz
            && 0 < duration
            && duration < frame.samples())
        .then_some(duration)
    }

    /// A time of this stream in samples since the recording's zero, rounded to the nearest.
    pub(crate) fn position(
        &self,
        at: Timestamp,
        zero: Timestamp,
        zero_base: TimeBase,
    ) -> Option<i64> {
        let part = |base: TimeBase| (i128::from(base.num.get()), i128::from(base.den.get()));
        let ((num, den), (zero_num, zero_den)) = (part(self.time_base), part(zero_base));
        let own = i128::from(at.ticks()).checked_mul(num * zero_den)?;
        let shift = i128::from(zero.ticks()).checked_mul(zero_num * den)?;
        let numerator = own
            .checked_sub(shift)?
            .checked_mul(i128::from(self.rate_hz))?;
        let denominator = den * zero_den;
        let rounded = numerator
            .checked_add(denominator / 2)?
            .div_euclid(denominator);
        // Times beyond a thousand years are damage; dropping them keeps sums in range.
        i64::try_from(rounded)
            .ok()
            .filter(|place| place.unsigned_abs() < 1 << 52)
    }

    fn smoothed(&self, stamped: Option<i64>) -> i64 {
        let Some(expected) = self.next_start else {
            return stamped.unwrap_or(0);
        };
        let tick = NANOS_PER_SEC * i128::from(self.time_base.num.get())
            / i128::from(self.time_base.den.get());
        let nanos = JITTER_NANOS.max(tick * 3 / 2).min(NANOS_PER_SEC);
        let tolerance = nanos * i128::from(self.rate_hz) / NANOS_PER_SEC + 1;
        match stamped {
            Some(start) if i128::from(start.abs_diff(expected)) > tolerance => start,
            _ => expected,
        }
    }

    fn resampled(
        &mut self,
        samples: &[f32],
        rate_hz: u32,
        channels: u16,
    ) -> Result<Vec<f32>, Error> {
        let fits = |r: &Resampler| (r.rate_hz, r.channels) == (rate_hz, channels);
        if !self.resampler.as_ref().is_some_and(fits) {
            let context = new_resampler((rate_hz, channels), (self.rate_hz, self.channels))?;
            self.resampler = Some(Resampler {
                rate_hz,
                channels,
                context,
            });
        }
        match &mut self.resampler {
            Some(resampler) => run_resampler(&mut resampler.context, samples, channels),
            None => Err(Error::Bug),
        }
    }
}

const PACKED: Sample = Sample::F32(Type::Packed);

/// Converts interleaved sound from one `(rate_hz, channels)` to another.
pub(crate) fn new_resampler(
    from: (u32, u16),
    to: (u32, u16),
) -> Result<resampling::Context, Error> {
    let layout = |channels: u16| ChannelLayout::default(i32::from(channels));
    resampling::Context::get(PACKED, layout(from.1), from.0, PACKED, layout(to.1), to.0)
}

/// Runs interleaved sound through a resampler. Samples it buffers come with the next run.
pub(crate) fn run_resampler(
    context: &mut resampling::Context,
    samples: &[f32],
    channels: u16,
) -> Result<Vec<f32>, Error> {
    let frames = samples.len() / usize::from(channels.max(1));
    let mut input = Audio::new(
        PACKED,
        frames.max(1),
        ChannelLayout::default(i32::from(channels)),
    );
    if frames == 0 || input.planes() == 0 {
        return Ok(Vec::new());
    }
    input.set_rate(context.input().rate);
    let bytes = crate::ffi::sound_plane_mut(&mut input, 0);
    for (target, sample) in bytes.chunks_exact_mut(size_of::<f32>()).zip(samples) {
        target.copy_from_slice(&sample.to_ne_bytes());
    }
    let (to, from) = (
        u64::from(context.output().rate),
        u64::from(context.input().rate.max(1)),
    );
    let room = (frames as u64 * to).div_ceil(from) + 1024;
    let layout = context.output().channel_layout;
    let mut output = Audio::new(
        PACKED,
        usize::try_from(room).map_err(|_| Error::Bug)?,
        layout,
    );
    context.run(&input, &mut output)?;
    interleaved(&output)
}

/// The samples of a decoded frame as interleaved `f32`, full scale `-1.0..=1.0`.
fn interleaved(frame: &Audio) -> Result<Vec<f32>, Error> {
    let (frames, channels) = (frame.samples(), usize::from(frame.channels()));
    let (width, convert): (usize, fn(&[u8]) -> f32) = match frame.format() {
        Sample::U8(_) => (1, |b| (f32::from(b[0]) - 128.0) / 128.0),
        Sample::I16(_) => (2, |b| {
            f32::from(i16::from_ne_bytes([b[0], b[1]])) / 32_768.0
        }),
        Sample::I32(_) => (4, |b| scaled(i32::from_ne_bytes([b[0], b[1], b[2], b[3]]))),
        Sample::F32(_) => (4, |b| f32::from_ne_bytes([b[0], b[1], b[2], b[3]])),
        Sample::F64(_) => (8, |b| {
            narrowed(<[u8; 8]>::try_from(b).map_or(0.0, f64::from_ne_bytes))
        }),
        _ => return Err(Error::InvalidData),
    };
    let mut samples = vec![0.0; frames * channels];
    if frame.is_packed() {
        let bytes = plane_bytes(frame, 0, frames * channels * width)?;
        for (target, source) in samples.iter_mut().zip(bytes.chunks_exact(width)) {
            *target = convert(source);
        }
    } else {
        for channel in 0..channels {
            let bytes = plane_bytes(frame, channel, frames * width)?;
            let targets = samples.iter_mut().skip(channel).step_by(channels);
            for (target, source) in targets.zip(bytes.chunks_exact(width)) {
                *target = convert(source);
            }
        }
    }
    // A decoder's NaN would spread through every sum over the sound.
    samples
        .iter_mut()
        .filter(|sample| !sample.is_finite())
        .for_each(|sample| *sample = 0.0);
    Ok(samples)
}

fn plane_bytes(frame: &Audio, index: usize, bytes: usize) -> Result<&[u8], Error> {
    crate::ffi::sound_plane(frame, index, bytes).ok_or(Error::InvalidData)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "f32 keeps the top 24 bits of the 32"
)]
fn scaled(sample: i32) -> f32 {
    sample as f32 / 2_147_483_648.0
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the whole workspace uses f32 samples"
)]
fn narrowed(sample: f64) -> f32 {
    sample as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aac_sample_rates_are_unchanged_and_others_are_raised() {
        assert_eq!(release_rate_hz(44_100), 44_100);
        assert_eq!(release_rate_hz(22_000), 22_050);
        assert_eq!(release_rate_hz(192_000), 96_000);
        assert_eq!(release_rate_hz(1), 8000);
    }
}

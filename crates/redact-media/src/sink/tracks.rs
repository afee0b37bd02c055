//! Encodes sound to AAC, without gaps from time zero on.

use ffmpeg_next::codec::{self, encoder};
use ffmpeg_next::format::context::Output;
use ffmpeg_next::format::sample::{Sample, Type};
use ffmpeg_next::frame::Audio;
use ffmpeg_next::software::resampling;
use ffmpeg_next::{ChannelLayout, Codec, Packet, Rational};
use redact_core::{AudioBlock, AudioInfo, SinkError};

use super::muxing::{encode_error, rational, write_packet};
use super::options::EncodeOptions;
use crate::codec::needs_input;
use crate::sound::release_rate_hz;
use crate::{ffi, sound};

/// Sound further ahead of the pictures than this has a wrong time and is not a gap to fill: 3
/// hours, more than a change to daylight saving time or a neighboring time zone.
pub(super) const AHEAD_NANOS_MAX: i64 = 3 * 3_600_000_000_000;

/// Most bits of one AAC frame per channel and of samples in it.
/// Source: ISO/IEC 14496-3, 4.5.3 (6144 bits per channel and frame of 1024 samples).
const BITS_PER_SAMPLE_MAX: u32 = 6;

/// Silence that is encoded at once, in samples per channel.
const SILENCE_CHUNK: usize = 16_384;

const PLANAR: Sample = Sample::F32(Type::Planar);

pub(super) fn find_encoder() -> Result<Codec, SinkError> {
    encoder::find_by_name("aac").ok_or_else(|| SinkError::Encode {
        what: "sound".to_owned(),
        source: "this FFmpeg was built without its AAC encoder".into(),
    })
}

/// The channel layout in AAC; 7 channels get a silent eighth.
pub(super) fn check_channels(channels: u16) -> Result<ChannelLayout, SinkError> {
    Ok(match channels {
        1 => ChannelLayout::MONO,
        2 => ChannelLayout::STEREO,
        3 => ChannelLayout::SURROUND,
        4 => ChannelLayout::_4POINT0,
        5 => ChannelLayout::_5POINT0_BACK,
        6 => ChannelLayout::_5POINT1_BACK,
        7 | 8 => ChannelLayout::_7POINT1,
        _ => {
            return Err(SinkError::Encode {
                what: format!("sound with {channels} channels"),
                source: "AAC has 1 to 8".into(),
            });
        }
    })
}

/// Adds a sound stream for copied packets.
pub(super) fn add_stream(
    output: &mut Output,
    rate_hz: u32,
    channels: u16,
) -> Result<usize, SinkError> {
    // The encoder is not used; it only fills in the stream's parameters.
    let (encoder, _) = open_encoder(rate_hz, channels, 0)?;
    let mut stream = output
        .add_stream_with(&encoder)
        .map_err(encode_error("sound"))?;
    stream.set_time_base(rational(1, rate_hz));
    Ok(stream.index())
}

/// Opens the AAC encoder; returns it and its number of channels.
fn open_encoder(
    rate_hz: u32,
    channels: u16,
    bits_per_second_per_channel: u32,
) -> Result<(encoder::audio::Encoder, u16), SinkError> {
    let codec = find_encoder()?;
    let layout = check_channels(channels)?;
    let coded_channels = if channels == 7 { 8 } else { channels };
    let refused = || encode_error("sound: the AAC encoder refused its settings");
    let context = codec::Context::new_with_codec(codec);
    let mut encoder = context.encoder().audio().map_err(refused())?;
    encoder.set_rate(i32::try_from(rate_hz).unwrap_or(i32::MAX));
    encoder.set_format(PLANAR);
    encoder.set_channel_layout(layout);
    encoder.set_time_base(rational(1, rate_hz));
    encoder.set_flags(codec::Flags::GLOBAL_HEADER | codec::Flags::BITEXACT);
    let per_channel =
        bits_per_second_per_channel.clamp(8000, rate_hz.saturating_mul(BITS_PER_SAMPLE_MAX));
    encoder.set_bit_rate(per_channel as usize * usize::from(coded_channels));
    let encoder = encoder.open_as(codec).map_err(refused())?;
    Ok((encoder, coded_channels))
}

pub(super) struct TrackEncoder {
    encoder: encoder::audio::Encoder,
    stream: usize,
    base: Rational,
    layout: ChannelLayout,
    channels: u16,
    coded_channels: usize,
    rate_hz: u32,
    release_rate_hz: u32,
    resampler: Option<resampling::Context>,
    /// Where sample 0 of the source's clock lies in the release, in source samples.
    origin: i64,
    /// End of the sound received, in source samples since the release's zero.
    taken: i64,
    /// Interleaved samples that wait for a complete frame, at the release's rate.
    waiting: Vec<f32>,
    /// Samples sent to the encoder.
    encoded: i64,
}

impl TrackEncoder {
    pub(super) fn new(
        output: &mut Output,
        info: &AudioInfo,
        options: &EncodeOptions,
        origin: i64,
    ) -> Result<Self, SinkError> {
        let layout = check_channels(info.channels)?;
        let rate_hz = release_rate_hz(info.rate_hz);
        let base = rational(1, rate_hz);
        let bits = options.audio_bits_per_second_per_channel;
        let (encoder, coded_channels) = open_encoder(rate_hz, info.channels, bits)?;
        let refused = || encode_error("sound: the muxer refused its settings");
        let mut stream = output.add_stream_with(&encoder).map_err(refused())?;
        stream.set_time_base(base);
        let stream = stream.index();
        let resampler = if rate_hz == info.rate_hz {
            None
        } else {
            let (from, to) = ((info.rate_hz, info.channels), (rate_hz, info.channels));
            Some(sound::new_resampler(from, to).map_err(encode_error("sound: cannot resample"))?)
        };
        Ok(Self {
            encoder,
            stream,
            base,
            layout,
            channels: info.channels,
            coded_channels: usize::from(coded_channels),
            rate_hz: info.rate_hz,
            release_rate_hz: rate_hz,
            resampler,
            origin,
            taken: 0,
            waiting: Vec::new(),
            encoded: 0,
        })
    }

    /// Encodes a run of sound and fills the gap before it with silence, up to `limit_nanos` after
    /// the first frame.
    pub(super) fn encode(
        &mut self,
        block: &AudioBlock,
        limit_nanos: i64,
        output: &mut Output,
    ) -> Result<(), SinkError> {
        if (block.rate_hz, block.channels) != (self.rate_hz, self.channels) {
            return Err(SinkError::Mismatch {
                what: format!(
                    "sound at {} Hz with {} channels, expected {} Hz with {}",
                    block.rate_hz, block.channels, self.rate_hz, self.channels
                ),
            });
        }
        let limit = i128::from(limit_nanos) * i128::from(self.rate_hz) / 1_000_000_000;
        if i128::from(block.start) > limit {
            return Err(SinkError::Mismatch {
                what: "sound starts more than 3 hours after the pictures before it".to_owned(),
            });
        }
        let start = block.start.saturating_add(self.origin);
        if start < self.taken {
            return Err(SinkError::Mismatch {
                what: format!(
                    "sound of track {} starts before its predecessor ends",
                    block.stream
                ),
            });
        }
        self.fill(start, output)?;
        self.take(&block.samples, output)
    }

    /// Silence up to `until`, in source samples since the release's zero.
    fn fill(&mut self, until: i64, output: &mut Output) -> Result<(), SinkError> {
        while self.taken < until {
            let missing = usize::try_from(until - self.taken).unwrap_or(SILENCE_CHUNK);
            let frames = missing.min(SILENCE_CHUNK);
            self.take(&vec![0.0; frames * usize::from(self.channels)], output)?;
        }
        Ok(())
    }

    fn take(&mut self, samples: &[f32], output: &mut Output) -> Result<(), SinkError> {
        let frames = samples.len() / usize::from(self.channels.max(1));
        self.taken = self
            .taken
            .saturating_add(i64::try_from(frames).unwrap_or(0));
        match &mut self.resampler {
            None => self.waiting.extend_from_slice(samples),
            Some(resampler) => {
                let resampled = sound::run_resampler(resampler, samples, self.channels)
                    .map_err(encode_error("sound: cannot resample"))?;
                self.waiting.extend(resampled);
            }
        }
        let whole = self.frame_samples() * usize::from(self.channels);
        let mut at = 0;
        while self.waiting.len() - at >= whole {
            let end = at + whole;
            let frame = self.frame_of(&self.waiting[at..end])?;
            self.send(frame, output)?;
            at = end;
        }
        self.waiting.drain(..at);
        Ok(())
    }

    pub(super) fn finish(&mut self, output: &mut Output) -> Result<(), SinkError> {
        if self.resampler.is_some() {
            self.flush_resampler(output)?;
        }
        if self.taken == 0 {
            // A track without a sample is refused by some players.
            self.waiting = vec![0.0; self.frame_samples() * usize::from(self.channels)];
        }
        if !self.waiting.is_empty() {
            let frame = self.frame_of(&self.waiting)?;
            self.waiting.clear();
            self.send(frame, output)?;
        }
        self.encoder
            .send_eof()
            .map_err(encode_error("the last sound"))?;
        self.receive(output)
    }

    /// Flushes the resampler with silence and trims the result to the source's length.
    fn flush_resampler(&mut self, output: &mut Output) -> Result<(), SinkError> {
        let taken = i128::from(self.taken);
        let exact = taken * i128::from(self.release_rate_hz) / i128::from(self.rate_hz.max(1));
        self.take(&vec![0.0; 256 * usize::from(self.channels)], output)?;
        let left = exact - i128::from(self.encoded);
        let left = usize::try_from(left.max(0)).unwrap_or(0) * usize::from(self.channels);
        self.waiting.truncate(left);
        Ok(())
    }

    fn frame_samples(&self) -> usize {
        (self.encoder.frame_size() as usize).max(1)
    }

    /// A frame for the encoder with interleaved `samples`; missing channels stay silent.
    fn frame_of(&self, samples: &[f32]) -> Result<Audio, SinkError> {
        let channels = usize::from(self.channels);
        let frames = samples.len() / channels;
        let mut frame = Audio::new(PLANAR, frames, self.layout);
        frame.set_rate(self.release_rate_hz);
        for channel in 0..self.coded_channels {
            let plane = ffi::sound_plane_mut(&mut frame, channel);
            if plane.len() < frames * size_of::<f32>() {
                return Err(encode_error("sound: no memory")(ffmpeg_next::Error::Bug));
            }
            plane.fill(0);
            if channel < channels {
                let column = samples.iter().skip(channel).step_by(channels);
                for (target, sample) in plane.chunks_exact_mut(size_of::<f32>()).zip(column) {
                    target.copy_from_slice(&sample.to_ne_bytes());
                }
            }
        }
        Ok(frame)
    }

    fn send(&mut self, mut frame: Audio, output: &mut Output) -> Result<(), SinkError> {
        frame.set_pts(Some(self.encoded));
        self.encoded += i64::try_from(frame.samples()).unwrap_or(0);
        self.encoder
            .send_frame(&frame)
            .map_err(encode_error("sound"))?;
        self.receive(output)
    }

    fn receive(&mut self, output: &mut Output) -> Result<(), SinkError> {
        loop {
            let mut packet = Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {}
                Err(error) if needs_input(error) => return Ok(()),
                Err(error) => return Err(encode_error("sound")(error)),
            }
            // The encoder pads its last frame; the container declares where the sound ends. Packets
            // come one frame late, so the count of encoded samples covers all but the last.
            let left = self.encoded - packet.pts().unwrap_or(0);
            let whole = i64::try_from(self.frame_samples()).unwrap_or(1);
            if left <= 0 {
                continue;
            }
            packet.set_duration(whole.min(left));
            write_packet(packet, self.stream, self.base, output)?;
        }
    }
}

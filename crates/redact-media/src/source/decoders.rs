//! Opens the decoders of a recording.

use ffmpeg_next::codec::{self, decoder, threading};
use ffmpeg_next::{Error, Stream};
use redact_core::{AudioInfo, SourceError, TimeBase};

use crate::ffi;
use crate::probe::{self, limits};

/// Most threads of a decoder; more only cost memory.
const THREADS_MAX: usize = 16;

/// A sound track and its decoder.
pub(super) struct Sound {
    pub(super) stream: usize,
    pub(super) time_base: TimeBase,
    pub(super) decoder: decoder::Audio,
    pub(super) info: AudioInfo,
    /// Whether any of it was decoded or copied.
    pub(super) has_sound: bool,
    /// Packets that failed to decode before the first success.
    pub(super) lost: u32,
}

/// Opens a video decoder.
pub(crate) fn open_video(
    stream: &Stream<'_>,
    threads: usize,
) -> Result<decoder::Video, SourceError> {
    let context = codec::Context::from_parameters(stream.parameters()).map_err(failed)?;
    set_up(context, stream, threads)
}

/// Opens a video decoder that does not apply the cropping rectangle.
pub(crate) fn open_uncropped(
    stream: &Stream<'_>,
    threads: usize,
) -> Result<decoder::Video, SourceError> {
    let mut context = codec::Context::from_parameters(stream.parameters()).map_err(failed)?;
    ffi::disable_cropping(&mut context);
    set_up(context, stream, threads)
}

/// Opens a video decoder and counts the errors that FFmpeg logs about it.
pub(super) fn open_watched(
    stream: &Stream<'_>,
    threads: usize,
) -> Result<(ffi::Complaints, decoder::Video), SourceError> {
    let mut context = codec::Context::from_parameters(stream.parameters()).map_err(failed)?;
    let complaints = ffi::Complaints::about_decoder(&mut context);
    let decoder = set_up(context, stream, threads)?;
    Ok((complaints, decoder))
}

fn set_up(
    mut context: codec::Context,
    stream: &Stream<'_>,
    threads: usize,
) -> Result<decoder::Video, SourceError> {
    if !limits::is_known(stream.parameters().medium(), &probe::codec_name(stream)) {
        return Err(refused(stream, Error::DecoderNotFound));
    }
    ffi::set_pixels_max(&mut context, limits::PIXELS_MAX);
    // Damaged pictures are returned with a flag instead of being dropped silently.
    context.set_flags(codec::Flags::OUTPUT_CORRUPT);
    let machine = std::thread::available_parallelism().map_or(1, usize::from);
    context.set_threading(threading::Config {
        count: if threads == 0 { machine } else { threads }.min(THREADS_MAX),
        ..threading::Config::kind(threading::Type::Frame)
    });
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    decoder.video().map_err(|error| refused(stream, error))
}

/// Opens a sound decoder; `None` when the codec is not supported or the track's format is unknown.
pub(super) fn open_sound(stream: &Stream<'_>) -> Result<Option<Sound>, SourceError> {
    if !limits::is_known(stream.parameters().medium(), &probe::codec_name(stream)) {
        return Ok(None);
    }
    let context = codec::Context::from_parameters(stream.parameters()).map_err(failed)?;
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    let Ok(decoder) = decoder.audio() else {
        return Ok(None);
    };
    let (rate_hz, channels) = (decoder.rate(), decoder.channels());
    if rate_hz == 0 || channels == 0 {
        return Ok(None);
    }
    Ok(Some(Sound {
        stream: stream.index(),
        time_base: time_base_of(stream.time_base()),
        decoder,
        info: AudioInfo {
            stream: probe::stream_number(stream.index()),
            codec: probe::codec_name(stream),
            rate_hz,
            channels,
        },
        has_sound: false,
        lost: 0,
    }))
}

fn refused(stream: &Stream<'_>, error: Error) -> SourceError {
    match error {
        Error::DecoderNotFound => SourceError::UnsupportedCodec {
            codec: probe::codec_name(stream),
        },
        other => failed(other),
    }
}

fn failed(error: Error) -> SourceError {
    SourceError::Failed {
        what: "cannot open the decoder",
        source: ffi::cause(error),
    }
}

/// Converts FFmpeg's time base; an invalid one counts as microseconds.
pub(super) fn time_base_of(rational: ffmpeg_next::Rational) -> TimeBase {
    const MICROS: TimeBase = match TimeBase::new(1, 1_000_000) {
        Some(base) => base,
        None => panic!("both are positive"),
    };
    positive(rational)
        .and_then(|(num, den)| TimeBase::new(num, den))
        .unwrap_or(MICROS)
}

pub(super) fn positive(rate: ffmpeg_next::Rational) -> Option<(u32, u32)> {
    let num = u32::try_from(rate.numerator())
        .ok()
        .filter(|num| *num > 0)?;
    Some((
        num,
        u32::try_from(rate.denominator())
            .ok()
            .filter(|den| *den > 0)?,
    ))
}

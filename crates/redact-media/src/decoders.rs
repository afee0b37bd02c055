//! Opens the decoders of a recording, and passes a video decoder from one reader to the next.

use std::sync::{Arc, Mutex, PoisonError};

use ffmpeg_next::codec::{self, decoder, threading};
use ffmpeg_next::{Error, Stream, frame};
use redact_core::{AudioInfo, SourceError, TimeBase};

use crate::edges::EdgeRecord;
use crate::ffi;
use crate::probe::{self, limits};

/// Most threads of a decoder; more only cost memory.
const THREADS_MAX: usize = 16;

/// A video decoder, with the count of errors that FFmpeg logs about it.
pub(crate) struct VideoDecoder {
    // Declared in this order because the counter must outlive the decoder.
    pub(crate) decoder: decoder::Video,
    pub(crate) complaints: ffi::Complaints,
}

/// The video decoder that the readers of one recording use in turn.
///
/// Opening a decoder costs threads and memory, and the steps of a render read the same recording
/// one after the other.
pub(crate) struct SharedDecoder(Mutex<Option<VideoDecoder>>);

impl SharedDecoder {
    /// Starts with a decoder, without its pictures.
    pub(crate) fn new(decoder: VideoDecoder) -> Self {
        let shared = Self(Mutex::new(None));
        shared.put(decoder);
        shared
    }

    fn take(&self) -> Option<VideoDecoder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes a decoder back, without its pictures.
    fn put(&self, mut decoder: VideoDecoder) {
        decoder.decoder.flush();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(decoder);
    }
}

/// The video decoder of one reader, which opens or borrows it when it is first needed.
pub(crate) struct DecoderSlot {
    threads: usize,
    decoder: Option<VideoDecoder>,
    /// Where the decoder comes from and goes to, if readers share it.
    shared: Option<Arc<SharedDecoder>>,
    /// Where what is cropped off pictures is measured, if it is.
    edges: Option<EdgeRecord>,
}

impl DecoderSlot {
    pub(crate) const fn new(
        threads: usize,
        shared: Option<Arc<SharedDecoder>>,
        edges: Option<EdgeRecord>,
    ) -> Self {
        Self {
            threads,
            decoder: None,
            shared,
            edges,
        }
    }

    /// Measures what is cropped off a picture that the decoder returned, if that is wanted.
    pub(crate) fn measure(&self, picture: &mut frame::Video) -> Result<(), Error> {
        let edges = self.edges.as_ref();
        edges.map_or(Ok(()), |edges| edges.measure(picture))
    }

    pub(crate) const fn get(&mut self) -> Option<&mut VideoDecoder> {
        self.decoder.as_mut()
    }

    pub(crate) fn get_or_open(
        &mut self,
        stream: &Stream<'_>,
    ) -> Result<&mut VideoDecoder, SourceError> {
        let decoder = match self.decoder.take() {
            Some(decoder) => decoder,
            None => match self.shared.as_ref().and_then(|shared| shared.take()) {
                Some(decoder) => decoder,
                None => open_watched(stream, self.threads, self.edges.is_some())?,
            },
        };
        Ok(self.decoder.insert(decoder))
    }

    /// Errors that FFmpeg has logged about the decoder so far.
    pub(crate) fn complaints(&self) -> u64 {
        let decoder = self.decoder.as_ref();
        decoder.map_or(0, |decoder| decoder.complaints.count())
    }

    /// Takes the decoder out, as it is.
    pub(crate) const fn take(&mut self) -> Option<VideoDecoder> {
        self.decoder.take()
    }
}

impl Drop for DecoderSlot {
    fn drop(&mut self) {
        if let (Some(shared), Some(decoder)) = (&self.shared, self.decoder.take()) {
            shared.put(decoder);
        }
    }
}

/// A sound track and its decoder.
pub(crate) struct Sound {
    pub(crate) stream: usize,
    pub(crate) time_base: TimeBase,
    pub(crate) decoder: decoder::Audio,
    pub(crate) info: AudioInfo,
    /// Whether any of it was decoded or copied.
    pub(crate) has_sound: bool,
    /// Packets that failed to decode before the first success.
    pub(crate) lost: u32,
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
fn open_watched(
    stream: &Stream<'_>,
    threads: usize,
    is_uncropped: bool,
) -> Result<VideoDecoder, SourceError> {
    let mut context = codec::Context::from_parameters(stream.parameters()).map_err(failed)?;
    if is_uncropped {
        ffi::disable_cropping(&mut context);
    }
    let complaints = ffi::Complaints::about_decoder(&mut context);
    let decoder = set_up(context, stream, threads)?;
    Ok(VideoDecoder {
        decoder,
        complaints,
    })
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
    let opened = decoder.video().map_err(|error| refused(stream, error))?;
    note_opened("video", stream);
    Ok(opened)
}

/// Logs that a decoder was opened, so that a test can count them.
fn note_opened(kind: &'static str, stream: &Stream<'_>) {
    let codec = probe::codec_name(stream);
    tracing::debug!(kind, codec, stream = stream.index(), "decoder opened");
}

/// Opens a sound decoder; `None` when the codec is not supported or the track's format is unknown.
pub(crate) fn open_sound(stream: &Stream<'_>) -> Result<Option<Sound>, SourceError> {
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
    note_opened("audio", stream);
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
pub(crate) fn time_base_of(rational: ffmpeg_next::Rational) -> TimeBase {
    const MICROS: TimeBase = match TimeBase::new(1, 1_000_000) {
        Some(base) => base,
        None => panic!("both are positive"),
    };
    positive(rational)
        .and_then(|(num, den)| TimeBase::new(num, den))
        .unwrap_or(MICROS)
}

pub(crate) fn positive(rate: ffmpeg_next::Rational) -> Option<(u32, u32)> {
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

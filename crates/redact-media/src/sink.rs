//! A release, written item by item: H.264 and AAC in MP4, and nothing else.
//!
//! - Every frame keeps its source's time to the tick, shifted so that the first is at zero.
//! - Sound keeps its place against the pictures to the sample: what is missing at the start or in
//!   between is filled with silence. Only when sound starts before the first frame do the
//!   pictures start later than zero.
//! - No tag, chapter, text or data stream is ever made; the encoder's own texts are taken out.
//!
//! The header is written when the first frame and the start of every track are known, because
//! only then is it known how far everything moves. Until then items wait, in a bounded queue.

mod pictures;
mod splice;
mod tracks;

use std::path::{Path, PathBuf};

use ffmpeg_next::format::context::Output;
use ffmpeg_next::{Dictionary, Packet, Rational};
use redact_bitstream::leak::MOVIE_SCALE_MIN;
use redact_core::{
    AudioBlock, AudioInfo, CodedPictures, CodedSound, MediaItem, Sink, SinkError, SourceInfo,
    TimeBase, Timestamp, VideoInfo,
};

use crate::echo::{self, Echo, Tap};
use crate::ffi;
use crate::survey::Splice;
use pictures::{PictureEncoder, Shot};
use splice::{PictureSplicer, TrackCopy};
use tracks::TrackEncoder;
pub use tracks::release_rate_hz;

/// Samples that wait for the first frame and the first sound of every track, in bytes.
const LEAD_BYTES_MAX: usize = 64 << 20;

/// Pictures that wait for the first sound of every track: sound is interleaved within a second.
const LEAD_NANOS_MAX: i64 = 1_000_000_000;

/// Speed of the H.264 encoder: slower ones make smaller files of the same look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "libx264's own names")]
pub enum Preset {
    Ultrafast,
    Superfast,
    Veryfast,
    Faster,
    Fast,
    Medium,
    Slow,
}

impl Preset {
    /// All presets, fastest first.
    pub const ALL: [Self; 7] = [
        Self::Ultrafast,
        Self::Superfast,
        Self::Veryfast,
        Self::Faster,
        Self::Fast,
        Self::Medium,
        Self::Slow,
    ];

    /// libx264's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ultrafast => "ultrafast",
            Self::Superfast => "superfast",
            Self::Veryfast => "veryfast",
            Self::Faster => "faster",
            Self::Fast => "fast",
            Self::Medium => "medium",
            Self::Slow => "slow",
        }
    }

    /// Whether pictures are also predicted from later ones (B-frames). Those cost a fifth of the
    /// time of the quick presets, for files that are smaller by about as much; a release follows
    /// its source's rate as closely without them, and no frame waits for a later one.
    const fn predicts_from_later(self) -> bool {
        !matches!(self, Self::Ultrafast | Self::Superfast | Self::Veryfast)
    }

    /// Pictures that others are predicted from. Source: x264 `common/base.c`,
    /// `param_apply_preset`.
    const fn references(self) -> u32 {
        match self {
            Self::Ultrafast | Self::Superfast | Self::Veryfast => 1,
            Self::Faster | Self::Fast => 2,
            Self::Medium => 3,
            Self::Slow => 5,
        }
    }
}

/// How a release is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Speed of the encoder.
    pub preset: Preset,
    /// Constant rate factor of libx264, 0 to 51: lower is better and larger.
    pub crf: u8,
    /// Whether pictures are also predicted from later ones with presets that do not: a fifth less
    /// bytes for more time. Only where nothing is copied.
    pub b_frames: bool,
    /// Threads of the video encoder; 0 takes the number from the machine.
    pub threads: usize,
    /// Bits per second and channel of sound.
    pub audio_bits_per_second_per_channel: u32,
    /// A key frame at exactly every so many frames, and none out of order, so that a player shows
    /// any frame at once; `None` is right for a release: a key frame every two seconds.
    pub scrub_frames: Option<u32>,
}

impl Default for EncodeOptions {
    /// `veryfast` is the fastest preset that keeps adaptive quantisation and in-loop deblocking
    /// at full strength (25 frames/s at 1080p on two cores, `medium` has 12); at 18 its pictures
    /// are held to be visually lossless. 96 kb/s per channel is above where AAC is transparent.
    fn default() -> Self {
        Self {
            preset: Preset::Veryfast,
            crf: 18,
            b_frames: false,
            threads: 0,
            audio_bits_per_second_per_channel: 96_000,
            scrub_frames: None,
        }
    }
}

/// Checks, before anything is decoded, that a release can have the sound of `info`.
///
/// # Errors
/// [`SinkError::Encode`] for a track that AAC cannot hold.
pub fn check_sound(info: &SourceInfo) -> Result<(), SinkError> {
    let tracks = info.audio.iter();
    tracks
        .map(|track| track.channels)
        .try_for_each(|channels| tracks::check_channels(channels).map(drop))
}

/// A release in a local file.
pub struct FileSink {
    path: PathBuf,
    output: Output,
    video: VideoInfo,
    audio: Vec<AudioInfo>,
    options: EncodeOptions,
    splice: Option<Splice>,
    /// Where to what is written is told, until the header is.
    tap: Option<Tap>,
    stage: Stage,
}

enum Stage {
    /// Nothing is written yet.
    Lead(Lead),
    Writing(Box<Writing>),
    Failed,
}

/// Items that wait for the header.
struct Lead {
    items: Vec<Item>,
    bytes: usize,
    started: Vec<bool>,
    frames_nanos: Option<(i64, i64)>,
}

/// A [`MediaItem`] whose picture is in a frame of FFmpeg.
enum Item {
    Shot(Shot),
    Sound(AudioBlock),
    Coded(CodedPictures),
    CodedSound(CodedSound),
}

/// What writes behind a written header.
struct Writing {
    pictures: PictureWriter,
    tracks: Vec<TrackWriter>,
}

enum PictureWriter {
    Anew(Box<PictureEncoder>),
    Spliced(Box<PictureSplicer>),
}

enum TrackWriter {
    Anew(Box<TrackEncoder>),
    Copied(TrackCopy),
}

impl PictureWriter {
    fn end_nanos(&self) -> i64 {
        match self {
            Self::Anew(encoder) => encoder.end_nanos(),
            Self::Spliced(splicer) => splicer.end_nanos(),
        }
    }
}

impl FileSink {
    /// Makes the file at `path` (an existing one is emptied) for a release of `info`.
    ///
    /// # Errors
    /// [`SinkError::Write`] when the file cannot be made; [`SinkError::Encode`] when an encoder is
    /// missing or cannot take what `info` says.
    pub fn create(
        path: &Path,
        info: &SourceInfo,
        options: &EncodeOptions,
    ) -> Result<Self, SinkError> {
        Self::create_with(path, info, options, None)
    }

    /// The same for a release of which `splice` says what is copied: a source that was opened with
    /// it delivers that as it is coded.
    ///
    /// # Errors
    /// As [`FileSink::create`].
    pub fn create_spliced(
        path: &Path,
        info: &SourceInfo,
        options: &EncodeOptions,
        splice: &Splice,
    ) -> Result<Self, SinkError> {
        Self::create_with(path, info, options, Some(splice.clone()))
    }

    fn create_with(
        path: &Path,
        info: &SourceInfo,
        options: &EncodeOptions,
        splice: Option<Splice>,
    ) -> Result<Self, SinkError> {
        ffi::silence_log();
        pictures::find_encoder()?;
        tracks::find_encoder()?;
        check_sound(info)?;
        let output = ffi::create_output(path, c"mp4").map_err(write_error)?;
        Ok(Self {
            path: path.to_owned(),
            output,
            video: info.video.clone(),
            audio: info.audio.clone(),
            options: *options,
            splice,
            tap: None,
            stage: Stage::Lead(Lead {
                items: Vec::new(),
                bytes: 0,
                started: vec![false; info.audio.len()],
                frames_nanos: None,
            }),
        })
    }

    /// What of the pictures is encoded anew, decoded again while it is written; `None` where the
    /// recording's groups are not understood, or writing has begun.
    ///
    /// Whoever has it must read it to its end, or drop it: the sink waits to be heard.
    pub fn echo(&mut self) -> Option<Echo> {
        let splice = self.splice.as_ref().filter(|s| s.pictures().is_some())?;
        if !matches!(self.stage, Stage::Lead(_)) {
            return None;
        }
        let (tap, echo) = echo::pair(splice);
        self.tap = Some(tap);
        Some(echo)
    }

    /// Writes the header and all that waited for it.
    fn start(&mut self) -> Result<(), SinkError> {
        let Stage::Lead(lead) = std::mem::replace(&mut self.stage, Stage::Failed) else {
            return Ok(());
        };
        let shift = shift_ticks(&lead.items, &self.audio, self.video.time_base);
        let mut pictures = self.picture_writer(&lead, shift)?;
        let mut tracks = Vec::new();
        for (track, info) in self.audio.iter().enumerate() {
            let origin = samples_of(shift, self.video.time_base, info.rate_hz);
            let form = self.splice.as_ref().and_then(|splice| splice.sound(track));
            let (output, options) = (&mut self.output, &self.options);
            tracks.push(match form {
                Some(form) => TrackWriter::Copied(TrackCopy::new(output, form, origin)?),
                None => {
                    let encoder = TrackEncoder::new(output, info, options, origin)?;
                    TrackWriter::Anew(Box::new(encoder))
                }
            });
        }
        let den = self.video.time_base.den.get();
        let mut options = Dictionary::new();
        options.set("movflags", "+faststart+negative_cts_offsets");
        options.set("fflags", "+bitexact");
        options.set("video_track_timescale", &den.to_string());
        // Edits count in this unit, a whole part of a tick. FFmpeg before 5.0 does not know the
        // option and rounds to 1 ms.
        let parts = MOVIE_SCALE_MIN.div_ceil(den);
        options.set("movie_timescale", &den.saturating_mul(parts).to_string());
        self.output
            .write_header_with(options)
            .map_err(write_error)?;
        if let (PictureWriter::Spliced(splicer), Some(tap)) = (&mut pictures, self.tap.take()) {
            splicer.tell(tap, &self.output);
        }
        self.stage = Stage::Writing(Box::new(Writing { pictures, tracks }));
        lead.items
            .into_iter()
            .try_for_each(|item| self.encode(item))
    }

    fn picture_writer(&mut self, lead: &Lead, shift: i64) -> Result<PictureWriter, SinkError> {
        if let Some(splice) = self.splice.as_ref().filter(|s| s.pictures().is_some()) {
            let splicer = PictureSplicer::new(&mut self.output, splice, &self.options, shift)?;
            return Ok(PictureWriter::Spliced(Box::new(splicer)));
        }
        let first = lead.first_shot().ok_or_else(|| SinkError::Mismatch {
            what: "no frame was given, a release needs at least one".to_owned(),
        })?;
        let (output, options) = (&mut self.output, &self.options);
        let encoder = PictureEncoder::new(output, &self.video, options, first, shift)?;
        Ok(PictureWriter::Anew(Box::new(encoder)))
    }

    fn encode(&mut self, item: Item) -> Result<(), SinkError> {
        let Stage::Writing(writing) = &mut self.stage else {
            return Err(failed_before());
        };
        let output = &mut self.output;
        match item {
            Item::Shot(shot) => match &mut writing.pictures {
                PictureWriter::Anew(encoder) => encoder.encode(shot, output),
                PictureWriter::Spliced(splicer) => splicer.encode(shot, output),
            },
            Item::Coded(coded) => match &mut writing.pictures {
                PictureWriter::Spliced(splicer) => splicer.copy(coded, output),
                PictureWriter::Anew(_) => Err(not_announced("coded pictures")),
            },
            Item::CodedSound(coded) => match writing.tracks.get(coded.stream) {
                Some(TrackWriter::Copied(track)) => track.copy(coded, output),
                _ => Err(not_announced("coded sound")),
            },
            Item::Sound(block) => {
                let tracks = writing.tracks.len();
                let limit = writing
                    .pictures
                    .end_nanos()
                    .saturating_add(tracks::AHEAD_NANOS_MAX);
                match writing.tracks.get_mut(block.stream) {
                    Some(TrackWriter::Anew(track)) => track.encode(&block, limit, output),
                    Some(TrackWriter::Copied(_)) => Err(not_announced("decoded sound")),
                    None => Err(SinkError::Mismatch {
                        what: format!("sound of track {} of {tracks}", block.stream),
                    }),
                }
            }
        }
    }

    fn take(&mut self, item: MediaItem) -> Result<(), SinkError> {
        let bytes = item.bytes();
        let item = match item {
            MediaItem::Frame(frame) => Item::Shot(Shot::new(frame, self.video.size)?),
            MediaItem::Audio(block) => Item::Sound(block),
            MediaItem::Coded(coded) => Item::Coded(coded),
            MediaItem::CodedSound(coded) => Item::CodedSound(coded),
        };
        match &mut self.stage {
            Stage::Lead(lead) => {
                lead.push(item, bytes, self.video.time_base);
                if lead.is_enough() {
                    self.start()
                } else {
                    Ok(())
                }
            }
            Stage::Writing(_) => self.encode(item),
            Stage::Failed => Err(failed_before()),
        }
    }

    fn close(&mut self) -> Result<(), SinkError> {
        if matches!(self.stage, Stage::Lead(_)) {
            self.start()?;
        }
        let Stage::Writing(writing) = &mut self.stage else {
            return Err(failed_before());
        };
        match &mut writing.pictures {
            PictureWriter::Anew(encoder) => encoder.finish(&mut self.output)?,
            PictureWriter::Spliced(splicer) => splicer.finish()?,
        }
        for track in &mut writing.tracks {
            if let TrackWriter::Anew(track) = track {
                track.finish(&mut self.output)?;
            }
        }
        self.output.write_trailer().map_err(write_error)?;
        ffi::close_output(&mut self.output).map_err(write_error)?;
        let synced = std::fs::File::open(&self.path).and_then(|file| file.sync_all());
        synced.map_err(|error| SinkError::Write {
            source: error.into(),
        })
    }
}

impl Sink for FileSink {
    fn write_item(&mut self, item: MediaItem) -> Result<(), SinkError> {
        let result = self.take(item);
        if result.is_err() {
            self.stage = Stage::Failed;
        }
        result
    }

    fn finish(mut self: Box<Self>) -> Result<(), SinkError> {
        self.close()
    }
}

impl Lead {
    fn push(&mut self, item: Item, bytes: usize, base: TimeBase) {
        self.bytes = self.bytes.saturating_add(bytes);
        let seen = match &item {
            Item::Shot(shot) => Some((shot.timestamp(), shot.timestamp())),
            Item::Coded(coded) => coded
                .times
                .first()
                .zip(coded.times.last())
                .map(|(first, last)| (first.0, last.0)),
            Item::Sound(_) | Item::CodedSound(_) => None,
        };
        if let Some((first, last)) = seen {
            let nanos = |at: Timestamp| at.nanos(base).unwrap_or(0);
            let earliest = self.frames_nanos.map_or(nanos(first), |(first, _)| first);
            self.frames_nanos = Some((earliest, nanos(last)));
        }
        let stream = match &item {
            Item::Sound(block) => Some(block.stream),
            Item::CodedSound(coded) => Some(coded.stream),
            Item::Shot(_) | Item::Coded(_) => None,
        };
        if let Some(started) = stream.and_then(|stream| self.started.get_mut(stream)) {
            *started = true;
        }
        self.items.push(item);
    }

    fn is_enough(&self) -> bool {
        let Some((first, last)) = self.frames_nanos else {
            return false;
        };
        self.started.iter().all(|started| *started)
            || last.saturating_sub(first) > LEAD_NANOS_MAX
            || self.bytes > LEAD_BYTES_MAX
    }

    fn first_shot(&self) -> Option<&Shot> {
        self.items.iter().find_map(|item| match item {
            Item::Shot(shot) => Some(shot),
            Item::Sound(_) | Item::Coded(_) | Item::CodedSound(_) => None,
        })
    }
}

/// Ticks by which everything moves so that the earliest sound is not before zero, rounded up.
fn shift_ticks(items: &[Item], audio: &[AudioInfo], base: TimeBase) -> i64 {
    let early = items.iter().filter_map(|item| {
        let (stream, start) = match item {
            Item::Sound(block) => (block.stream, block.start),
            Item::CodedSound(coded) => (coded.stream, coded.start),
            Item::Shot(_) | Item::Coded(_) => return None,
        };
        if start >= 0 {
            return None;
        }
        let rate = i128::from(audio.get(stream)?.rate_hz);
        let ticks = -i128::from(start) * i128::from(base.den.get());
        let per_tick = rate * i128::from(base.num.get());
        i64::try_from((ticks + per_tick - 1) / per_tick).ok()
    });
    early.max().unwrap_or(0)
}

/// `ticks` as samples at `rate_hz`, rounded to the nearest.
fn samples_of(ticks: i64, base: TimeBase, rate_hz: u32) -> i64 {
    let numerator = i128::from(ticks) * i128::from(base.num.get()) * i128::from(rate_hz);
    let den = i128::from(base.den.get());
    i64::try_from((numerator + den / 2).div_euclid(den)).unwrap_or(i64::MAX)
}

/// Hands a packet to the muxer, in the time base of its stream.
fn write_packet(
    mut packet: Packet,
    index: usize,
    base: Rational,
    output: &mut Output,
) -> Result<(), SinkError> {
    let stream_base = output
        .stream(index)
        .map_or(base, |stream| stream.time_base());
    packet.rescale_ts(base, stream_base);
    packet.set_stream(index);
    packet.set_position(-1);
    packet.write_interleaved(output).map_err(write_error)
}

fn rational(num: u32, den: u32) -> Rational {
    let part = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    Rational::new(part(num), part(den))
}

/// The system's own word for what a muxer reports.
fn write_error(error: ffmpeg_next::Error) -> SinkError {
    SinkError::Write {
        source: ffi::cause(error),
    }
}

fn encode_error(what: impl Into<String>) -> impl FnOnce(ffmpeg_next::Error) -> SinkError {
    let what = what.into();
    move |error| SinkError::Encode {
        what,
        source: ffi::cause(error),
    }
}

fn not_announced(what: &str) -> SinkError {
    SinkError::Mismatch {
        what: format!("{what} came where the release was not announced to have any"),
    }
}

fn failed_before() -> SinkError {
    SinkError::Mismatch {
        what: "the release failed before, nothing more can be written".to_owned(),
    }
}

//! Writes a release item by item: H.264 and AAC in MP4, and nothing else.
//!
//! - Every frame has its source's time to the tick, shifted so that the first is at zero.
//! - Sound stays in sync with the pictures to the sample: gaps at the start or in between are
//!   filled with silence. Pictures start later than zero only if sound starts before the first
//!   frame.
//! - No tags, chapters, text or data streams are written; SEI from the encoder is removed.
//!
//! The header is written once the first frame and the start of every track are known, because
//! the common offset depends on them. Until then items wait in a bounded queue.

mod muxing;
mod options;
mod pictures;
mod run_encoder;
mod segments;
mod smart_render;
mod tracks;

use std::path::{Path, PathBuf};

use ffmpeg_next::Dictionary;
use ffmpeg_next::format::context::Output;
use redact_bitstream::leak::MOVIE_SCALE_MIN;
use redact_core::{
    AudioBlock, AudioInfo, CodedPictures, CodedSound, MediaItem, Sink, SinkError, SourceInfo,
    TimeBase, Timestamp, VideoInfo,
};

use crate::copy_plan::CopyPlan;
use crate::ffi;
use crate::readback::{self, PacketTap, Readback};
use muxing::write_error;
pub use options::{EncodeOptions, Preset};
use pictures::{PictureEncoder, Shot};
pub use segments::SegmentSink;
use smart_render::{SmartRenderer, TrackCopy};
use tracks::TrackEncoder;

/// Most bytes of items that wait for the first frame and the first sound of every track.
const LEAD_BYTES_MAX: usize = 64 << 20;

/// Most duration of pictures that wait for the first sound of every track, nanoseconds: sound is
/// interleaved within a second.
const LEAD_NANOS_MAX: i64 = 1_000_000_000;

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
    plan: Option<CopyPlan>,
    /// The readback's end, until the header is written.
    tap: Option<PacketTap>,
    stage: Stage,
}

enum Stage {
    /// Nothing has been written yet.
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

/// A [`MediaItem`] whose picture is an FFmpeg frame.
enum Item {
    Shot(Shot),
    Sound(AudioBlock),
    Coded(CodedPictures),
    CodedSound(CodedSound),
}

/// The writers, after the header is written.
struct Writing {
    pictures: PictureWriter,
    tracks: Vec<TrackWriter>,
}

enum PictureWriter {
    Encode(Box<PictureEncoder>),
    Smart(Box<SmartRenderer>),
}

enum TrackWriter {
    Encode(Box<TrackEncoder>),
    Copy(TrackCopy),
}

impl PictureWriter {
    fn end_nanos(&self) -> i64 {
        match self {
            Self::Encode(encoder) => encoder.end_nanos(),
            Self::Smart(renderer) => renderer.end_nanos(),
        }
    }
}

impl FileSink {
    /// Creates the file at `path` (truncating an existing one) for a release of `info`.
    ///
    /// # Errors
    /// [`SinkError::Write`] when the file cannot be created; [`SinkError::Encode`] when an encoder
    /// is missing or does not support `info`.
    pub fn create(
        path: &Path,
        info: &SourceInfo,
        options: &EncodeOptions,
    ) -> Result<Self, SinkError> {
        Self::create_with(path, info, options, None)
    }

    /// The same for smart rendering: a source that was opened with the same `plan` delivers the
    /// coded packets to copy.
    ///
    /// # Errors
    /// As [`FileSink::create`].
    pub fn create_with_plan(
        path: &Path,
        info: &SourceInfo,
        options: &EncodeOptions,
        plan: &CopyPlan,
    ) -> Result<Self, SinkError> {
        Self::create_with(path, info, options, Some(plan.clone()))
    }

    fn create_with(
        path: &Path,
        info: &SourceInfo,
        options: &EncodeOptions,
        plan: Option<CopyPlan>,
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
            plan,
            tap: None,
            stage: Stage::Lead(Lead {
                items: Vec::new(),
                bytes: 0,
                started: vec![false; info.audio.len()],
                frames_nanos: None,
            }),
        })
    }

    /// The re-encoded pictures, decoded again while they are written; `None` where no GOP can be
    /// copied, or writing has begun.
    ///
    /// Drain or drop it: the channel is bounded and the sink blocks.
    pub fn readback(&mut self) -> Option<Readback> {
        let plan = self.plan.as_ref().filter(|s| s.pictures().is_some())?;
        if !matches!(self.stage, Stage::Lead(_)) {
            return None;
        }
        let (tap, readback) = readback::pair(plan);
        self.tap = Some(tap);
        Some(readback)
    }

    /// Writes the header and the items that waited for it.
    fn start(&mut self) -> Result<(), SinkError> {
        let Stage::Lead(lead) = std::mem::replace(&mut self.stage, Stage::Failed) else {
            return Ok(());
        };
        let shift = shift_ticks(&lead.items, &self.audio, self.video.time_base);
        let mut pictures = self.picture_writer(&lead, shift)?;
        let mut tracks = Vec::new();
        for (track, info) in self.audio.iter().enumerate() {
            let origin = samples_of(shift, self.video.time_base, info.rate_hz);
            let form = self.plan.as_ref().and_then(|plan| plan.sound(track));
            let (output, options) = (&mut self.output, &self.options);
            tracks.push(match form {
                Some(form) => TrackWriter::Copy(TrackCopy::new(output, form, origin)?),
                None => {
                    let encoder = TrackEncoder::new(output, info, options, origin)?;
                    TrackWriter::Encode(Box::new(encoder))
                }
            });
        }
        let den = self.video.time_base.den.get();
        let mut options = Dictionary::new();
        options.set("movflags", "+faststart+negative_cts_offsets");
        options.set("fflags", "+bitexact");
        options.set("video_track_timescale", &den.to_string());
        // The unit of edit lists, a whole fraction of a tick. FFmpeg before 5.0 lacks the option
        // and rounds to 1 ms.
        let parts = MOVIE_SCALE_MIN.div_ceil(den);
        options.set("movie_timescale", &den.saturating_mul(parts).to_string());
        self.output
            .write_header_with(options)
            .map_err(write_error)?;
        if let (PictureWriter::Smart(renderer), Some(tap)) = (&mut pictures, self.tap.take()) {
            renderer.notify(tap, &self.output);
        }
        self.stage = Stage::Writing(Box::new(Writing { pictures, tracks }));
        lead.items
            .into_iter()
            .try_for_each(|item| self.encode(item))
    }

    fn picture_writer(&mut self, lead: &Lead, shift: i64) -> Result<PictureWriter, SinkError> {
        if let Some(plan) = self.plan.as_ref().filter(|s| s.pictures().is_some()) {
            let renderer = SmartRenderer::new(&mut self.output, plan, &self.options, shift)?;
            return Ok(PictureWriter::Smart(Box::new(renderer)));
        }
        let first = lead.first_shot().ok_or_else(|| SinkError::Mismatch {
            what: "no frames received: a release needs at least one".to_owned(),
        })?;
        let (output, options) = (&mut self.output, &self.options);
        let encoder = PictureEncoder::new(output, &self.video, options, first, shift)?;
        Ok(PictureWriter::Encode(Box::new(encoder)))
    }

    fn encode(&mut self, item: Item) -> Result<(), SinkError> {
        let Stage::Writing(writing) = &mut self.stage else {
            return Err(failed_before());
        };
        let output = &mut self.output;
        match item {
            Item::Shot(shot) => match &mut writing.pictures {
                PictureWriter::Encode(encoder) => encoder.encode(shot, output),
                PictureWriter::Smart(renderer) => renderer.encode(shot, output),
            },
            Item::Coded(coded) => match &mut writing.pictures {
                PictureWriter::Smart(renderer) => renderer.copy(coded, output),
                PictureWriter::Encode(_) => Err(not_announced("coded pictures")),
            },
            Item::CodedSound(coded) => match writing.tracks.get(coded.stream) {
                Some(TrackWriter::Copy(track)) => track.copy(coded, output),
                _ => Err(not_announced("coded sound")),
            },
            Item::Sound(block) => {
                let tracks = writing.tracks.len();
                let limit = writing
                    .pictures
                    .end_nanos()
                    .saturating_add(tracks::AHEAD_NANOS_MAX);
                match writing.tracks.get_mut(block.stream) {
                    Some(TrackWriter::Encode(track)) => track.encode(&block, limit, output),
                    Some(TrackWriter::Copy(_)) => Err(not_announced("decoded sound")),
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
            PictureWriter::Encode(encoder) => encoder.finish(&mut self.output)?,
            PictureWriter::Smart(renderer) => renderer.finish()?,
        }
        for track in &mut writing.tracks {
            if let TrackWriter::Encode(track) = track {
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

/// Ticks by which all times are shifted so that the earliest sound is not before zero, rounded up.
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

fn not_announced(what: &str) -> SinkError {
    SinkError::Mismatch {
        what: format!("received {what}, but the copy plan has none here"),
    }
}

fn failed_before() -> SinkError {
    SinkError::Mismatch {
        what: "the release failed before, nothing more can be written".to_owned(),
    }
}

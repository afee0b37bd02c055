//! The source recording in findings and plans.

use redact_core::{
    AudioInfo, Conversion, PixelSize, SourceIdentity, SourceInfo, StreamSummary, TimeBase,
    Timestamp, VideoInfo,
};
use serde::{Deserialize, Serialize};

use super::names::{ColorRangeName, LeftOutName, StreamKindName};
use crate::RecordError;
use crate::json::{Hex, OneLine, Seconds};

/// A recording, its streams and the conversions in every release of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceFile {
    sha256: Hex,
    bytes: u64,
    frames: u32,
    duration_ticks: i64,
    container: String,
    video: VideoFile,
    audio: Vec<OneLine<AudioFile>>,
    streams: Vec<OneLine<StreamFile>>,
    chapters: u32,
    tag_keys: Vec<String>,
    conversions: Vec<OneLine<ConversionFile>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VideoFile {
    stream: u32,
    codec: String,
    pixel_format: String,
    width: u32,
    height: u32,
    rotation_degrees: u16,
    pixel_aspect: OneLine<(u32, u32)>,
    seconds_per_tick: OneLine<(u32, u32)>,
    frames_per_second: Option<OneLine<(u32, u32)>>,
    frames_hint: Option<u64>,
    duration_hint_seconds: Option<Seconds>,
    first_tick: i64,
    range: ColorRangeName,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AudioFile {
    stream: u32,
    codec: String,
    rate_hz: u32,
    channels: u16,
}

/// One stream of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StreamFile {
    /// Index in the container.
    pub index: u32,
    /// The kind of data in it.
    pub kind: StreamKindName,
    /// FFmpeg's name for the codec.
    pub codec: String,
    /// Whether its content is in the release.
    pub kept: bool,
    /// Its time base: seconds per tick as numerator and denominator. Omitted if the container does
    /// not declare it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_per_tick: Option<(u32, u32)>,
    /// Its start in ticks. Streams that start at different times explain why sound or text may seem
    /// to be missing. Omitted if the container does not declare it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_tick: Option<i64>,
}

impl From<&StreamSummary> for StreamFile {
    fn from(stream: &StreamSummary) -> Self {
        Self {
            index: stream.index,
            kind: stream.kind.into(),
            codec: stream.codec.clone(),
            kept: stream.included,
            seconds_per_tick: stream
                .time_base
                .map(|base| (base.num.get(), base.den.get())),
            first_tick: stream.start.map(Timestamp::ticks),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum ConversionFile {
    PixelFormat { from: String },
    PaddedToEven { from_width: u32, from_height: u32 },
    Rotated { degrees: u16 },
    Mirrored {},
    Turned { degrees: u16 },
    FrameRate { frames_per_second: (u32, u32) },
    Rescaled {},
    LeftOut { pictures: u32, why: LeftOutName },
    ClockRestarted { times: u32 },
    TimesFilled { pictures: u32 },
    Deinterlaced {},
    EmptyTrack { stream: u32 },
    SoundLost { tracks: u32 },
}

impl From<&SourceIdentity> for SourceFile {
    fn from(source: &SourceIdentity) -> Self {
        let info = &source.info;
        Self {
            sha256: Hex(source.digest),
            bytes: source.bytes,
            frames: source.frames,
            duration_ticks: source.duration_ticks,
            container: info.container.clone(),
            video: VideoFile::from(&info.video),
            audio: info
                .audio
                .iter()
                .map(|track| OneLine(track.into()))
                .collect(),
            streams: info
                .streams
                .iter()
                .map(|stream| OneLine(stream.into()))
                .collect(),
            chapters: info.chapters,
            tag_keys: info.tag_keys.clone(),
            conversions: info
                .conversions
                .iter()
                .map(|conversion| OneLine(conversion.into()))
                .collect(),
        }
    }
}

impl From<&VideoInfo> for VideoFile {
    fn from(video: &VideoInfo) -> Self {
        Self {
            stream: video.stream,
            codec: video.codec.clone(),
            pixel_format: video.pixel_format.clone(),
            width: video.size.width(),
            height: video.size.height(),
            rotation_degrees: video.rotation_degrees,
            pixel_aspect: OneLine(video.pixel_aspect),
            seconds_per_tick: OneLine((video.time_base.num.get(), video.time_base.den.get())),
            frames_per_second: video.frame_rate.map(OneLine),
            frames_hint: video.frames_hint,
            duration_hint_seconds: video.duration_hint_nanos.map(Seconds),
            first_tick: video.first_timestamp.ticks(),
            range: video.range.into(),
        }
    }
}

impl From<&AudioInfo> for AudioFile {
    fn from(track: &AudioInfo) -> Self {
        Self {
            stream: track.stream,
            codec: track.codec.clone(),
            rate_hz: track.rate_hz,
            channels: track.channels,
        }
    }
}

impl From<&Conversion> for ConversionFile {
    fn from(conversion: &Conversion) -> Self {
        match conversion {
            Conversion::PixelFormat { from } => Self::PixelFormat { from: from.clone() },
            Conversion::PaddedToEven { from } => Self::PaddedToEven {
                from_width: from.width(),
                from_height: from.height(),
            },
            Conversion::Rotated { degrees } => Self::Rotated { degrees: *degrees },
            Conversion::Mirrored => Self::Mirrored {},
            Conversion::Turned { degrees } => Self::Turned { degrees: *degrees },
            Conversion::FrameRate { rate } => Self::FrameRate {
                frames_per_second: *rate,
            },
            Conversion::Rescaled => Self::Rescaled {},
            Conversion::LeftOut { pictures, why } => Self::LeftOut {
                pictures: *pictures,
                why: (*why).into(),
            },
            Conversion::ClockRestarted { times } => Self::ClockRestarted { times: *times },
            Conversion::TimesFilled { pictures } => Self::TimesFilled {
                pictures: *pictures,
            },
            Conversion::Deinterlaced => Self::Deinterlaced {},
            Conversion::SoundLost { tracks } => Self::SoundLost { tracks: *tracks },
            Conversion::EmptyTrack { stream } => Self::EmptyTrack { stream: *stream },
        }
    }
}

fn size(field: &str, width: u32, height: u32) -> Result<PixelSize, RecordError> {
    PixelSize::new(width, height).ok_or_else(|| {
        let expected = format!("sides of 1 to {} pixels", PixelSize::SIDE_MAX);
        RecordError::field(field, format!("{width}x{height}"), expected)
    })
}

fn quarter_turn(field: &str, degrees: u16) -> Result<u16, RecordError> {
    match degrees {
        0 | 90 | 180 | 270 => Ok(degrees),
        _ => Err(RecordError::field(field, degrees, "0, 90, 180 or 270")),
    }
}

fn frame_rate(field: &str, rate: (u32, u32)) -> Result<(u32, u32), RecordError> {
    if rate.0 == 0 || rate.1 == 0 {
        let found = format!("{}/{}", rate.0, rate.1);
        return Err(RecordError::field(field, found, "a fraction above 0"));
    }
    Ok(rate)
}

impl TryFrom<SourceFile> for SourceIdentity {
    type Error = RecordError;

    fn try_from(file: SourceFile) -> Result<Self, RecordError> {
        if file.frames == 0 {
            return Err(RecordError::field("source.frames", 0, "at least 1"));
        }
        if file.duration_ticks < 0 {
            let found = file.duration_ticks;
            return Err(RecordError::field(
                "source.duration_ticks",
                found,
                "at least 0",
            ));
        }
        let conversions = file
            .conversions
            .into_iter()
            .map(|c| Conversion::try_from(c.0));
        let info = SourceInfo {
            container: file.container,
            video: file.video.try_into()?,
            audio: file
                .audio
                .into_iter()
                .map(|track| track.0.try_into())
                .collect::<Result<_, _>>()?,
            streams: file
                .streams
                .into_iter()
                .map(|stream| stream.0.into())
                .collect(),
            chapters: file.chapters,
            tag_keys: file.tag_keys,
            conversions: conversions.collect::<Result<_, _>>()?,
        };
        Ok(Self {
            digest: file.sha256.0,
            bytes: file.bytes,
            frames: file.frames,
            duration_ticks: file.duration_ticks,
            info,
        })
    }
}

impl TryFrom<VideoFile> for VideoInfo {
    type Error = RecordError;

    fn try_from(file: VideoFile) -> Result<Self, RecordError> {
        let (num, den) = file.seconds_per_tick.0;
        let time_base = TimeBase::new(num, den).ok_or_else(|| {
            let found = format!("{num}/{den}");
            RecordError::field("source.video.seconds_per_tick", found, "a fraction above 0")
        })?;
        if file.pixel_aspect.0.0 == 0 || file.pixel_aspect.0.1 == 0 {
            let found = format!("{:?}", file.pixel_aspect.0);
            return Err(RecordError::field(
                "source.video.pixel_aspect",
                found,
                "a fraction above 0",
            ));
        }
        Ok(Self {
            stream: file.stream,
            codec: file.codec,
            pixel_format: file.pixel_format,
            size: size("source.video", file.width, file.height)?,
            rotation_degrees: quarter_turn("source.video.rotation_degrees", file.rotation_degrees)?,
            pixel_aspect: file.pixel_aspect.0,
            time_base,
            frame_rate: file.frames_per_second.map(|rate| rate.0),
            frames_hint: file.frames_hint,
            duration_hint_nanos: file.duration_hint_seconds.map(|seconds| seconds.0),
            first_timestamp: Timestamp::new(file.first_tick),
            range: file.range.into(),
        })
    }
}

impl TryFrom<AudioFile> for AudioInfo {
    type Error = RecordError;

    fn try_from(file: AudioFile) -> Result<Self, RecordError> {
        if file.rate_hz == 0 || file.channels == 0 {
            return Err(RecordError::field(
                format!("source.audio, stream {}", file.stream),
                format!("{} Hz, {} channels", file.rate_hz, file.channels),
                "at least 1 of each",
            ));
        }
        Ok(Self {
            stream: file.stream,
            codec: file.codec,
            rate_hz: file.rate_hz,
            channels: file.channels,
        })
    }
}

impl From<StreamFile> for StreamSummary {
    fn from(file: StreamFile) -> Self {
        Self {
            index: file.index,
            kind: file.kind.into(),
            codec: file.codec,
            included: file.kept,
            // A zero time base is invalid and counts as not declared.
            time_base: file
                .seconds_per_tick
                .and_then(|(num, den)| TimeBase::new(num, den)),
            start: file.first_tick.map(Timestamp::new),
        }
    }
}

impl TryFrom<ConversionFile> for Conversion {
    type Error = RecordError;

    fn try_from(file: ConversionFile) -> Result<Self, RecordError> {
        Ok(match file {
            ConversionFile::PixelFormat { from } => Self::PixelFormat { from },
            ConversionFile::PaddedToEven {
                from_width,
                from_height,
            } => Self::PaddedToEven {
                from: size("source.conversions", from_width, from_height)?,
            },
            ConversionFile::Rotated { degrees } => Self::Rotated {
                degrees: quarter_turn("source.conversions.degrees", degrees)?,
            },
            ConversionFile::Mirrored {} => Self::Mirrored,
            ConversionFile::Turned { degrees } => Self::Turned {
                degrees: quarter_turn("source.conversions.degrees", degrees)?,
            },
            ConversionFile::FrameRate { frames_per_second } => Self::FrameRate {
                rate: frame_rate("source.conversions.frames_per_second", frames_per_second)?,
            },
            ConversionFile::Rescaled {} => Self::Rescaled,
            ConversionFile::LeftOut { pictures, why } => Self::LeftOut {
                pictures,
                why: why.into(),
            },
            ConversionFile::ClockRestarted { times } => Self::ClockRestarted { times },
            ConversionFile::TimesFilled { pictures } => Self::TimesFilled { pictures },
            ConversionFile::Deinterlaced {} => Self::Deinterlaced,
            ConversionFile::SoundLost { tracks } => Self::SoundLost { tracks },
            ConversionFile::EmptyTrack { stream } => Self::EmptyTrack { stream },
        })
    }
}

//! What identifies a recording, and what its container declares.

use crate::{ColorRange, PixelSize, TimeBase, Timestamp};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Parses 64 hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl std::fmt::Display for Digest {
    /// 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::hex::encode(&self.0))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The kind of data in a stream of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
    /// Timed text.
    Subtitle,
    /// Telemetry, positions, chapter tracks.
    Data,
    /// Fonts, cover art and other files.
    Attachment,
    /// Anything else.
    Other,
}

/// One stream of the source container, included in a release or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSummary {
    /// Index in the container.
    pub index: u32,
    /// The kind of data in it.
    pub kind: StreamKind,
    /// FFmpeg's name for the codec, or `unknown`.
    pub codec: String,
    /// Whether its content is in the release.
    pub included: bool,
    /// The stream's time base, if the container declares one.
    pub time_base: Option<TimeBase>,
    /// The stream's start, if the container declares it. Streams that start at different times
    /// explain why sound or text may seem to be missing.
    pub start: Option<Timestamp>,
}

/// A change that every release of the source has, regardless of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Samples were converted to 8-bit 4:2:0.
    PixelFormat {
        /// FFmpeg's name for the source's format.
        from: String,
    },
    /// A column or row was repeated, because 4:2:0 needs even sides.
    PaddedToEven {
        /// The source's displayed size.
        from: PixelSize,
    },
    /// Pictures were rotated (clockwise) as the source's display matrix says.
    Rotated {
        /// 90, 180 or 270.
        degrees: u16,
    },
    /// Pictures were mirrored as the source's display matrix says.
    Mirrored,
    /// Pictures were rotated (clockwise) at a person's request, beyond the source's own tag.
    Turned {
        /// 90, 180 or 270.
        degrees: u16,
    },
    /// The recording has no timestamps; pictures are spaced evenly.
    FrameRate {
        /// Frames per second, as a fraction.
        rate: (u32, u32),
    },
    /// Size or format changed midway; later pictures were converted to those of the first.
    Rescaled,
    /// Stored pictures that are not in any release.
    LeftOut {
        /// How many.
        pictures: u32,
        /// Why.
        why: LeftOut,
    },
    /// The recording's clock restarted midway; timestamps were made continuous.
    ClockRestarted {
        /// How many times.
        times: u32,
    },
    /// Pictures without a timestamp were placed between their neighbors.
    TimesFilled {
        /// How many.
        pictures: u32,
    },
    /// Interlaced pictures were deinterlaced.
    Deinterlaced,
    /// None of the recording's sound tracks can be decoded, and the operator accepted that.
    SoundLost {
        /// How many there are.
        tracks: u32,
    },
    /// A sound track has no samples; it is silent in the release.
    EmptyTrack {
        /// Index of its stream in the container.
        stream: u32,
    },
}

/// Why stored pictures are not in any release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeftOut {
    /// The recording begins between key frames; they refer to pictures that it does not contain.
    BeforeKeyFrame,
    /// The container excludes them from presentation (edit list).
    NotShown,
    /// They decode without an error and yield no picture.
    NoPicture,
}

impl Conversion {
    /// Whether it is known only once the whole recording has been read: see
    /// [`crate::SourceDiagnostics::conversions`].
    #[must_use]
    pub const fn is_found_while_reading(&self) -> bool {
        match self {
            Self::Rescaled
            | Self::LeftOut { .. }
            | Self::ClockRestarted { .. }
            | Self::TimesFilled { .. }
            | Self::Deinterlaced
            | Self::EmptyTrack { .. } => true,
            Self::PixelFormat { .. }
            | Self::PaddedToEven { .. }
            | Self::Rotated { .. }
            | Self::Mirrored
            | Self::Turned { .. }
            | Self::FrameRate { .. }
            | Self::SoundLost { .. } => false,
        }
    }

    /// Whether parts of a recording with it can still be stream-copied.
    #[must_use]
    pub const fn allows_copy(&self) -> bool {
        match self {
            Self::LeftOut { why, .. } => matches!(why, LeftOut::NotShown),
            Self::EmptyTrack { .. } => true,
            other => !other.is_found_while_reading(),
        }
    }
}

impl std::fmt::Display for Conversion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PixelFormat { from } => write!(f, "pixel format {from} to 8-bit 4:2:0"),
            Self::PaddedToEven { from } => write!(f, "padded from {from} to even sides"),
            Self::Rotated { degrees } => write!(f, "rotated by {degrees} degrees as tagged"),
            Self::Mirrored => write!(f, "mirrored as tagged"),
            Self::Turned { degrees } => write!(f, "rotated by {degrees} degrees as requested"),
            Self::FrameRate { rate: (num, den) } => write!(
                f,
                "the recording has no timestamps; pictures are placed at {num}/{den} frames per \
                 second"
            ),
            Self::Rescaled => write!(
                f,
                "later pictures scaled to the size and format of the first"
            ),
            Self::LeftOut { pictures, why } => match why {
                LeftOut::BeforeKeyFrame => write!(
                    f,
                    "not in the release: {pictures} stored pictures before the first decodable \
                     one (the recording begins between key frames)"
                ),
                LeftOut::NotShown => write!(
                    f,
                    "not in the release: {pictures} stored pictures that the file excludes from \
                     presentation (edit list)"
                ),
                LeftOut::NoPicture => write!(
                    f,
                    "not in the release: {pictures} stored packets that yield no picture"
                ),
            },
            Self::ClockRestarted { times } => write!(
                f,
                "the recording's clock restarts {times} times; timestamps were made continuous"
            ),
            Self::TimesFilled { pictures } => write!(
                f,
                "{pictures} pictures without a timestamp placed evenly between their neighbors"
            ),
            Self::Deinterlaced => write!(f, "interlaced pictures deinterlaced"),
            Self::SoundLost { tracks } => write!(
                f,
                "none of the {tracks} sound tracks can be decoded; the release has no sound"
            ),
            Self::EmptyTrack { stream } => write!(
                f,
                "the sound track in stream {stream} has no samples; it is silent in the release"
            ),
        }
    }
}

/// The video stream that is used.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoInfo {
    /// Index in the container.
    pub stream: u32,
    /// FFmpeg's name for the codec.
    pub codec: String,
    /// FFmpeg's name for the source's pixel format.
    pub pixel_format: String,
    /// Displayed size after rotation and padding: the size of every [`crate::Picture`].
    pub size: PixelSize,
    /// Clockwise rotation by the source's display matrix: 0, 90, 180 or 270 degrees.
    pub rotation_degrees: u16,
    /// Pixel aspect ratio, width over height, e.g. `(1, 1)`.
    pub pixel_aspect: (u32, u32),
    /// The unit of [`crate::Frame::timestamp`].
    pub time_base: TimeBase,
    /// Average frames per second as a fraction, if the container declares it.
    pub frame_rate: Option<(u32, u32)>,
    /// Number of frames, if the container declares it; for progress only.
    pub frames_hint: Option<u64>,
    /// Duration in nanoseconds, if the container declares it; for progress only.
    pub duration_hint_nanos: Option<i64>,
    /// Presentation time of frame 0: the recording's zero.
    pub first_timestamp: Timestamp,
    /// How sample values map to black and white.
    pub range: ColorRange,
}

/// A sound track that is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioInfo {
    /// Index in the container.
    pub stream: u32,
    /// FFmpeg's name for the codec.
    pub codec: String,
    /// Samples per second and channel, as delivered.
    pub rate_hz: u32,
    /// Channels, as delivered.
    pub channels: u16,
}

/// What a person specifies about a recording beyond what it declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceSettings {
    /// Container index of the video stream to use; `None` selects the default one.
    pub video_stream: Option<u32>,
    /// Clockwise rotation in degrees beyond the container's own: 0, 90, 180 or 270.
    pub turn_degrees: u16,
    /// Frames per second, as a fraction, of a bare video stream, which has no timestamps; `None`
    /// uses the rate that the stream declares, or 25.
    pub frame_rate: Option<(u32, u32)>,
}

/// What a source declares before its first item is read.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceInfo {
    /// FFmpeg's name for the container format.
    pub container: String,
    /// The video stream that is used.
    pub video: VideoInfo,
    /// The sound tracks that are used, in container order.
    pub audio: Vec<AudioInfo>,
    /// Every stream of the container.
    pub streams: Vec<StreamSummary>,
    /// Number of chapters in the container; none is in a release.
    pub chapters: u32,
    /// Sorted keys of the container's and the streams' tags, without their values.
    pub tag_keys: Vec<String>,
    /// Conversions in every release of this source.
    pub conversions: Vec<Conversion>,
}

/// What identifies a recording; a plan must match it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceIdentity {
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Length of the file.
    pub bytes: u64,
    /// Number of frames, counted by decoding all of them.
    pub frames: u32,
    /// Time from the start of the first frame to the end of the last, in ticks.
    pub duration_ticks: i64,
    /// What the container declares.
    pub info: SourceInfo,
}

impl SourceInfo {
    /// The settings that open the recording in the same way again.
    #[must_use]
    pub fn settings(&self) -> SourceSettings {
        let mut settings = SourceSettings {
            video_stream: Some(self.video.stream),
            ..SourceSettings::default()
        };
        for conversion in &self.conversions {
            match conversion {
                Conversion::Turned { degrees } => settings.turn_degrees = *degrees,
                Conversion::FrameRate { rate } => settings.frame_rate = Some(*rate),
                _ => {}
            }
        }
        settings
    }
}

impl SourceIdentity {
    /// The first property in which an opened recording differs from this description: its name,
    /// the expected and the found value. `None` if they agree. Frame counts and hints for progress
    /// are not compared.
    #[must_use]
    pub fn disagreement(&self, found: &SourceInfo) -> Option<(&'static str, String, String)> {
        let (video, other) = (&self.info.video, &found.video);
        let rate = |rate: Option<(u32, u32)>| {
            rate.map_or("unknown".to_owned(), |(num, den)| format!("{num}/{den}"))
        };
        let base = |base: TimeBase| format!("{}/{}", base.num, base.den);
        let shape = |video: &VideoInfo| {
            let (width, height) = video.pixel_aspect;
            format!(
                "{} rotated by {}, pixels {width}:{height}",
                video.size, video.rotation_degrees
            )
        };
        let sound = |tracks: &[AudioInfo]| {
            let tracks = tracks.iter();
            let text = |t: &AudioInfo| format!("{}: {} Hz, {}", t.stream, t.rate_hz, t.channels);
            format!("[{}]", tracks.map(text).collect::<Vec<_>>().join("; "))
        };
        let pairs = [
            (
                "video stream",
                video.stream.to_string(),
                other.stream.to_string(),
            ),
            ("video codec", video.codec.clone(), other.codec.clone()),
            (
                "pixel format",
                video.pixel_format.clone(),
                other.pixel_format.clone(),
            ),
            ("picture shape", shape(video), shape(other)),
            ("time base", base(video.time_base), base(other.time_base)),
            (
                "first timestamp",
                video.first_timestamp.ticks().to_string(),
                other.first_timestamp.ticks().to_string(),
            ),
            ("frame rate", rate(video.frame_rate), rate(other.frame_rate)),
            ("sound tracks", sound(&self.info.audio), sound(&found.audio)),
        ];
        pairs
            .into_iter()
            .find(|(_, expected, found)| expected != found)
    }

    /// Duration of the video in nanoseconds, rounded down; 0 if unknown.
    #[must_use]
    pub fn duration_nanos(&self) -> i64 {
        Timestamp::new(self.duration_ticks)
            .nanos(self.info.video.time_base)
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_what_it_prints_and_nothing_else() {
        let digest = Digest([0xa5; 32]);
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
        assert_eq!(Digest::from_hex("a5"), None);
        assert_eq!(Digest::from_hex(&"+5".repeat(32)), None);
        assert_eq!(Digest::from_hex(&"é".repeat(32)), None);
    }
}

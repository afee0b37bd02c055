//! What reading a recording brings, and why nothing more can be read.

use ffmpeg_next::frame::{Audio, Video};
use ffmpeg_next::{Error, Packet};
use redact_core::{
    BoxError, CodedPictures, DamageCause, FrameIndex, SourceError, TimeBase, Timestamp,
};

use crate::ffi;

/// What was decoded.
pub(super) enum Event {
    Picture(Video),
    /// Something is wrong with the pictures that follow; with the very next one where it is marked.
    Broken(DamageCause),
    /// The next picture stands on its own again.
    Mended,
    /// A stretch of sound is lost.
    BrokenSound {
        track: usize,
        cause: DamageCause,
    },
    Sound {
        track: usize,
        frame: Audio,
    },
    /// A group of pictures as it is coded.
    Coded(CodedGroup),
    /// A packet of sound as it is coded.
    CodedSound {
        track: usize,
        packet: Packet,
    },
}

/// Why nothing more can be decoded.
#[derive(Debug)]
pub(super) enum ReadError {
    Demux(Error),
    Decode(Error),
    Container,
    CorruptPacket,
    CorruptPicture,
    MissingPictures,
    LostSound,
    Repeated,
    Encrypted,
    NoFrame,
    Changed,
}

impl ReadError {
    /// The same as damage at `frame`, `ticks` after the recording's zero.
    pub(super) fn at(self, frame: FrameIndex, ticks: Timestamp, base: TimeBase) -> SourceError {
        let source: BoxError = match self {
            Self::Encrypted => return SourceError::Encrypted,
            Self::Demux(error) | Self::Decode(error) => ffi::cause(error),
            Self::Container => "the container's data are broken".into(),
            Self::CorruptPacket => "the container marks a packet as incomplete".into(),
            Self::CorruptPicture => "the decoder marks a picture as damaged".into(),
            Self::MissingPictures => "pictures are missing that others are predicted from".into(),
            Self::Repeated => "its index names the same bytes again and again".into(),
            Self::LostSound => "none of a track's sound can be decoded".into(),
            Self::NoFrame => "no frame can be decoded".into(),
            Self::Changed => "it changed while it was copied".into(),
        };
        let millis = ticks.nanos(base).unwrap_or(0) / 1_000_000;
        SourceError::Damaged {
            frame,
            second: seconds(millis),
            source,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "shown with two digits after the point"
)]
pub(super) fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// A whole group, ready to be handed on.
pub(super) struct CodedGroup {
    pub(super) pictures: CodedPictures,
}

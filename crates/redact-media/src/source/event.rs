//! What the reader returns, and the errors that end reading.

use ffmpeg_next::frame::{Audio, Video};
use ffmpeg_next::{Error, Packet};
use redact_core::{
    BoxError, CodedPictures, DamageCause, FrameIndex, SourceError, TimeBase, Timestamp,
};

use crate::ffi;

/// What the reader returns.
pub(super) enum Event {
    Picture(Video),
    /// The pictures from here on are damaged; the next picture where the decoder marked it.
    Broken(DamageCause),
    /// The next picture is intact again: a key frame in an emptied decoder.
    Mended,
    /// A span of sound is lost.
    BrokenSound {
        track: usize,
        cause: DamageCause,
    },
    Sound {
        track: usize,
        frame: Audio,
    },
    /// A GOP for stream copy.
    Coded(CodedPictures),
    /// A packet of sound for stream copy.
    CodedSound {
        track: usize,
        packet: Packet,
    },
}

/// An error that ends reading.
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
    Open(SourceError),
}

impl ReadError {
    /// The error as damage at `frame`, `ticks` after the recording's zero.
    pub(super) fn at(self, frame: FrameIndex, ticks: Timestamp, base: TimeBase) -> SourceError {
        let source: BoxError = match self {
            Self::Encrypted => return SourceError::Encrypted,
            Self::Open(error) => return error,
            Self::Demux(error) | Self::Decode(error) => ffi::cause(error),
            Self::Container => "the container is corrupt".into(),
            Self::CorruptPacket => "the container marks a packet as corrupt".into(),
            Self::CorruptPicture => "the decoder marks a picture as damaged".into(),
            Self::MissingPictures => "reference pictures are missing".into(),
            Self::Repeated => "its index refers to the same bytes too many times".into(),
            Self::LostSound => "a sound track cannot be decoded".into(),
            Self::NoFrame => "no frame can be decoded".into(),
            Self::Changed => "the file changed while it was being read".into(),
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

//! The traits through which jobs reach recordings, models and people, and their errors.
//!
//! Trait objects, not generics: one call per frame costs nothing and keeps build times down.

use std::ops::ControlFlow;

use crate::{
    AudioBlock, Conversion, Damage, Detection, Frame, FrameIndex, MediaItem, PixelSize,
    Recognition, SourceInfo, SpeechByTrack,
};

/// An error of another library, unchanged.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A recording, read item by item.
pub trait Source: Send {
    /// What the container declares.
    fn info(&self) -> &SourceInfo;

    /// The next frame or block of sound, or `None` at the end; frames come in presentation order.
    ///
    /// # Errors
    /// Damage is an error; it is never reported as the end.
    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError>;

    /// Damage and format changes found so far; complete once [`Source::next_item`] returned `None`.
    ///
    /// It has no default implementation: a source that wraps another must forward the inner
    /// source's diagnostics, and one that does not fails to compile.
    fn diagnostics(&self) -> SourceDiagnostics;
}

/// What a source found while reading a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceDiagnostics {
    /// Where the recording is damaged; empty for a source that treats damage as an error.
    pub damage: Damage,
    /// Conversions that every release of the recording has and that were not known at the start
    /// ([`Conversion::is_found_while_reading`]): at most one of a kind per reason or stream, in a
    /// fixed order.
    pub conversions: Vec<Conversion>,
}

/// A release, written item by item.
pub trait Sink: Send {
    /// Writes the next item. Frames come in presentation order, sound in order per track.
    ///
    /// # Errors
    /// If the encoder or the file system fails.
    fn write_item(&mut self, item: MediaItem) -> Result<(), SinkError>;

    /// Flushes the encoders and closes the file.
    ///
    /// # Errors
    /// If the encoder or the file system fails.
    fn finish(self: Box<Self>) -> Result<(), SinkError>;
}

/// Detects objects in single frames. `&mut`, because a model session cannot be shared.
pub trait Detector: Send {
    /// Detections per frame, in the order of `frames`; all above the detector's own low threshold.
    ///
    /// # Errors
    /// If the model fails or its output does not have the shape that its card declares.
    fn detect(&mut self, frames: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError>;
}

/// Detects speech.
pub trait SpeechDetector: Send {
    /// Processes the next block of sound of any track.
    ///
    /// # Errors
    /// If the model fails.
    fn listen(&mut self, block: &AudioBlock) -> Result<(), DetectError>;

    /// Spans with speech by sound track, from the recording's zero.
    ///
    /// # Errors
    /// If the model fails.
    fn finish(&mut self) -> Result<SpeechByTrack, DetectError>;
}

/// Transcribes speech.
pub trait SpeechRecognizer: Send {
    /// The longest sound that it takes at once, in nanoseconds.
    fn longest_nanos(&self) -> i64;

    /// Recognizes the words in `samples`, one channel at `rate_hz`, `-1.0..=1.0`.
    ///
    /// `language`: the language to expect, as in ISO 639-1; the most probable one is reported, too.
    ///
    /// # Errors
    /// If the model fails, or there is more sound than it takes.
    fn recognize(
        &mut self,
        samples: &[f32],
        rate_hz: u32,
        language: &str,
    ) -> Result<Recognition, DetectError>;
}

/// How the picture moved from the previous frame to this one, in normalized coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Motion {
    /// `[x', y'] = [[a, b], [c, d]] [x, y] + [tx, ty]`, as `[a, b, tx, c, d, ty]`.
    Affine([f32; 6]),
    /// A scene cut: nothing may be carried across it.
    Cut,
    /// Unknown: too little structure to estimate it, or the first frame.
    Unknown,
}

/// Estimates how the camera moved between consecutive frames.
pub trait CameraMotion: Send {
    /// Motion from the frame of the previous call to `frame`.
    ///
    /// # Errors
    /// If the underlying library fails.
    fn advance(&mut self, frame: &Frame) -> Result<Motion, DetectError>;
}

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Reading the file to compute its digest; counted in bytes.
    Digest,
    /// Detecting faces, plates and screens; counted in frames.
    Scan,
    /// Transcribing speech; counted in milliseconds of speech.
    Transcribe,
    /// Hiding and encoding; counted in frames.
    Render,
    /// Checking the written file; counted in frames.
    Audit,
    /// Comparing with the source; counted in frames.
    Compare,
}

/// Receives progress, and may cancel the job.
pub trait Progress: Sync {
    /// Reports that `done` of `total` (if known) units of `phase` are done; `Break` cancels the
    /// job.
    fn advance(&self, phase: Phase, done: u64, total: Option<u64>) -> ControlFlow<()>;
}

/// Why a recording could not be opened or read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// FFmpeg does not know the file format, or the file's index is missing.
    #[error("cannot read the recording: unknown or incomplete file format")]
    Unreadable {
        /// The demuxer's own message.
        #[source]
        source: BoxError,
    },
    /// The file has no bytes.
    #[error("cannot read the recording: the file is empty")]
    Empty,
    /// There is no video in it.
    #[error("no video stream: found {found}; a recording needs one")]
    NoVideo {
        /// Kinds of the streams found, or `no streams`.
        found: String,
    },
    /// The requested stream is not a video stream.
    #[error("stream {wanted} is not a video stream; the video streams are: {found}")]
    NoSuchStream {
        /// The requested index.
        wanted: u32,
        /// Indices of the video streams.
        found: String,
    },
    /// A frame rate was given for a recording that has timestamps of its own.
    #[error(
        "a frame rate was given, but this {container} recording has its own timestamps; only a \
         bare video stream needs one"
    )]
    HasTimes {
        /// FFmpeg's name of the container format.
        container: String,
    },
    /// There is no decoder for the codec, or it is not a codec of recordings.
    #[error("unsupported video codec: found {codec:?}; convert the recording to H.264")]
    UnsupportedCodec {
        /// FFmpeg's name of the codec.
        codec: String,
    },
    /// The picture's sides are outside what is supported.
    #[error(
        "unsupported picture size: found {width}x{height}; each side may have 1 to {max} pixels",
        max = PixelSize::SIDE_MAX
    )]
    UnsupportedSize {
        /// Columns found.
        width: u32,
        /// Rows found.
        height: u32,
    },
    /// The file needs more resources than any real recording does.
    #[error("the file exceeds a limit: found {found} {what}; at most {most} are allowed")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The amount found.
        found: u64,
        /// The amount allowed.
        most: u64,
    },
    /// There are sound tracks, but none can be decoded.
    #[error(
        "no sound track can be decoded: found {found}; accept a release without sound, or \
         convert the file"
    )]
    NoSound {
        /// Streams and codecs of the tracks.
        found: String,
    },
    /// The content is encrypted.
    #[error("cannot read the recording: it is encrypted; export it without encryption")]
    Encrypted,
    /// A frame's timestamp cannot be used.
    #[error("frame {index} (second {second:.2}): found {found}; timestamps must increase")]
    BadTime {
        /// The frame.
        index: FrameIndex,
        /// End of the previous frame, in seconds from the recording's zero.
        second: f64,
        /// What is wrong with its timestamp.
        found: &'static str,
    },
    /// The decoder or demuxer rejected data; frames before `frame` were delivered.
    #[error("damaged data at frame {frame} (second {second:.2})")]
    Damaged {
        /// The first frame that was not delivered.
        frame: FrameIndex,
        /// Its approximate time from the recording's zero, in seconds.
        second: f64,
        /// The decoder's own message.
        #[source]
        source: BoxError,
    },
    /// The file ends before the recording does.
    #[error("the recording is truncated: it has {after} frames, but its index lists {expected}")]
    Truncated {
        /// Frames that could be read.
        after: u32,
        /// Frames that the index lists.
        expected: u64,
    },
    /// Any other failure of the underlying library.
    #[error("{what}")]
    Failed {
        /// What was tried.
        what: &'static str,
        /// The library's own message.
        #[source]
        source: BoxError,
    },
}

/// Why a release could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The file could not be created or written.
    #[error("cannot write the file")]
    Write {
        /// The system's own message.
        #[source]
        source: BoxError,
    },
    /// An encoder is missing or rejected its settings.
    #[error("cannot encode {what}")]
    Encode {
        /// Which stream and step.
        what: String,
        /// The encoder's own message.
        #[source]
        source: BoxError,
    },
    /// An item does not match what was declared when the sink was created.
    #[error("{what}")]
    Mismatch {
        /// What was found and what is needed.
        what: String,
    },
}

/// Why a model returned no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectError {
    /// The runtime failed.
    #[error("model {model:?} failed")]
    Run {
        /// Name of the card.
        model: String,
        /// The runtime's own message.
        #[source]
        source: BoxError,
    },
    /// The output is not what the card declares.
    #[error("model {model:?} returned {found}, expected {expected}")]
    Shape {
        /// Name of the card.
        model: String,
        /// Shape found.
        found: String,
        /// Shape expected.
        expected: String,
    },
}

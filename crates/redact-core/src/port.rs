//! The traits through which jobs reach recordings, models and people, and their errors.
//!
//! Trait objects, not generics: one call per frame costs nothing and keeps build times down.

use std::ops::ControlFlow;

use crate::{
    AudioBlock, Conversion, Damage, Detection, Frame, FrameIndex, MediaItem, PixelSize, SourceInfo,
    TimeSpan,
};

/// A cause from another library, as it is.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A recording to read, item by item.
pub trait Source: Send {
    /// What the container declares.
    fn info(&self) -> &SourceInfo;

    /// The next frame or run of sound; frames come in presentation order. `None` is the end.
    ///
    /// # Errors
    /// Damage is an error and never looks like the end.
    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError>;

    /// Damage and format changes found so far; complete once [`Source::next_item`] returned `None`.
    ///
    /// There is no default: a source that wraps another forwards the other's, and forgetting that
    /// does not compile.
    fn diagnostics(&self) -> SourceDiagnostics;
}

/// What a source found while reading a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceDiagnostics {
    /// Where the recording is damaged; a source that takes damage for an error has none.
    pub damage: Damage,
    /// Changes that any release has and that were not known at the start
    /// ([`Conversion::is_found_while_reading`]), each kind at most once per reason or stream, in a
    /// fixed order.
    pub conversions: Vec<Conversion>,
}

/// A release to write, item by item.
pub trait Sink: Send {
    /// Takes the next item. Frames come in presentation order, sound in order per track.
    ///
    /// # Errors
    /// What the encoder or the file system said.
    fn write_item(&mut self, item: MediaItem) -> Result<(), SinkError>;

    /// Writes what is left and closes the file.
    ///
    /// # Errors
    /// What the encoder or the file system said.
    fn finish(self: Box<Self>) -> Result<(), SinkError>;
}

/// Detects objects in single frames. Holds a model session, which is exclusive: hence `&mut`.
pub trait Detector: Send {
    /// Detections per frame, in the order of `frames`; all above the detector's own low threshold.
    ///
    /// # Errors
    /// When the model fails or gives an output of another shape than its card says.
    fn detect(&mut self, frames: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError>;
}

/// Detects speech.
pub trait SpeechDetector: Send {
    /// Takes the next run of sound of any track.
    ///
    /// # Errors
    /// When the model fails.
    fn listen(&mut self, block: &AudioBlock) -> Result<(), DetectError>;

    /// Spans with speech on any track since the recording's zero, sorted, not overlapping.
    ///
    /// # Errors
    /// When the model fails.
    fn finish(&mut self) -> Result<Vec<TimeSpan>, DetectError>;
}

/// How the picture moved from the previous frame to this one, in normalised coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Motion {
    /// `[x', y'] = [[a, b], [c, d]] [x, y] + [tx, ty]`, as `[a, b, tx, c, d, ty]`.
    Affine([f32; 6]),
    /// The scene changed: nothing may be carried across.
    Cut,
    /// Too little structure to estimate it; also the first frame's.
    Unknown,
}

/// Estimates how the camera moved between consecutive frames.
pub trait CameraMotion: Send {
    /// Motion from the frame of the previous call to `frame`.
    ///
    /// # Errors
    /// When the library behind it fails.
    fn advance(&mut self, frame: &Frame) -> Result<Motion, DetectError>;
}

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Reading the file to compute its digest; counted in bytes.
    Digest,
    /// Detecting faces, plates and screens; counted in frames.
    Scan,
    /// Hiding and encoding; counted in frames.
    Render,
    /// Checking the written file; counted in frames.
    Audit,
    /// Comparing with the source; counted in frames.
    Compare,
}

/// Receives progress, and may cancel the job.
pub trait Progress: Sync {
    /// `done` of `total` (when known) units of `phase` are done; `Break` cancels the job.
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
    /// The file has no byte.
    #[error("the file is empty")]
    Empty,
    /// There is no moving picture in it.
    #[error("no video stream (found: {found})")]
    NoVideo {
        /// Kinds of the streams that are there, or `no streams`.
        found: String,
    },
    /// The video stream that was asked for is none.
    #[error("stream {wanted} is not a video stream; the video streams are: {found}")]
    NoSuchStream {
        /// The index that was asked for.
        wanted: u32,
        /// Indices of the video streams.
        found: String,
    },
    /// A frame rate was given for a recording that stores when its pictures are shown.
    #[error(
        "a frame rate was given, but this recording stores its own times ({container}); only a \
         bare video stream needs one"
    )]
    HasTimes {
        /// FFmpeg's name of the container format.
        container: String,
    },
    /// No decoder for the codec, or one that is not used for recordings.
    #[error("codec {codec:?} is not supported for recordings")]
    UnsupportedCodec {
        /// FFmpeg's name of the codec.
        codec: String,
    },
    /// The picture's sides are outside what is supported.
    #[error(
        "unsupported picture size {width}x{height}; at most {max} pixels a side are supported",
        max = PixelSize::SIDE_MAX
    )]
    UnsupportedSize {
        /// Columns found.
        width: u32,
        /// Rows found.
        height: u32,
    },
    /// The file is made to cost more than a recording does.
    #[error("the file exceeds a limit: it has {found} {what}; at most {most} are allowed")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// How much is allowed.
        most: u64,
    },
    /// There are sound tracks, and none can be decoded.
    #[error(
        "no sound track can be decoded ({found}); accept a release without sound, or convert the file"
    )]
    NoSound {
        /// Streams and codecs of the tracks.
        found: String,
    },
    /// The content is scrambled.
    #[error("the recording is encrypted")]
    Encrypted,
    /// A frame's time cannot be used.
    #[error("frame {index} (second {second:.2}) has {found}; timestamps must increase")]
    BadTime {
        /// The frame.
        index: FrameIndex,
        /// When the frame before it ends, seconds since the recording's zero.
        second: f64,
        /// What its time is.
        found: &'static str,
    },
    /// The decoder or demuxer rejected data. Frames before `frame` were delivered.
    #[error("damaged data at frame {frame} (second {second:.2})")]
    Damaged {
        /// The first frame that was not delivered.
        frame: FrameIndex,
        /// Its time since the recording's zero, in seconds, as far as it is known.
        second: f64,
        /// The decoder's own message.
        #[source]
        source: BoxError,
    },
    /// The file ends before the recording does.
    #[error("the recording ends after frame {after}; its index promises {expected} frames")]
    Truncated {
        /// Frames that could be read.
        after: u32,
        /// Frames that the index promises.
        expected: u64,
    },
    /// Any other failure of the library behind the source.
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
    /// The file could not be made or written.
    #[error("cannot write the file")]
    Write {
        /// The system's own message.
        #[source]
        source: BoxError,
    },
    /// An encoder is missing or refused its settings.
    #[error("cannot encode {what}")]
    Encode {
        /// Which stream and step.
        what: String,
        /// The encoder's own message.
        #[source]
        source: BoxError,
    },
    /// An item does not fit what was announced when the sink was made.
    #[error("{what}")]
    Mismatch {
        /// What was found and what would be right.
        what: String,
    },
}

/// Why a model gave no result.
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
    /// The output is not what the card says.
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

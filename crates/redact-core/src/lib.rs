//! The vocabulary of Redact.
//!
//! Every crate of the workspace uses these types. None of their methods needs a file, a thread, a
//! clock or a serializer: that work belongs to the crates that depend on this one.
//!
//! - [`units`]: frames, ticks and spans of time;
//! - [`geometry`]: rectangles in two coordinate spaces, and the one conversion between them;
//! - [`color`]: how sample values map to black and white;
//! - [`hex`]: bytes as hexadecimal digits;
//! - [`media`]: decoded pictures and sound;
//! - [`coded`]: GOPs and sound that are stream-copied;
//! - [`identity`]: what identifies a recording;
//! - [`finding`]: what a scan found;
//! - [`damage`]: where a recording is damaged;
//! - [`speech`]: what was said;
//! - [`plan`]: what a person decided;
//! - [`error`]: errors as text;
//! - [`port`]: the traits through which jobs reach recordings, models and people.

pub mod coded;
pub mod color;
pub mod damage;
pub mod error;
pub mod finding;
pub mod geometry;
pub mod hex;
pub mod identity;
pub mod media;
pub mod plan;
pub mod port;
pub mod speech;
pub mod units;

pub use coded::{CodedPictures, CodedSound};
pub use color::ColorRange;
pub use damage::{Damage, DamageCause, DamagedPictures, DamagedSound};
pub use finding::{BoxOrigin, Class, Detection, Findings, ModelUse, Track, TrackBox, TrackId};
pub use geometry::{NormRect, PixelRect, PixelSize};
pub use identity::{
    AudioInfo, Conversion, Digest, LeftOut, SourceIdentity, SourceInfo, SourceSettings, StreamKind,
    StreamSummary, VideoInfo,
};
pub use media::{AudioBlock, Frame, MediaItem, Picture, PictureBuffer, Plane, PlaneKind, PlaneMut};
pub use plan::{
    Approval, ApprovedPlan, CaptionWord, Cells, Decision, Effect, Excerpt, ExcerptSpan, KeptSpeech,
    Keyframe, MaskLevels, MaskOrigin, MaskRegion, MuteRegion, MuteStreams, MuteStyle, Plan,
    PlanError, PlanItem, PlannedTrack, PolicyRef, Polygon, Protection, Reason, ReasonCode,
    Redactions, Shape, TitleCard, Verdict,
};
pub use port::{
    BoxError, CameraMotion, DetectError, Detector, Motion, Phase, Progress, Sink, SinkError,
    Source, SourceDiagnostics, SourceError, SpeechDetector, SpeechRecognizer,
};
pub use speech::{
    PersonalClass, PersonalItem, Recognition, SpeechByTrack, Transcript, Unclear, UnclearCause,
    Voice, Word,
};
pub use units::{FrameIndex, FrameSpan, TimeBase, TimeSpan, Timestamp, UtcNanos};

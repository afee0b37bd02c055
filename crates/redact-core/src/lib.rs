//! The vocabulary of Redact.
//!
//! Every crate of the workspace speaks these types and none of their methods does work that needs
//! a file, a thread, a clock or a serializer: those live in the crates that point here.
//!
//! - [`units`]: frames, ticks and spans of time;
//! - [`geometry`]: the two spaces of rectangles, and the one door between them;
//! - [`color`]: how sample values map to black and white;
//! - [`hex`]: bytes as hexadecimal digits;
//! - [`media`]: decoded pictures and sound;
//! - [`coded`]: GOPs and sound tracks that are copied instead of decoded;
//! - [`identity`]: what a recording is, and how it is distinguished from another;
//! - [`finding`]: what a scan found;
//! - [`damage`]: where a recording is damaged;
//! - [`plan`]: what a person decided;
//! - [`port`]: the traits through which jobs reach recordings, models and people.

pub mod coded;
pub mod color;
pub mod damage;
pub mod finding;
pub mod geometry;
pub mod hex;
pub mod identity;
pub mod media;
pub mod plan;
pub mod port;
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
    Approval, ApprovedPlan, Cells, Decision, Effect, KeptSpeech, Keyframe, MaskLevels, MaskOrigin,
    MaskRegion, MuteRegion, MuteStreams, MuteStyle, Plan, PlanError, PlanItem, PlannedTrack,
    PolicyRef, Protection, Reason, ReasonCode, Redactions, Verdict,
};
pub use port::{
    BoxError, CameraMotion, DetectError, Detector, Motion, Phase, Progress, Sink, SinkError,
    Source, SourceDiagnostics, SourceError, SpeechDetector,
};
pub use units::{FrameIndex, FrameSpan, TimeBase, TimeSpan, Timestamp, UtcNanos};

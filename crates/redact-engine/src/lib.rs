//! The pure middle of Redact: tracking, masking and muting, and the jobs that use them.
//!
//! Recordings, models and people are reached only through the ports of `redact-core`: this crate
//! knows no files, codecs or models, so it is tested in memory.
//!
//! - [`scan()`]: a recording becomes tracks and spans of speech; in parts, [`observe`] and
//!   [`Linker`] do the same;
//! - [`transcribe()`]: its speech becomes words;
//! - [`render()`]: a recording and an approved plan become a release;
//! - [`take_levels`]: what blurred and pixelated masks of a plan are drawn from;
//! - [`audit()`]: a written release is decoded again and every mask and mute in it is measured;
//! - [`ReleaseMeter`]: the same for a release that the caller decodes, as a browser does;
//! - [`FillMeter`]: fills in the frames that a player shows;
//! - [`uncovered`]: what detectors still find in a release;
//! - [`review_priority`]: what a person should review first;
//! - [`examine`]: the same, and source and release side by side, nothing else may differ;
//! - [`Follower`]: a region that a person pointed at, from picture to picture;
//! - [`Tracker`], [`mask_frame`], [`mute_block`]: plain functions of their arguments.
//!
//! Parallel work lives in the jobs, nowhere else. Every queue is bounded in bytes.

mod audit;
mod check;
mod compare;
mod decode;
mod follow;
mod levels;
mod mask;
mod mute;
#[cfg(test)]
mod noise;
mod numbers;
mod queue;
mod render;
mod risk;
mod scan;
pub mod score;
mod second_look;
mod track;
mod transcribe;

pub use audit::{
    AuditError, AuditReport, Expected, FillMeter, FillReport, MutedLevel, ReleaseMeter, audit,
};
pub use check::Check;
pub use compare::{
    CompareError, CompareReport, Examination, FrameEvidence, SecondQuality, examine,
};
pub use follow::{Follower, Step};
pub use levels::{LevelsError, take_levels};
pub use mask::{frames_of_levels, mask_frame, mask_levels};
pub use mute::{mute_block, muted_in};
pub use render::{
    AudioReport, CopiedPictures, RenderError, RenderReport, first_masked, masked_frames, render,
    render_spans,
};
pub use risk::{TrackPriority, WeakSpan, Weakness, review_priority};
pub use scan::{
    DetectorSet, LinkedFrames, Linker, ObserveReport, ObservedFrame, ObservedPart, RunSchedule,
    ScanError, ScanOptions, ScanReport, ScheduledDetector, nanos_since, observe, scan,
};
pub use second_look::{Uncovered, uncovered};
pub use track::{ClassOptions, FrameObservations, Moment, Observation, Tracker, TrackerOptions};
pub use transcribe::{TranscribeError, find_speech, transcribe};

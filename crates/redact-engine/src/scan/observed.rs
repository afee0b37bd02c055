//! What was observed in a frame, and when it is shown.

use redact_core::{FrameIndex, Motion, TimeBase, Timestamp};

use crate::track::Observation;

/// What was observed in one frame, before tracking.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedFrame {
    /// Which frame.
    pub index: FrameIndex,
    /// When it is shown.
    pub timestamp: Timestamp,
    /// How long, ticks of the video's time base.
    pub duration_ticks: i64,
    /// How the picture moved from the previous frame.
    pub motion: Motion,
    /// What the detectors found; `None` when none ran on this frame.
    pub observations: Option<Vec<Observation>>,
}

/// Nanoseconds since the recording's zero; times that no clock can hold stay at zero.
#[must_use]
pub fn nanos_since(zero: Timestamp, timestamp: Timestamp, time_base: TimeBase) -> i64 {
    let since = timestamp.ticks().saturating_sub(zero.ticks());
    Timestamp::new(since).nanos(time_base).unwrap_or(0)
}

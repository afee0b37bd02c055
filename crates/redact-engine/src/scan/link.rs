//! The second half of a scan: tracks from what was observed.

use redact_core::{FrameIndex, TimeBase, Timestamp, Track};

use super::error::ScanError;
use super::observed::{ObservedFrame, nanos_since};
use crate::track::{FrameObservations, Moment, Tracker, TrackerOptions};

/// Joins what was observed in all frames of a recording to tracks. Same input, same tracks.
pub struct Linker {
    time_base: TimeBase,
    zero: Timestamp,
    frames: u32,
    end_ticks: i64,
    tracker: Tracker,
}

/// What all frames of a recording give.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedFrames {
    /// Number of frames.
    pub frames: u32,
    /// From the first frame's start to the last frame's end, ticks of the video's time base.
    pub duration_ticks: i64,
    /// Tracks, ordered by id.
    pub tracks: Vec<Track>,
}

impl Linker {
    /// Begins a recording whose first frame is at `zero`.
    #[must_use]
    pub fn new(time_base: TimeBase, zero: Timestamp, options: &TrackerOptions) -> Self {
        Self {
            time_base,
            zero,
            frames: 0,
            end_ticks: zero.ticks(),
            tracker: Tracker::new(options.clone()),
        }
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// [`ScanError::FrameOrder`] when it is another one.
    pub fn add(&mut self, observed: &ObservedFrame) -> Result<(), ScanError> {
        let expected = FrameIndex::new(self.frames);
        if observed.index != expected {
            return Err(ScanError::FrameOrder {
                found: observed.index,
                expected,
            });
        }
        self.frames += 1;
        let end = observed
            .timestamp
            .ticks()
            .saturating_add(observed.duration_ticks);
        self.end_ticks = self.end_ticks.max(end);
        self.tracker.update(&FrameObservations {
            moment: Moment {
                frame: observed.index,
                nanos: nanos_since(self.zero, observed.timestamp, self.time_base),
            },
            motion: observed.motion,
            observations: observed.observations.as_deref(),
        });
        Ok(())
    }

    /// Whole tracks.
    ///
    /// # Errors
    /// [`ScanError::NoFrames`].
    pub fn finish(self) -> Result<LinkedFrames, ScanError> {
        if self.frames == 0 {
            return Err(ScanError::NoFrames);
        }
        Ok(LinkedFrames {
            frames: self.frames,
            duration_ticks: self.end_ticks.saturating_sub(self.zero.ticks()),
            tracks: self.tracker.finish(),
        })
    }
}

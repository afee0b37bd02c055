//! The detectors of a scan.

use redact_core::{CameraMotion, Class, Detector, SpeechDetector};

/// A detector, and how often it runs.
///
/// Between two runs, objects are followed by their own and the camera's motion. It always runs on
/// the first frame.
pub struct ScheduledDetector {
    /// The detector.
    pub detector: Box<dyn Detector>,
    /// What it detects: where several detect one class, their agreement counts.
    pub classes: Vec<Class>,
    /// Least time from one run to the next, nanoseconds; 0 or less is every frame. In time and not
    /// in frames, because neither how far objects move nor what a second of recording may cost
    /// depends on the frame rate.
    pub every_nanos: i64,
}

/// Everything that analyzes a recording.
pub struct DetectorSet {
    /// One set of detectors per worker thread; every set must hold the same ones in the same
    /// order. At least one set; an empty set finds nothing.
    pub workers: Vec<Vec<ScheduledDetector>>,
    /// Estimates camera motion. Without it, nothing is compensated and no cut is detected.
    pub motion: Option<Box<dyn CameraMotion>>,
    /// Detects speech.
    pub speech: Option<Box<dyn SpeechDetector>>,
}

impl DetectorSet {
    /// Least time from one run to the next of each detector, nanoseconds.
    #[must_use]
    pub fn intervals(&self) -> Vec<i64> {
        let first = self.workers.first().into_iter().flatten();
        first.map(|scheduled| scheduled.every_nanos).collect()
    }
}

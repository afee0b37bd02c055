//! The detectors of a scan.

use redact_core::{CameraMotion, Class, Detector, SpeechDetector};

/// A detector, and how often it runs.
///
/// Between two runs, objects are followed by their own and the camera's motion. It always runs on
/// the first frame.
pub struct ScheduledDetector {
    /// Copies of the detector, at least one: as many threads can run it at once. All must detect
    /// the same in the same frame.
    pub instances: Vec<Box<dyn Detector>>,
    /// What it detects: where several detect one class, their agreement counts.
    pub classes: Vec<Class>,
    /// Least time from one run to the next, nanoseconds; 0 or less is every frame. In time and not
    /// in frames, because neither how far objects move nor what a second of recording may cost
    /// depends on the frame rate.
    pub every_nanos: i64,
    /// Whether what it detects depends on the samples of the picture alone. Then it does not run
    /// again while they are the same, bit for bit.
    pub by_samples_alone: bool,
}

/// Everything that analyzes a recording.
pub struct DetectorSet {
    /// The detectors of pictures; none finds nothing.
    pub detectors: Vec<ScheduledDetector>,
    /// Threads that run detectors, at least one.
    pub workers: usize,
    /// Estimates camera motion. Without it, nothing is compensated and no cut is detected.
    pub motion: Option<Box<dyn CameraMotion>>,
    /// Detects speech.
    pub speech: Option<Box<dyn SpeechDetector>>,
}

impl DetectorSet {
    /// Least time from one run to the next of each detector, nanoseconds.
    #[must_use]
    pub fn intervals(&self) -> Vec<i64> {
        let detectors = self.detectors.iter();
        detectors.map(|scheduled| scheduled.every_nanos).collect()
    }

    /// Whether there is a thread, and an instance of each detector.
    pub(super) fn can_run(&self) -> bool {
        let has_instance = |scheduled: &ScheduledDetector| !scheduled.instances.is_empty();
        self.workers > 0 && self.detectors.iter().all(has_instance)
    }
}

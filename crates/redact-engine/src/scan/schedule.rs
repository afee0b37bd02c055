//! When each detector runs.

/// When each detector runs next.
///
/// It depends on the times of the frames alone, so that a part of a recording can be scanned as if
/// all frames before it had been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSchedule {
    /// Least time between two runs, and the time of the last, per detector.
    detectors: Vec<(i64, Option<i64>)>,
}

impl RunSchedule {
    /// No detector has run yet.
    ///
    /// - `intervals`: least time from one run to the next of each detector, nanoseconds.
    #[must_use]
    pub fn new(intervals: &[i64]) -> Self {
        Self::continued(intervals.iter().map(|every| (*every, None)))
    }

    /// Detectors have run before.
    ///
    /// - `detectors`: for each, the least time from one run to the next and the time of its last
    ///   run since the recording's zero, nanoseconds.
    pub fn continued(detectors: impl IntoIterator<Item = (i64, Option<i64>)>) -> Self {
        Self {
            detectors: detectors.into_iter().collect(),
        }
    }

    /// For each detector, the least time from one run to the next and the time of its last run,
    /// nanoseconds.
    #[must_use]
    pub fn last_runs(&self) -> &[(i64, Option<i64>)] {
        &self.detectors
    }

    /// The detectors that run on a frame at `nanos` since the recording's zero.
    pub fn due(&mut self, nanos: i64) -> impl Iterator<Item = usize> {
        let detectors = self.detectors.iter_mut().enumerate();
        detectors.filter_map(move |(detector, (every, last))| {
            // A clock that runs backward is a reason to run.
            let waiting = last.is_some_and(|last| {
                let passed = nanos.saturating_sub(last);
                (0..*every).contains(&passed)
            });
            if waiting {
                return None;
            }
            *last = Some(nanos);
            Some(detector)
        })
    }
}

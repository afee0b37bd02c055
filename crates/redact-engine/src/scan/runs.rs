//! Runs of detectors, shared among the threads that execute them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use redact_core::{Detector, Frame};

use super::detectors::ScheduledDetector;
use super::error::ScanError;
use super::merge::RunResult;

/// One run of one detector.
pub(super) struct DetectorRun {
    pub(super) frame: Arc<Frame>,
    /// Its index in the set.
    pub(super) detector: usize,
}

/// An instance of a detector that no thread uses.
type Instance<'d> = &'d mut Box<dyn Detector>;

/// Runs that wait, in the order of their frames, and the instances that can execute them. A thread
/// takes the first run that has an instance.
pub(super) struct RunQueue<'d> {
    state: Mutex<State<'d>>,
    changed: Condvar,
}

struct State<'d> {
    runs: VecDeque<DetectorRun>,
    /// For each detector.
    idle: Vec<Vec<Instance<'d>>>,
    /// More runs may come.
    is_open: bool,
}

impl<'d> RunQueue<'d> {
    pub(super) fn new(detectors: &'d mut [ScheduledDetector]) -> Self {
        let instances = detectors.iter_mut();
        let idle = instances.map(|scheduled| scheduled.instances.iter_mut().collect());
        Self {
            state: Mutex::new(State {
                runs: VecDeque::new(),
                idle: idle.collect(),
                is_open: true,
            }),
            changed: Condvar::new(),
        }
    }

    // Every change of the state is complete before the lock is given up.
    fn lock(&self) -> MutexGuard<'_, State<'d>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of instances: more threads would never have work.
    pub(super) fn instances(&self) -> usize {
        self.lock().idle.iter().map(Vec::len).sum()
    }

    /// Adds runs, behind those that wait.
    pub(super) fn add(&self, runs: impl IntoIterator<Item = DetectorRun>) {
        self.lock().runs.extend(runs);
        self.changed.notify_all();
    }

    /// No more runs come; those that wait are still executed.
    pub(super) fn finish(&self) {
        self.lock().is_open = false;
        self.changed.notify_all();
    }

    /// No more runs come, and those that wait are not executed.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.is_open = false;
        state.runs.clear();
        drop(state);
        self.changed.notify_all();
    }

    /// Executes runs and passes their results to `each`, until none is left or `each` gives
    /// `false`.
    ///
    /// # Errors
    /// When a detector fails.
    pub(super) fn execute(
        &self,
        mut each: impl FnMut(&Frame, RunResult) -> bool,
    ) -> Result<(), ScanError> {
        while let Some((run, instance)) = self.take() {
            let found = run.execute(instance.as_mut());
            let detector = run.detector;
            self.lock().idle[detector].push(instance);
            self.changed.notify_all();
            if !each(&run.frame, found?) {
                break;
            }
        }
        Ok(())
    }

    fn take(&self) -> Option<(DetectorRun, Instance<'d>)> {
        let mut state = self.lock();
        loop {
            let has_instance = |run: &DetectorRun| !state.idle[run.detector].is_empty();
            if let Some(at) = state.runs.iter().position(has_instance) {
                let run = state.runs.remove(at)?;
                let instance = state.idle[run.detector].pop()?;
                return Some((run, instance));
            }
            if !state.is_open && state.runs.is_empty() {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl DetectorRun {
    fn execute(&self, detector: &mut dyn Detector) -> Result<RunResult, ScanError> {
        let mut results = detector.detect(&[&self.frame])?;
        match (results.pop(), results.len()) {
            (Some(detections), 0) => Ok(RunResult {
                detector: self.detector,
                detections,
            }),
            (last, others) => Err(ScanError::ResultCount {
                found: others + usize::from(last.is_some()),
                expected: 1,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::{
        Class, ColorRange, DetectError, Detection, FrameIndex, Picture, PixelSize, Timestamp,
    };

    struct Nothing;

    impl Detector for Nothing {
        fn detect(&mut self, frames: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError> {
            Ok(frames.iter().map(|_| Vec::new()).collect())
        }
    }

    /// Two detectors with one instance each.
    fn detectors() -> Vec<ScheduledDetector> {
        let scheduled = || ScheduledDetector {
            instances: vec![Box::new(Nothing)],
            classes: vec![Class::Face],
            every_nanos: 0,
            by_samples_alone: true,
        };
        vec![scheduled(), scheduled()]
    }

    fn runs(of: &[(u32, usize)]) -> Vec<DetectorRun> {
        let size = PixelSize::new(2, 2).unwrap();
        let run = |&(index, detector): &(u32, usize)| DetectorRun {
            frame: Arc::new(Frame {
                index: FrameIndex::new(index),
                timestamp: Timestamp::new(0),
                duration_ticks: 1,
                picture: Picture::filled(size, ColorRange::Full, [0, 128, 128]),
            }),
            detector,
        };
        of.iter().map(run).collect()
    }

    /// Goal: a detector that is busy holds up its own runs alone, and these stay in order. Control:
    /// its next run is taken as soon as its instance is back.
    #[test]
    fn a_busy_detector_holds_up_only_its_own_runs() {
        let mut detectors = detectors();
        let queue = RunQueue::new(&mut detectors);
        queue.add(runs(&[(0, 0), (1, 0), (1, 1), (2, 0)]));
        queue.finish();
        let which = |run: &DetectorRun| (run.frame.index.get(), run.detector);
        let (first, busy) = queue.take().unwrap();
        assert_eq!(which(&first), (0, 0));
        assert_eq!(which(&queue.take().unwrap().0), (1, 1));
        queue.lock().idle[0].push(busy);
        let (next, busy) = queue.take().unwrap();
        assert_eq!(which(&next), (1, 0));
        queue.lock().idle[0].push(busy);
        assert_eq!(which(&queue.take().unwrap().0), (2, 0));
        assert!(queue.take().is_none());
    }

    /// Goal: runs that wait are executed after the last one was added, and not after a stop.
    #[test]
    fn runs_that_wait_are_left_only_after_a_stop() {
        let count = |end: fn(&RunQueue<'_>)| {
            let mut detectors = detectors();
            let queue = RunQueue::new(&mut detectors);
            queue.add(runs(&[(0, 0), (0, 1), (1, 0)]));
            end(&queue);
            let mut found = 0;
            let each = |_: &Frame, _: RunResult| {
                found += 1;
                true
            };
            queue.execute(each).unwrap();
            found
        };
        assert_eq!(count(|queue| queue.finish()), 3);
        assert_eq!(count(|queue| queue.stop()), 0);
    }
}

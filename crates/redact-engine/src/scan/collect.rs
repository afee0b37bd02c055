//! Puts together what the stages found in each frame, and passes the frames on in order.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::mpsc::Receiver;

use redact_core::{Class, Detection, FrameIndex, Motion, Phase, Progress, Timestamp};

use super::error::ScanError;
use super::merge::{RunResult, merge_detections};
use super::observed::ObservedFrame;
use super::window::Window;

/// What a stage reports.
pub(super) enum Event {
    /// A frame was read: the first event about it.
    Frame(Announced),
    /// A detector ran on a frame.
    Ran(FrameIndex, RunResult),
    /// How the picture moved into a frame.
    Moved(FrameIndex, Motion),
    /// Speech was looked for in a piece of sound.
    Listened,
    /// A stage failed.
    Failed(ScanError),
}

/// A frame, and what will be found in it.
pub(super) struct Announced {
    pub(super) index: FrameIndex,
    pub(super) timestamp: Timestamp,
    pub(super) duration_ticks: i64,
    /// Bytes of its picture.
    pub(super) bytes: usize,
    /// Whether it is passed on, or only compared with the next one.
    pub(super) is_observed: bool,
    /// Number of detectors that run on it.
    pub(super) runs: usize,
    /// Detectors that would only repeat their last run.
    pub(super) repeated: Vec<usize>,
    /// Whether camera motion is estimated.
    pub(super) has_motion: bool,
}

/// A frame that is not complete.
struct Pending {
    frame: Announced,
    results: Vec<RunResult>,
    motion: Option<Motion>,
}

impl Pending {
    const fn is_complete(&self) -> bool {
        self.results.len() == self.frame.runs && self.motion.is_some()
    }
}

/// Collects the results of all stages.
pub(super) struct Collector<'a> {
    /// What each detector detects.
    classes: &'a [Vec<Class>],
    window: &'a Window,
    /// Frames to observe, if known.
    total: Option<u64>,
    /// Frames passed on.
    done: u64,
    /// Frames that are not complete, and those behind them.
    pending: VecDeque<Pending>,
    /// What each detector found last, in the frames that are complete.
    last: Vec<Vec<Detection>>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(classes: &'a [Vec<Class>], window: &'a Window, total: Option<u64>) -> Self {
        Self {
            classes,
            window,
            total,
            done: 0,
            pending: VecDeque::new(),
            last: vec![Vec::new(); classes.len()],
        }
    }

    /// Passes complete frames to `each`, in order, until no stage reports anything more.
    ///
    /// # Errors
    /// What a stage or `each` failed with; [`ScanError::Cancelled`].
    pub(super) fn collect(
        mut self,
        events: &Receiver<Event>,
        each: &mut dyn FnMut(ObservedFrame) -> Result<(), ScanError>,
        progress: &dyn Progress,
    ) -> Result<(), ScanError> {
        for event in events {
            match event {
                Event::Frame(frame) => {
                    let motion = (!frame.has_motion).then_some(Motion::Unknown);
                    self.pending.push_back(Pending {
                        results: Vec::with_capacity(frame.runs),
                        frame,
                        motion,
                    });
                }
                Event::Ran(index, result) => self.pending(index).results.push(result),
                Event::Moved(index, motion) => self.pending(index).motion = Some(motion),
                Event::Listened => self.report(progress)?,
                Event::Failed(error) => return Err(error),
            }
            while self.pending.front().is_some_and(Pending::is_complete) {
                if let Some(frame) = self.pending.pop_front() {
                    self.pass_on(frame, each)?;
                    self.report(progress)?;
                }
            }
        }
        assert!(
            self.pending.is_empty(),
            "every stage reports on every frame"
        );
        Ok(())
    }

    fn pending(&mut self, index: FrameIndex) -> &mut Pending {
        let first = self.pending.front().map(|pending| pending.frame.index);
        let first = first.expect("a frame that is analyzed is pending");
        &mut self.pending[(index.get() - first.get()) as usize]
    }

    fn pass_on(
        &mut self,
        pending: Pending,
        each: &mut dyn FnMut(ObservedFrame) -> Result<(), ScanError>,
    ) -> Result<(), ScanError> {
        let Pending {
            frame,
            mut results,
            motion,
        } = pending;
        for result in &results {
            self.last[result.detector].clone_from(&result.detections);
        }
        results.extend(frame.repeated.iter().map(|&detector| RunResult {
            detector,
            detections: self.last[detector].clone(),
        }));
        self.window.leave(frame.bytes);
        if !frame.is_observed {
            return Ok(());
        }
        self.done += 1;
        let any_ran = !results.is_empty();
        each(ObservedFrame {
            index: frame.index,
            timestamp: frame.timestamp,
            duration_ticks: frame.duration_ticks,
            motion: motion.unwrap_or(Motion::Unknown),
            observations: any_ran
                .then(|| merge_detections(&results, |detector| &self.classes[detector])),
        })
    }

    fn report(&self, progress: &dyn Progress) -> Result<(), ScanError> {
        match progress.advance(Phase::Scan, self.done, self.total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ScanError::Cancelled),
        }
    }
}

//! The stage that reads a recording and hands its frames and sound to the stages that analyze
//! them.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use redact_core::{
    AudioBlock, Frame, FrameIndex, MediaItem, Source, SourceDiagnostics, TimeBase, Timestamp,
};

use super::collect::{Announced, Event};
use super::error::ScanError;
use super::observed::nanos_since;
use super::runs::{DetectorRun, RunQueue};
use super::schedule::RunSchedule;
use super::window::Window;
use crate::queue;

/// Reads a recording, in order, on a thread of its own.
pub(super) struct Feeder<'a, 'd> {
    pub(super) time_base: TimeBase,
    pub(super) zero: Timestamp,
    /// The frame that comes next.
    pub(super) next: FrameIndex,
    /// The first frame that is observed.
    pub(super) start: FrameIndex,
    pub(super) schedule: RunSchedule,
    pub(super) repeats: Repeats,
    pub(super) window: &'a Window,
    pub(super) runs: &'a RunQueue<'d>,
    pub(super) events: Sender<Event>,
    /// Where camera motion is estimated, if it is.
    pub(super) motion: Option<Sender<Arc<Frame>>>,
    /// Where speech is detected, if it is.
    pub(super) sounds: Option<queue::Sender<AudioBlock>>,
}

impl Feeder<'_, '_> {
    /// Reads `source` to its end, or until the other stages stop. Gives when detectors ran last.
    ///
    /// # Errors
    /// Those of the source; [`ScanError::FrameOrder`].
    pub(super) fn run(
        mut self,
        mut source: Box<dyn Source>,
    ) -> Result<(SourceDiagnostics, RunSchedule), ScanError> {
        while let Some(item) = source.next_item()? {
            let bytes = item.bytes();
            let goes_on = match item {
                MediaItem::Frame(frame) => self.pass_frame(frame, bytes)?,
                MediaItem::Audio(block) => match &self.sounds {
                    Some(sounds) => sounds.send(block, bytes).is_ok(),
                    None => true,
                },
                // The source lets none through.
                MediaItem::Coded(_) | MediaItem::CodedSound(_) => true,
            };
            if !goes_on {
                break; // Another stage stopped, and it has the cause.
            }
        }
        Ok((source.diagnostics(), self.schedule))
    }

    /// Hands out one frame; `false` when nobody takes it.
    fn pass_frame(&mut self, frame: Frame, bytes: usize) -> Result<bool, ScanError> {
        if frame.index != self.next {
            return Err(ScanError::FrameOrder {
                found: frame.index,
                expected: self.next,
            });
        }
        self.next = self.next.next();
        // The frame before the first is needed for camera motion, and no earlier one.
        if self.next < self.start {
            return Ok(true);
        }
        if !self.window.enter(bytes) {
            return Ok(false);
        }
        let frame = Arc::new(frame);
        let is_observed = frame.index >= self.start;
        let (mut run, mut repeated) = (Vec::new(), Vec::new());
        self.repeats.compare(&frame);
        if is_observed {
            let nanos = nanos_since(self.zero, frame.timestamp, self.time_base);
            for detector in self.schedule.due(nanos) {
                if self.repeats.take(detector) {
                    repeated.push(detector);
                } else {
                    run.push(detector);
                }
            }
        }
        let announced = Announced {
            index: frame.index,
            timestamp: frame.timestamp,
            duration_ticks: frame.duration_ticks,
            bytes,
            is_observed,
            runs: run.len(),
            repeated,
            has_motion: self.motion.is_some(),
        };
        if self.events.send(Event::Frame(announced)).is_err() {
            return Ok(false);
        }
        if let Some(motion) = &self.motion
            && motion.send(Arc::clone(&frame)).is_err()
        {
            return Ok(false);
        }
        self.runs.add(run.into_iter().map(|detector| DetectorRun {
            frame: Arc::clone(&frame),
            detector,
        }));
        Ok(true)
    }
}

/// Which detectors would only repeat what they found: those that depend on the samples of a
/// picture alone, while these are the same, bit for bit.
pub(super) struct Repeats {
    /// Per detector, whether it depends on the samples alone.
    by_samples_alone: Vec<bool>,
    /// Per detector, whether all pictures since its last run have the same samples.
    is_same: Vec<bool>,
    previous: Option<Arc<Frame>>,
}

impl Repeats {
    /// No detector has run yet.
    pub(super) fn new(by_samples_alone: Vec<bool>) -> Self {
        Self {
            is_same: vec![false; by_samples_alone.len()],
            by_samples_alone,
            previous: None,
        }
    }

    /// Compares the next frame with the one before it.
    fn compare(&mut self, frame: &Arc<Frame>) {
        let same = self
            .previous
            .as_ref()
            .is_some_and(|previous| previous.picture.has_samples_of(&frame.picture));
        if !same {
            self.is_same.fill(false);
        }
        self.previous = Some(Arc::clone(frame));
    }

    /// Whether a detector that is due on the frame would repeat its last run.
    fn take(&mut self, detector: usize) -> bool {
        let known = std::mem::replace(&mut self.is_same[detector], true);
        known && self.by_samples_alone[detector]
    }
}

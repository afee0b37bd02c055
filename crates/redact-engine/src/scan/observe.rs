//! The first half of a scan: decode and detect, frame by frame.
//!
//! A batch of frames is shared among the workers, each with its own set of models, while camera
//! motion is estimated frame after frame and speech is detected on threads beside them. What is
//! observed in a frame depends on this frame, on the one before it and on the times of all frames
//! before it, and so can be observed in parts.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use redact_core::{
    AudioBlock, CameraMotion, Class, DetectError, Frame, FrameIndex, MediaItem, Motion, Phase,
    Progress, Source, SourceDiagnostics, SourceError, SourceInfo, TimeBase, Timestamp,
};

use super::detectors::{DetectorSet, ScheduledDetector};
use super::error::ScanError;
use super::merge::{DetectorRun, RunResult, merge_detections};
use super::schedule::RunSchedule;
use crate::decode;
use crate::queue::Receiver;
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

/// Which frames are observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedPart {
    /// The first frame that the source delivers; earlier than `start`, or both are the recording's
    /// first.
    pub decoded_from: FrameIndex,
    /// The first frame that is observed.
    pub start: FrameIndex,
    /// The first frame that is not; `None` for the recording's end.
    pub end: Option<FrameIndex>,
    /// When detectors ran last before `start`.
    pub schedule: RunSchedule,
}

impl ObservedPart {
    /// The whole recording.
    ///
    /// - `intervals`: those of the detectors, [`DetectorSet::intervals`].
    #[must_use]
    pub fn whole(intervals: &[i64]) -> Self {
        Self {
            decoded_from: FrameIndex::ZERO,
            start: FrameIndex::ZERO,
            end: None,
            schedule: RunSchedule::new(intervals),
        }
    }
}

/// How observing ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ObserveReport {
    /// Diagnostics of the source: damage, and pictures of another size.
    pub diagnostics: SourceDiagnostics,
    /// When detectors ran last.
    pub schedule: RunSchedule,
}

/// Observes the frames of `part` and passes them to `each` in order. Speech is detected in all
/// sound of the source; the caller finishes its detector.
///
/// # Errors
/// The first cause: see [`ScanError`]. Damage is never mistaken for the recording's end.
pub fn observe(
    source: Box<dyn Source>,
    detectors: &mut DetectorSet,
    part: ObservedPart,
    each: &mut dyn FnMut(ObservedFrame) -> Result<(), ScanError>,
    progress: &dyn Progress,
) -> Result<ObserveReport, ScanError> {
    if detectors.workers.is_empty() {
        return Err(ScanError::NoWorkers);
    }
    let (found, expected) = (part.schedule.last_runs().len(), detectors.intervals().len());
    if found != expected {
        return Err(ScanError::LastRuns { found, expected });
    }
    let video = &source.info().video;
    let last = part.end.map(|end| u64::from(end.get()));
    let first = u64::from(part.start.get());
    let mut pass = ObservePass {
        time_base: video.time_base,
        zero: video.first_timestamp,
        total: last
            .or(video.frames_hint)
            .map(|last| last.saturating_sub(first)),
        next: part.decoded_from,
        start: part.start,
        schedule: part.schedule,
    };
    let source: Box<dyn Source> = match part.end {
        Some(end) => Box::new(UpTo {
            source,
            end,
            has_ended: false,
        }),
        None => source,
    };
    let diagnostics = thread::scope(|scope| {
        let (decoded, decoder) =
            decode::spawn_decoded(scope, "decode", source).map_err(ScanError::Thread)?;
        let analyzed = pass.analyze_all(&decoded, detectors, each, progress);
        drop(decoded);
        // When that failed, the decoder only saw its receiver dropped.
        analyzed?;
        Ok::<SourceDiagnostics, ScanError>(decode::join(decoder)?)
    })?;
    Ok(ObserveReport {
        diagnostics,
        schedule: pass.schedule,
    })
}

/// A recording that ends before a frame.
struct UpTo {
    source: Box<dyn Source>,
    end: FrameIndex,
    has_ended: bool,
}

impl Source for UpTo {
    fn info(&self) -> &SourceInfo {
        self.source.info()
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        while !self.has_ended {
            match self.source.next_item()? {
                Some(MediaItem::Frame(frame)) if frame.index >= self.end => self.has_ended = true,
                item => return Ok(item),
            }
        }
        Ok(None)
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        self.source.diagnostics()
    }
}

/// One pass over a recording, or a part of it.
struct ObservePass {
    time_base: TimeBase,
    zero: Timestamp,
    /// Frames to observe, if known.
    total: Option<u64>,
    /// The frame that comes next.
    next: FrameIndex,
    /// The first frame that is observed.
    start: FrameIndex,
    schedule: RunSchedule,
}

impl ObservePass {
    fn analyze_all(
        &mut self,
        decoded: &Receiver<MediaItem>,
        detectors: &mut DetectorSet,
        each: &mut dyn FnMut(ObservedFrame) -> Result<(), ScanError>,
        progress: &dyn Progress,
    ) -> Result<(), ScanError> {
        while let Some(batch) = decoded.recv_many() {
            let mut frames = Vec::new();
            let mut sounds = Vec::new();
            for item in batch {
                match item {
                    MediaItem::Frame(frame) => frames.push(frame),
                    MediaItem::Audio(block) => sounds.push(block),
                    // The stage that decodes lets none through.
                    MediaItem::Coded(_) | MediaItem::CodedSound(_) => {}
                }
            }
            self.check_order(&frames)?;
            // The frame before the first is needed for camera motion, and no earlier one.
            frames.retain(|frame| frame.index.next() >= self.start);
            let runs = self.runs(&frames);
            let (observations, motions) = analyze_batch(&frames, &sounds, detectors, &runs)?;
            for ((frame, observations), motion) in frames.iter().zip(observations).zip(motions) {
                if frame.index >= self.start {
                    each(ObservedFrame {
                        index: frame.index,
                        timestamp: frame.timestamp,
                        duration_ticks: frame.duration_ticks,
                        motion,
                        observations,
                    })?;
                }
            }
            let done = self.next.get().saturating_sub(self.start.get());
            let go_on = progress.advance(Phase::Scan, u64::from(done), self.total);
            if go_on == ControlFlow::Break(()) {
                return Err(ScanError::Cancelled);
            }
        }
        Ok(())
    }

    fn check_order(&mut self, frames: &[Frame]) -> Result<(), ScanError> {
        for frame in frames {
            if frame.index != self.next {
                return Err(ScanError::FrameOrder {
                    found: frame.index,
                    expected: self.next,
                });
            }
            self.next = self.next.next();
        }
        Ok(())
    }

    /// Which detectors run on which frames of a batch.
    fn runs(&mut self, frames: &[Frame]) -> Vec<DetectorRun> {
        let mut runs = Vec::new();
        for (frame, shown) in frames.iter().enumerate() {
            if shown.index >= self.start {
                let nanos = nanos_since(self.zero, shown.timestamp, self.time_base);
                let due = self.schedule.due(nanos);
                runs.extend(due.map(|detector| DetectorRun { frame, detector }));
            }
        }
        runs
    }
}

/// Nanoseconds since the recording's zero; times that no clock can hold stay at zero.
#[must_use]
pub fn nanos_since(zero: Timestamp, timestamp: Timestamp, time_base: TimeBase) -> i64 {
    let since = timestamp.ticks().saturating_sub(zero.ticks());
    Timestamp::new(since).nanos(time_base).unwrap_or(0)
}

/// Observations in a batch, frame by frame (`None`: no detector ran), and motion into each frame.
type BatchResult = (Vec<Option<Vec<Observation>>>, Vec<Motion>);

/// Runs all detectors, camera motion and speech on one batch at once.
fn analyze_batch(
    frames: &[Frame],
    sounds: &[AudioBlock],
    detectors: &mut DetectorSet,
    runs: &[DetectorRun],
) -> Result<BatchResult, ScanError> {
    let next = AtomicUsize::new(0);
    let DetectorSet {
        workers,
        motion,
        speech,
    } = detectors;
    // Every worker holds the same detectors.
    let classes: Vec<Vec<Class>> = workers[0]
        .iter()
        .map(|scheduled| scheduled.classes.clone())
        .collect();
    thread::scope(|scope| {
        let mut handles = Vec::with_capacity(workers.len());
        // No more threads than there is work: a batch may be a single frame.
        for detectors in workers.iter_mut().take(runs.len()) {
            let next = &next;
            let handle = thread::Builder::new()
                .name("detect".into())
                .spawn_scoped(scope, move || detect_stage(frames, runs, next, detectors))
                .map_err(ScanError::Thread)?;
            handles.push(handle);
        }
        let motions = match motion.as_deref_mut().filter(|_| !frames.is_empty()) {
            None => None,
            Some(camera) => Some(
                thread::Builder::new()
                    .name("motion".into())
                    .spawn_scoped(scope, move || motion_stage(frames, camera))
                    .map_err(ScanError::Thread)?,
            ),
        };
        let speech_done = match speech.as_deref_mut() {
            None => Ok(()),
            Some(detector) => sounds.iter().try_for_each(|block| detector.listen(block)),
        };
        let mut results: Vec<Vec<RunResult>> = frames.iter().map(|_| Vec::new()).collect();
        let mut failed = Ok(());
        for handle in handles {
            match decode::join(handle) {
                Ok(found) => {
                    for result in found {
                        results[result.run.frame].push(result);
                    }
                }
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        let motions = motions.map_or_else(|| Ok(vec![Motion::Unknown; frames.len()]), decode::join);
        speech_done?;
        failed?;
        let observations = results.iter().map(|of_frame| {
            let any_ran = !of_frame.is_empty();
            any_ran.then(|| merge_detections(of_frame, |detector| &classes[detector]))
        });
        Ok((observations.collect(), motions?))
    })
}

/// Executes detector runs until none is left; `next` returns them.
fn detect_stage(
    frames: &[Frame],
    runs: &[DetectorRun],
    next: &AtomicUsize,
    detectors: &mut [ScheduledDetector],
) -> Result<Vec<RunResult>, ScanError> {
    let mut found = Vec::new();
    while let Some(&run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
        let detector = &mut detectors[run.detector].detector;
        let mut results = detector.detect(&[&frames[run.frame]])?;
        match (results.pop(), results.len()) {
            (Some(detections), 0) => found.push(RunResult { run, detections }),
            (last, others) => {
                return Err(ScanError::ResultCount {
                    found: others + usize::from(last.is_some()),
                    expected: 1,
                });
            }
        }
    }
    Ok(found)
}

fn motion_stage(frames: &[Frame], camera: &mut dyn CameraMotion) -> Result<Vec<Motion>, ScanError> {
    let motions: Result<Vec<Motion>, DetectError> =
        frames.iter().map(|frame| camera.advance(frame)).collect();
    Ok(motions?)
}

//! The first half of a scan: decode and detect, frame by frame.
//!
//! One thread reads the recording; others run the detectors, estimate camera motion frame after
//! frame and detect speech; the caller's thread puts the results together in order. No stage waits
//! for a frame to be complete: a detector starts on a frame while others still run on earlier
//! ones. What is observed in a frame depends on this frame, on the one before it and on the times
//! of all frames before it, and so can be observed in parts.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{Builder, Scope, ScopedJoinHandle, panicking, scope};

use redact_core::{
    AudioBlock, CameraMotion, Class, Frame, FrameIndex, MediaItem, Progress, Source,
    SourceDiagnostics, SourceError, SourceInfo, SpeechDetector,
};

use super::collect::{Collector, Event};
use super::detectors::DetectorSet;
use super::error::ScanError;
use super::feed::{Feeder, Repeats};
use super::observed::ObservedFrame;
use super::runs::RunQueue;
use super::schedule::RunSchedule;
use super::window::Window;
use crate::decode;
use crate::queue;

/// Bytes of pictures that are analyzed at once: ten of 1080p, so that all threads have work while
/// one detector takes long.
const PICTURE_BYTES_MAX: usize = 32 << 20;

/// Bytes of sound in which speech is still to be detected.
const SOUND_BYTES_MAX: usize = 4 << 20;

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
    if !detectors.can_run() {
        return Err(ScanError::NoWorkers);
    }
    let (found, expected) = (part.schedule.last_runs().len(), detectors.intervals().len());
    if found != expected {
        return Err(ScanError::LastRuns { found, expected });
    }
    let last = part.end.map(|end| u64::from(end.get()));
    let first = u64::from(part.start.get());
    let total = last
        .or(source.info().video.frames_hint)
        .map(|last| last.saturating_sub(first));
    let source: Box<dyn Source> = match part.end {
        Some(end) => Box::new(UpTo {
            source,
            end,
            has_ended: false,
        }),
        None => source,
    };
    let set = detectors.detectors.iter();
    let classes: Vec<Vec<Class>> = set.clone().map(|of| of.classes.clone()).collect();
    let by_samples_alone = set.map(|of| of.by_samples_alone).collect();
    let stages = Stages {
        window: Window::new(PICTURE_BYTES_MAX),
        runs: RunQueue::new(&mut detectors.detectors),
    };
    let (events, reports) = mpsc::channel();
    let mut threads = Threads {
        stages: &stages,
        workers: detectors.workers,
        motion: detectors.motion.as_deref_mut(),
        speech: detectors.speech.as_deref_mut(),
        events,
    };
    scope(|scope| {
        let started = threads.start(scope, source, part, by_samples_alone);
        drop(threads);
        let collector = Collector::new(&classes, &stages.window, total);
        let collected = started.and_then(|reader| {
            collector.collect(&reports, each, progress)?;
            Ok(reader)
        });
        if collected.is_err() {
            stages.stop();
        }
        drop(reports);
        let (diagnostics, schedule) = decode::join(collected?)?;
        Ok(ObserveReport {
            diagnostics,
            schedule,
        })
    })
}

/// What the stages share.
struct Stages<'d> {
    window: Window,
    runs: RunQueue<'d>,
}

impl Stages<'_> {
    /// Ends all stages soon.
    fn stop(&self) {
        self.window.close();
        self.runs.stop();
    }
}

/// Ends all stages when the thread that holds it panics: the others would wait for its results
/// forever.
struct StopOnPanic<'a, 'd>(&'a Stages<'d>);

impl Drop for StopOnPanic<'_, '_> {
    fn drop(&mut self) {
        if panicking() {
            self.0.stop();
        }
    }
}

/// The result of the thread that reads.
type Reader<'scope> = ScopedJoinHandle<'scope, Result<(SourceDiagnostics, RunSchedule), ScanError>>;

/// Starts the threads of all stages.
struct Threads<'a, 'd> {
    stages: &'a Stages<'d>,
    workers: usize,
    motion: Option<&'a mut (dyn CameraMotion + 'static)>,
    speech: Option<&'a mut (dyn SpeechDetector + 'static)>,
    events: Sender<Event>,
}

impl<'a, 'd> Threads<'a, 'd> {
    /// Starts them; gives the one that reads `source`.
    fn start<'scope>(
        &mut self,
        scope: &'scope Scope<'scope, 'a>,
        source: Box<dyn Source>,
        part: ObservedPart,
        by_samples_alone: Vec<bool>,
    ) -> Result<Reader<'scope>, ScanError> {
        let video = &source.info().video;
        let (time_base, zero) = (video.time_base, video.first_timestamp);
        let stages = self.stages;
        let workers = self.workers.min(stages.runs.instances());
        for _ in 0..workers {
            let events = self.events.clone();
            self.spawn(scope, "detect", move || {
                detect_stage(&stages.runs, &events);
            })?;
        }
        let motion = self.motion.take().map(|camera| {
            let (sender, frames) = mpsc::channel();
            let events = self.events.clone();
            let run = move || motion_stage(&frames, camera, &events);
            self.spawn(scope, "motion", run).map(|_| sender)
        });
        let sounds = self.speech.take().map(|detector| {
            let (sender, blocks) = queue::bounded(SOUND_BYTES_MAX);
            let events = self.events.clone();
            let run = move || speech_stage(&blocks, detector, &events);
            self.spawn(scope, "speech", run).map(|_| sender)
        });
        let feeder = Feeder {
            time_base,
            zero,
            next: part.decoded_from,
            start: part.start,
            schedule: part.schedule,
            repeats: Repeats::new(by_samples_alone),
            window: &stages.window,
            runs: &stages.runs,
            events: self.events.clone(),
            motion: motion.transpose()?,
            sounds: sounds.transpose()?,
        };
        self.spawn(scope, "decode", move || {
            let ended = feeder.run(decode::only_decoded(source));
            stages.runs.finish();
            ended
        })
    }

    fn spawn<'scope, T: Send + 'scope>(
        &self,
        scope: &'scope Scope<'scope, 'a>,
        name: &str,
        run: impl FnOnce() -> T + Send + 'scope,
    ) -> Result<ScopedJoinHandle<'scope, T>, ScanError>
    where
        'a: 'scope,
    {
        let stages = self.stages;
        let guarded = move || {
            let _guard = StopOnPanic(stages);
            run()
        };
        let named = Builder::new().name(name.into());
        named
            .spawn_scoped(scope, guarded)
            .map_err(ScanError::Thread)
    }
}

fn detect_stage(runs: &RunQueue<'_>, events: &Sender<Event>) {
    let ran = runs.execute(|frame, result| events.send(Event::Ran(frame.index, result)).is_ok());
    if let Err(error) = ran {
        // A closed channel: the receiver stopped for another reason.
        drop(events.send(Event::Failed(error)));
    }
}

fn motion_stage(
    frames: &Receiver<Arc<Frame>>,
    camera: &mut dyn CameraMotion,
    events: &Sender<Event>,
) {
    for frame in frames {
        let event = match camera.advance(&frame) {
            Ok(motion) => Event::Moved(frame.index, motion),
            Err(error) => Event::Failed(error.into()),
        };
        let failed = matches!(event, Event::Failed(_));
        if events.send(event).is_err() || failed {
            break;
        }
    }
}

fn speech_stage(
    blocks: &queue::Receiver<AudioBlock>,
    detector: &mut dyn SpeechDetector,
    events: &Sender<Event>,
) {
    while let Some(block) = blocks.recv() {
        let listened = detector.listen(&block);
        let failed = listened.is_err();
        let event = listened.map_or_else(|error| Event::Failed(error.into()), |()| Event::Listened);
        if events.send(event).is_err() || failed {
            break;
        }
    }
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

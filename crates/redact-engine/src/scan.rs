//! The scan job: decode, detect, track.
//!
//! A batch of frames is shared among the workers, each with its own set of models, while camera
//! motion is estimated frame after frame and speech is detected on threads beside them. The tracker
//! then gets everything in order on the caller's thread, so that the result does not depend on the
//! number of workers.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use redact_core::{
    AudioBlock, CameraMotion, Class, DetectError, Detection, Detector, Frame, FrameIndex,
    MediaItem, Motion, NormRect, Phase, Progress, Source, SourceDiagnostics, SourceError,
    SpeechByTrack, SpeechDetector, TimeBase, Timestamp, Track,
};

use crate::decode;
use crate::queue::Receiver;
use crate::track::{FrameObservations, Moment, Observation, Tracker, TrackerOptions};

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

/// How a scan makes tracks of detections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScanOptions {
    /// How detections become tracks.
    pub tracker: TrackerOptions,
}

/// What a scan found.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanReport {
    /// Frames, counted by decoding all of them.
    pub frames: u32,
    /// From the first frame's start to the last frame's end, ticks of the video's time base.
    pub duration_ticks: i64,
    /// Tracks, ordered by id.
    pub tracks: Vec<Track>,
    /// Where somebody speaks; `None` when no speech detector ran.
    pub speech: Option<SpeechByTrack>,
    /// Diagnostics of its source: damage, and pictures of another size.
    pub diagnostics: SourceDiagnostics,
}

/// Why a scan stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The recording could not be read to its end.
    #[error("cannot read the recording")]
    Source(#[from] SourceError),
    /// A model failed.
    #[error("cannot detect faces, plates and screens")]
    Detect(#[from] DetectError),
    /// A detector returned results for another number of frames than it was given.
    #[error("a detector returned results for {found} frames, expected {expected}")]
    ResultCount {
        /// Results.
        found: usize,
        /// Frames.
        expected: usize,
    },
    /// No set of detectors was given.
    #[error("no detectors configured")]
    NoWorkers,
    /// The source did not number its frames one by one.
    #[error("frames out of order: found frame {found}, expected frame {expected}")]
    FrameOrder {
        /// The frame that came.
        found: FrameIndex,
        /// The frame that was expected.
        expected: FrameIndex,
    },
    /// There is sound or nothing, but no picture.
    #[error("the recording has no video frames")]
    NoFrames,
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// Finds what may have to be hidden in `source`.
///
/// # Errors
/// The first cause: see [`ScanError`]. Damage is never mistaken for the recording's end.
pub fn scan(
    source: Box<dyn Source>,
    mut detectors: DetectorSet,
    options: &ScanOptions,
    progress: &dyn Progress,
) -> Result<ScanReport, ScanError> {
    if detectors.workers.is_empty() {
        return Err(ScanError::NoWorkers);
    }
    let video = &source.info().video;
    let mut pass = Pass {
        time_base: video.time_base,
        first: video.first_timestamp,
        total: video.frames_hint,
        schedule: Schedule::new(&detectors.workers[0]),
        frames: 0,
        end_ticks: video.first_timestamp.ticks(),
        tracker: Tracker::new(options.tracker.clone()),
    };
    let diagnostics = thread::scope(|scope| {
        let (decoded, decoder) =
            decode::spawn_decoded(scope, "decode", source).map_err(ScanError::Thread)?;
        let analyzed = pass.analyze_all(&decoded, &mut detectors, progress);
        drop(decoded);
        // When that failed, the decoder only saw its receiver dropped.
        analyzed?;
        Ok::<SourceDiagnostics, ScanError>(decode::join(decoder)?)
    })?;
    if pass.frames == 0 {
        return Err(ScanError::NoFrames);
    }
    let speech = match detectors.speech.as_mut() {
        Some(speech) => Some(speech.finish()?),
        None => None,
    };
    Ok(ScanReport {
        frames: pass.frames,
        duration_ticks: pass.end_ticks.saturating_sub(pass.first.ticks()),
        tracks: pass.tracker.finish(),
        speech,
        diagnostics,
    })
}

/// One history through a recording.
struct Pass {
    time_base: TimeBase,
    first: Timestamp,
    total: Option<u64>,
    schedule: Schedule,
    frames: u32,
    end_ticks: i64,
    tracker: Tracker,
}

impl Pass {
    fn analyze_all(
        &mut self,
        decoded: &Receiver<MediaItem>,
        detectors: &mut DetectorSet,
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
            let runs = self.runs(&frames);
            let (observations, motions) = analyze_batch(&frames, &sounds, detectors, &runs)?;
            for ((frame, found), motion) in frames.iter().zip(&observations).zip(motions) {
                self.tracker.update(&FrameObservations {
                    moment: Moment {
                        frame: frame.index,
                        nanos: self.nanos(frame.timestamp),
                    },
                    motion,
                    observations: found.as_deref(),
                });
            }
            let done = u64::from(self.frames);
            let go_on = progress.advance(Phase::Scan, done, self.total);
            if go_on == ControlFlow::Break(()) {
                return Err(ScanError::Cancelled);
            }
        }
        Ok(())
    }

    fn check_order(&mut self, frames: &[Frame]) -> Result<(), ScanError> {
        for frame in frames {
            let expected = FrameIndex::new(self.frames);
            if frame.index != expected {
                return Err(ScanError::FrameOrder {
                    found: frame.index,
                    expected,
                });
            }
            self.frames += 1;
            let end = frame.timestamp.ticks().saturating_add(frame.duration_ticks);
            self.end_ticks = self.end_ticks.max(end);
        }
        Ok(())
    }

    /// Which detectors run on which frames of a batch.
    fn runs(&mut self, frames: &[Frame]) -> Vec<DetectorRun> {
        let mut runs = Vec::new();
        for (frame, shown) in frames.iter().enumerate() {
            let nanos = self.nanos(shown.timestamp);
            let due = self.schedule.due(nanos);
            runs.extend(due.map(|detector| DetectorRun { frame, detector }));
        }
        runs
    }

    /// Nanoseconds since the recording's zero; times that no clock can hold stay at zero.
    fn nanos(&self, timestamp: Timestamp) -> i64 {
        let since = timestamp.ticks().saturating_sub(self.first.ticks());
        Timestamp::new(since).nanos(self.time_base).unwrap_or(0)
    }
}

/// One run of one detector on one frame of a batch; both are indexes in their lists.
#[derive(Clone, Copy, Debug, PartialEq)]
struct DetectorRun {
    frame: usize,
    detector: usize,
}

/// When each detector runs next.
struct Schedule {
    /// Least time between two runs, and the time of the last, per detector.
    detectors: Vec<(i64, Option<i64>)>,
}

impl Schedule {
    fn new(detectors: &[ScheduledDetector]) -> Self {
        let detectors = detectors.iter();
        let detectors = detectors.map(|scheduled| (scheduled.every_nanos, None));
        Self {
            detectors: detectors.collect(),
        }
    }

    /// The detectors that run on a frame at `nanos`.
    fn due(&mut self, nanos: i64) -> impl Iterator<Item = usize> {
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

/// Observations in a batch, frame by frame (`None`: no detector ran), and motion into each frame.
type BatchResult = (Vec<Option<Vec<Observation>>>, Vec<Motion>);

/// What one run of a detector found.
struct RunResult {
    run: DetectorRun,
    detections: Vec<Detection>,
}

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

/// Two boxes of one class that overlap this much are one object, detected by two models.
const SAME_OBJECT_IOU: f32 = 0.5;

/// Two models whose boxes overlap this much agree, even where both boxes are returned.
const AGREED_IOU: f32 = 0.3;

/// Merges what the detectors found in one frame: of boxes of one object the one with the highest
/// score stays, with how many detectors of its class ran and how many of them agree. The order is
/// by score, then place, so that it does not depend on the order of the results.
fn merge_detections<'a>(
    results: &[RunResult],
    classes_of: impl Fn(usize) -> &'a [Class],
) -> Vec<Observation> {
    let mut all: Vec<(usize, Detection)> = results
        .iter()
        .flat_map(|result| {
            let detections = result.detections.iter();
            detections.map(|detection| (result.run.detector, *detection))
        })
        .filter(|(_, detection)| detection.score.is_finite())
        .collect();
    all.sort_by(|(a_detector, a), (b_detector, b)| {
        let place = |detection: &Detection| detection.rect.sides().map(f32::to_bits);
        b.score
            .total_cmp(&a.score)
            .then(a.class.cmp(&b.class))
            .then(place(a).cmp(&place(b)))
            .then(a_detector.cmp(b_detector))
    });
    let mut best: Vec<(usize, Detection)> = Vec::with_capacity(all.len());
    // Beside each, the area of all boxes that are the same object.
    let mut areas: Vec<NormRect> = Vec::with_capacity(all.len());
    for &(detector, detection) in &all {
        let known = best.iter().position(|(_, other)| {
            other.class == detection.class && other.rect.iou(detection.rect) > SAME_OBJECT_IOU
        });
        match known {
            Some(at) => areas[at] = areas[at].hull(detection.rect),
            None => {
                best.push((detector, detection));
                areas.push(detection.rect);
            }
        }
    }
    let ran: Vec<usize> = results.iter().map(|result| result.run.detector).collect();
    let observations = best.into_iter().zip(areas).map(|((by, detection), area)| {
        let peers = ran
            .iter()
            .filter(|&&peer| peer != by && classes_of(peer).contains(&detection.class));
        let agrees = |peer: usize| {
            all.iter().any(|(of, other)| {
                *of == peer
                    && other.class == detection.class
                    && other.rect.iou(detection.rect) > AGREED_IOU
            })
        };
        let agreed = peers.clone().filter(|&&peer| agrees(peer)).count();
        let count = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        Observation {
            detection: Detection {
                rect: area,
                ..detection
            },
            peers_run: count(peers.count()),
            peers_agreed: count(agreed),
        }
    });
    observations.collect()
}

#[cfg(test)]
mod tests;

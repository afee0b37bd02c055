//! The job that finds: decode, look, follow.
//!
//! A batch of frames is dealt to the workers, each with its own set of models, while camera
//! motion is estimated frame after frame and speech is listened to beside them. The tracker then
//! gets everything in order on the caller's thread, so that the result does not depend on the
//! number of workers.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use redact_core::{
    AudioBlock, CameraMotion, Class, DetectError, Detection, Detector, Frame, FrameIndex,
    MediaItem, Met, Motion, Phase, Progress, Source, SourceError, SpeechDetector, TimeBase,
    TimeSpan, Timestamp, Track,
};

use crate::decode;
use crate::queue::Receiver;
use crate::track::{Seen, Sighted, Tracker, TrackerOptions};

/// A detector, and how often it looks.
///
/// Between two looks, things are followed by their own and the camera's motion. The first frame is
/// always looked at.
pub struct Look {
    /// What looks.
    pub detector: Box<dyn Detector>,
    /// What it looks for: where several look for a class, their agreement counts.
    pub classes: Vec<Class>,
    /// Least time from one look to the next, nanoseconds; 0 or less is every frame. In time and
    /// not in frames, because how far things move, and what a second of recording may cost, do not
    /// depend on the frame rate.
    pub every_nanos: i64,
}

/// What looks at a recording.
pub struct Eyes {
    /// One set of detectors per worker thread; every set must hold the same ones in the same
    /// order. At least one set; an empty set finds nothing.
    pub workers: Vec<Vec<Look>>,
    /// Tells how the camera moved. Without it, nothing is compensated and no cut is seen.
    pub motion: Option<Box<dyn CameraMotion>>,
    /// Hears speech.
    pub speech: Option<Box<dyn SpeechDetector>>,
}

/// How a scan makes tracks of what it sees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScanOptions {
    /// How sightings become tracks.
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
    /// Where somebody speaks; `None` when nothing listened.
    pub speech: Option<Vec<TimeSpan>>,
    /// What its source met: damage, and pictures of another size.
    pub met: Met,
}

/// Why a scan stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The recording could not be read to its end.
    #[error("cannot read the recording")]
    Source(#[from] SourceError),
    /// A model failed.
    #[error("cannot look for faces, plates and screens")]
    Detect(#[from] DetectError),
    /// A detector answered for another number of frames than it was shown.
    #[error("a detector answered for {found} frames, it was shown {shown}")]
    Answers {
        /// Answers that came.
        found: usize,
        /// Frames shown.
        shown: usize,
    },
    /// No set of detectors was given.
    #[error("nobody looks: the scan was given no set of detectors")]
    NoWorkers,
    /// The source did not number its frames one by one.
    #[error("frame {found} came where frame {expected} was due")]
    FrameOrder {
        /// The frame that came.
        found: FrameIndex,
        /// The frame that was due.
        expected: FrameIndex,
    },
    /// There is sound or nothing, but no picture.
    #[error("the recording has no frame")]
    NoFrames,
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("stopped as asked")]
    Cancelled,
}

/// Finds what may have to be hidden in `source`.
///
/// # Errors
/// The first cause: see [`ScanError`]. Damage is never taken for the recording's end.
pub fn scan(
    source: Box<dyn Source>,
    mut eyes: Eyes,
    options: &ScanOptions,
    progress: &dyn Progress,
) -> Result<ScanReport, ScanError> {
    if eyes.workers.is_empty() {
        return Err(ScanError::NoWorkers);
    }
    let video = &source.info().video;
    let mut pass = Pass {
        time_base: video.time_base,
        first: video.first_timestamp,
        total: video.frames_hint,
        due: Due::new(&eyes.workers[0]),
        frames: 0,
        end_ticks: video.first_timestamp.ticks(),
        tracker: Tracker::new(options.tracker.clone()),
    };
    let met = thread::scope(|scope| {
        let (decoded, decoder) =
            decode::spawn_decoded(scope, "decode", source).map_err(ScanError::Thread)?;
        let looked = pass.look_at_all(&decoded, &mut eyes, progress);
        drop(decoded);
        // When looking failed, the decoder only saw its listener leave.
        looked?;
        Ok::<Met, ScanError>(decode::join(decoder)?)
    })?;
    if pass.frames == 0 {
        return Err(ScanError::NoFrames);
    }
    let speech = match eyes.speech.as_mut() {
        Some(speech) => Some(speech.finish()?),
        None => None,
    };
    Ok(ScanReport {
        frames: pass.frames,
        duration_ticks: pass.end_ticks.saturating_sub(pass.first.ticks()),
        tracks: pass.tracker.finish(),
        speech,
        met,
    })
}

/// One walk through a recording.
struct Pass {
    time_base: TimeBase,
    first: Timestamp,
    total: Option<u64>,
    due: Due,
    frames: u32,
    end_ticks: i64,
    tracker: Tracker,
}

impl Pass {
    fn look_at_all(
        &mut self,
        decoded: &Receiver<MediaItem>,
        eyes: &mut Eyes,
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
            let jobs = self.jobs(&frames);
            let (detections, motions) = look(&frames, &sounds, eyes, &jobs)?;
            for ((frame, seen), motion) in frames.iter().zip(&detections).zip(motions) {
                self.tracker.update(&Sighted {
                    frame: frame.index,
                    nanos: self.nanos(frame.timestamp),
                    motion,
                    detections: seen.as_deref(),
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

    /// Who looks at which frame of a batch.
    fn jobs(&mut self, frames: &[Frame]) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (frame, shown) in frames.iter().enumerate() {
            let nanos = self.nanos(shown.timestamp);
            let looks = self.due.at(nanos);
            jobs.extend(looks.map(|look| Job { frame, look }));
        }
        jobs
    }

    /// Nanoseconds since the recording's zero; times that no clock can hold stay at zero.
    fn nanos(&self, timestamp: Timestamp) -> i64 {
        let since = timestamp.ticks().saturating_sub(self.first.ticks());
        Timestamp::new(since).nanos(self.time_base).unwrap_or(0)
    }
}

/// One look at one frame of a batch; both are places in their lists.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Job {
    frame: usize,
    look: usize,
}

/// When each detector looks next.
struct Due {
    /// Least time between two looks, and the time of the last, per detector.
    looks: Vec<(i64, Option<i64>)>,
}

impl Due {
    fn new(looks: &[Look]) -> Self {
        let looks = looks.iter().map(|look| (look.every_nanos, None)).collect();
        Self { looks }
    }

    /// The detectors that look at a frame at `nanos`.
    fn at(&mut self, nanos: i64) -> impl Iterator<Item = usize> {
        let looks = self.looks.iter_mut().enumerate();
        looks.filter_map(move |(look, (every, last))| {
            // A clock that runs backward is a reason to look.
            let waiting = last.is_some_and(|last| {
                let passed = nanos.saturating_sub(last);
                (0..*every).contains(&passed)
            });
            if waiting {
                return None;
            }
            *last = Some(nanos);
            Some(look)
        })
    }
}

/// What was seen in a batch, frame by frame (`None`: not looked at), and motion into each frame.
type Looked = (Vec<Option<Vec<Seen>>>, Vec<Motion>);

/// What one detector saw in one frame of a batch.
struct Answer {
    job: Job,
    seen: Vec<Detection>,
}

/// Looks at one batch with all eyes at once.
fn look(
    frames: &[Frame],
    sounds: &[AudioBlock],
    eyes: &mut Eyes,
    jobs: &[Job],
) -> Result<Looked, ScanError> {
    let next = AtomicUsize::new(0);
    let Eyes {
        workers,
        motion,
        speech,
    } = eyes;
    // Every worker holds the same detectors.
    let classes: Vec<Vec<Class>> = workers[0].iter().map(|look| look.classes.clone()).collect();
    thread::scope(|scope| {
        let mut handles = Vec::with_capacity(workers.len());
        // No more threads than there is work: a batch may be a single frame.
        for looks in workers.iter_mut().take(jobs.len()) {
            let next = &next;
            let handle = thread::Builder::new()
                .name("detect".into())
                .spawn_scoped(scope, move || detect_stage(frames, jobs, next, looks))
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
        let heard = match speech.as_deref_mut() {
            None => Ok(()),
            Some(ears) => sounds.iter().try_for_each(|block| ears.listen(block)),
        };
        let mut answers: Vec<Vec<Answer>> = frames.iter().map(|_| Vec::new()).collect();
        let mut failed = Ok(());
        for handle in handles {
            match decode::join(handle) {
                Ok(found) => {
                    for answer in found {
                        answers[answer.job.frame].push(answer);
                    }
                }
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        let motions = motions.map_or_else(|| Ok(vec![Motion::Unknown; frames.len()]), decode::join);
        heard?;
        failed?;
        let seen = answers.iter().map(|of_frame| {
            let looked = !of_frame.is_empty();
            looked.then(|| together(of_frame, |look| &classes[look]))
        });
        Ok((seen.collect(), motions?))
    })
}

/// Takes jobs until none is left; `next` deals them out.
fn detect_stage(
    frames: &[Frame],
    jobs: &[Job],
    next: &AtomicUsize,
    looks: &mut [Look],
) -> Result<Vec<Answer>, ScanError> {
    let mut found = Vec::new();
    while let Some(&job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
        let mut answers = looks[job.look].detector.detect(&[&frames[job.frame]])?;
        match (answers.pop(), answers.len()) {
            (Some(seen), 0) => found.push(Answer { job, seen }),
            (last, others) => {
                return Err(ScanError::Answers {
                    found: others + usize::from(last.is_some()),
                    shown: 1,
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

/// Two boxes of one class that overlap this much show one thing, seen by two models.
const SAME_THING_IOU: f32 = 0.5;

/// Two models that overlap this much mean the same thing, even where both boxes are kept.
const AGREED_IOU: f32 = 0.3;

/// Joins what the detectors saw in one frame: of each group of boxes of one thing the surest is
/// kept, with how many detectors of its class looked and how many of them agree. The order is by
/// score, then place, so that it does not depend on the order of the models' answers.
fn together<'a>(answers: &[Answer], classes_of: impl Fn(usize) -> &'a [Class]) -> Vec<Seen> {
    let mut all: Vec<(usize, Detection)> = answers
        .iter()
        .flat_map(|answer| answer.seen.iter().map(|seen| (answer.job.look, *seen)))
        .filter(|(_, detection)| detection.score.is_finite())
        .collect();
    all.sort_by(|(a_look, a), (b_look, b)| {
        let place = |detection: &Detection| detection.rect.sides().map(f32::to_bits);
        b.score
            .total_cmp(&a.score)
            .then(a.class.cmp(&b.class))
            .then(place(a).cmp(&place(b)))
            .then(a_look.cmp(b_look))
    });
    let mut kept: Vec<(usize, Detection)> = Vec::with_capacity(all.len());
    for &(look, detection) in &all {
        let known = kept.iter().any(|(_, other)| {
            other.class == detection.class && other.rect.iou(detection.rect) > SAME_THING_IOU
        });
        if !known {
            kept.push((look, detection));
        }
    }
    let looks: Vec<usize> = answers.iter().map(|answer| answer.job.look).collect();
    let seen = kept.into_iter().map(|(by, detection)| {
        let others = looks
            .iter()
            .filter(|&&look| look != by && classes_of(look).contains(&detection.class));
        let agrees = |look: usize| {
            all.iter().any(|(of, other)| {
                *of == look
                    && other.class == detection.class
                    && other.rect.iou(detection.rect) > AGREED_IOU
            })
        };
        let agreed = others.clone().filter(|&&look| agrees(look)).count();
        let count = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        Seen {
            detection,
            others: count(others.count()),
            agreed: count(agreed),
        }
    });
    seen.collect()
}

#[cfg(test)]
mod tests;

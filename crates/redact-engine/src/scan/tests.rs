use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use redact_core::{
    CameraMotion, Class, ColorRange, DetectError, Detection, Detector, Frame, FrameIndex,
    MediaItem, Motion, NormRect, Picture, PlaneKind, SourceError, SourceInfo, TimeSpan,
};
use redact_testkit::{
    Actor, MemorySource, PanMotion, Quiet, Scene, Sound, StopAfter, TruthDetector, TruthSpeech,
};

use super::merge::{RunResult, merge_detections};
use super::*;
use crate::track::Observation;

fn scene() -> Scene {
    let mut scene = Scene::new(64, 48, 90);
    scene.pan = [0.002, 0.0];
    scene.cuts = vec![60];
    for (class, start, center, velocity) in [
        (Class::Face, 0, [0.2, 0.5], [0.001, 0.0]),
        (Class::Plate, 20, [0.6, 0.3], [-0.004, 0.002]),
        (Class::Screen, 40, [0.3, 0.8], [0.0, 0.0]),
    ] {
        scene.actors.push(Actor {
            class,
            frames: start..90,
            center,
            velocity,
            size: [0.12, 0.12],
        });
    }
    scene.sounds.push(Sound {
        rate_hz: 16_000,
        channels: 1,
        start: 0,
        speech: vec![TimeSpan::new(1_000_000_000, 2_000_000_000).unwrap()],
    });
    scene
}

/// Time from frame to frame of a [`Scene`]: 30 a second.
const FRAME_NANOS: i64 = 33_333_333;

/// Two detectors for `workers` threads, which miss objects and give low scores now and then, frame
/// by frame the same. They run on every n-th frame; the first has an instance for each thread, the
/// second only one.
fn detectors(scene: &Scene, workers: usize, every: i64) -> DetectorSet {
    let scheduled = |instances: Vec<Box<dyn Detector>>| ScheduledDetector {
        instances,
        classes: Class::ALL.to_vec(),
        every_nanos: (every - 1) * FRAME_NANOS + 1,
        by_samples_alone: false,
    };
    let first = || -> Box<dyn Detector> {
        Box::new(TruthDetector::new(scene, |frame, truth| {
            let keep = |(i, _): &(usize, Detection)| (frame as usize + 3 * i) % 5 != 2;
            truth
                .into_iter()
                .enumerate()
                .filter(keep)
                .map(|(_, d)| d)
                .collect()
        }))
    };
    let second = TruthDetector::new(scene, |frame, mut truth| {
        truth.retain(|_| frame % 7 != 3);
        truth.iter_mut().for_each(|detection| detection.score = 0.4);
        truth
    });
    DetectorSet {
        detectors: vec![
            scheduled((0..workers).map(|_| first()).collect()),
            scheduled(vec![Box::new(second)]),
        ],
        workers,
        motion: Some(Box::new(PanMotion::new(scene))),
        speech: Some(Box::new(TruthSpeech::new(scene))),
    }
}

fn run(scene: &Scene, workers: usize, every: i64) -> ScanReport {
    let source = Box::new(MemorySource::of(scene));
    let detectors = detectors(scene, workers, every);
    scan(source, detectors, &ScanOptions::default(), &Quiet).unwrap()
}

fn bare_frames(scene: &Scene, report: &ScanReport) -> Vec<(u32, Class)> {
    let hidden = |frame: u32, truth: &Detection| {
        report.tracks.iter().flat_map(|t| t.boxes()).any(|b| {
            b.frame.get() == frame
                && b.rect
                    .intersection(truth.rect)
                    .is_some_and(|common| common.area() > 0.95 * truth.rect.area())
        })
    };
    (0..scene.frames)
        .flat_map(|frame| {
            scene
                .truth(frame)
                .into_iter()
                .map(move |truth| (frame, truth))
        })
        .filter(|(frame, truth)| !hidden(*frame, truth))
        .map(|(frame, truth)| (frame, truth.class))
        .collect()
}

#[test]
fn everything_in_every_frame_is_found() {
    let scene = scene();
    let report = run(&scene, 2, 1);
    assert_eq!(bare_frames(&scene, &report), []);
    assert_eq!((report.frames, report.duration_ticks), (90, 90 * 3000));
    assert_eq!(
        report.speech.as_ref().unwrap()[&0][0].start_nanos(),
        1_000_000_000
    );
    // Each thing once before the cut, once after it.
    assert_eq!(report.tracks.len(), 6);
    let cut = FrameIndex::new(60);
    assert!(report.tracks.iter().all(|track| {
        let span = track.span();
        span.end() <= cut || span.start() >= cut
    }));
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let scene = scene();
    let one = run(&scene, 1, 1);
    assert_eq!(one, run(&scene, 2, 1));
    assert_eq!(one, run(&scene, 5, 1));
}

#[test]
fn every_second_frame_is_enough_for_slow_things() {
    let scene = Scene {
        cuts: Vec::new(),
        ..scene()
    };
    assert_eq!(bare_frames(&scene, &run(&scene, 2, 2)), []);
}

/// Goal: each detector keeps its own time, whatever the frame rate, and never misses the first
/// frame. Method: three detectors at 30 frames a second, then a clock that jumps back.
#[test]
fn every_detector_runs_at_its_own_times() {
    let mut schedule = RunSchedule::new(&[0, 60_000_000, 100_000_000]);
    let mut at = |frame: i64| schedule.due(frame * FRAME_NANOS).collect::<Vec<_>>();
    assert_eq!(at(0), [0, 1, 2]);
    assert_eq!(at(1), [0]);
    assert_eq!(at(2), [0, 1]);
    assert_eq!(at(3), [0]);
    assert_eq!(at(4), [0, 1, 2]);
    assert_eq!(at(-9), [0, 1, 2]);
}

#[test]
fn a_damaged_source_is_the_cause_and_not_the_end() {
    let scene = scene();
    let source = Box::new(MemorySource::of(&scene).damaged_after(31));
    let error = scan(
        source,
        detectors(&scene, 2, 1),
        &ScanOptions::default(),
        &Quiet,
    )
    .unwrap_err();
    assert!(matches!(
        error,
        ScanError::Source(SourceError::Damaged { .. })
    ));
}

struct Broken;

impl Detector for Broken {
    fn detect(&mut self, _: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError> {
        Err(DetectError::Run {
            model: "broken".into(),
            source: "broken on purpose".into(),
        })
    }
}

struct Silent;

impl Detector for Silent {
    fn detect(&mut self, _: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError> {
        Ok(Vec::new())
    }
}

fn with_detector(detector: Box<dyn Detector>) -> DetectorSet {
    DetectorSet {
        detectors: vec![ScheduledDetector {
            instances: vec![detector],
            classes: Class::ALL.to_vec(),
            every_nanos: 0,
            by_samples_alone: false,
        }],
        workers: 1,
        motion: None,
        speech: None,
    }
}

#[test]
fn a_model_that_fails_or_gives_no_answer_stops_the_scan() {
    let scan_with = |detector: Box<dyn Detector>| {
        let source = Box::new(MemorySource::of(&scene()));
        scan(
            source,
            with_detector(detector),
            &ScanOptions::default(),
            &Quiet,
        )
        .unwrap_err()
    };
    assert!(matches!(scan_with(Box::new(Broken)), ScanError::Detect(_)));
    assert!(matches!(
        scan_with(Box::new(Silent)),
        ScanError::ResultCount {
            found: 0,
            expected: 1
        }
    ));
}

#[test]
fn without_detectors_there_is_no_scan() {
    let mut no_instance = with_detector(Box::new(Silent));
    no_instance.detectors[0].instances.clear();
    let no_thread = DetectorSet {
        workers: 0,
        ..with_detector(Box::new(Silent))
    };
    for detectors in [no_instance, no_thread] {
        let source = Box::new(MemorySource::of(&scene()));
        let error = scan(source, detectors, &ScanOptions::default(), &Quiet).unwrap_err();
        assert!(matches!(error, ScanError::NoWorkers));
    }
}

#[test]
fn a_recording_without_a_frame_is_refused_and_one_frame_is_enough() {
    let one = Scene {
        frames: 1,
        ..scene()
    };
    assert_eq!(run(&one, 2, 1).tracks.len(), 1);
    let none = Scene { frames: 0, ..one };
    let source = Box::new(MemorySource::of(&none));
    let error = scan(
        source,
        detectors(&none, 1, 1),
        &ScanOptions::default(),
        &Quiet,
    )
    .unwrap_err();
    assert!(matches!(error, ScanError::NoFrames));
}

#[test]
fn a_scan_that_is_stopped_says_so() {
    let scene = scene();
    let source = Box::new(MemorySource::of(&scene));
    let stop = StopAfter::new(0);
    let error = scan(
        source,
        detectors(&scene, 2, 1),
        &ScanOptions::default(),
        &stop,
    )
    .unwrap_err();
    assert!(matches!(error, ScanError::Cancelled));
}

/// Goal: two boxes of one object become one that covers both, with the higher score and with how
/// many peers ran and agreed. Method: three detectors, of which two detect faces; one of two faces
/// is found by both.
#[test]
fn two_boxes_of_one_object_become_one_that_covers_both() {
    let at = |x: f32, score: f32| Detection {
        class: Class::Face,
        rect: NormRect::new([x, 0.4, x + 0.1, 0.5]).unwrap(),
        score,
    };
    let result = |detector, detections| RunResult {
        detector,
        detections,
    };
    let results = [
        result(0, vec![at(0.4, 0.5), at(0.7, 0.3)]),
        result(1, Vec::new()),
        result(2, vec![at(0.41, 0.8)]),
    ];
    let classes = [[Class::Face], [Class::Plate], [Class::Face]];
    let merged = merge_detections(&results, |detector| &classes[detector]);
    let both = Detection {
        rect: at(0.4, 0.0).rect.hull(at(0.41, 0.0).rect),
        ..at(0.41, 0.8)
    };
    let expected = |detection, peers_agreed| Observation {
        detection,
        peers_run: 1,
        peers_agreed,
    };
    assert_eq!(merged, [expected(both, 1), expected(at(0.7, 0.3), 0)]);
}

/// Counts its runs, and finds a face while a sample of the picture is above zero.
struct Counting(Arc<AtomicUsize>);

impl Detector for Counting {
    fn detect(&mut self, frames: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError> {
        let found = |frame: &&Frame| {
            self.0.fetch_add(1, Ordering::Relaxed);
            let luma = frame.picture.plane(PlaneKind::Luma);
            let lit = luma.row(0)[0] > 0;
            let face = Detection {
                class: Class::Face,
                rect: NormRect::new([0.4, 0.4, 0.5, 0.5]).unwrap(),
                score: 0.9,
            };
            lit.then_some(face).into_iter().collect()
        };
        Ok(frames.iter().map(found).collect())
    }
}

/// A recording whose picture changes at some frames only.
struct Changing(MemorySource, Vec<u32>);

impl Source for Changing {
    fn info(&self) -> &SourceInfo {
        self.0.info()
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        let item = self.0.next_item()?;
        Ok(item.map(|item| match item {
            MediaItem::Frame(mut frame) => {
                let changes = self.1.iter().filter(|at| **at <= frame.index.get()).count();
                let level = if changes % 2 == 0 { 0 } else { 200 };
                let size = frame.picture.size();
                frame.picture = Picture::filled(size, ColorRange::Full, [level, 128, 128]);
                MediaItem::Frame(frame)
            }
            other => other,
        }))
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        self.0.diagnostics()
    }
}

/// Goal: a detector runs again only after a picture that is another one, and what is found is the
/// same. Method: a picture that changes three times, once between two runs and back. Control: a
/// detector that depends on more than the samples runs every time.
#[test]
fn equal_pictures_are_searched_once() {
    let scene = scene();
    let observe_with = |by_samples_alone: bool| {
        let runs = Arc::new(AtomicUsize::new(0));
        let mut set = with_detector(Box::new(Counting(Arc::clone(&runs))));
        set.detectors[0].by_samples_alone = by_samples_alone;
        set.detectors[0].every_nanos = FRAME_NANOS * 3 / 2;
        let part = ObservedPart::whole(&set.intervals());
        let source = Box::new(Changing(MemorySource::of(&scene), vec![20, 51, 52]));
        let mut frames = Vec::new();
        let mut collect = |frame| {
            frames.push(frame);
            Ok(())
        };
        observe(source, &mut set, part, &mut collect, &Quiet).unwrap();
        (runs.load(Ordering::Relaxed), frames)
    };
    let ((some, found), (all, expected)) = (observe_with(true), observe_with(false));
    // At frames 0, 20 and 52: the picture of frame 51 is another one, and no run is due on it.
    assert_eq!([some, all], [3, 45]);
    assert_eq!(found, expected);
    let with_face =
        |frame: &&ObservedFrame| frame.observations.as_ref().is_some_and(|o| !o.is_empty());
    assert_eq!(found.iter().filter(with_face).count(), 35);
}

/// Panics at its first frame.
struct Panicking;

impl Detector for Panicking {
    fn detect(&mut self, _: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError> {
        panic!("a defect in a detector");
    }
}

/// Goal: a defect ends the scan with a panic and never lets it wait forever or end as if it were
/// complete.
#[test]
fn a_panic_in_a_detector_ends_the_scan() {
    let ended = std::panic::catch_unwind(|| {
        let source = Box::new(MemorySource::of(&scene()));
        let set = with_detector(Box::new(Panicking));
        scan(source, set, &ScanOptions::default(), &Quiet)
    });
    assert!(ended.is_err());
}

/// Compares each frame with the one before it, as an estimate of optical flow does.
#[derive(Default)]
struct Compared {
    scene: Option<Scene>,
    previous: Option<FrameIndex>,
}

impl CameraMotion for Compared {
    fn advance(&mut self, frame: &Frame) -> Result<Motion, DetectError> {
        let follows = self.previous.map(FrameIndex::next) == Some(frame.index);
        self.previous = Some(frame.index);
        let scene = self.scene.as_ref().filter(|_| follows);
        Ok(scene.map_or(Motion::Unknown, |scene| scene.motion(frame.index.get())))
    }
}

/// A recording that is read from a key frame on.
struct FromFrame(MemorySource, FrameIndex);

impl Source for FromFrame {
    fn info(&self) -> &SourceInfo {
        self.0.info()
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        loop {
            match self.0.next_item()? {
                Some(MediaItem::Frame(frame)) if frame.index < self.1 => {}
                item => return Ok(item),
            }
        }
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        self.0.diagnostics()
    }
}

/// Detectors that run on every third frame and a camera that is compared frame by frame.
fn compared(scene: &Scene) -> DetectorSet {
    DetectorSet {
        motion: Some(Box::new(Compared {
            scene: Some(scene.clone()),
            previous: None,
        })),
        speech: None,
        ..detectors(scene, 2, 3)
    }
}

/// Observes the frames from `start` to `end`, decoded from `from`.
fn observe_part(
    scene: &Scene,
    [from, start, end]: [u32; 3],
    schedule: RunSchedule,
) -> (Vec<ObservedFrame>, RunSchedule) {
    let part = ObservedPart {
        decoded_from: FrameIndex::new(from),
        start: FrameIndex::new(start),
        end: Some(FrameIndex::new(end)),
        schedule,
    };
    let source = Box::new(FromFrame(MemorySource::of(scene), part.decoded_from));
    let mut frames = Vec::new();
    let mut collect = |frame| {
        frames.push(frame);
        Ok(())
    };
    let report = observe(source, &mut compared(scene), part, &mut collect, &Quiet).unwrap();
    (frames, report.schedule)
}

/// Goal: parts that are observed apart and linked give the tracks of one scan. Controls: without
/// the frame before a part, camera motion is lost; without the times before it, detectors run on
/// other frames.
#[test]
fn parts_that_are_linked_give_the_tracks_of_one_scan() {
    let scene = scene();
    let source = Box::new(MemorySource::of(&scene));
    let whole = scan(source, compared(&scene), &ScanOptions::default(), &Quiet).unwrap();
    let intervals = compared(&scene).intervals();
    let fresh = || RunSchedule::new(&intervals);
    let (first, after_first) = observe_part(&scene, [0, 0, 37], fresh());
    let (second, after_second) = observe_part(&scene, [24, 37, 61], after_first.clone());
    let (third, _) = observe_part(&scene, [48, 61, 90], after_second);
    assert_eq!([first.len(), second.len(), third.len()], [37, 24, 29]);
    let info = MemorySource::of(&scene).info().clone();
    let video = &info.video;
    let options = TrackerOptions::default();
    let mut linker = Linker::new(video.time_base, video.first_timestamp, &options);
    for frame in first.iter().chain(&second).chain(&third) {
        linker.add(frame).unwrap();
    }
    let linked = linker.finish().unwrap();
    assert_eq!(linked.tracks, whole.tracks);
    assert_eq!(linked.frames, whole.frames);
    assert_eq!(linked.duration_ticks, whole.duration_ticks);

    let (alone, _) = observe_part(&scene, [37, 37, 61], after_first);
    assert_ne!(alone[0].motion, second[0].motion);
    assert_eq!(alone[1..], second[1..]);
    let (restarted, _) = observe_part(&scene, [24, 37, 61], fresh());
    assert_ne!(restarted, second);
}

/// Goal: a frame is never linked twice or left out, and every detector knows when it ran last.
#[test]
fn parts_that_do_not_fit_are_refused() {
    let scene = scene();
    let (frames, _) = observe_part(&scene, [0, 0, 5], RunSchedule::new(&[0, 0]));
    let info = MemorySource::of(&scene).info().clone();
    let video = &info.video;
    let options = TrackerOptions::default();
    let mut linker = Linker::new(video.time_base, video.first_timestamp, &options);
    linker.add(&frames[0]).unwrap();
    for other in [&frames[0], &frames[2]] {
        let refused = linker.add(other).unwrap_err();
        assert!(matches!(refused, ScanError::FrameOrder { .. }), "{refused}");
    }
    let mut set = compared(&scene);
    let part = ObservedPart::whole(&[0]);
    let source = Box::new(MemorySource::of(&scene));
    let refused = observe(source, &mut set, part, &mut |_| Ok(()), &Quiet).unwrap_err();
    let expected = ScanError::LastRuns {
        found: 1,
        expected: 2,
    };
    assert_eq!(refused.to_string(), expected.to_string());
}

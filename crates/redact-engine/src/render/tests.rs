use std::error::Error as _;

use redact_core::{
    Cells, Damage, DamageCause, DamagedPictures, Effect, Frame, MuteStyle, PlaneKind, SourceInfo,
    TimeSpan,
};
use redact_testkit::{
    MemorySink, MemorySource, Quiet, Scene, Sound, StopAfter, approved, copy_frame, drawn_mask,
    mute,
};

use super::*;

fn scene() -> Scene {
    let mut scene = Scene::new(64, 48, 40);
    for start in [-800, 0, 3000] {
        scene.sounds.push(Sound {
            rate_hz: 16_000,
            channels: 1,
            start,
            speech: Vec::new(),
        });
    }
    scene
}

fn plan(scene: &Scene) -> ApprovedPlan {
    let blur = Effect::Blur(Cells::MAX);
    let span = TimeSpan::new(500_000_000, 700_000_000).unwrap();
    let plan = approved(
        scene,
        vec![
            drawn_mask("a", Effect::Fill, 3..20, [0.0, 0.0, 0.5, 0.5]),
            drawn_mask("b", blur, 10..30, [0.25, 0.25, 0.75, 0.75]),
        ],
        vec![mute("m", span, MuteStyle::Silence)],
    );
    let mut source = MemorySource::of(scene);
    let levels = crate::take_levels(&mut source, plan.redactions(), &Quiet).unwrap();
    plan.with_levels(levels)
}

fn equal(a: &Frame, b: &Frame) -> bool {
    PlaneKind::ALL.into_iter().all(|kind| {
        a.picture
            .plane(kind)
            .rows()
            .eq(b.picture.plane(kind).rows())
    })
}

/// Goal: a release is the source with every item redacted, in order, and nothing else.
/// Method: the same plain functions, applied one by one.
#[test]
fn a_release_is_the_source_with_the_plan_applied() {
    let scene = scene();
    let plan = plan(&scene);
    let (sink, written) = MemorySink::new();
    let report = render(
        Box::new(MemorySource::of(&scene)),
        &plan,
        Box::new(sink),
        None,
        &Quiet,
    )
    .unwrap();
    assert!(written.finished());
    let items = written.items();
    assert_eq!(items.len(), scene.items().count());
    for (mut expected, found) in scene.items().zip(items) {
        redact_item(&mut expected, plan.redactions());
        match (expected, found) {
            (MediaItem::Frame(a), MediaItem::Frame(b)) => {
                assert_eq!((a.index, a.timestamp), (b.index, b.timestamp));
                assert!(equal(&a, &b));
            }
            (MediaItem::Audio(a), MediaItem::Audio(b)) => assert!(a == b),
            _ => panic!("the order of items changed"),
        }
    }
    assert_eq!((report.frames, report.frames_masked), (40, 27));
    // Fill alone in 7 frames, both in 10, blur alone in 10; quarters that share a sixteenth.
    let expected = (7.0 * 0.25 + 10.0 * (0.5 - 0.0625) + 10.0 * 0.25) / 40.0;
    assert!((report.masked_area_mean - expected).abs() < 1e-9);
    let core = 3200 + 2 * 2112;
    assert_eq!(report.audio[0].samples, 21_333 + 800);
    assert_eq!(report.audio.len(), 3);
    assert!(
        report.audio[..2]
            .iter()
            .all(|track| track.muted_samples == core)
    );
}

#[test]
fn a_failing_sink_stops_the_job_and_is_the_cause() {
    let scene = scene();
    let (sink, written) = MemorySink::new();
    let sink = Box::new(sink.full_after(7));
    let error = render(
        Box::new(MemorySource::of(&scene)),
        &plan(&scene),
        sink,
        None,
        &Quiet,
    )
    .unwrap_err();
    assert!(matches!(error, RenderError::Sink(SinkError::Write { .. })));
    assert_eq!(error.to_string(), "cannot write the release");
    assert!(error.source().is_some());
    assert!(!written.finished());
}

#[test]
fn a_damaged_source_is_the_cause_and_nothing_is_finished() {
    let scene = scene();
    let (sink, written) = MemorySink::new();
    let source = Box::new(MemorySource::of(&scene).damaged_after(12));
    let error = render(source, &plan(&scene), Box::new(sink), None, &Quiet).unwrap_err();
    assert!(matches!(
        error,
        RenderError::Source(SourceError::Damaged { .. })
    ));
    assert!(!written.finished());
}

#[test]
fn another_number_of_frames_is_refused() {
    let scene = scene();
    let plan = plan(&scene);
    for frames in [39, 41] {
        let other = Scene {
            frames,
            ..scene.clone()
        };
        let (sink, written) = MemorySink::new();
        let source = Box::new(MemorySource::of(&other));
        let error = render(source, &plan, Box::new(sink), None, &Quiet).unwrap_err();
        assert!(
            matches!(error, RenderError::FrameCount { found, expected: 40 } if found == frames)
        );
        assert!(!written.finished());
    }
}

#[test]
fn frames_out_of_order_are_refused() {
    let scene = scene();
    let items: Vec<MediaItem> = [0, 2, 1]
        .into_iter()
        .map(|index| MediaItem::Frame(copy_frame(&scene.frame(index))))
        .collect();
    let source = Box::new(MemorySource::new(scene.info(), items));
    let (sink, _) = MemorySink::new();
    let error = render(source, &plan(&scene), Box::new(sink), None, &Quiet).unwrap_err();
    assert!(matches!(error, RenderError::FrameOrder { .. }));
}

#[test]
fn a_job_that_is_stopped_finishes_nothing() {
    let scene = scene();
    let (sink, written) = MemorySink::new();
    let source = Box::new(MemorySource::of(&scene));
    let error = render(
        source,
        &plan(&scene),
        Box::new(sink),
        None,
        &StopAfter::new(0),
    )
    .unwrap_err();
    assert!(matches!(error, RenderError::Cancelled));
    assert!(!written.finished());
}

fn coded(start: u32, end: u32) -> MediaItem {
    let span = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap();
    MediaItem::Coded(CodedPictures {
        frames: span,
        times: Vec::new(),
        digest: Digest([7; 32]),
        is_earlier: false,
        bytes: 1,
        content: Box::new(()),
    })
}

fn coded_sound(stream: usize) -> MediaItem {
    MediaItem::CodedSound(CodedSound {
        stream,
        start: 0,
        samples: 1024,
        bytes: 1,
        content: Box::new(()),
    })
}

fn render_items(items: Vec<MediaItem>) -> Result<RenderReport, RenderError> {
    let mut scene = scene();
    let plan = plan(&scene);
    scene.sounds.push(scene.sounds[0].clone());
    let source = Box::new(MemorySource::new(scene.info(), items));
    let (sink, written) = MemorySink::new();
    let result = render(source, &plan, Box::new(sink), None, &Quiet);
    assert_eq!(written.finished(), result.is_ok());
    result
}

/// Goal: what a mask touches is never copied, whatever the source hands on.
#[test]
fn only_what_no_mask_touches_may_come_coded() {
    let frames = |range: std::ops::Range<u32>| {
        range.map(|index| MediaItem::Frame(copy_frame(&scene().frame(index))))
    };
    // Masks lie in frames 3 to 29.
    let mut items: Vec<MediaItem> = vec![coded(0, 3)];
    items.extend(frames(3..30));
    items.push(coded(30, 40));
    let report = render_items(items).unwrap();
    assert_eq!((report.frames, report.frames_masked), (40, 27));
    let copied: Vec<u32> = report.copied.iter().map(|c| c.frames.frames()).collect();
    assert_eq!(copied, [3, 10]);
    for items in [
        vec![coded(0, 4)],
        vec![coded(0, 3), coded(3, 40)],
        vec![coded(0, 40)],
    ] {
        let error = render_items(items).unwrap_err();
        assert!(
            matches!(error, RenderError::CopiedUnderMask { .. }),
            "{error}"
        );
    }
    let gap = render_items(vec![coded(0, 2), coded(3, 40)]).unwrap_err();
    assert!(matches!(gap, RenderError::FrameOrder { .. }));
}

/// Goal: what an earlier render made counts as what it hides, and not as copied.
#[test]
fn pictures_of_an_earlier_render_may_come_coded_under_masks() {
    let mut items: Vec<MediaItem> = [coded(0, 3), coded(3, 30), coded(30, 40)].into();
    if let MediaItem::Coded(pictures) = &mut items[1] {
        pictures.is_earlier = true;
    }
    let report = render_items(items).unwrap();
    assert_eq!((report.frames, report.frames_masked), (40, 27));
    assert_eq!((report.copied.len(), report.frames_earlier), (2, 27));
    assert!(report.masked_area_mean > 0.0);
}

#[test]
fn sound_of_a_muted_track_may_not_come_coded() {
    for stream in 0..3 {
        let error = render_items(vec![coded_sound(stream)]).unwrap_err();
        assert!(
            matches!(error, RenderError::CopiedUnderMask { .. }),
            "{error}"
        );
    }
}

/// A sink and what is seen of its pictures; `change` is what comes out of the decoder, if anything.
struct Told(std::sync::mpsc::Sender<Frame>);

struct Readback<F>(std::sync::mpsc::Receiver<Frame>, SourceInfo, F);

impl Sink for Told {
    fn write_item(&mut self, item: MediaItem) -> Result<(), SinkError> {
        if let MediaItem::Frame(frame) = item {
            self.0.send(frame).ok();
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        Ok(())
    }
}

impl<F: FnMut(Frame) -> Result<Option<Frame>, SourceError> + Send> Source for Readback<F> {
    fn info(&self) -> &SourceInfo {
        &self.1
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        while let Ok(frame) = self.0.recv() {
            if let Some(seen) = self.2(frame)? {
                return Ok(Some(MediaItem::Frame(seen)));
            }
        }
        Ok(None)
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        SourceDiagnostics::default()
    }
}

/// Renders with a readback that shows what `change` makes of each frame.
fn echoed(
    change: impl FnMut(Frame) -> Result<Option<Frame>, SourceError> + Send + 'static,
) -> Result<RenderReport, RenderError> {
    let scene = scene();
    let (sender, receiver) = std::sync::mpsc::channel();
    render(
        Box::new(MemorySource::of(&scene)),
        &plan(&scene),
        Box::new(Told(sender)),
        Some(Box::new(Readback(receiver, scene.info(), change))),
        &Quiet,
    )
}

/// Names of the checks that fail for a file in which all frames are coded as they were `seen`.
fn failed_checks(seen: &BTreeMap<FrameIndex, FrameEvidence>) -> Vec<&'static str> {
    let scene = scene();
    let whole = |digest| {
        let frames = (0..40).map(|index| scene.frame(index));
        let coded = MediaItem::Coded(CodedPictures {
            frames: FrameSpan::new(FrameIndex::ZERO, FrameIndex::new(40)).unwrap(),
            times: frames.map(|f| (f.timestamp, f.duration_ticks)).collect(),
            digest: Digest([digest; 32]),
            is_earlier: false,
            bytes: 0,
            content: Box::new(()),
        });
        Box::new(MemorySource::new(scene.info(), [coded]))
    };
    let expected = crate::Expected {
        frames: 40,
        audio_tracks: 3,
    };
    let plan = plan(&scene);
    let found = crate::examine(
        whole(1),
        whole(2),
        plan.redactions(),
        &expected,
        Some(seen),
        &Quiet,
    );
    let found = found.unwrap();
    let checks = found.audit.checks.iter().chain(&found.compare.checks);
    let failed = checks.filter(|check| !check.passed && check.name != "sound");
    failed.map(|check| check.name).collect()
}

/// Goal: what is seen while a release is written is judged as what is decoded of its file is.
/// Method: frames as they were given to the sink, without their masks, and with a stain elsewhere.
#[test]
fn frames_that_are_seen_while_they_are_written_are_measured_and_compared() {
    let report = echoed(|frame| Ok(Some(frame))).unwrap();
    assert_eq!(report.seen.len(), 40);
    assert_eq!(failed_checks(&report.seen), [""; 0]);
    let bare = echoed(|frame| Ok(Some(scene().frame(frame.index.get())))).unwrap();
    let failed = failed_checks(&bare.seen);
    assert_eq!(failed, ["masks", "picture inside masks"]);
    let stained = echoed(|mut frame| {
        if frame.index.get() == 33 {
            let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
            (32..48).for_each(|y| plane.row_mut(y)[48..].fill(235));
        }
        Ok(Some(frame))
    });
    let failed = failed_checks(&stained.unwrap().seen);
    assert_eq!(failed, ["picture outside masks"]);
}

/// Goal: a frame that was not seen, or seen as another one, is not taken for one that was.
#[test]
fn frames_that_do_not_come_out_again_are_not_vouched_for() {
    let report = echoed(|frame| Ok((frame.index.get() != 12).then_some(frame))).unwrap();
    assert_eq!(report.seen.len(), 39);
    assert!(!report.seen.contains_key(&FrameIndex::new(12)));
    assert!(failed_checks(&report.seen).contains(&"masks"));
    // Each is seen as the one before it.
    let late = echoed(|mut frame| {
        frame.index = FrameIndex::new(frame.index.get().saturating_sub(1));
        Ok(Some(frame))
    });
    let late = late.unwrap().seen;
    assert!(!late.contains_key(&FrameIndex::new(39)));
    assert!(failed_checks(&late).contains(&"masks"));
}

#[test]
fn what_is_written_and_does_not_decode_is_the_cause() {
    let error = echoed(|frame| match frame.index.get() {
        20 => Err(SourceError::Failed {
            what: "what is written cannot be decoded",
            source: "cut".into(),
        }),
        _ => Ok(Some(frame)),
    });
    assert!(matches!(error, Err(RenderError::Readback(_))));
}

/// Goal: what is damaged is hidden as the plan says, neither less nor more, or nothing is released.
/// Control: the very damage of the plan.
#[test]
fn other_damage_than_the_plan_declares_is_never_released() {
    let scene = scene();
    let stretch = |start: u32, end: u32| DamagedPictures {
        frames: FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap(),
        span: TimeSpan::new(i64::from(start), i64::from(end)).unwrap(),
        cause: DamageCause::Marked,
    };
    let damage = |stretches: Vec<DamagedPictures>| Damage {
        pictures: stretches,
        sound: Vec::new(),
    };
    let mut edited = plan(&scene).plan().clone();
    edited.reasons.push(Damage::reason());
    edited.damage = damage(vec![stretch(5, 9)]);
    let digest = edited.source.digest;
    let plan = ApprovedPlan::new(edited, digest).unwrap();
    let rendered = |damage: Damage, is_rescaled: bool| {
        let rescaled = is_rescaled.then_some(redact_core::Conversion::Rescaled);
        let (sink, written) = MemorySink::new();
        let diagnostics = SourceDiagnostics {
            damage,
            conversions: rescaled.into_iter().collect(),
        };
        let source = MemorySource::of(&scene).with_diagnostics(diagnostics);
        let result = render(Box::new(source), &plan, Box::new(sink), None, &Quiet);
        (result.map(|report| report.frames), written)
    };
    for other in [
        vec![],
        vec![stretch(5, 8)],
        vec![stretch(5, 9), stretch(20, 21)],
    ] {
        let (result, written) = rendered(damage(other), false);
        assert!(
            matches!(result, Err(RenderError::Damage { .. })),
            "{result:?}"
        );
        assert!(!written.finished());
    }
    let (result, written) = rendered(damage(vec![stretch(5, 9)]), false);
    assert_eq!(result.unwrap(), 40);
    assert!(written.finished());
    let (result, scaled) = rendered(damage(vec![stretch(5, 9)]), true);
    assert!(
        matches!(result, Err(RenderError::Undeclared { .. })),
        "{result:?}"
    );
    assert!(!scaled.finished());
    let black = |item: &MediaItem| match item {
        MediaItem::Frame(frame) if (5..9).contains(&frame.index.get()) => {
            let mut luma = frame.picture.plane(PlaneKind::Luma).rows().flatten();
            luma.all(|sample| *sample == 16)
        }
        _ => true,
    };
    assert!(written.items().iter().all(black));
}

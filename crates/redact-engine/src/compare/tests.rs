use redact_core::{Cells, Class, Effect, MuteStyle, PlaneKind, TimeSpan};
use redact_testkit::{
    Actor, MemorySource, Quiet, Scene, Sound, StopAfter, copy_item, drawn_mask, mute,
};

use super::*;
use crate::noise::add_noise;

const FRAMES: u32 = 75;

fn scene() -> Scene {
    let mut scene = Scene::new(128, 96, FRAMES);
    scene.pan = [0.004, 0.0];
    scene.actors.push(Actor {
        class: Class::Face,
        frames: 0..FRAMES,
        center: [0.4, 0.5],
        velocity: [0.002, 0.0],
        size: [0.3, 0.4],
    });
    for start in [0, -1000] {
        scene.sounds.push(Sound {
            rate_hz: 16_000,
            channels: 1,
            start,
            speech: vec![TimeSpan::new(300_000_000, 2_400_000_000).unwrap()],
        });
    }
    scene
}

fn redactions() -> Redactions {
    let blur = Effect::Blur(Cells::MAX);
    let span = TimeSpan::new(1_000_000_000, 1_300_000_000).unwrap();
    leveled(Redactions {
        masks: vec![
            drawn_mask("face", blur, 2..60, [0.2, 0.2, 0.7, 0.8]),
            drawn_mask("plate", Effect::Fill, 10..FRAMES, [0.6, 0.6, 0.7, 0.7]),
        ],
        mutes: vec![mute("name", span, MuteStyle::Silence)],
    })
}

fn leveled(redactions: Redactions) -> Redactions {
    let mut source = MemorySource::of(&scene());
    let levels = crate::take_levels(&mut source, &redactions, &Quiet).unwrap();
    redactions.with_levels(levels)
}

/// What the second half of an examination says.
fn compare(
    source: Box<dyn Source>,
    release: Box<dyn Source>,
    redactions: &Redactions,
    progress: &dyn Progress,
) -> Result<CompareReport, CompareError> {
    let expected = Expected {
        frames: FRAMES,
        audio_tracks: 2,
    };
    Ok(examine(source, release, redactions, &expected, None, progress)?.compare)
}

/// What both halves say.
fn both(
    source: Box<dyn Source>,
    release: Box<dyn Source>,
    redactions: &Redactions,
) -> (AuditReport, CompareReport) {
    let found = examined(source, release, redactions, &BTreeMap::new());
    (found.audit, found.compare)
}

fn examined(
    source: Box<dyn Source>,
    release: Box<dyn Source>,
    redactions: &Redactions,
    earlier: &BTreeMap<FrameIndex, FrameEvidence>,
) -> Examination {
    let expected = Expected {
        frames: FRAMES,
        audio_tracks: 2,
    };
    examine(
        source,
        release,
        redactions,
        &expected,
        Some(earlier),
        &Quiet,
    )
    .unwrap()
}

/// A release as `tamper` leaves it after it was redacted; `None` drops the item.
fn release(mut tamper: impl FnMut(MediaItem) -> Option<MediaItem>) -> MemorySource {
    let scene = scene();
    let redactions = redactions();
    let items: Vec<MediaItem> = scene
        .items()
        .filter_map(|original| {
            let mut item = copy_item(&original);
            match &mut item {
                MediaItem::Frame(frame) => {
                    mask_frame(frame, &redactions);
                    add_noise(frame, 3);
                }
                MediaItem::Audio(block) => {
                    mute_block(block, &redactions);
                    block
                        .samples
                        .iter_mut()
                        .for_each(|s| *s = *s * 0.97 + 0.0005);
                }
                MediaItem::Coded(_) | MediaItem::CodedSound(_) => {}
            }
            tamper(item)
        })
        .collect();
    MemorySource::new(scene.info(), items)
}

fn failed(tamper: impl FnMut(MediaItem) -> Option<MediaItem>) -> Vec<&'static str> {
    let source = Box::new(MemorySource::of(&scene()));
    let report = compare(source, Box::new(release(tamper)), &redactions(), &Quiet).unwrap();
    assert_eq!(report.checks.len(), 5);
    let failed: Vec<_> = report
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.name)
        .collect();
    assert_eq!(failed.is_empty(), report.passed());
    failed
}

/// Applies `change` to the frames in `range`.
fn frames(
    range: std::ops::Range<u32>,
    change: impl Fn(&mut Frame),
) -> impl FnMut(MediaItem) -> Option<MediaItem> {
    move |mut item| {
        if let MediaItem::Frame(frame) = &mut item
            && range.contains(&frame.index.get())
        {
            change(frame);
        }
        Some(item)
    }
}

#[test]
fn an_honest_release_passes() {
    assert_eq!(failed(Some), [] as [&str; 0]);
}

#[test]
fn a_mask_that_was_not_declared_is_caught() {
    for effect in [
        Effect::Fill,
        Effect::Pixelate(Cells::MAX),
        Effect::Blur(Cells::MAX),
    ] {
        let extra = Redactions {
            masks: vec![drawn_mask("x", effect, 0..FRAMES, [0.8, 0.1, 0.99, 0.4])],
            mutes: Vec::new(),
        };
        let found = failed(frames(33..34, |frame| mask_frame(frame, &extra)));
        assert_eq!(found, ["picture outside masks"]);
    }
}

#[test]
fn a_mask_that_is_missing_in_one_frame_is_caught() {
    let scene = scene();
    let found = failed(frames(40..41, |frame| {
        frame.picture = scene.frame(frame.index.get()).picture;
    }));
    assert_eq!(found, ["picture inside masks"]);
}

#[test]
fn something_drawn_into_a_mask_is_caught() {
    let found = failed(frames(30..31, |frame| {
        let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
        for y in 60..66 {
            plane.row_mut(y)[80..86].fill(220);
        }
    }));
    assert_eq!(found, ["picture inside masks"]);
}

#[test]
fn a_frame_that_was_cut_out_is_caught() {
    let found = failed(|item| match &item {
        MediaItem::Frame(frame) if frame.index.get() == 50 => None,
        _ => Some(item),
    });
    assert!(found.contains(&"frames") && found.contains(&"frame times"));
}

#[test]
fn frames_that_were_swapped_are_caught() {
    let scene = scene();
    let redactions = redactions();
    let found = failed(frames(20..21, |frame| {
        let mut other = scene.frame(30);
        mask_frame(&mut other, &redactions);
        frame.picture = other.picture;
    }));
    assert!(found.contains(&"picture outside masks"));
}

#[test]
fn a_frame_that_is_shown_later_is_caught() {
    let found = failed(frames(20..21, |frame| {
        frame.timestamp = redact_core::Timestamp::new(frame.timestamp.ticks() + 3);
    }));
    assert_eq!(found, ["frame times"]);
}

/// Changes the sound of track 0.
fn sound(
    change: impl Fn(&mut redact_core::AudioBlock),
) -> impl FnMut(MediaItem) -> Option<MediaItem> {
    move |mut item| {
        if let MediaItem::Audio(block) = &mut item
            && block.stream == 0
        {
            change(block);
        }
        Some(item)
    }
}

/// Goal: what is left under a mask has nothing to do with what it hides. Method: a copy of it at
/// half a level, which the audit cannot tell from noise. Control: as much of another picture.
#[test]
fn a_residual_that_follows_what_is_hidden_is_caught() {
    let redactions = Redactions {
        masks: vec![drawn_mask(
            "face",
            Effect::Fill,
            0..FRAMES,
            [0.2, 0.2, 0.7, 0.8],
        )],
        mutes: Vec::new(),
    };
    let check = |copy: bool| {
        let scene = scene();
        let forged = scene.items().map(|mut item| {
            let MediaItem::Frame(frame) = &mut item else {
                return item;
            };
            let shown = redact_testkit::copy_frame(frame);
            mask_frame(frame, &redactions);
            let source = shown.picture.plane(PlaneKind::Luma);
            let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
            for y in 32..64_usize {
                for x in 32..80_usize {
                    let from = if copy {
                        source.row(y)[x]
                    } else {
                        source.row(95 - y)[111 - x]
                    };
                    // A level more where it is bright, in every third sample: too few to be noise.
                    let up = u8::from(from > 110 && (x + y * 2) % 5 == 0);
                    plane.row_mut(y)[x] += up;
                }
            }
            item
        });
        let items: Vec<MediaItem> = forged.collect();
        let release = Box::new(MemorySource::new(scene.info(), items));
        let (audit, compare) = both(Box::new(MemorySource::of(&scene)), release, &redactions);
        let failed = compare.checks.iter().filter(|check| !check.passed);
        (
            audit.checks[1].passed,
            failed.map(|check| check.name).collect::<Vec<_>>(),
        )
    };
    assert_eq!(check(true), (true, vec!["picture inside masks"]));
    assert_eq!(check(false), (true, vec![]));
}

#[test]
fn a_mute_that_was_not_declared_is_caught() {
    let span = TimeSpan::new(2_000_000_000, 2_100_000_000).unwrap();
    let extra = Redactions {
        masks: Vec::new(),
        mutes: vec![mute("x", span, MuteStyle::Silence)],
    };
    assert_eq!(failed(sound(|block| mute_block(block, &extra))), ["sound"]);
}

#[test]
fn sound_that_was_shifted_is_caught() {
    assert_eq!(failed(sound(|block| block.start += 400)), ["sound"]);
}

#[test]
fn sound_under_a_mute_is_caught() {
    let scene = scene();
    let found = failed(sound(|block| {
        let frames = i64::try_from(block.frames()).unwrap();
        block.samples = scene.block(0, block.start, frames).samples;
    }));
    assert_eq!(found, ["sound"]);
}

#[test]
fn a_track_that_is_missing_or_ends_early_is_caught() {
    let dropped = failed(|item| match &item {
        MediaItem::Audio(block) if block.stream == 1 => None,
        _ => Some(item),
    });
    assert_eq!(dropped, ["sound"]);
    let short = failed(|item| match &item {
        MediaItem::Audio(block) if block.start > 24_000 => None,
        _ => Some(item),
    });
    assert_eq!(short, ["sound"]);
}

#[test]
fn another_size_is_caught() {
    let other = Scene::new(64, 48, FRAMES);
    let release = MemorySource::of(&other);
    let source = Box::new(MemorySource::of(&scene()));
    let report = compare(source, Box::new(release), &redactions(), &Quiet).unwrap();
    assert!(!report.passed());
}

#[test]
fn damage_names_its_side_and_a_stop_is_a_stop() {
    let source = || Box::new(MemorySource::of(&scene()));
    let damaged = Box::new(MemorySource::of(&scene()).damaged_after(5));
    let error = compare(damaged, source(), &redactions(), &Quiet).unwrap_err();
    assert!(matches!(error, CompareError::Source(_)));
    let damaged = Box::new(MemorySource::of(&scene()).damaged_after(5));
    let error = compare(source(), damaged, &redactions(), &Quiet).unwrap_err();
    assert!(matches!(error, CompareError::Release(_)));
    let error = compare(source(), source(), &redactions(), &StopAfter::new(0)).unwrap_err();
    assert!(matches!(error, CompareError::Cancelled));
}

/// The scene with frames 60 and on as one coded group, whose times are `shift` ticks late.
fn partly_coded(shift: i64) -> Box<MemorySource> {
    let items = scene().items().collect();
    coded(items, shift, redact_core::Digest([0; 32]))
}

/// `items` with frames 60 and on as one coded group.
fn coded(all: Vec<MediaItem>, shift: i64, digest: redact_core::Digest) -> Box<MemorySource> {
    let mut group = Vec::new();
    let mut items = Vec::new();
    for item in all {
        match item {
            MediaItem::Frame(frame) if frame.index.get() >= 60 => {
                let at = Timestamp::new(frame.timestamp.ticks() + shift);
                group.push((at, frame.duration_ticks));
            }
            item => items.push(item),
        }
    }
    items.push(MediaItem::Coded(CodedPictures {
        frames: redact_core::FrameSpan::new(FrameIndex::new(60), FrameIndex::new(FRAMES)).unwrap(),
        times: group,
        digest,
        is_earlier: false,
        bytes: 0,
        content: Box::new(()),
    }));
    Box::new(MemorySource::new(scene().info(), items))
}

/// Goal: what is copied need not be decoded to be believed, but only what the source has, only at
/// its time, and only where nothing is hidden.
#[test]
fn a_group_that_is_coded_on_both_sides_needs_the_same_digest_and_no_mask() {
    let mut bare = redactions();
    bare.masks.truncate(1);
    let written = || {
        let mut source = release(Some);
        std::iter::from_fn(|| source.next_item().unwrap()).collect()
    };
    let looked = |shift, digest, redactions: &Redactions| {
        let release = coded(written(), shift, redact_core::Digest([digest; 32]));
        let (audit, compare) = both(partly_coded(0), release, redactions);
        let frames = audit.checks[0].evidence.clone();
        assert!(frames.contains("60 of them decoded"), "{frames}");
        let unseen = audit.checks[1].evidence.contains("(not decoded)");
        let [frames, times] = [0, 1].map(|check| compare.checks[check].passed);
        [!unseen, frames, times]
    };
    assert_eq!(looked(0, 0, &bare), [true, true, true]);
    assert_eq!(looked(0, 1, &bare), [true, false, true]);
    assert_eq!(looked(3, 0, &bare), [true, true, false]);
    // The plate is hidden to the end.
    assert_eq!(looked(0, 0, &redactions()), [false, true, true]);
    // What the source has decoded to be looked at, the release must have decoded.
    let source = Box::new(MemorySource::of(&scene()));
    let release = coded(written(), 0, redact_core::Digest([0; 32]));
    let (_, compare) = both(source, release, &bare);
    assert!(!compare.checks[0].passed);
}

/// Goal: what an earlier render found counts as if it were found now, for the same masks only.
#[test]
fn frames_that_were_checked_earlier_count_as_they_were_found() {
    let source = || Box::new(MemorySource::of(&scene()));
    let first = examined(
        source(),
        Box::new(release(Some)),
        &redactions(),
        &BTreeMap::new(),
    );
    assert_eq!(first.evidence.len(), FRAMES as usize);
    let kept = first.evidence.iter().map(|(&index, found)| {
        let numbers = found.to_numbers();
        (index, FrameEvidence::from_numbers(&numbers).unwrap())
    });
    let kept: BTreeMap<_, _> = kept.collect();
    let written = || {
        let mut source = release(Some);
        std::iter::from_fn(|| source.next_item().unwrap()).collect()
    };
    let again = |redactions: &Redactions, kept| {
        let other = redact_core::Digest([1; 32]);
        examined(
            partly_coded(0),
            coded(written(), 0, other),
            redactions,
            kept,
        )
    };
    let second = again(&redactions(), &kept);
    let checks = |found: &Examination| {
        let checks = found.audit.checks[1..2].iter().chain(&found.compare.checks);
        checks.cloned().collect::<Vec<_>>()
    };
    let passed = |found: &Examination| checks(found).iter().all(|check| check.passed);
    assert!(passed(&second), "{:?}", checks(&second));
    assert_eq!(checks(&first)[0], checks(&second)[0]);
    assert_eq!(first.compare.seconds, second.compare.seconds);
    let frames = &second.audit.checks[0].evidence;
    assert!(frames.contains("15 coded as an earlier render checked them"));
    // One mask more than was measured, and nothing known of the frames.
    let mut more = redactions();
    more.masks.push(more.masks[1].clone());
    assert!(!passed(&again(&more, &kept)));
    assert!(!passed(&again(&redactions(), &BTreeMap::new())));
}

/// Goal: frames that are held against coded data are still counted, timed and audited.
#[test]
fn groups_that_come_coded_are_counted_timed_and_audited() {
    let written = || Box::new(release(Some));
    let looked = |source, release: Box<MemorySource>| both(source, release, &redactions());
    let (audit, compare) = looked(partly_coded(0), written());
    // The scene's noise is louder than a mute may be, so only its masks are asked.
    let masks = |audit: &AuditReport| audit.checks[1].passed;
    assert!(masks(&audit) && compare.passed(), "{audit:?} {compare:?}");
    assert!(compare.checks[0].evidence.contains("15 of them in 1 GOPs"));
    let (_, compare) = looked(partly_coded(3), written());
    assert!(!compare.checks[1].passed, "times of coded frames count");
    let bare = release(|item| match item {
        MediaItem::Frame(frame) if frame.index.get() == 70 => {
            Some(MediaItem::Frame(scene().frame(70)))
        }
        item => Some(item),
    });
    let (audit, _) = looked(partly_coded(0), Box::new(bare));
    assert!(!masks(&audit), "a bare plate in a copied frame");
}

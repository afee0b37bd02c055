mod player;

use proptest::prelude::*;
use redact_core::{
    AudioBlock, Cells, ColorRange, Effect, MaskRegion, MuteRegion, MuteStyle, NormRect, PlaneKind,
    TimeSpan,
};
use redact_testkit::{
    Actor, MemorySource, Quiet, Scene, Sound, StopAfter, copy_frame, drawn_mask, mute, shaped_mask,
};

use self::player::shown;
use super::*;
use crate::levels::take_levels;
use crate::mask::{mask_frame, mask_levels};
use crate::mute::mute_block;
use crate::noise::add_noise;

const FRAMES: u32 = 12;

fn scene() -> Scene {
    let mut scene = Scene::new(160, 120, FRAMES);
    scene.actors.push(Actor {
        class: redact_core::Class::Face,
        frames: 0..FRAMES,
        center: [0.4, 0.5],
        velocity: [0.005, 0.0],
        size: [0.3, 0.4],
    });
    for stream in 0..2_u16 {
        scene.sounds.push(Sound {
            rate_hz: 16_000,
            channels: 1 + stream,
            start: 0,
            speech: vec![TimeSpan::new(0, 400_000_000).unwrap()],
        });
    }
    scene
}

/// The same with the levels that the scene's frames give.
fn leveled(redactions: Redactions) -> Redactions {
    let mut source = MemorySource::of(&scene());
    let levels = take_levels(&mut source, &redactions, &Quiet).unwrap();
    redactions.with_levels(levels)
}

fn redactions(effect: Effect) -> Redactions {
    leveled(Redactions {
        masks: vec![
            drawn_mask("face", effect, 2..10, [0.2, 0.2, 0.7, 0.8]),
            drawn_mask("plate", Effect::Fill, 0..FRAMES, [0.5, 0.5, 0.6, 0.6]),
        ],
        mutes: vec![
            mute("name", span(100, 200), MuteStyle::Silence),
            mute("number", span(250, 350), MuteStyle::Tone),
        ],
    })
}

fn span(start_ms: i64, end_ms: i64) -> TimeSpan {
    TimeSpan::new(start_ms * 1_000_000, end_ms * 1_000_000).unwrap()
}

/// A release of the scene as `tamper` leaves it: it sees every item after it was redacted, and
/// the item as it was before.
fn release(
    redactions: &Redactions,
    mut tamper: impl FnMut(&mut MediaItem, &MediaItem),
) -> MemorySource {
    let scene = scene();
    let items: Vec<MediaItem> = scene
        .items()
        .map(|original| {
            let mut item = redact_testkit::copy_item(&original);
            match &mut item {
                MediaItem::Frame(frame) => {
                    mask_frame(frame, redactions);
                    add_noise(frame, 3);
                }
                MediaItem::Audio(block) => mute_block(block, redactions),
                MediaItem::Coded(_) | MediaItem::CodedSound(_) => {}
            }
            tamper(&mut item, &original);
            item
        })
        .collect();
    MemorySource::new(scene.info(), items)
}

fn expected() -> Expected {
    Expected {
        frames: FRAMES,
        audio_tracks: 2,
    }
}

fn effects() -> [Effect; 3] {
    let cells = Cells::MAX;
    [Effect::Fill, Effect::Pixelate(cells), Effect::Blur(cells)]
}

/// Runs an audit of a tampered release and names the checks that failed.
#[track_caller]
fn failed(
    redactions: &Redactions,
    tamper: impl FnMut(&mut MediaItem, &MediaItem),
) -> Vec<(&'static str, String)> {
    let release = release(redactions, tamper);
    let report = audit(Box::new(release), redactions, &expected(), &Quiet).unwrap();
    assert_eq!(report.checks.len(), 4);
    let failed = report.checks.into_iter().filter(|check| !check.passed);
    failed.map(|check| (check.name, check.evidence)).collect()
}

#[track_caller]
fn check_only(found: &[(&str, String)], name: &str, words: &str) {
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, name);
    assert!(found[0].1.contains(words), "{}", found[0].1);
}

#[test]
fn an_honest_release_passes_with_every_effect() {
    for effect in effects() {
        assert_eq!(failed(&redactions(effect), |_, _| {}), []);
    }
}

/// A face under an ellipse, and a plate under an arrow over its right half.
fn round() -> Redactions {
    let points = vec![[0.0, 0.0], [1.0, 0.5], [0.0, 1.0], [0.3, 0.5]];
    let arrow = redact_core::Polygon::new(points).unwrap();
    let arrow = redact_core::Shape::Polygon(arrow);
    let ellipse = redact_core::Shape::Ellipse;
    Redactions {
        masks: vec![
            shaped_mask("face", ellipse, 2..10, [0.2, 0.2, 0.7, 0.8]),
            shaped_mask("plate", arrow, 0..FRAMES, [0.5, 0.3, 0.95, 0.9]),
        ],
        mutes: redactions(Effect::Fill).mutes,
    }
}

/// Goal: outlines are measured where they hide, one over the other, and only there. Controls: the
/// same release does not pass as one of rectangles; and a spot inside an outline is caught, where
/// one beside it, in the same box, is part of the picture.
#[test]
fn an_outline_is_measured_where_it_hides() {
    let round = round();
    assert_eq!(failed(&round, |_, _| {}), []);
    let release = release(&round, |_, _| {});
    let mut square = round.clone();
    for mask in &mut square.masks {
        *mask = mask.clone().with_shape(None).unwrap();
    }
    let report = audit(Box::new(release), &square, &expected(), &Quiet).unwrap();
    assert!(report.checks.iter().any(|check| !check.passed));
    // Columns 32 to 112, rows 24 to 96: its middle, and its corner.
    for (place, is_hidden) in [((64, 56), true), ((33, 25), false)] {
        let found = failed(&round, |item, original| {
            let (MediaItem::Frame(frame), MediaItem::Frame(before)) = (item, original) else {
                return;
            };
            if frame.index.get() != 5 {
                return;
            }
            let source = before.picture.plane(PlaneKind::Luma);
            let mut luma = frame.picture.plane_mut(PlaneKind::Luma);
            for y in place.1..place.1 + 6 {
                let columns = place.0..place.0 + 6;
                luma.row_mut(y)[columns.clone()].copy_from_slice(&source.row(y)[columns]);
            }
        });
        assert_eq!(!found.is_empty(), is_hidden, "{found:?}");
    }
}

/// Goal: in a player, the edge of an outline is left out and its middle is measured.
#[test]
fn a_shown_outline_is_measured_without_its_edge() {
    let mut redactions = round();
    redactions.masks.truncate(1);
    let spot = |place: (usize, usize)| {
        shown(&redactions, 2..6, |frame| {
            let mut luma = frame.picture.plane_mut(PlaneKind::Luma);
            luma.row_mut(place.1)[place.0] = 255;
        })
    };
    // The topmost row of the ellipse, and its middle.
    let report = spot((72, 24));
    assert!(report.masks.passed, "{}", report.masks.evidence);
    let report = spot((72, 60));
    assert!(!report.masks.passed, "{}", report.masks.evidence);
}

#[test]
fn one_bare_frame_is_caught() {
    for effect in effects() {
        let found = failed(&redactions(effect), |item, original| {
            match (item, original) {
                (MediaItem::Frame(frame), MediaItem::Frame(original)) if frame.index.get() == 7 => {
                    *frame = copy_frame(original);
                }
                _ => {}
            }
        });
        check_only(&found, "masks", "2 failed: face in frame 7");
    }
}

#[test]
fn one_forgotten_region_is_caught() {
    for effect in effects() {
        let all = redactions(effect);
        let mut fewer = all.clone();
        fewer.masks.remove(0);
        let found = failed(&all, |item, original| {
            if let (MediaItem::Frame(frame), MediaItem::Frame(original)) = (item, original) {
                *frame = copy_frame(original);
                mask_frame(frame, &fewer);
            }
        });
        check_only(&found, "masks", "8 failed: face in frame 2");
    }
}

#[test]
fn a_shifted_mask_is_caught() {
    for effect in effects() {
        let all = redactions(effect);
        let mut shifted = all.clone();
        let moved = drawn_mask("face", effect, 2..10, [0.3, 0.2, 0.8, 0.8]);
        shifted.masks[0] = moved.with_levels(all.masks[0].levels().cloned());
        let found = failed(&all, |item, original| {
            if let (MediaItem::Frame(frame), MediaItem::Frame(original)) = (item, original) {
                *frame = copy_frame(original);
                mask_frame(frame, &shifted);
            }
        });
        check_only(&found, "masks", "face in frame 2");
    }
}

/// Goal: a weak effect is no effect. Method: a mosaic of 2x2 pixels where eight cells are due.
#[test]
fn a_weaker_mosaic_is_caught() {
    for effect in effects() {
        let found = failed(&redactions(effect), |item, original| {
            let (MediaItem::Frame(frame), MediaItem::Frame(original)) = (item, original) else {
                return;
            };
            let source = original.picture.plane(PlaneKind::Luma);
            let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
            for y in 24..96_usize {
                for x in 32..112_usize {
                    plane.row_mut(y)[x] = source.row(y & !1)[x & !1];
                }
            }
        });
        assert_eq!(found[0].0, "masks");
    }
}

/// Goal: a small hole is not lost in the mean of a large mask.
#[test]
fn one_bare_block_is_caught() {
    for effect in effects() {
        let found = failed(&redactions(effect), |item, original| {
            let (MediaItem::Frame(frame), MediaItem::Frame(original)) = (item, original) else {
                return;
            };
            if frame.index.get() == 4 {
                let source = original.picture.plane(PlaneKind::Luma);
                let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
                for y in 40..52 {
                    plane.row_mut(y)[48..60].copy_from_slice(&source.row(y)[48..60]);
                }
            }
        });
        check_only(&found, "masks", "1 failed: face in frame 4");
    }
}

#[test]
fn bare_color_is_caught() {
    let found = failed(&redactions(Effect::Fill), |item, _| {
        if let MediaItem::Frame(frame) = item {
            let mut plane = frame.picture.plane_mut(PlaneKind::ChromaRed);
            for y in 15..40 {
                plane.row_mut(y)[18..50].fill(160);
            }
        }
    });
    assert_eq!(found[0].0, "masks");
}

fn unmute(mute_left: usize, stream: usize) -> Vec<(&'static str, String)> {
    let all = redactions(Effect::Fill);
    let mut fewer = all.clone();
    fewer.mutes.remove(mute_left);
    failed(&all, |item, original| {
        if let (MediaItem::Audio(block), MediaItem::Audio(original)) = (item, original)
            && block.stream == stream
        {
            *block = original.clone();
            mute_block(block, &fewer);
        }
    })
}

#[test]
fn one_unmuted_track_is_caught() {
    check_only(&unmute(0, 1), "mutes", "name on track 1");
    check_only(&unmute(1, 0), "mutes", "number on track 0");
}

#[test]
fn a_word_in_a_tone_is_caught() {
    let found = failed(&redactions(Effect::Fill), |item, original| {
        if let (MediaItem::Audio(block), MediaItem::Audio(original)) = (item, original) {
            let mix = block.samples.iter_mut().zip(&original.samples);
            mix.for_each(|(sample, original)| *sample += original * 0.05);
        }
    });
    assert_eq!(found.len(), 1);
    assert!(found[0].1.contains("name on") && found[0].1.contains("number on"));
}

#[test]
fn one_channel_that_is_not_a_number_is_caught() {
    let found = failed(&redactions(Effect::Fill), |item, _| {
        if let MediaItem::Audio(AudioBlock {
            stream: 1, samples, ..
        }) = item
        {
            samples.iter_mut().step_by(2).for_each(|s| *s = f32::NAN);
        }
    });
    check_only(&found, "mutes", "name on track 1");
}

#[test]
fn missing_frames_and_tracks_are_caught() {
    let all = redactions(Effect::Fill);
    let wrong = Expected {
        frames: FRAMES + 1,
        audio_tracks: 1,
    };
    let report = audit(Box::new(release(&all, |_, _| {})), &all, &wrong, &Quiet).unwrap();
    let failed: Vec<_> = report
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.name)
        .collect();
    assert_eq!(failed, ["frames", "sound tracks"]);
    assert!(!report.passed());
}

#[test]
fn a_release_that_cannot_be_read_is_an_error_and_no_verdict() {
    let all = redactions(Effect::Fill);
    let damaged = release(&all, |_, _| {}).damaged_after(5);
    let error = audit(Box::new(damaged), &all, &expected(), &Quiet).unwrap_err();
    assert!(matches!(error, AuditError::Source(_)));
    let whole = Box::new(release(&all, |_, _| {}));
    let error = audit(whole, &all, &expected(), &StopAfter::new(0)).unwrap_err();
    assert!(matches!(error, AuditError::Cancelled));
}

fn any_mask() -> impl Strategy<Value = MaskRegion> {
    let sides = [0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0];
    (0_usize..3, 1_u8..=8, sides).prop_filter_map("empty", |(effect, cells, [a, b, c, d])| {
        let cells = Cells::new(cells)?;
        let effect = [Effect::Fill, Effect::Pixelate(cells), Effect::Blur(cells)][effect];
        let sides = [a.min(c), b.min(d), a.max(c), b.max(d)];
        NormRect::new(sides)?;
        Some(drawn_mask("m", effect, 0..1, sides))
    })
}

proptest! {
    /// Goal: what the engine draws is what the audit expects, wherever masks lie and overlap.
    /// Method: without codec noise, only rounding is left.
    #[test]
    fn every_mask_lies_in_the_space_of_its_effect(
        masks in prop::collection::vec(any_mask(), 1..4),
        half_width in 1_u32..60, half_height in 1_u32..60,
    ) {
        let mut frame = Scene::new(half_width * 2, half_height * 2, 1).frame(0);
        let masks = masks.into_iter().map(|mask| {
            let levels = mask_levels(&mask, &frame.picture);
            mask.with_levels(levels)
        });
        let redactions = Redactions { masks: masks.collect(), mutes: Vec::<MuteRegion>::new() };
        mask_frame(&mut frame, &redactions);
        for Measured { residual, .. } in measure(&frame, &redactions) {
            if let Some(residual) = residual {
                prop_assert!(residual.load(true) == 0.0, "{}", residual.text(true));
            }
        }
    }
}

/// Goal: an honest mask of which later ones leave thin strips passes, although the fit takes only
/// some of the samples. Control: the same strips of the bare picture do not.
#[test]
fn strips_that_later_masks_leave_are_measured_by_what_they_are() {
    let bare = Scene::new(640, 480, 1).frame(0);
    let [wide, over] = [[0.05, 0.05, 0.95, 0.95], [0.058, 0.06, 0.942, 0.94]];
    let blur = Effect::Blur(Cells::MAX);
    let masks = [("below", wide), ("over", over)].map(|(id, sides)| {
        let mask = drawn_mask(id, blur, 0..1, sides);
        let levels = mask_levels(&mask, &bare.picture);
        mask.with_levels(levels)
    });
    let redactions = Redactions {
        masks: masks.to_vec(),
        mutes: Vec::new(),
    };
    let mut frame = copy_frame(&bare);
    mask_frame(&mut frame, &redactions);
    let loads = |frame: &Frame| -> Vec<f32> {
        let measured = measure(frame, &redactions).into_iter();
        #[expect(clippy::cast_possible_truncation, reason = "shares of what is allowed")]
        let loads = measured.filter_map(|one| Some(one.residual?.load(false) as f32));
        loads.collect()
    };
    let honest = loads(&frame);
    assert!(
        honest.len() == 2 && honest.iter().all(|&load| load < 0.4),
        "{honest:?}"
    );
    let shown = loads(&bare);
    assert!(shown.iter().all(|&load| load > 1.0), "{shown:?}");
}

/// Goal: in full range black is 0, and 16 is not.
#[test]
fn black_is_the_black_of_the_range() {
    let size = redact_core::PixelSize::new(32, 32).unwrap();
    let mask = drawn_mask("m", Effect::Fill, 0..1, [0.0, 0.0, 1.0, 1.0]);
    let load = |range, luma| {
        let picture = redact_core::Picture::filled(size, range, [luma, 128, 128]);
        let region = Region {
            picture: &picture,
            mask: &mask,
            area: &MaskArea::of(&mask, NormRect::WHOLE, size),
            later: &[],
            others: &[],
        };
        region.residual().unwrap().load(true)
    };
    assert!(load(ColorRange::Full, 0) < 0.1 && load(ColorRange::Limited, 16) < 0.1);
    assert!(load(ColorRange::Full, 16) > 1.0 && load(ColorRange::Limited, 0) > 1.0);
}

/// Adds `share` of what the source has in the face's mask, with its mean taken away, as an insider
/// would hide it there.
fn hide_copy(share: f64) -> impl FnMut(&mut MediaItem, &MediaItem) {
    move |item, original| {
        let (MediaItem::Frame(frame), MediaItem::Frame(original)) = (item, original) else {
            return;
        };
        let source = original.picture.plane(PlaneKind::Luma);
        let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
        for y in 24..96_usize {
            for x in 32..112_usize {
                let detail = (f64::from(source.row(y)[x]) - 110.0) * share;
                #[expect(clippy::cast_possible_truncation, reason = "some levels")]
                let hidden = i16::from(plane.row(y)[x]) + detail.round() as i16;
                plane.row_mut(y)[x] = hidden.clamp(0, 255).to_le_bytes()[0];
            }
        }
    }
}

/// Goal: a picture at a few levels under a fill, or on a blur, fails without the source. Method:
/// the source itself, a tenth as strong: about five levels. Control: nothing hidden.
#[test]
fn a_weak_copy_under_a_mask_is_caught() {
    for effect in effects() {
        assert_eq!(failed(&redactions(effect), hide_copy(0.0)), []);
        let found = failed(&redactions(effect), hide_copy(0.1));
        check_only(&found, "masks", "face");
    }
}

/// Goal: what is too weak in every single block shows in all of them together.
#[test]
fn a_copy_that_no_block_shows_is_caught_over_all_frames() {
    let found = failed(&redactions(Effect::Fill), |item, _| {
        let MediaItem::Frame(frame) = item else {
            return;
        };
        // One level up in half of the samples, one down in some.
        let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
        for y in (26..94_usize).step_by(2) {
            plane.row_mut(y)[34..110].iter_mut().for_each(|s| *s += 1);
        }
    });
    check_only(&found, "masks", "over all frames");
}

/// Goal: a blur that is drawn anew in every frame, as it once was, is not one.
#[test]
fn cells_that_change_from_frame_to_frame_are_caught() {
    for effect in &effects()[1..] {
        let all = redactions(*effect);
        let found = failed(&all, |item, original| {
            if let (MediaItem::Frame(frame), MediaItem::Frame(original)) = (item, original) {
                *frame = copy_frame(original);
                let masks = all.masks.iter().map(|mask| {
                    let levels = mask_levels(mask, &original.picture);
                    mask.clone().with_levels(levels)
                });
                let anew = Redactions {
                    masks: masks.collect(),
                    mutes: Vec::new(),
                };
                mask_frame(frame, &anew);
            }
        });
        // The face moves through the mask: from some frame on, its cells are others.
        check_only(&found, "masks", "face in frame");
    }
}

/// Goal: a manifest that declares no levels cannot stand for a blur.
#[test]
fn a_blur_without_declared_levels_is_caught() {
    let all = redactions(Effect::Blur(Cells::MAX));
    let undeclared = all.clone().with_levels(Vec::new());
    let release = release(&all, |_, _| {});
    let report = audit(Box::new(release), &undeclared, &expected(), &Quiet).unwrap();
    let check = &report.checks[1];
    assert!(!check.passed && check.evidence.contains("levels are not declared"));
}

/// Goal: speech at -83 dB of full scale in a mute is caught; digital silence is not.
#[test]
fn quiet_speech_in_a_mute_is_caught() {
    for (level, caught) in [(0.0, false), (7.0e-5, true), (2.0e-5, true)] {
        let found = failed(&redactions(Effect::Fill), |item, original| {
            if let (MediaItem::Audio(block), MediaItem::Audio(original)) = (item, original) {
                let mix = block.samples.iter_mut().zip(&original.samples);
                mix.for_each(|(sample, original)| *sample += original * level);
            }
        });
        assert_eq!(!found.is_empty(), caught, "{level}: {found:?}");
        if caught {
            check_only(&found, "mutes", "name on");
        }
    }
}

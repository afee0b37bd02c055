//! What is measured in frames that a player shows.

use super::*;

/// Measures `shown` frames of the scene, after `tamper`, as a player shows them.
pub(super) fn shown(
    redactions: &Redactions,
    shown: impl IntoIterator<Item = u32>,
    tamper: impl Fn(&mut Frame),
) -> FillReport {
    let mut frames: Vec<Frame> = scene()
        .items()
        .filter_map(|item| match item {
            MediaItem::Frame(frame) => Some(frame),
            _ => None,
        })
        .collect();
    let mut meter = FillMeter::new(redactions.clone(), FRAMES);
    for index in shown {
        let frame = &mut frames[index as usize];
        mask_frame(frame, redactions);
        tamper(frame);
        meter.take_frame(frame);
    }
    meter.into_report()
}

/// Goal: fills are measured in the frames that are shown, in any order and each once; what is no
/// fill and what was not shown is counted, and does not fail.
#[test]
fn fills_are_measured_in_the_frames_that_are_shown() {
    let redactions = redactions(Effect::Pixelate(Cells::MAX));
    let report = shown(&redactions, [5, 3, 3, 11], |_| {});
    let FillReport {
        masks,
        measured,
        due,
        others,
    } = report;
    assert!(masks.passed, "{}", masks.evidence);
    assert!(
        masks
            .evidence
            .starts_with("3 masked rectangles measured; 1 masks: removed")
    );
    assert_eq!((measured, due, others), (3, FRAMES as usize, 1));
    let none = shown(&redactions, [], |_| {});
    assert_eq!((none.measured, none.due), (0, FRAMES as usize));
    let fewer = FillMeter::new(redactions, 4);
    assert_eq!(fewer.due().count(), 4, "of the frames that there are");
}

/// Goal: a fill that is not black in a frame that is shown fails, and a frame that is no fill's
/// does not count.
#[test]
fn a_bare_fill_in_a_shown_frame_is_caught() {
    let mut redactions = redactions(Effect::Fill);
    redactions.masks = vec![drawn_mask(
        "plate",
        Effect::Fill,
        2..6,
        [0.5, 0.5, 0.6, 0.6],
    )];
    let light = |frame: &mut Frame| {
        if matches!(frame.index.get(), 4 | 8) {
            let mut luma = frame.picture.plane_mut(PlaneKind::Luma);
            for y in 0..luma.height {
                luma.row_mut(y).fill(40);
            }
        }
    };
    let report = shown(&redactions, 0..FRAMES, light);
    assert!(!report.masks.passed);
    assert!(report.masks.evidence.contains("1 failed: plate in frame 4"));
    assert_eq!((report.measured, report.due), (4, 4));
    let report = shown(&redactions, [3, 8], light);
    assert!(report.masks.passed, "{}", report.masks.evidence);
}

/// Goal: what a screen mixes into the edge of a fill does not count, and the rest does: a pixel
/// farther inside it does.
#[test]
fn the_edge_of_a_shown_fill_is_left_out() {
    let mut redactions = redactions(Effect::Fill);
    redactions.masks = vec![drawn_mask(
        "plate",
        Effect::Fill,
        2..6,
        [0.5, 0.5, 0.75, 0.9],
    )];
    // Columns 80 to 120, rows 60 to 108.
    let edge_at = |column: usize| {
        shown(&redactions, 2..6, |frame| {
            let mut chroma = frame.picture.plane_mut(PlaneKind::ChromaRed);
            for y in 30..54 {
                chroma.row_mut(y)[column / 2] = 160;
            }
        })
    };
    let report = edge_at(80);
    assert!(report.masks.passed, "{}", report.masks.evidence);
    let report = edge_at(82);
    assert!(!report.masks.passed, "{}", report.masks.evidence);
}

use proptest::prelude::*;
use redact_core::{FrameIndex, NormRect};

use super::*;

use BoxOrigin::{Detected, Extended, Interpolated};

const MARGIN: f32 = 0.25;

/// A run from frame `first` on; `at` gives the origin of each frame's box and its sides.
fn run_of(
    class: Class,
    frames: std::ops::Range<u32>,
    at: impl Fn(u32) -> (BoxOrigin, Sides),
) -> TrackRun {
    let found: Vec<(BoxOrigin, Sides)> = frames.clone().map(at).collect();
    let boxes = frames
        .zip(&found)
        .map(|(frame, &(origin, sides))| TrackBox {
            frame: FrameIndex::new(frame),
            rect: NormRect::clipped(sides).unwrap().grown(MARGIN, MARGIN),
            score: 0.7,
            origin,
        });
    let bare = found.iter().map(|&(_, sides)| sides).collect();
    TrackRun::new(class, boxes.collect(), bare)
}

fn square(x: f32, y: f32, side: f32) -> Sides {
    [x, y, x + side, y + side]
}

/// A face that is detected in every second frame.
fn face(frames: std::ops::Range<u32>, at: impl Fn(u32) -> Sides) -> TrackRun {
    run_of(Class::Face, frames, |frame| {
        let origin = if frame.is_multiple_of(2) {
            Detected
        } else {
            Interpolated
        };
        (origin, at(frame))
    })
}

fn count(runs: &[TrackRun]) -> usize {
    merge_duplicates(runs.to_vec()).len()
}

/// Whether in each frame some run of `after` covers each box of `before`.
fn all_covered(before: &[TrackRun], after: &[TrackRun]) -> bool {
    before.iter().all(|run| {
        run.boxes.iter().all(|wanted| {
            after
                .iter()
                .filter(|run| run.class == wanted_class(before, wanted))
                .any(|run| {
                    run.at(wanted.frame.get()).is_some_and(|at| {
                        let rect = run.boxes[at].rect;
                        rect.hull(wanted.rect) == rect
                    })
                })
        })
    })
}

fn wanted_class(runs: &[TrackRun], wanted: &TrackBox) -> Class {
    let holds = |run: &&TrackRun| run.boxes.iter().any(|b| std::ptr::eq(b, wanted));
    runs.iter().find(holds).unwrap().class
}

/// A head as two models box it: from the brows to the chin, and from the hair to the neck.
fn two_boxes_of_one_head() -> Vec<TrackRun> {
    let x = |frame: u32| 0.2 + 0.005 * frame as f32;
    vec![
        face(0..40, |frame| square(x(frame), 0.3, 0.10)),
        face(4..60, |frame| square(x(frame) + 0.01, 0.32, 0.06)),
    ]
}

/// Goal: two boxes of one head are one track from the first frame of either to the last of either,
/// and nothing that was hidden is hidden less.
#[test]
fn two_boxes_of_one_head_are_one_track() {
    let before = two_boxes_of_one_head();
    let after = merge_duplicates(before.clone());
    assert_eq!(after.len(), 1);
    assert_eq!((after[0].start(), after[0].end()), (0, 60));
    assert!(all_covered(&before, &after));
    assert!(
        !all_covered(&before, &after[..0]),
        "control: without a track nothing is covered"
    );
}

/// Goal: heads side by side stay two, however long and close: a reviewer may keep one of them.
#[test]
fn heads_side_by_side_stay_two() {
    for apart in [0.05, 0.06, 0.08] {
        let runs = [
            face(0..60, |_| square(0.3, 0.3, 0.1)),
            face(0..60, move |_| square(0.3 + apart, 0.3, 0.1)),
        ];
        assert_eq!(count(&runs), 2, "{apart}");
    }
    // Control: nearly in the same place it is one head.
    let same = [
        face(0..60, |_| square(0.3, 0.3, 0.1)),
        face(0..60, |_| square(0.33, 0.3, 0.1)),
    ];
    assert_eq!(count(&same), 1);
}

/// Goal: a person who passes behind another stays a track of their own, although they are filled in
/// right behind the other, also when the other track is only as long as that.
#[test]
fn a_person_who_passes_behind_another_stays_two() {
    let x = |frame: u32| 0.1 + 0.01 * frame as f32;
    let behind = run_of(Class::Face, 0..60, |frame| {
        let hidden = (20..40).contains(&frame);
        let origin = if hidden { Interpolated } else { Detected };
        (origin, square(x(frame), 0.31, 0.08))
    });
    let standing = |frames| face(frames, |_| square(0.35, 0.3, 0.1));
    assert_eq!(count(&[standing(0..60), behind.clone()]), 2);
    let along = face(21..39, |frame| square(x(frame) - 0.01, 0.3, 0.1));
    assert_eq!(count(&[behind.clone(), along.clone()]), 2);
    // Control: detected all the time in the other's box, it is the same head.
    let seen = face(0..60, |frame| square(x(frame), 0.31, 0.08));
    assert_eq!(count(&[seen, along]), 1);
}

/// Goal: a box around two heads is neither of them, and the heads stay two.
#[test]
fn a_box_around_two_heads_joins_neither() {
    let left = face(0..60, |_| square(0.30, 0.3, 0.10));
    let right = face(0..60, |_| square(0.41, 0.3, 0.10));
    let around = face(0..60, |_| [0.28, 0.28, 0.53, 0.42]);
    assert_eq!(count(&[left.clone(), right, around.clone()]), 3);
    // Control: around one head alone it is the same head.
    let narrow = face(0..60, |_| [0.28, 0.28, 0.42, 0.42]);
    assert_eq!(count(&[left, narrow]), 1);
}

/// Goal: a small face in front of a large one (a phone, a picture on a shirt) stays its own.
#[test]
fn a_much_smaller_face_in_a_box_stays_its_own() {
    let large = face(0..60, |_| square(0.3, 0.3, 0.2));
    assert_eq!(
        count(&[large.clone(), face(0..60, |_| square(0.33, 0.35, 0.05))]),
        2
    );
    assert_eq!(
        count(&[large, face(0..60, |_| square(0.33, 0.35, 0.12))]),
        1
    );
}

/// Goal: classes do not mix, and vehicles, which stand in each other's boxes, are never merged.
#[test]
fn classes_do_not_mix_and_vehicles_stay_apart() {
    let of = |class| run_of(class, 0..30, |_| (Detected, square(0.3, 0.3, 0.1)));
    assert_eq!(count(&[of(Class::Face), of(Class::Plate)]), 2);
    assert_eq!(count(&[of(Class::Vehicle), of(Class::Vehicle)]), 2);
    assert_eq!(count(&[of(Class::Plate), of(Class::Plate)]), 1);
    assert_eq!(count(&[of(Class::Screen), of(Class::Screen)]), 1);
}

proptest! {
    /// Goal: whatever is merged, each box stays covered by a track of its class, tracks have no
    /// gap, and there are never more of them. Method: a crowd of small steps, sizes and gaps.
    #[test]
    fn nothing_is_hidden_less(
        crowd in proptest::collection::vec(
            (0_u32..40, 1_u32..40, 0.0_f32..0.4, 0.0_f32..0.4, 0.05_f32..0.2, 0_u32..4), 1..12,
        ),
    ) {
        let before: Vec<TrackRun> = crowd
            .iter()
            .map(|&(first, length, x, y, side, kind)| {
                let class = if kind == 3 { Class::Plate } else { Class::Face };
                run_of(class, first..first + length, |frame| {
                    let origin = match (frame + kind) % 3 {
                        0 => Detected,
                        1 => Interpolated,
                        _ => Extended,
                    };
                    let moved = 0.002 * (frame - first) as f32;
                    (origin, square(x + moved, y, side))
                })
            })
            .collect();
        let after = merge_duplicates(before.clone());
        prop_assert!(after.len() <= before.len());
        prop_assert!(all_covered(&before, &after));
        for run in &after {
            prop_assert_eq!(run.boxes.len(), run.bare.len());
            let gapless = run.boxes.windows(2).all(|pair| pair[0].frame.next() == pair[1].frame);
            prop_assert!(gapless);
        }
    }
}

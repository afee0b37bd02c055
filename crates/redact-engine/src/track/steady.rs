//! Steadies the detections of one object.
//!
//! Models draw each box by itself: of a face that hardly changes, one frame's box may end above the
//! chin. Each side is moved out to where most of the detections shortly before and after have it,
//! the camera's motion taken into account; none is moved in.

use super::motion::Sides;
use super::tracklet::{DetectedBox, MotionHistory};

/// Detections this close in time are compared, nanoseconds.
const WITHIN_NANOS: i64 = 250_000_000;

/// At most this many before, and as many after.
const EACH_WAY: usize = 3;

/// `detections` of one object, in order, each with its sides moved out to the medians of its
/// neighbors' sides.
pub(super) fn steadied(detections: &[DetectedBox], history: &MotionHistory) -> Vec<DetectedBox> {
    let steady = |(at, found): (usize, &DetectedBox)| {
        let mut seen = vec![found.sides];
        seen.extend(carried_from_before(detections, at, history));
        seen.extend(carried_from_after(detections, at, history));
        DetectedBox {
            sides: outward(found.sides, &seen),
            ..*found
        }
    };
    detections.iter().enumerate().map(steady).collect()
}

/// The boxes shortly before detection `at`, where the camera takes them in its frame.
fn carried_from_before<'a>(
    detections: &'a [DetectedBox],
    at: usize,
    history: &'a MotionHistory,
) -> impl Iterator<Item = Sides> + 'a {
    let frame = detections[at].frame;
    let before = detections[..at].iter().rev().take(EACH_WAY);
    before
        .take_while(move |other| history.time_between(other.frame, frame) <= WITHIN_NANOS)
        .map(move |other| history.carried(other.sides, other.frame, frame))
}

/// The boxes shortly after it, likewise.
fn carried_from_after<'a>(
    detections: &'a [DetectedBox],
    at: usize,
    history: &'a MotionHistory,
) -> impl Iterator<Item = Sides> + 'a {
    let frame = detections[at].frame;
    let after = detections[at + 1..].iter().take(EACH_WAY);
    after
        .take_while(move |other| history.time_between(frame, other.frame) <= WITHIN_NANOS)
        .map(move |other| history.carried_back(other.sides, other.frame, frame))
}

/// `sides`, each moved out to the median of that side among `seen`.
fn outward(sides: Sides, seen: &[Sides]) -> Sides {
    let median = |side: usize| {
        let mut values: Vec<f32> = seen.iter().map(|sides| sides[side]).collect();
        values.sort_by(f32::total_cmp);
        // Of an even number, the one that lies farther in.
        let at = if side < 2 {
            values.len() / 2
        } else {
            (values.len() - 1) / 2
        };
        values[at]
    };
    [
        sides[0].min(median(0)),
        sides[1].min(median(1)),
        sides[2].max(median(2)),
        sides[3].max(median(3)),
    ]
}

#[cfg(test)]
mod tests {
    use redact_core::Motion;

    use super::*;

    const FRAME_NANOS: i64 = 33_333_333;

    /// A history in which each frame moves by `pan` to the right.
    fn panning(frames: i64, pan: f32) -> MotionHistory {
        let motion = Motion::Affine([1.0, 0.0, pan, 0.0, 1.0, 0.0]);
        MotionHistory {
            nanos: (0..frames).map(|frame| frame * FRAME_NANOS).collect(),
            motions: (0..frames).map(|_| motion).collect(),
        }
    }

    fn found(frame: usize, sides: Sides) -> DetectedBox {
        DetectedBox {
            frame,
            sides,
            score: 0.9,
        }
    }

    /// Goal: one box that ends above the chin is made as long as those around it. Method: the
    /// camera pans; the box of frame 4 is too short. Control: far apart in time, it stays short.
    #[test]
    fn a_single_box_that_is_too_small_grows_to_its_neighbors() {
        let at = |frame: usize| {
            let x = 0.2 + 0.01 * frame as f32;
            [x, 0.3, x + 0.1, 0.45]
        };
        let mut detections: Vec<DetectedBox> = (0..9)
            .step_by(2)
            .map(|frame| found(frame, at(frame)))
            .collect();
        detections[2].sides[3] = 0.40;
        let near = steadied(&detections, &panning(9, 0.01));
        for (steady, frame) in near.iter().zip((0..9).step_by(2)) {
            for (a, b) in steady.sides.iter().zip(at(frame)) {
                assert!((a - b).abs() < 1e-4, "frame {frame}: {:?}", steady.sides);
            }
        }
        let mut apart = panning(9, 0.01);
        apart.nanos.iter_mut().for_each(|nanos| *nanos *= 10);
        assert!((steadied(&detections, &apart)[2].sides[3] - 0.40).abs() < 1e-6);
    }

    /// A single box that is too large is not made smaller, and makes no other larger.
    #[test]
    fn no_box_shrinks_and_one_that_is_too_large_spreads_to_no_other() {
        let mut detections: Vec<DetectedBox> = (0..7)
            .map(|frame| found(frame, [0.2, 0.2, 0.4, 0.4]))
            .collect();
        detections[3].sides = [0.1, 0.1, 0.5, 0.5];
        let steady = steadied(&detections, &panning(7, 0.0));
        for (before, after) in detections.iter().zip(&steady) {
            assert_eq!(before.sides, after.sides);
        }
    }
}

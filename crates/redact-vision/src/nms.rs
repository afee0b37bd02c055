//! Non-maximum suppression: of several boxes for one object, the best remains.

use redact_core::geometry::iou;

use crate::card::Subject;

/// A box decoded from a model's output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// The detected subject.
    pub(crate) subject: Subject,
    /// `[x_min, y_min, x_max, y_max]` in model pixels; may lie outside the input.
    pub(crate) rect_in_model: [f32; 4],
    /// The model's confidence, `0.0..=1.0`.
    pub(crate) score: f32,
}

/// Maximum number of candidates that are compared, best first, which limits the time for a hostile
/// picture. It is enough for a thousand faces with several candidates each.
const CANDIDATES_MAX: usize = 8_000;

/// Sorts by score and drops each box that overlaps a better box of the same subject by more than
/// `iou_max`.
///
/// The order is total, so that equal input gives equal output. Boxes with a side that is not finite
/// are dropped.
pub(crate) fn suppress(mut candidates: Vec<Candidate>, iou_max: f32) -> Vec<Candidate> {
    candidates.retain(|c| {
        let [x_min, y_min, x_max, y_max] = c.rect_in_model;
        let finite = c.rect_in_model.iter().all(|side| side.is_finite()) && c.score.is_finite();
        finite && x_min < x_max && y_min < y_max
    });
    // A stable sort, so that equal scores stay in the model's order.
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(CANDIDATES_MAX);
    let mut best: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let covered = best.iter().any(|better| {
            better.subject == candidate.subject
                && iou(better.rect_in_model, candidate.rect_in_model) > iou_max
        });
        if !covered {
            best.push(candidate);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(subject: Subject, x_min: f32, score: f32) -> Candidate {
        Candidate {
            subject,
            rect_in_model: [x_min, 0.0, x_min + 10.0, 10.0],
            score,
        }
    }

    #[test]
    fn the_better_of_two_overlapping_boxes_remains() {
        let left = suppress(
            vec![
                boxed(Subject::Face, 1.0, 0.5),
                boxed(Subject::Face, 0.0, 0.9),
            ],
            0.4,
        );
        assert_eq!(left, [boxed(Subject::Face, 0.0, 0.9)]);
    }

    #[test]
    fn adjacent_boxes_and_other_subjects_remain() {
        let boxes = vec![
            boxed(Subject::Face, 0.0, 0.9),
            boxed(Subject::Face, 8.0, 0.8),
            boxed(Subject::Plate, 0.0, 0.7),
        ];
        assert_eq!(suppress(boxes.clone(), 0.4), boxes);
    }

    #[test]
    fn an_invalid_box_is_dropped() {
        let mut bad = boxed(Subject::Face, 0.0, 0.9);
        bad.rect_in_model[2] = f32::NAN;
        let mut turned = boxed(Subject::Face, 0.0, 0.9);
        turned.rect_in_model[2] = -5.0;
        let mut endless = boxed(Subject::Face, 0.0, 0.9);
        endless.rect_in_model[2] = f32::INFINITY;
        assert!(
            suppress(
                vec![bad, turned, endless, boxed(Subject::Face, 0.0, f32::NAN)],
                0.4
            )
            .is_empty()
        );
    }

    #[test]
    fn equal_scores_stay_in_order() {
        let boxes = vec![
            boxed(Subject::Face, 0.0, 0.5),
            boxed(Subject::Face, 20.0, 0.5),
            boxed(Subject::Face, 40.0, 0.5),
        ];
        assert_eq!(suppress(boxes.clone(), 0.4), boxes);
    }
}

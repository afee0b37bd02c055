//! Grid outputs in the format of YOLOX: YOLOX trained on COCO, and the networks of
//! `models/training`.
//!
//! Each cell at strides 8, 16 and 32 has the box's center relative to the cell's top-left corner
//! and the logarithms of its sides, both in strides, followed by scores. YOLOX has the probability
//! of an object and one probability per class, whose product is the score. The networks of
//! `models/training` only have one score per class.
//!
//! Source: `demo_postprocess` of `yolox/utils/demo_utils.py` and `COCO_CLASSES` of
//! `yolox/data/datasets/coco_classes.py` in Megvii-BaseDetection/YOLOX 6ddff48.

use super::table::read_table;
use crate::card::Subject;
use crate::nms::Candidate;
use crate::runtime::{Output, ShapeError};

const STRIDES: [usize; 3] = [8, 16, 32];

/// Values of the box, before the scores.
const BOX: usize = 4;

/// The scores of a row, after its box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scores {
    /// One for an object, then the 80 classes of COCO.
    Coco,
    /// A plate, a screen.
    PlateScreen,
    /// A screen, a vehicle, a person.
    Objects,
    /// A face.
    Face,
}

impl Scores {
    const fn count(self) -> usize {
        match self {
            Self::Coco => 81,
            Self::PlateScreen => 2,
            Self::Objects => 3,
            Self::Face => 1,
        }
    }

    /// The score for `subject` among the `scores` of a row.
    fn of(self, scores: &[f32], subject: Subject) -> f32 {
        let best = |classes: &[usize]| classes.iter().map(|c| scores[*c]).fold(0.0, f32::max);
        match (self, subject) {
            // person
            (Self::Coco, Subject::Person) => scores[0] * best(&[1]),
            // car, motorcycle, bus, truck
            (Self::Coco, Subject::Vehicle) => scores[0] * best(&[3, 4, 6, 8]),
            // tv, laptop, cell phone
            (Self::Coco, Subject::Screen) => scores[0] * best(&[63, 64, 68]),
            (Self::PlateScreen, Subject::Plate) => scores[0],
            (Self::PlateScreen, Subject::Screen) => scores[1],
            (Self::Face, Subject::Face) | (Self::Objects, Subject::Screen) => scores[0],
            (Self::Objects, Subject::Vehicle) => scores[1],
            (Self::Objects, Subject::Person) => scores[2],
            _ => 0.0,
        }
    }
}

pub(super) fn decode(
    outputs: &[Output<'_>],
    [width, height]: [usize; 2],
    threshold: f32,
    subjects: &[Subject],
    scores: Scores,
) -> Result<Vec<Candidate>, ShapeError> {
    let row_values = BOX + scores.count();
    let cells = |stride: usize| (width / stride) * (height / stride);
    let count = STRIDES.map(cells).iter().sum();
    let values = read_table(outputs.first(), "the output", [count, row_values])?;

    let mut found = Vec::new();
    let mut rows = values.chunks_exact(row_values);
    for stride in STRIDES {
        let columns = width / stride;
        for (cell, row) in rows.by_ref().take(cells(stride)).enumerate() {
            for subject in subjects {
                let score = scores.of(&row[BOX..], *subject);
                if score < threshold {
                    continue;
                }
                found.push(Candidate {
                    subject: *subject,
                    rect_in_model: rect(row, [cell % columns, cell / columns], stride),
                    score: score.min(1.0),
                });
            }
        }
    }
    Ok(found)
}

fn rect(code: &[f32], [column, row]: [usize; 2], stride: usize) -> [f32; 4] {
    let stride = stride as f32;
    let x = (column as f32 + code[0]) * stride;
    let y = (row as f32 + code[1]) * stride;
    let (half_width, half_height) = (code[2].exp() * stride / 2.0, code[3].exp() * stride / 2.0);
    [
        x - half_width,
        y - half_height,
        x + half_width,
        y + half_height,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of a row of YOLOX, and positions of the scores for an object and for classes.
    const VALUES: usize = 85;
    const OBJECT: usize = 4;
    const CLASSES: usize = 5;

    /// Goal: a display is detected at its position, and a cup with the same score is not.
    #[test]
    fn only_the_wanted_classes_are_read() {
        // 64x32: 32, 8 and 2 cells; cell (1, 1) of the second level.
        let mut values = vec![0.0; 42 * VALUES];
        let at = (32 + 5) * VALUES;
        values[at..at + 4].copy_from_slice(&[0.5, 0.5, 2.0_f32.ln(), 0.0]);
        values[at + OBJECT] = 0.5;
        values[at + CLASSES + 63] = 0.8;
        let cup = 3 * VALUES;
        values[cup + OBJECT] = 0.5;
        values[cup + CLASSES + 41] = 0.8;
        let output = Output {
            name: "output",
            shape: &[1, 42, 85],
            values: &values,
        };
        let found = decode(&[output], [64, 32], 0.3, &[Subject::Screen], Scores::Coco).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.4).abs() < 1e-6);
        let expected = [8.0, 16.0, 40.0, 32.0];
        for (side, expected) in found[0].rect_in_model.iter().zip(expected) {
            assert!((side - expected).abs() < 1e-4, "{found:?}");
        }
        let none = decode(&[output], [64, 32], 0.3, &[Subject::Vehicle], Scores::Coco).unwrap();
        assert!(none.is_empty());
        assert!(decode(&[output], [64, 64], 0.3, &[Subject::Screen], Scores::Coco).is_err());
    }
    /// Goal: a plate and a screen in one picture are distinguished, and only requested subjects are
    /// returned.
    #[test]
    fn plates_and_screens_have_one_score_each() {
        const ROW: usize = 6;
        let mut values = vec![0.0; 42 * ROW];
        values[4] = 0.7;
        let last = 41 * ROW;
        values[last + 5] = 0.6;
        let output = Output {
            name: "output",
            shape: &[1, 42, 6],
            values: &values,
        };
        let read = |subjects: &[Subject]| {
            decode(&[output], [64, 32], 0.3, subjects, Scores::PlateScreen).unwrap()
        };
        let found = read(&[Subject::Plate, Subject::Screen]);
        let subjects: Vec<_> = found.iter().map(|f| (f.subject, f.rect_in_model)).collect();
        assert_eq!(
            subjects,
            [
                (Subject::Plate, [-4.0, -4.0, 4.0, 4.0]),
                (Subject::Screen, [16.0, -16.0, 48.0, 16.0])
            ]
        );
        assert_eq!(read(&[Subject::Screen]).len(), 1);
        assert!(read(&[Subject::Vehicle]).is_empty());
        assert!(decode(&[output], [64, 32], 0.3, &[Subject::Screen], Scores::Coco).is_err());
    }

    /// Goal: each subject has its own column.
    #[test]
    fn screens_vehicles_and_people_are_distinguished() {
        const ROW: usize = 7;
        let all = [Subject::Screen, Subject::Vehicle, Subject::Person];
        for (column, subject) in all.into_iter().enumerate() {
            let mut values = vec![0.0; 42 * ROW];
            values[BOX + column] = 0.7;
            let output = Output {
                name: "output",
                shape: &[1, 42, 7],
                values: &values,
            };
            let found = decode(&[output], [64, 32], 0.3, &all, Scores::Objects).unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].subject, subject);
        }
    }
}

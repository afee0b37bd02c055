//! YOLOX trained on COCO: displays, vehicles, persons.
//!
//! Per cell at strides 8, 16 and 32: the box's middle relative to the cell's top-left corner and
//! the logarithm of its sides, both in strides; the probability that there is an object; and one
//! probability per class. The score is the product of the two.
//!
//! Source: `demo_postprocess` of `yolox/utils/demo_utils.py` and `COCO_CLASSES` of
//! `yolox/data/datasets/coco_classes.py` in Megvii-BaseDetection/YOLOX 6ddff48.

use super::table;
use crate::card::Subject;
use crate::nms::Candidate;
use crate::runtime::{Output, ShapeError};

const STRIDES: [usize; 3] = [8, 16, 32];

/// Values per cell: four of the box, one for the object, 80 classes.
const VALUES: usize = 85;
const OBJECT: usize = 4;
const CLASSES: usize = 5;

/// Which classes of COCO are a subject.
const fn classes_of(subject: Subject) -> &'static [usize] {
    match subject {
        // person
        Subject::Person => &[0],
        // car, motorcycle, bus, truck
        Subject::Vehicle => &[2, 3, 5, 7],
        // tv, laptop, cell phone
        Subject::Screen => &[62, 63, 67],
        Subject::Face | Subject::Plate | Subject::Speech => &[],
    }
}

pub(super) fn decode(
    outputs: &[Output<'_>],
    [width, height]: [usize; 2],
    threshold: f32,
    subjects: &[Subject],
) -> Result<Vec<Candidate>, ShapeError> {
    let cells = |stride: usize| (width / stride) * (height / stride);
    let count = STRIDES.map(cells).iter().sum();
    let values = table(outputs.first(), "the output", [count, VALUES])?;

    let mut found = Vec::new();
    let mut rows = values.chunks_exact(VALUES);
    for stride in STRIDES {
        let columns = width / stride;
        for (cell, row) in rows.by_ref().take(cells(stride)).enumerate() {
            // Nothing can reach the threshold where there is no object.
            if row[OBJECT] < threshold {
                continue;
            }
            for subject in subjects {
                let classes = classes_of(*subject)
                    .iter()
                    .map(|class| row[CLASSES + class]);
                let score = row[OBJECT] * classes.fold(0.0, f32::max);
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

    /// Goal: a display is found at its place and a cup at the same score is not.
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
        let found = decode(&[output], [64, 32], 0.3, &[Subject::Screen]).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.4).abs() < 1e-6);
        let expected = [8.0, 16.0, 40.0, 32.0];
        for (side, expected) in found[0].rect_in_model.iter().zip(expected) {
            assert!((side - expected).abs() < 1e-4, "{found:?}");
        }
        let none = decode(&[output], [64, 32], 0.3, &[Subject::Vehicle]).unwrap();
        assert!(none.is_empty());
        assert!(decode(&[output], [64, 64], 0.3, &[Subject::Screen]).is_err());
    }
}

//! RetinaFace with a MobileNet 0.25 backbone: faces.
//!
//! Source: `cfg_mnet` of `data/config.py` (sides and steps) and `PriorBox` of
//! `layers/functions/prior_box.py` in biubug6/Pytorch_Retinaface, of which the weights' repository
//! is a fork. Scores are probabilities, background first.

use super::priors::PriorLevel;
use super::table::read_table;
use crate::card::Subject;
use crate::nms::Candidate;
use crate::runtime::{Output, ShapeError};

/// Stride and prior sides of each level, model pixels.
const LEVELS: [(usize, &[f32]); 3] = [
    (8, &[16.0, 32.0]),
    (16, &[64.0, 128.0]),
    (32, &[256.0, 512.0]),
];

pub(super) fn decode(
    outputs: &[Output<'_>],
    [width, height]: [usize; 2],
    threshold: f32,
) -> Result<Vec<Candidate>, ShapeError> {
    let levels = LEVELS.map(|(stride, sides)| PriorLevel {
        cells: [width.div_ceil(stride), height.div_ceil(stride)],
        stride: stride as f32,
        sides,
    });
    let count = levels.iter().map(PriorLevel::count).sum();
    // Output names are numbers, so the order identifies them.
    let boxes = read_table(outputs.first(), "boxes", [count, 4])?;
    let scores = read_table(outputs.get(1), "scores", [count, 2])?;

    let mut found = Vec::new();
    for (at, prior) in levels.iter().flat_map(PriorLevel::priors).enumerate() {
        let score = scores[at * 2 + 1];
        if score < threshold {
            continue;
        }
        found.push(Candidate {
            subject: Subject::Face,
            rect_in_model: prior.rect(&boxes[at * 4..][..4]),
            score: score.min(1.0),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_prior_gives_one_box() {
        // 32x32: 16 cells, 4 cells and 1 cell, two priors each.
        let mut scores = [0.0; 84];
        let boxes = [0.0; 168];
        // The second prior of the second cell of the second level.
        let at = 32 + 3;
        scores[at * 2 + 1] = 0.6;
        let outputs = [
            Output {
                name: "output0",
                shape: &[1, 42, 4],
                values: &boxes,
            },
            Output {
                name: "output1",
                shape: &[1, 42, 2],
                values: &scores,
            },
        ];
        let found = decode(&outputs, [32, 32], 0.5).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].rect_in_model, [-40.0, -56.0, 88.0, 72.0]);
        assert!(decode(&outputs, [64, 32], 0.5).is_err());
        assert!(decode(&outputs[..1], [32, 32], 0.5).is_err());
    }
}

//! LPD-YuNet: license plates.
//!
//! The outputs per prior are a box, five points (the plate's four corners and its center), class
//! probabilities, and the expected IoU of the box. The result is the upright box around the model's
//! box and the four corners: either may be too small, and a tilted plate is completely inside.
//!
//! Source: `lpd_yunet.py` of `models/license_plate_detection_yunet` in opencv/opencv_zoo (prior
//! sides, steps, sizes of the feature maps, order of the points, score).

use super::priors::PriorLevel;
use super::table::{find_output, read_table};
use crate::card::Subject;
use crate::nms::Candidate;
use crate::runtime::{Output, ShapeError};

/// Stride and prior sides of each level, model pixels.
const LEVELS: [(usize, &[f32]); 4] = [
    (8, &[10.0, 16.0, 24.0]),
    (16, &[32.0, 48.0]),
    (32, &[64.0, 96.0]),
    (64, &[128.0, 192.0, 256.0]),
];

/// Values per prior, and positions of the four corners; 8 and 9 are the center.
const VALUES: usize = 14;
const CORNERS: [usize; 4] = [4, 6, 10, 12];

pub(super) fn decode(
    outputs: &[Output<'_>],
    input: [usize; 2],
    threshold: f32,
) -> Result<Vec<Candidate>, ShapeError> {
    // Each halving rounds down, except the first one.
    let mut cells = input.map(|side| side.div_ceil(2) / 2);
    let levels = LEVELS.map(|(stride, sides)| {
        cells = cells.map(|side| side / 2);
        PriorLevel {
            cells,
            stride: stride as f32,
            sides,
        }
    });
    let count = levels.iter().map(PriorLevel::count).sum();
    let places = read_table(find_output(outputs, "loc"), "loc", [count, VALUES])?;
    let classes = read_table(find_output(outputs, "conf"), "conf", [count, 2])?;
    let fits = read_table(find_output(outputs, "iou"), "iou", [count, 1])?;

    let mut found = Vec::new();
    for (at, prior) in levels.iter().flat_map(PriorLevel::priors).enumerate() {
        let score = (classes[at * 2 + 1].clamp(0.0, 1.0) * fits[at].clamp(0.0, 1.0)).sqrt();
        if score < threshold {
            continue;
        }
        let code = &places[at * VALUES..][..VALUES];
        let corners = CORNERS.map(|corner| prior.point(&code[corner..][..2]));
        let mut hull = prior.rect(&code[..4]);
        for [x, y] in corners {
            hull = [
                hull[0].min(x),
                hull[1].min(y),
                hull[2].max(x),
                hull[3].max(y),
            ];
        }
        found.push(Candidate {
            subject: Subject::Plate,
            rect_in_model: hull,
            score,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_prior_gives_the_box_around_all_its_points() {
        // 64x64: 64 cells of 3, 16 of 2, 4 of 2, 1 of 3.
        let count = 192 + 32 + 8 + 3;
        let mut places = vec![0.0; count * VALUES];
        let mut classes = vec![0.0; count * 2];
        let fits = vec![1.0; count];
        // First prior of the first cell of the second level: center (8, 8), side 32.
        let at = 192;
        classes[at * 2 + 1] = 0.64;
        let corners = [[-5.0, -2.5], [5.0, -2.5], [6.25, 2.5], [-5.0, 3.125]];
        for (corner, [x, y]) in CORNERS.iter().zip(corners) {
            places[at * VALUES + corner] = x;
            places[at * VALUES + corner + 1] = y;
        }
        let shapes = [[count as i64, 14], [count as i64, 2], [count as i64, 1]];
        let output = |i: usize, name, values| Output {
            name,
            shape: &shapes[i],
            values,
        };
        let outputs = [
            output(0, "loc", places.as_slice()),
            output(1, "conf", &classes),
            output(2, "iou", &fits),
        ];
        let found = decode(&outputs, [64, 64], 0.5).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.8).abs() < 1e-6);
        let expected = [-8.0, -8.0, 28.0, 24.0];
        for (side, expected) in found[0].rect_in_model.iter().zip(expected) {
            assert!((side - expected).abs() < 1e-4, "{found:?}");
        }
        assert!(decode(&outputs, [64, 96], 0.5).is_err());
        assert!(decode(&outputs[1..], [64, 64], 0.5).is_err());
    }
}

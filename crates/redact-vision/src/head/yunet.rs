//! YuNet: faces.
//!
//! Each cell at strides 8, 16 and 32 has a reference point in its top-left corner. A box is given
//! by its center relative to that point and the logarithms of its sides, both in strides.
//!
//! Source: `bbox_decode` of `mmdet/models/dense_heads/yunet_head.py` and
//! `MlvlPointGenerator(strides=[8, 16, 32], offset=0)` of its configuration, in
//! ShiqiYu/libfacedetection.train 0047ac24; score as in OpenCV 4.6, `face_detect.cpp`.

use super::table::{find_output, read_table};
use crate::card::Subject;
use crate::nms::Candidate;
use crate::runtime::{Output, ShapeError};

const STRIDES: [usize; 3] = [8, 16, 32];

pub(super) fn decode(
    outputs: &[Output<'_>],
    [width, height]: [usize; 2],
    threshold: f32,
) -> Result<Vec<Candidate>, ShapeError> {
    let mut found = Vec::new();
    for stride in STRIDES {
        let (columns, rows) = (width / stride, height / stride);
        let cells = rows * columns;
        let level = |part: &str, per_cell| {
            let name = format!("{part}_{stride}");
            read_table(find_output(outputs, &name), &name, [cells, per_cell])
        };
        let (class, object) = (level("cls", 1)?, level("obj", 1)?);
        let boxes = level("bbox", 4)?;
        for (cell, (class, object)) in class.iter().zip(object).enumerate() {
            let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
            if score < threshold {
                continue;
            }
            let code = &boxes[cell * 4..][..4];
            let stride = stride as f32;
            let x = ((cell % columns) as f32 + code[0]) * stride;
            let y = ((cell / columns) as f32 + code[1]) * stride;
            let (half_width, half_height) =
                (code[2].exp() * stride / 2.0, code[3].exp() * stride / 2.0);
            found.push(Candidate {
                subject: Subject::Face,
                rect_in_model: [
                    x - half_width,
                    y - half_height,
                    x + half_width,
                    y + half_height,
                ],
                score,
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: one box at stride 8 is decoded as computed by hand.
    /// Method: an input of 64x32 has 8x4, 4x2 and 2x1 cells; only cell (3, 2) of the first is set.
    #[test]
    fn one_cell_gives_one_box() {
        let mut class = vec![0.0; 32];
        let mut boxes = vec![0.0; 128];
        class[2 * 8 + 3] = 0.81;
        boxes[(2 * 8 + 3) * 4..][..4].copy_from_slice(&[0.5, 0.25, 2.0_f32.ln(), 0.0]);
        let ones = vec![1.0; 32];
        let quiet = [0.0; 32];
        let output = |name, shape: &'static [i64], values| Output {
            name,
            shape,
            values,
        };
        let outputs = [
            output("cls_8", &[1, 32, 1], class.as_slice()),
            output("obj_8", &[1, 32, 1], &ones),
            output("bbox_8", &[1, 32, 4], &boxes),
            output("cls_16", &[1, 8, 1], &quiet[..8]),
            output("obj_16", &[1, 8, 1], &ones[..8]),
            output("bbox_16", &[1, 8, 4], &quiet[..32]),
            output("cls_32", &[1, 2, 1], &quiet[..2]),
            output("obj_32", &[1, 2, 1], &ones[..2]),
            output("bbox_32", &[1, 2, 4], &quiet[..8]),
        ];
        let found = decode(&outputs, [64, 32], 0.5).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.9).abs() < 1e-6);
        let expected = [20.0, 14.0, 36.0, 22.0];
        for (side, expected) in found[0].rect_in_model.iter().zip(expected) {
            assert!((side - expected).abs() < 1e-4, "{found:?}");
        }
        assert!(decode(&outputs[1..], [64, 32], 0.5).is_err());
        assert!(decode(&outputs, [64, 64], 0.5).is_err());
    }
}

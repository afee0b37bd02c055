//! Reads boxes from the outputs of models, one file per family.
//!
//! A head knows its own constants and where they come from. It gives every box at or above the
//! threshold in model pixels and leaves overlaps to [`crate::nms`].

mod centerface;
mod lpd_yunet;
mod plate;
mod retinaface;
mod yolox;
mod yunet;

use self::yolox::Scores;
use crate::card::{HeadKind, Subject};
use crate::nms::Candidate;
use crate::runtime::{Output, ShapeError};

/// Reads the boxes of `subjects` from `outputs`.
///
/// - `input`: `[width, height]` of the model's input, model pixels.
/// - `threshold`: lowest score, `0.0..=1.0`.
///
/// # Errors
/// The outputs are not those of a model of `kind` for that input.
pub(crate) fn decode(
    kind: HeadKind,
    outputs: &[Output<'_>],
    input: [usize; 2],
    threshold: f32,
    subjects: &[Subject],
) -> Result<Vec<Candidate>, ShapeError> {
    match kind {
        HeadKind::YuNet => yunet::decode(outputs, input, threshold),
        HeadKind::CenterFace => centerface::decode(outputs, input, threshold),
        HeadKind::RetinaFace => retinaface::decode(outputs, input, threshold),
        HeadKind::LpdYunet => lpd_yunet::decode(outputs, input, threshold),
        HeadKind::YoloX => yolox::decode(outputs, input, threshold, subjects, Scores::Coco),
        HeadKind::PlateScreen => {
            yolox::decode(outputs, input, threshold, subjects, Scores::PlateScreen)
        }
        HeadKind::Faces => yolox::decode(outputs, input, threshold, subjects, Scores::Face),
        HeadKind::Objects => yolox::decode(outputs, input, threshold, subjects, Scores::Objects),
        HeadKind::SileroVad => unreachable!("refused when the detector was made"),
    }
}

/// Whether a `candidate` of a model of `kind` can be what it says, by its size and shape.
///
/// - `inner`: `[width, height]` of the picture in the input, model pixels.
/// - `reduced`: the picture was larger than that.
pub(crate) fn plausible(
    kind: HeadKind,
    candidate: &Candidate,
    inner: [usize; 2],
    reduced: bool,
) -> bool {
    match (kind, candidate.subject) {
        (HeadKind::LpdYunet, Subject::Plate) => {
            plate::can_be(candidate.rect_in_model, plate::LPD, inner, reduced)
        }
        (HeadKind::PlateScreen, Subject::Plate) => {
            let largest = match inner[0].max(inner[1]) <= plate::CLOSE_UP_SIDE {
                true => plate::CLOSE_UP,
                false => plate::PLATE_SCREEN,
            };
            plate::can_be(candidate.rect_in_model, largest, inner, reduced)
        }
        _ => true,
    }
}

/// The most that two boxes of one subject may overlap (intersection over union) and still be two.
pub(crate) const fn iou_max(kind: HeadKind) -> f32 {
    match kind {
        // Faces in a crowd overlap; so do the boxes of one face, far more.
        HeadKind::YuNet | HeadKind::RetinaFace | HeadKind::Faces | HeadKind::PlateScreen => 0.45,
        // As its authors' decoder: its boxes for one face differ more in size.
        HeadKind::CenterFace | HeadKind::LpdYunet => 0.3,
        HeadKind::YoloX | HeadKind::Objects | HeadKind::SileroVad => 0.5,
    }
}

/// The values of an output with `rows` rows of `columns`, whatever leading dimensions of 1.
fn table<'a>(
    output: Option<&Output<'a>>,
    what: &str,
    [rows, columns]: [usize; 2],
) -> Result<&'a [f32], ShapeError> {
    let expected = || format!("{what} with {rows} x {columns} values");
    let Some(output) = output else {
        return Err(ShapeError {
            found: "no such output".into(),
            expected: expected(),
        });
    };
    let last = output
        .shape
        .last()
        .copied()
        .and_then(|n| usize::try_from(n).ok());
    if last != Some(columns) || output.values.len() != rows * columns {
        return Err(ShapeError {
            found: format!("{} with shape {:?}", output.name, output.shape),
            expected: expected(),
        });
    }
    Ok(output.values)
}

fn named<'o, 'a>(outputs: &'o [Output<'a>], name: &str) -> Option<&'o Output<'a>> {
    outputs.iter().find(|output| output.name == name)
}

/// A prior box of a single-shot detector, model pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Prior {
    /// `[x, y]` of the middle.
    center: [f32; 2],
    /// Both sides: priors are square.
    side: f32,
}

/// A feature map of a single-shot detector.
struct PriorLevel {
    /// `[columns, rows]`.
    cells: [usize; 2],
    /// Model pixels from cell to cell.
    stride: f32,
    /// Sides of the priors of each cell, model pixels.
    sides: &'static [f32],
}

impl PriorLevel {
    /// The priors of the level: row by row, cell by cell, side by side.
    fn priors(&self) -> impl Iterator<Item = Prior> + '_ {
        let [columns, rows] = self.cells;
        let cells = (0..rows).flat_map(move |y| (0..columns).map(move |x| (x, y)));
        cells.flat_map(move |(x, y)| {
            let center = [x, y].map(|at| (at as f32 + 0.5) * self.stride);
            self.sides.iter().map(move |side| Prior {
                center,
                side: *side,
            })
        })
    }

    const fn count(&self) -> usize {
        self.cells[0] * self.cells[1] * self.sides.len()
    }
}

impl Prior {
    /// Variances of the box encoding, for middle and size.
    ///
    /// Source: `variances` of the SSD paper's reference code (weiliu89/caffe, branch `ssd`,
    /// `examples/ssd/ssd_pascal.py`: `prior_variance`), taken over by both families here.
    const VARIANCE: [f32; 2] = [0.1, 0.2];

    /// `[x_min, y_min, x_max, y_max]` of an encoded box `[dx, dy, log width, log height]`.
    fn rect(self, code: &[f32]) -> [f32; 4] {
        let [x, y] = self.point(code);
        let half = |log: f32| self.side * (log * Self::VARIANCE[1]).exp() / 2.0;
        let (half_width, half_height) = (half(code[2]), half(code[3]));
        [
            x - half_width,
            y - half_height,
            x + half_width,
            y + half_height,
        ]
    }

    /// `[x, y]` of an encoded point `[dx, dy]`.
    fn point(self, code: &[f32]) -> [f32; 2] {
        [0, 1].map(|i| self.center[i] + code[i] * Self::VARIANCE[0] * self.side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priors_run_row_by_row_and_side_by_side() {
        let level = PriorLevel {
            cells: [2, 1],
            stride: 8.0,
            sides: &[10.0, 16.0],
        };
        let priors: Vec<_> = level.priors().map(|p| (p.center, p.side)).collect();
        assert_eq!(
            priors,
            [
                ([4.0, 4.0], 10.0),
                ([4.0, 4.0], 16.0),
                ([12.0, 4.0], 10.0),
                ([12.0, 4.0], 16.0)
            ]
        );
        assert_eq!(level.count(), 4);
    }

    #[test]
    fn an_encoded_box_is_relative_to_its_prior() {
        let prior = Prior {
            center: [20.0, 30.0],
            side: 10.0,
        };
        assert_eq!(prior.rect(&[0.0; 4]), [15.0, 25.0, 25.0, 35.0]);
        assert_eq!(prior.point(&[1.0, -2.0]), [21.0, 28.0]);
        let wide = prior.rect(&[0.0, 0.0, 2.0_f32.ln() / 0.2, 0.0]);
        assert!((wide[0] - 10.0).abs() < 1e-4 && (wide[2] - 30.0).abs() < 1e-4);
    }

    /// Goal: an output of another size is an error that says what was found and expected.
    #[test]
    fn a_table_of_another_size_is_refused() {
        let output = Output {
            name: "loc",
            shape: &[1, 3, 4],
            values: &[0.0; 12],
        };
        assert!(table(Some(&output), "loc", [3, 4]).is_ok());
        for size in [[4, 3], [2, 4], [6, 2]] {
            let error = table(Some(&output), "loc", size).unwrap_err();
            assert!(error.found.contains("[1, 3, 4]"), "{error:?}");
        }
        assert!(table(None, "loc", [3, 4]).is_err());
    }
}

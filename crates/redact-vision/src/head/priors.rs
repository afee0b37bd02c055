//! Prior boxes of single-shot detectors.

/// A prior box of a single-shot detector, in model pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prior {
    /// `[x, y]` of the center.
    pub(super) center: [f32; 2],
    /// Length of its sides; priors are square.
    pub(super) side: f32,
}

/// A feature map of a single-shot detector.
pub(super) struct PriorLevel {
    /// `[columns, rows]`.
    pub(super) cells: [usize; 2],
    /// Distance between cells in model pixels.
    pub(super) stride: f32,
    /// Sides of the priors of each cell, in model pixels.
    pub(super) sides: &'static [f32],
}

impl PriorLevel {
    /// The priors of the level, ordered by row, cell and side.
    pub(super) fn priors(&self) -> impl Iterator<Item = Prior> + '_ {
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

    pub(super) const fn count(&self) -> usize {
        self.cells[0] * self.cells[1] * self.sides.len()
    }
}

impl Prior {
    /// Variances of the box encoding, for center and size.
    ///
    /// Source: `variances` of the SSD paper's reference code (weiliu89/caffe, branch `ssd`,
    /// `examples/ssd/ssd_pascal.py`: `prior_variance`), which both families use.
    const VARIANCE: [f32; 2] = [0.1, 0.2];

    /// `[x_min, y_min, x_max, y_max]` of an encoded box `[dx, dy, log width, log height]`.
    pub(super) fn rect(self, code: &[f32]) -> [f32; 4] {
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
    pub(super) fn point(self, code: &[f32]) -> [f32; 2] {
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
}

//! A smooth surface through the cells' means: bilinear between cell centres, flat outside them.

use redact_core::PlaneMut;

use super::Area;
use super::cells::{Grid, Means};

/// A weight of one, in fixed point.
const ONE: u32 = 256;

/// A sample's place between two neighbouring cell centres along one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The cell before.
    pub(crate) before: usize,
    /// The cell after; the same at both ends of the region.
    pub(crate) after: usize,
    /// Weight of the cell after, `0..=256`.
    pub(crate) weight: u32,
}

/// Where sample `index` of `length` lies among `parts` cells of equal width.
pub(crate) fn place(index: usize, parts: usize, length: usize) -> Place {
    // In half samples, times `parts`: sample centres lie at odd places, cell centres at
    // `length`, `3 * length`, `5 * length`, ...
    let at = (2 * index + 1) * parts;
    let last = parts - 1;
    if at <= length {
        return Place {
            before: 0,
            after: 0,
            weight: 0,
        };
    }
    let before = (at - length) / (2 * length);
    if before >= last {
        return Place {
            before: last,
            after: last,
            weight: 0,
        };
    }
    let past = (at - length) % (2 * length);
    let weight = u32::try_from((past * ONE as usize + length) / (2 * length))
        .expect("a remainder is below its divisor");
    Place {
        before,
        after: before + 1,
        weight,
    }
}

/// Draws the surface in `area`.
pub(crate) fn blur(plane: &mut PlaneMut<'_>, area: Area, grid: Grid) {
    let means = Means::of(plane, area, grid);
    let columns: Vec<Place> = (0..area.width)
        .map(|x| place(x, grid.across, area.width))
        .collect();
    let weights: Vec<u32> = columns.iter().map(|column| column.weight).collect();
    let runs: Vec<&[Place]> = columns
        .chunk_by(|a, b| (a.before, a.after) == (b.before, b.after))
        .collect();
    for (row_in_area, y) in area.rows().enumerate() {
        let down = place(row_in_area, grid.down, area.height);
        let (above, below) = (means.row(down.before), means.row(down.after));
        let mix = |cell: usize| {
            u32::from(above[cell]) * (ONE - down.weight) + u32::from(below[cell]) * down.weight
        };
        let row = &mut plane.row_mut(y)[area.columns()];
        let mut start = 0;
        for run in &runs {
            let end = start + run.len();
            let (left, right) = (mix(run[0].before), mix(run[0].after));
            blend(&mut row[start..end], &weights[start..end], left, right);
            start = end;
        }
    }
}

/// One straight piece of a row: from `left` to `right` (means times 256) by `weights`.
fn blend(row: &mut [u8], weights: &[u32], left: u32, right: u32) {
    for (sample, &weight) in row.iter_mut().zip(weights) {
        let sum = left * (ONE - weight) + right * weight;
        // A weighted mean of bytes, times 2^16: the shift brings it back into a byte.
        *sample = ((sum + (1 << 15)) >> 16).to_le_bytes()[0];
    }
}

//! A mosaic of the cells' means.

use redact_core::PlaneMut;

use super::Area;
use super::cells::{Grid, Means, edge};

/// Draws every cell of `area` in its mean.
pub(crate) fn pixelate(plane: &mut PlaneMut<'_>, area: Area, grid: Grid) {
    let means = Means::of(plane, area, grid);
    for cell_y in 0..grid.down {
        let row_of_means = means.row(cell_y);
        let top = area.y + edge(cell_y, grid.down, area.height);
        let bottom = area.y + edge(cell_y + 1, grid.down, area.height);
        for y in top..bottom {
            let row = &mut plane.row_mut(y)[area.columns()];
            for (cell_x, &mean) in row_of_means.iter().enumerate().take(grid.across) {
                let left = edge(cell_x, grid.across, area.width);
                let right = edge(cell_x + 1, grid.across, area.width);
                row[left..right].fill(mean);
            }
        }
    }
}

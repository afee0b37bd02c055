//! The few cells to which a region is reduced before anything is drawn in it.
//!
//! A cell is the true mean of all its samples, not one of them: whatever is drawn from the cells
//! alone can hold nothing finer. All arithmetic is in integers, the same on every machine.

use redact_core::{Cells, PixelRect, PlaneMut};

use super::Area;

/// A cell is at least this many luma samples wide and high (where the region is), so that a small
/// region is reduced too: eight cells across a region of eight pixels would be the region itself.
const CELL_SIDE_MIN: u32 = 4;

/// Most cells across and down.
const SIDE_MAX: usize = Cells::MAX.across() as usize;

/// How a region is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Cells across, `1..=8`.
    pub(crate) across: usize,
    /// Cells down, `1..=8`.
    pub(crate) down: usize,
}

impl Grid {
    /// The grid of `rect`: `cells` along its longer side, proportionally fewer along the other.
    pub(crate) fn new(rect: PixelRect, cells: Cells) -> Self {
        let long = rect.width().max(rect.height());
        let side = |pixels: u32| {
            let share = (pixels * u32::from(cells.across()) + long / 2) / long;
            share.min(pixels / CELL_SIDE_MIN).max(1) as usize
        };
        let grid = Self {
            across: side(rect.width()),
            down: side(rect.height()),
        };
        assert!(grid.across <= SIDE_MAX && grid.down <= SIDE_MAX);
        grid
    }
}

/// Where part `index` of `parts` starts along `length` samples; part `parts` is the end.
pub(crate) fn edge(index: usize, parts: usize, length: usize) -> usize {
    index * length / parts
}

/// Means of a region's cells in one plane, row by row: `[down][across]`.
pub(crate) struct Means {
    values: [[u8; SIDE_MAX]; SIDE_MAX],
}

impl Means {
    /// Takes the mean of every cell, rounded to the nearest.
    ///
    /// `area` holds at least one sample per cell and side: [`Grid::new`] sees to it.
    pub(crate) fn of(plane: &PlaneMut<'_>, area: Area, grid: Grid) -> Self {
        assert!(area.width >= grid.across && area.height >= grid.down);
        let mut values = [[0; SIDE_MAX]; SIDE_MAX];
        for (cell_y, row_of_means) in values.iter_mut().enumerate().take(grid.down) {
            let top = area.y + edge(cell_y, grid.down, area.height);
            let bottom = area.y + edge(cell_y + 1, grid.down, area.height);
            let mut sums = [0_u64; SIDE_MAX];
            for y in top..bottom {
                let row = &plane.row(y)[area.columns()];
                for (cell_x, sum) in sums.iter_mut().enumerate().take(grid.across) {
                    let left = edge(cell_x, grid.across, area.width);
                    let right = edge(cell_x + 1, grid.across, area.width);
                    *sum += row_sum(&row[left..right]);
                }
            }
            for (cell_x, mean) in row_of_means.iter_mut().enumerate().take(grid.across) {
                let columns = edge(cell_x + 1, grid.across, area.width)
                    - edge(cell_x, grid.across, area.width);
                let count = (columns * (bottom - top)) as u64;
                *mean = u8::try_from((sums[cell_x] + count / 2) / count)
                    .expect("a mean of bytes is a byte");
            }
        }
        Self { values }
    }

    /// Row `cell_y` of the cells; only the grid's first columns are set.
    pub(crate) fn row(&self, cell_y: usize) -> &[u8; SIDE_MAX] {
        &self.values[cell_y]
    }
}

/// The sum of a run of samples; a row of at most 16384 bytes fits 32 bits, which the compiler
/// adds many at a time.
fn row_sum(samples: &[u8]) -> u64 {
    u64::from(samples.iter().map(|&sample| u32::from(sample)).sum::<u32>())
}

//! The few levels to which a region is reduced before anything is drawn in it.
//!
//! A cell is the true mean of all its samples, not one of them, rounded to one of 16 levels: what
//! is drawn from the levels alone can hold nothing finer. All arithmetic is in integers, the same
//! on every machine.

use redact_core::{Cells, MaskLevels, Picture, PixelRect, Plane, PlaneKind};

use super::area::{PlaneArea, part_start};
use super::pattern::level_of;

/// A cell is at least this many luma samples wide and high (where the region is), so that a small
/// region is reduced too: eight cells across a region of eight pixels would be the region itself.
const CELL_SIDE_MIN: u32 = 4;

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
        let most = usize::from(Cells::MAX.across());
        assert!(grid.across <= most && grid.down <= most);
        grid
    }
}

/// The levels of `picture` inside `rect`, which has even sides.
pub(crate) fn levels(picture: &Picture, rect: PixelRect, cells: Cells) -> MaskLevels {
    let grid = Grid::new(rect, cells);
    let planes = PlaneKind::ALL.map(|kind| {
        let means = means(&picture.plane(kind), PlaneArea::of(rect, kind), grid);
        let level = |mean| level_of(mean, kind, picture.range());
        means.into_iter().map(level).collect()
    });
    let side = |cells: usize| u8::try_from(cells).expect("at most eight cells");
    MaskLevels::new(side(grid.across), side(grid.down), planes)
        .expect("one level of each plane for each cell of the grid")
}

/// The mean of every cell, rounded to the nearest, row by row.
///
/// `area` holds at least one sample per cell and side: [`Grid::new`] ensures it.
pub(crate) fn means(plane: &Plane<'_>, area: PlaneArea, grid: Grid) -> Vec<u8> {
    assert!(area.width >= grid.across && area.height >= grid.down);
    let mut means = Vec::with_capacity(grid.across * grid.down);
    for cell_y in 0..grid.down {
        let top = area.y + part_start(cell_y, grid.down, area.height);
        let bottom = area.y + part_start(cell_y + 1, grid.down, area.height);
        for cell_x in 0..grid.across {
            let left = area.x + part_start(cell_x, grid.across, area.width);
            let right = area.x + part_start(cell_x + 1, grid.across, area.width);
            let rows = (top..bottom).map(|y| row_sum(&plane.row(y)[left..right]));
            let count = ((right - left) * (bottom - top)) as u64;
            let mean = (rows.sum::<u64>() + count / 2) / count;
            means.push(u8::try_from(mean).expect("a mean of bytes is a byte"));
        }
    }
    means
}

/// The sum of a run of samples; a row of at most 16384 bytes fits 32 bits, which the compiler
/// adds many at a time.
fn row_sum(samples: &[u8]) -> u64 {
    u64::from(samples.iter().map(|&sample| u32::from(sample)).sum::<u32>())
}

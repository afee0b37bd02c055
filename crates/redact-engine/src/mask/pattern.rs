//! What a mask draws in one plane: black, a mosaic, or a smooth surface.
//!
//! The renderer draws it and the audit holds it against the release, so both follow the same rows.

use redact_core::{ColorRange, Effect, MaskLevels, MaskRegion, PlaneKind};

use super::area::{PlaneArea, part_start};

/// The chroma of black, gray and white in both ranges.
pub(crate) const GRAY: u8 = 128;

/// A weight of one, in fixed point.
const ONE: u32 = 256;

/// The picture of a mask in one plane.
pub(crate) enum Pattern {
    /// One sample value everywhere.
    Constant(u8),
    /// One value per cell.
    Mosaic {
        /// Row by row.
        cells: Vec<u8>,
        /// Cells across and down.
        grid: [usize; 2],
        /// Rows of the region.
        height: usize,
    },
    /// Bilinear between cell centers, flat outside them.
    Surface {
        /// Row by row.
        cells: Vec<u8>,
        /// Cells across and down.
        grid: [usize; 2],
        /// Where each column lies between cell centers.
        columns: Vec<Place>,
        /// Rows of the region.
        height: usize,
    },
}

impl Pattern {
    /// What `mask` draws in the samples `area` of plane `kind`. A mask that lacks its levels is
    /// filled: when in doubt, hide.
    pub(crate) fn new(
        mask: &MaskRegion,
        kind: PlaneKind,
        range: ColorRange,
        area: PlaneArea,
    ) -> Self {
        let (Some(levels), Effect::Pixelate(_) | Effect::Blur(_)) = (mask.levels(), mask.effect())
        else {
            return Self::Constant(match kind {
                PlaneKind::Luma => range.black(),
                PlaneKind::ChromaBlue | PlaneKind::ChromaRed => GRAY,
            });
        };
        let cells = samples(levels, kind, range);
        let grid = [levels.across(), levels.down()].map(usize::from);
        let height = area.height;
        if matches!(mask.effect(), Effect::Pixelate(_)) {
            return Self::Mosaic {
                cells,
                grid,
                height,
            };
        }
        let columns = (0..area.width).map(|x| place(x, grid[0], area.width));
        Self::Surface {
            cells,
            grid,
            columns: columns.collect(),
            height,
        }
    }

    /// Writes row `y` of the region into `row`, which is as wide as it.
    pub(crate) fn draw_row(&self, y: usize, row: &mut [u8]) {
        match self {
            Self::Constant(value) => row.fill(*value),
            Self::Mosaic {
                cells,
                grid: [across, down],
                height,
            } => {
                let cells = &cells[cell_of(y, *down, *height) * across..][..*across];
                let width = row.len();
                for (index, &value) in cells.iter().enumerate() {
                    row[part_start(index, *across, width)..part_start(index + 1, *across, width)]
                        .fill(value);
                }
            }
            Self::Surface {
                cells,
                grid: [across, down],
                columns,
                height,
            } => {
                let down = place(y, *down, *height);
                let [above, below] = [down.before, down.after].map(|at| &cells[at * across..]);
                let mix = |cell: usize| {
                    u32::from(above[cell]) * (ONE - down.weight)
                        + u32::from(below[cell]) * down.weight
                };
                for (sample, column) in row.iter_mut().zip(columns) {
                    let (left, right) = (mix(column.before), mix(column.after));
                    let sum = left * (ONE - column.weight) + right * column.weight;
                    // A weighted mean of bytes, times 2^16: the shift brings it back into a byte.
                    *sample = ((sum + (1 << 15)) >> 16).to_le_bytes()[0];
                }
            }
        }
    }
}

/// Sample value of `level`, `0..16`, in plane `kind`: even steps over what the plane can show, of
/// which one is chroma's neutral value.
pub(crate) fn sample_of(level: u8, kind: PlaneKind, range: ColorRange) -> u8 {
    let last = u16::from(MaskLevels::COUNT - 1);
    let luma = |black: u16, span: u16| black + (u16::from(level) * span + last / 2) / last;
    let value = match (kind, range) {
        (PlaneKind::Luma, ColorRange::Limited) => luma(16, 219),
        (PlaneKind::Luma, ColorRange::Full) => luma(0, 255),
        (PlaneKind::ChromaBlue | PlaneKind::ChromaRed, _) => u16::from(level) * 16,
    };
    value.min(255).to_le_bytes()[0]
}

/// The level whose sample value is nearest to `sample`.
pub(crate) fn level_of(sample: u8, kind: PlaneKind, range: ColorRange) -> u8 {
    let levels = 0..MaskLevels::COUNT;
    let distance = |level: &u8| sample_of(*level, kind, range).abs_diff(sample);
    levels.min_by_key(distance).unwrap_or(0)
}

fn samples(levels: &MaskLevels, kind: PlaneKind, range: ColorRange) -> Vec<u8> {
    let plane = &levels.planes()[kind as usize];
    let sample = |&level: &u8| sample_of(level, kind, range);
    plane.iter().map(sample).collect()
}

/// The cell that row or column `index` of `length` lies in.
fn cell_of(index: usize, parts: usize, length: usize) -> usize {
    // The inverse of `part_start`: the last part that starts at or before `index`.
    let starts_before = |part: &usize| part_start(*part, parts, length) <= index;
    (0..parts).rev().find(starts_before).unwrap_or(0)
}

/// A sample's place between two neighboring cell centers along one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The cell before.
    before: usize,
    /// The cell after; the same at both ends of the region.
    after: usize,
    /// Weight of the cell after, `0..=256`.
    weight: u32,
}

/// Where sample `index` of `length` lies among `parts` cells of equal width.
fn place(index: usize, parts: usize, length: usize) -> Place {
    // In half samples, times `parts`: sample centers lie at odd places, cell centers at
    // `length`, `3 * length`, `5 * length`, ...
    let at = (2 * index + 1) * parts;
    let last = parts - 1;
    let flat = |cell: usize| Place {
        before: cell,
        after: cell,
        weight: 0,
    };
    if at <= length {
        return flat(0);
    }
    let before = (at - length) / (2 * length);
    if before >= last {
        return flat(last);
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

//! How far a decoded region is from what its effect could have drawn.
//!
//! Whatever an effect draws lies in a small space: one constant for a fill, one constant per cell
//! for a mosaic, a sum of one hat per cell for a blur. The region is projected on that space by
//! least squares; what is left over, the *residual*, is the codec's noise if the mask is there,
//! and the picture's detail if it is not.
//!
//! Noise is larger along a mask's edges, because a transform block that straddles an edge rings
//! on both sides of it: blocks near an edge have a bound of their own.

use std::fmt;
use std::ops::Range;

use redact_core::{ColorRange, Effect, Picture, PixelRect, Plane, PlaneKind};

use crate::mask::blur::{Place, place};
use crate::mask::cells::{Grid, edge};
use crate::mask::{Area, fill::GREY};

/// Side of the blocks whose residual is measured, samples.
const BLOCK: usize = 8;

/// How far into a mask its edge is heard, samples: a transform block of the codec.
const RING: usize = 8;

/// Root mean square that codec noise may reach in a block away from edges, in 8-bit levels.
pub(crate) const INNER_MAX: f64 = 5.0;

/// The same in a block at an edge.
pub(crate) const EDGE_MAX: f64 = 14.0;

/// The same over all of a region.
pub(crate) const WHOLE_MAX: f64 = 5.0;

/// Points of a plane that the fit of a blur uses at most; the residual uses all.
const FIT_POINTS_MAX: usize = 4096;

/// What is left of a region when everything its effect can draw is taken away: root mean
/// squares in 8-bit levels, the worst of the three planes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Residual {
    /// Over the whole region.
    pub(crate) whole: f64,
    /// Worst block away from edges.
    pub(crate) inner: f64,
    /// Worst block at an edge.
    pub(crate) edge: f64,
}

impl Residual {
    /// The largest share of a bound that is used: above 1 the region is not masked.
    pub(crate) fn load(self) -> f64 {
        let shares = [
            self.whole / WHOLE_MAX,
            self.inner / INNER_MAX,
            self.edge / EDGE_MAX,
        ];
        if shares.iter().any(|share| share.is_nan()) {
            return f64::NAN;
        }
        shares.into_iter().fold(0.0, f64::max)
    }

    fn worst(self, other: Self) -> Self {
        Self {
            whole: self.whole.max(other.whole),
            inner: self.inner.max(other.inner),
            edge: self.edge.max(other.edge),
        }
    }
}

impl fmt::Display for Residual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "residual {:.2}, worst block {:.2} inside and {:.2} at an edge; allowed {WHOLE_MAX}, \
             {INNER_MAX} and {EDGE_MAX} levels",
            self.whole, self.inner, self.edge
        )
    }
}

/// Measures the mask at `rect`. Pixels under `later` masks are left out.
///
/// Returns `None` when later masks cover all of it.
pub(crate) fn residual(
    picture: &Picture,
    rect: PixelRect,
    effect: Effect,
    later: &[PixelRect],
) -> Option<Residual> {
    let planes = PlaneKind::ALL.map(|kind| {
        let area = Area::of(rect, kind);
        let later: Vec<Area> = later.iter().map(|&other| Area::of(other, kind)).collect();
        let view = View {
            plane: picture.plane(kind),
            area,
            later: &later,
        };
        let model = model(&view, kind, picture.range(), rect, effect);
        view.residual(&model)
    });
    planes.into_iter().flatten().reduce(Residual::worst)
}

/// What the effect can draw that is nearest to what is there.
fn model(
    view: &View<'_>,
    kind: PlaneKind,
    range: ColorRange,
    rect: PixelRect,
    effect: Effect,
) -> Model {
    match effect {
        Effect::Fill => Model::Constant(f64::from(match kind {
            PlaneKind::Luma => range.black(),
            PlaneKind::ChromaBlue | PlaneKind::ChromaRed => GREY,
        })),
        Effect::Pixelate(cells) => Model::mosaic(view, Grid::new(rect, cells)),
        Effect::Blur(cells) => Model::surface(view, Grid::new(rect, cells)),
    }
}

/// One plane of a region, without what later masks own.
struct View<'a> {
    plane: Plane<'a>,
    area: Area,
    later: &'a [Area],
}

impl View<'_> {
    /// Calls `visit` with the columns of row `y` (both counted within the region) that belong to
    /// this mask, run by run.
    fn owned(&self, y: usize, mut visit: impl FnMut(Range<usize>)) {
        let row = self.area.y + y;
        let mut covering: Vec<Range<usize>> = self
            .later
            .iter()
            .filter(|other| other.rows().contains(&row))
            .map(|other| {
                let columns = other.columns();
                columns.start.saturating_sub(self.area.x)..columns.end.saturating_sub(self.area.x)
            })
            .collect();
        covering.sort_unstable_by_key(|columns| columns.start);
        let mut start = 0;
        for columns in covering {
            if start < columns.start.min(self.area.width) {
                visit(start..columns.start.min(self.area.width));
            }
            start = start.max(columns.end);
        }
        if start < self.area.width {
            visit(start..self.area.width);
        }
    }

    /// Row `y` of the region.
    fn row(&self, y: usize) -> &[u8] {
        &self.plane.row(self.area.y + y)[self.area.columns()]
    }

    /// Whether an edge is heard in the block at `x`, `y`.
    fn at_edge(&self, x: usize, y: usize) -> bool {
        let inside = x >= RING
            && y >= RING
            && x + BLOCK + RING <= self.area.width
            && y + BLOCK + RING <= self.area.height;
        let (x, y) = (self.area.x + x, self.area.y + y);
        let beside = |other: &Area| {
            x < other.x + other.width + RING
                && other.x < x + BLOCK + RING
                && y < other.y + other.height + RING
                && other.y < y + BLOCK + RING
        };
        !inside || self.later.iter().any(beside)
    }

    fn residual(&self, model: &Model) -> Option<Residual> {
        let blocks_across = self.area.width.div_ceil(BLOCK);
        let mut found = Residual::default();
        let (mut sum, mut count) = (0.0, 0_u64);
        let mut expected = vec![0.0_f32; self.area.width];
        for top in (0..self.area.height).step_by(BLOCK) {
            let mut blocks = vec![(0.0_f64, 0_u64); blocks_across];
            for y in top..(top + BLOCK).min(self.area.height) {
                model.draw_row(y, &mut expected);
                let row = self.row(y);
                self.owned(y, |columns| {
                    add_squares(&mut blocks, row, &expected, columns);
                });
            }
            for (index, &(squares, samples)) in blocks.iter().enumerate() {
                sum += squares;
                count += samples;
                // A sliver of a few samples is measured with the whole region only.
                if samples >= (BLOCK * BLOCK / 4) as u64 {
                    let worst = if self.at_edge(index * BLOCK, top) {
                        &mut found.edge
                    } else {
                        &mut found.inner
                    };
                    *worst = worst.max(root_mean(squares, samples));
                }
            }
        }
        (count > 0).then(|| Residual {
            whole: root_mean(sum, count),
            ..found
        })
    }
}

/// Adds the squared differences of `columns` to the blocks they lie in.
fn add_squares(blocks: &mut [(f64, u64)], row: &[u8], expected: &[f32], columns: Range<usize>) {
    let mut start = columns.start;
    while start < columns.end {
        let block = start / BLOCK;
        let end = ((block + 1) * BLOCK).min(columns.end);
        let squares: f32 = row[start..end]
            .iter()
            .zip(&expected[start..end])
            .map(|(&sample, &expected)| (f32::from(sample) - expected).powi(2))
            .sum();
        blocks[block].0 += f64::from(squares);
        blocks[block].1 += (end - start) as u64;
        start = end;
    }
}

fn root_mean(squares: f64, count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "samples of one region")]
    let mean = squares / count.max(1) as f64;
    mean.sqrt()
}

/// The nearest thing to a region that its effect can draw.
enum Model {
    /// One level everywhere.
    Constant(f64),
    /// One level per cell: `levels[down][across]`.
    Mosaic {
        levels: Vec<Vec<f32>>,
        height: usize,
    },
    /// Hats over the cells' centres.
    Surface {
        levels: Vec<Vec<f64>>,
        columns: Vec<Place>,
        height: usize,
    },
}

/// [`Place::weight`] counts in these.
const ONE: f64 = 256.0;

impl Model {
    /// Writes row `y` of the region into `row`.
    fn draw_row(&self, y: usize, row: &mut [f32]) {
        match self {
            Self::Constant(level) => row.fill(narrow(*level)),
            Self::Mosaic { levels, height } => {
                let cells = &levels[cell_of(y, levels.len(), *height)];
                let width = row.len();
                for (index, &level) in cells.iter().enumerate() {
                    row[edge(index, cells.len(), width)..edge(index + 1, cells.len(), width)]
                        .fill(level);
                }
            }
            Self::Surface {
                levels,
                columns,
                height,
            } => {
                let down = place(y, levels.len(), *height);
                let share = f64::from(down.weight) / ONE;
                let mixed: Vec<f64> = levels[down.before]
                    .iter()
                    .zip(&levels[down.after])
                    .map(|(&above, &below)| above * (1.0 - share) + below * share)
                    .collect();
                for (sample, column) in row.iter_mut().zip(columns) {
                    let share = f64::from(column.weight) / ONE;
                    *sample =
                        narrow(mixed[column.before] * (1.0 - share) + mixed[column.after] * share);
                }
            }
        }
    }

    /// The mean of each cell's own samples: cells do not overlap, so this is the projection.
    fn mosaic(view: &View<'_>, grid: Grid) -> Self {
        let Area { width, height, .. } = view.area;
        let mut sums = vec![vec![(0_u64, 0_u64); grid.across]; grid.down];
        for y in 0..height {
            let row = view.row(y);
            let sums = &mut sums[cell_of(y, grid.down, height)];
            view.owned(y, |columns| {
                for (index, (sum, count)) in sums.iter_mut().enumerate() {
                    let start = edge(index, grid.across, width).max(columns.start);
                    let end = edge(index + 1, grid.across, width).min(columns.end);
                    if start < end {
                        *sum += row[start..end].iter().map(|&s| u64::from(s)).sum::<u64>();
                        *count += (end - start) as u64;
                    }
                }
            });
        }
        #[expect(clippy::cast_precision_loss, reason = "samples of one region")]
        let mean = |&(sum, count): &(u64, u64)| narrow(sum as f64 / count.max(1) as f64);
        Self::Mosaic {
            levels: sums
                .iter()
                .map(|cells| cells.iter().map(mean).collect())
                .collect(),
            height,
        }
    }

    /// The sum of hats that is nearest by least squares.
    fn surface(view: &View<'_>, grid: Grid) -> Self {
        let Area { width, height, .. } = view.area;
        let columns: Vec<Place> = (0..width).map(|x| place(x, grid.across, width)).collect();
        let mut step = 1;
        while width.div_ceil(step) * height.div_ceil(step) > FIT_POINTS_MAX {
            step += 1;
        }
        let mut normal = Normal::new(grid.across * grid.down);
        for y in (0..height).step_by(step) {
            let down = place(y, grid.down, height);
            let row = view.row(y);
            view.owned(y, |owned| {
                for x in owned.filter(|x| x.is_multiple_of(step)) {
                    normal.add(&hats(columns[x], down, grid.across), f64::from(row[x]));
                }
            });
        }
        let levels = normal.solve();
        Self::Surface {
            levels: levels.chunks(grid.across).map(<[f64]>::to_vec).collect(),
            columns,
            height,
        }
    }
}

/// The cell that row or column `index` of `length` lies in.
fn cell_of(index: usize, parts: usize, length: usize) -> usize {
    // The inverse of `edge`: the last part that starts at or before `index`.
    let guess = index * parts / length;
    if guess + 1 < parts && edge(guess + 1, parts, length) <= index {
        guess + 1
    } else {
        guess
    }
}

/// The four hats that reach a sample: number of the cell, weight.
fn hats(column: Place, down: Place, across: usize) -> [(usize, f64); 4] {
    let x = f64::from(column.weight) / ONE;
    let y = f64::from(down.weight) / ONE;
    [
        (down.before * across + column.before, (1.0 - y) * (1.0 - x)),
        (down.before * across + column.after, (1.0 - y) * x),
        (down.after * across + column.before, y * (1.0 - x)),
        (down.after * across + column.after, y * x),
    ]
}

/// The normal equations of a least-squares fit, at most 64 unknowns.
struct Normal {
    unknowns: usize,
    /// Row by row.
    matrix: Vec<f64>,
    right: Vec<f64>,
}

impl Normal {
    fn new(unknowns: usize) -> Self {
        Self {
            unknowns,
            matrix: vec![0.0; unknowns * unknowns],
            right: vec![0.0; unknowns],
        }
    }

    fn add(&mut self, hats: &[(usize, f64)], value: f64) {
        for &(i, weight) in hats {
            self.right[i] += weight * value;
            for &(j, other) in hats {
                self.matrix[i * self.unknowns + j] += weight * other;
            }
        }
    }

    /// Solves by Cholesky's method. A cell of which nothing is seen gets a level of no effect.
    fn solve(mut self) -> Vec<f64> {
        /// Keeps the matrix regular where nothing is seen, too small to move anything else.
        const RIDGE: f64 = 1e-6;
        let n = self.unknowns;
        let a = &mut self.matrix;
        for i in 0..n {
            a[i * n + i] += RIDGE;
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
                let rest = a[i * n + j] - dot;
                a[i * n + j] = if i == j {
                    rest.max(RIDGE * RIDGE).sqrt()
                } else {
                    rest / a[j * n + j]
                };
            }
        }
        let mut x = self.right;
        for i in 0..n {
            let dot: f64 = (0..i).map(|k| a[i * n + k] * x[k]).sum();
            x[i] = (x[i] - dot) / a[i * n + i];
        }
        for i in (0..n).rev() {
            let dot: f64 = (i + 1..n).map(|k| a[k * n + i] * x[k]).sum();
            x[i] = (x[i] - dot) / a[i * n + i];
        }
        x
    }
}

#[expect(clippy::cast_possible_truncation, reason = "levels of 8 bits")]
fn narrow(level: f64) -> f32 {
    level as f32
}

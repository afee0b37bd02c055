//! How far a decoded region is from what its effect could have drawn.
//!
//! Whatever an effect draws lies in a small space: one constant for a fill, one constant per cell
//! for a mosaic, a sum of one hat per cell for a blur. The region is projected on that space by
//! least squares; what is left over, the *residual*, is the codec's noise if the mask is there,
//! and the picture's detail if it is not.
//!
//! Codecs spend their noise where there is contrast: a transform block that straddles the mask's
//! edge, or a step between two cells, rings on both sides of it. What a block may differ by grows
//! with the contrast of what belongs there, its surroundings included. The figures were measured
//! with x264 (veryfast) on real and synthetic pictures: up to a constant rate factor of 23 noise
//! uses at most three quarters of what is allowed; at 28 honest releases begin to fail.

use std::fmt;
use std::ops::Range;

use redact_core::{ColorRange, Effect, Picture, PixelRect, Plane, PlaneKind};

use crate::mask::blur::{Place, place};
use crate::mask::cells::{Grid, edge};
use crate::mask::{Area, fill::GREY};

/// Least side of the blocks whose residual is measured, samples: a transform block of the codec.
/// Blocks share a region evenly, so that none is a sliver along an edge, which is all ringing.
const BLOCK: usize = 8;

/// Root mean square that codec noise may reach where there is no contrast, 8-bit levels.
const FLAT_MAX: f64 = 6.0;

/// What the contrast (standard deviation) of a block and its neighbours adds to it.
const PER_CONTRAST: f64 = 0.35;

/// Blocks of which other masks leave fewer samples are measured with the whole region only.
const SLIVER: u64 = (BLOCK * BLOCK / 2) as u64;

/// Points of a plane that the fit of a blur uses at most; the residual uses all.
const FIT_POINTS_MAX: usize = 4096;

/// What is left of a region when everything its effect can draw is taken away: root mean
/// squares in 8-bit levels, of the worst of the three planes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Residual {
    /// Over the whole region.
    whole: f64,
    /// What is allowed over the whole region.
    whole_allowed: f64,
    /// Of the block that uses most of what it is allowed.
    block: f64,
    /// What is allowed in that block.
    block_allowed: f64,
}

impl Residual {
    /// The largest share that is used of what is allowed: above 1 the region is not masked.
    pub(super) fn load(self) -> f64 {
        (self.whole / self.whole_allowed).max(self.block / self.block_allowed)
    }

    /// What [`Residual::from_numbers`] puts together again.
    pub(crate) const fn to_numbers(self) -> [f64; 4] {
        [
            self.whole,
            self.whole_allowed,
            self.block,
            self.block_allowed,
        ]
    }

    pub(crate) const fn from_numbers(numbers: [f64; 4]) -> Self {
        let [whole, whole_allowed, block, block_allowed] = numbers;
        Self {
            whole,
            whole_allowed,
            block,
            block_allowed,
        }
    }

    fn worst(self, other: Self) -> Self {
        if other.load() > self.load() {
            other
        } else {
            self
        }
    }
}

impl fmt::Display for Residual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "residual {:.1} of {:.1} levels allowed, worst block {:.1} of {:.1}",
            self.whole, self.whole_allowed, self.block, self.block_allowed
        )
    }
}

/// Measures the mask at `rect`. Pixels under `later` masks are left out.
///
/// Returns `None` when later masks cover all of it.
pub(super) fn residual(
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

    /// What differs from `model`, block by block; `None` when nothing belongs to this mask.
    fn residual(&self, model: &Model) -> Option<Residual> {
        let mut blocks = Blocks::new(self.area);
        let Area {
            x,
            y,
            width,
            height,
        } = self.area;
        let left = x.saturating_sub(BLOCK);
        let right = (x + width + BLOCK).min(self.plane.width);
        let mut drawn = vec![0.0_f32; width];
        let mut belongs = vec![0.0_f32; right - left];
        for row in y.saturating_sub(BLOCK)..(y + height + BLOCK).min(self.plane.height) {
            // Around the mask, and where another one owns the picture, what is there belongs.
            let there = &self.plane.row(row)[left..right];
            for (level, &sample) in belongs.iter_mut().zip(there) {
                *level = f32::from(sample);
            }
            if self.area.rows().contains(&row) {
                model.draw_row(row - y, &mut drawn);
                let inside = self.row(row - y);
                self.owned(row - y, |columns| {
                    blocks.add_residual(row - y, inside, &drawn, columns.clone());
                    let place = x - left;
                    belongs[columns.start + place..columns.end + place]
                        .copy_from_slice(&drawn[columns]);
                });
            }
            blocks.add_contrast(row + BLOCK - y, left + BLOCK - x, &belongs);
        }
        blocks.into_residual()
    }
}

/// Sums over the blocks of a region and one ring of blocks around it.
struct Blocks {
    /// Where blocks begin and end across and down, counted from the ring's corner.
    across: Vec<usize>,
    down: Vec<usize>,
    /// Row by row.
    cells: Vec<Sums>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    /// Squared residuals and their number.
    residual: (f64, u64),
    /// Number, sum and sum of squares of the levels that belong there.
    levels: (f64, f64, f64),
}

/// Ends of the blocks along one side: a ring block, blocks of at least [`BLOCK`], a ring block.
fn block_ends(length: usize) -> Vec<usize> {
    let blocks = (length / BLOCK).max(1);
    let inner = (0..=blocks).map(|index| BLOCK + edge(index, blocks, length));
    std::iter::once(0)
        .chain(inner)
        .chain([length + 2 * BLOCK])
        .collect()
}

/// The part of `range` in each block it touches.
fn parts(ends: &[usize], range: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    let first = ends.partition_point(|&end| end <= range.start).max(1) - 1;
    (first..ends.len() - 1)
        .map(move |block| {
            let part = ends[block].max(range.start)..ends[block + 1].min(range.end);
            (block, part)
        })
        .take_while(|(_, part)| part.start < part.end)
}

/// Sum and sum of squares of what `value` makes of each pair. Four are kept apart on the way, which
/// the processor adds at once.
fn sums<A: Copy, B: Copy>(a: &[A], b: &[B], value: impl Fn(A, B) -> f32) -> [f32; 2] {
    const LANES: usize = 4;
    let (mut sum, mut squares) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (fours, rest) = a.as_chunks::<LANES>();
    let (fours_b, rest_b) = b.as_chunks::<LANES>();
    let mut add = |lane: usize, a: A, b: B| {
        let value = value(a, b);
        sum[lane] += value;
        squares[lane] += value * value;
    };
    for (a, b) in fours.iter().zip(fours_b) {
        (0..LANES).for_each(|lane| add(lane, a[lane], b[lane]));
    }
    for (lane, (&a, &b)) in rest.iter().zip(rest_b).enumerate() {
        add(lane, a, b);
    }
    [sum.iter().sum(), squares.iter().sum()]
}

impl Blocks {
    fn new(area: Area) -> Self {
        let (across, down) = (block_ends(area.width), block_ends(area.height));
        let cells = vec![Sums::default(); (across.len() - 1) * (down.len() - 1)];
        Self {
            across,
            down,
            cells,
        }
    }

    fn in_row(&self) -> usize {
        self.across.len() - 1
    }

    /// The first cell of the row of blocks in which `row` lies, counted from the ring's corner.
    fn first_of(&self, row: usize) -> usize {
        (self.down.partition_point(|&end| end <= row) - 1) * self.in_row()
    }

    /// Adds the difference of `columns` of the region's row `y` to its blocks.
    fn add_residual(&mut self, y: usize, there: &[u8], drawn: &[f32], columns: Range<usize>) {
        let first = self.first_of(y + BLOCK);
        for (block, part) in parts(&self.across, columns.start + BLOCK..columns.end + BLOCK) {
            let part = part.start - BLOCK..part.end - BLOCK;
            let (there, drawn) = (&there[part.clone()], &drawn[part.clone()]);
            let [_, squares] = sums(there, drawn, |sample, drawn| f32::from(sample) - drawn);
            let residual = &mut self.cells[first + block].residual;
            residual.0 += f64::from(squares);
            residual.1 += part.len() as u64;
        }
    }

    /// Adds levels that belong there. Row and first column count from the ring's corner.
    fn add_contrast(&mut self, row: usize, column: usize, levels: &[f32]) {
        let first = self.first_of(row);
        for (block, part) in parts(&self.across, column..column + levels.len()) {
            let there = &levels[part.start - column..part.end - column];
            let [sum, squares] = sums(there, there, |level, _| level);
            let (count, total, total_squares) = &mut self.cells[first + block].levels;
            *count += f64::from(u8::try_from(part.len()).unwrap_or(u8::MAX));
            *total += f64::from(sum);
            *total_squares += f64::from(squares);
        }
    }

    /// What codec noise may reach in the block at `index`, which is not in the ring.
    fn allowed(&self, index: usize) -> f64 {
        let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for row in [index - self.in_row(), index, index + self.in_row()] {
            for cell in &self.cells[row - 1..=row + 1] {
                count += cell.levels.0;
                sum += cell.levels.1;
                squares += cell.levels.2;
            }
        }
        let mean = sum / count;
        let contrast = (squares / count - mean * mean).max(0.0).sqrt();
        FLAT_MAX + PER_CONTRAST * contrast
    }

    fn into_residual(self) -> Option<Residual> {
        let (mut squares, mut allowed_squares, mut count) = (0.0, 0.0, 0);
        let (mut worst, mut worst_allowed) = (0.0, FLAT_MAX);
        for (index, cell) in self.cells.iter().enumerate() {
            let (sum, samples) = cell.residual;
            if samples == 0 {
                continue;
            }
            let allowed = self.allowed(index);
            squares += sum;
            count += samples;
            #[expect(clippy::cast_precision_loss, reason = "samples of one block")]
            {
                allowed_squares += allowed * allowed * samples as f64;
            }
            let differs = root_mean(sum, samples);
            if samples >= SLIVER && differs / allowed > worst / worst_allowed {
                (worst, worst_allowed) = (differs, allowed);
            }
        }
        (count > 0).then(|| Residual {
            whole: root_mean(squares, count),
            whole_allowed: root_mean(allowed_squares, count),
            block: worst,
            block_allowed: worst_allowed,
        })
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
        let mut fit = |step: usize, reaches: &dyn Fn(usize) -> bool| {
            for y in (0..height).step_by(step) {
                let down = place(y, grid.down, height);
                let row = view.row(y);
                view.owned(y, |owned| {
                    for x in owned.filter(|x| x.is_multiple_of(step)) {
                        let hats = hats(columns[x], down, grid.across);
                        if hats
                            .iter()
                            .any(|&(cell, weight)| weight > 0.0 && reaches(cell))
                        {
                            normal.add(&hats, f64::from(row[x]));
                        }
                    }
                });
            }
            normal.hardly_seen()
        };
        let hardly_seen = fit(step, &|_| true);
        if step > 1 && hardly_seen.contains(&true) {
            // Of some cells later masks leave strips so thin that the points fall beside them.
            fit(1, &|cell| hardly_seen[cell]);
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

    /// The unknowns that hardly anything was added for.
    fn hardly_seen(&self) -> Vec<bool> {
        let weights = self.matrix.iter().step_by(self.unknowns + 1);
        weights.map(|&weight| weight < 1.0).collect()
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

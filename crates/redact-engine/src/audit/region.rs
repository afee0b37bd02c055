//! How far a decoded region is from what its mask draws.
//!
//! What a mask draws is known to the bit: black, or the surface of its levels. What a release has
//! there differs from it by the codec's noise alone, the *residual*. It is judged in macroblocks of
//! the codec (16x16 luma samples), because its noise does not cross them, but for the three samples
//! that its loop filter reaches:
//!
//! - *covered* blocks lie wholly under masks. Nothing but the masks' own picture was encoded there,
//!   so an honest residual is near zero: over all frames of a mask, at most 0.34 levels of luma
//!   and 0.75 of chroma under a fill, 1.9 and 1.5 under a blur or mosaic, whose steps the codec has
//!   to encode (x264, constant rate factors 14 to 23, presets ultrafast to medium, four
//!   recordings);
//! - blocks *at the edge* hold a part of the picture too, whose noise reaches into the mask, the
//!   more the more contrast there is: at most 3.6 levels over all frames of a mask.
//!
//! A residual is judged block by block, over each frame, and over all frames of a mask together:
//! a picture that is hidden in it may be weak in each block, but not in all of them.

use std::fmt;

use redact_core::{Effect, MaskRegion, Picture, Plane, PlaneKind};

use crate::mask::pattern::Pattern;
use crate::mask::{MaskArea, PlaneMask};
use crate::numbers::{NumberReader, NumberWriter};

/// Side of a macroblock, luma samples.
const BLOCK: usize = 16;

/// Blocks of which a mask owns fewer samples are judged with all others only.
const SLIVER: u32 = 32;

/// What codec noise may reach, as root mean squares in 8-bit levels.
#[derive(Clone, Copy)]
struct Bound {
    /// Where there is no contrast.
    flat: f64,
    /// What each level of contrast (standard deviation) adds.
    per_contrast: f64,
    /// In a single block; the more blocks there are, the less this counts.
    block: f64,
}

/// Where a pool's blocks lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PoolKind {
    is_chroma: bool,
    is_edge: bool,
}

impl PoolKind {
    const ALL: [Self; 4] = [
        Self::new(false, false),
        Self::new(false, true),
        Self::new(true, false),
        Self::new(true, true),
    ];

    const fn new(is_chroma: bool, is_edge: bool) -> Self {
        Self { is_chroma, is_edge }
    }

    const fn index(self) -> usize {
        self.is_chroma as usize * 2 + self.is_edge as usize
    }

    /// What one block may reach.
    const fn block_bound(self) -> Bound {
        Bound {
            flat: if self.is_edge { 6.0 } else { 3.0 },
            per_contrast: 0.35,
            block: 0.0,
        }
    }

    /// What all blocks of one frame may reach together.
    const fn frame_bound(self, is_fill: bool) -> Bound {
        let (flat, per_contrast, block) = match (self.is_edge, self.is_chroma, is_fill) {
            (true, ..) => (6.0, 0.2, 12.0),
            (false, false, true) => (0.8, 0.1, 3.0),
            (false, true, true) => (1.3, 0.1, 3.0),
            (false, false, false) => (1.2, 0.15, 4.0),
            (false, true, false) => (1.6, 0.15, 5.0),
        };
        Bound {
            flat,
            per_contrast,
            block,
        }
    }

    /// What all blocks of all frames may reach together.
    const fn total_bound(self, is_fill: bool) -> Bound {
        let (flat, per_contrast) = match (self.is_edge, self.is_chroma, is_fill) {
            (true, _, true) => (2.0, 0.06),
            (true, _, false) => (2.5, 0.08),
            (false, false, true) => (0.5, 0.1),
            (false, true, true) => (1.0, 0.1),
            (false, false, false) => (0.9, 0.11),
            (false, true, false) => (1.3, 0.11),
        };
        Bound {
            flat,
            per_contrast,
            ..self.frame_bound(is_fill)
        }
    }
}

/// The part of what is allowed that the mean of a residual may reach: noise has none.
const MEAN_SHARE: f64 = 0.3;

/// Sums over blocks of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pool {
    blocks: f64,
    samples: f64,
    /// Of the residual.
    sum: f64,
    squares: f64,
    /// Squared contrast of each block, once for each of its samples.
    contrasts: f64,
}

impl Pool {
    fn add(&mut self, other: &Self) {
        self.blocks += other.blocks;
        self.samples += other.samples;
        self.sum += other.sum;
        self.squares += other.squares;
        self.contrasts += other.contrasts;
    }

    /// Root mean square, and what is allowed.
    fn level(&self, bound: Bound) -> (f64, f64) {
        let samples = self.samples.max(1.0);
        let contrast = (self.contrasts / samples).sqrt();
        let flat = bound.flat + bound.per_contrast * contrast;
        let allowed = flat.hypot(bound.block / self.blocks.max(1.0).sqrt());
        let mean = (self.sum / samples).abs() / MEAN_SHARE;
        ((self.squares / samples).sqrt().max(mean), allowed)
    }

    fn write(&self, numbers: &mut NumberWriter) {
        numbers.number(self.blocks);
        numbers.number(self.samples);
        numbers.number(self.sum);
        numbers.number(self.squares);
        numbers.number(self.contrasts);
    }

    fn read(numbers: &mut NumberReader<'_>) -> Option<Self> {
        Some(Self {
            blocks: numbers.number()?,
            samples: numbers.number()?,
            sum: numbers.number()?,
            squares: numbers.number()?,
            contrasts: numbers.number()?,
        })
    }
}

/// What is left of a region when what its mask draws is taken away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Residual {
    /// Root mean square of the block that uses most of what it is allowed, levels.
    block: f64,
    /// What is allowed in that block.
    block_allowed: f64,
    pools: [Pool; 4],
}

impl Residual {
    const NONE: Self = Self {
        block: 0.0,
        block_allowed: 1.0,
        pools: [Pool {
            blocks: 0.0,
            samples: 0.0,
            sum: 0.0,
            squares: 0.0,
            contrasts: 0.0,
        }; 4],
    };

    /// The largest share that is used of what is allowed: above 1 the region is not masked.
    pub(super) fn load(&self, is_fill: bool) -> f64 {
        let (found, allowed) = self.worst(is_fill);
        found / allowed
    }

    /// What uses the largest share of what is allowed, and what is allowed.
    fn worst(&self, is_fill: bool) -> (f64, f64) {
        let pools = PoolKind::ALL.into_iter().zip(&self.pools);
        pools
            .map(|(kind, pool)| pool.level(kind.frame_bound(is_fill)))
            .fold((self.block, self.block_allowed), |worst, other| {
                let is_worse = other.0 / other.1 > worst.0 / worst.1 || other.0.is_nan();
                if is_worse { other } else { worst }
            })
    }

    /// For people.
    pub(super) fn text(&self, is_fill: bool) -> String {
        let (found, allowed) = self.worst(is_fill);
        format!("residual {found:.1} of {allowed:.1} levels allowed")
    }

    /// Its fields, in the order in which [`Residual::read`] reads them; zeros where there is none.
    pub(crate) fn write(residual: Option<&Self>, numbers: &mut NumberWriter) {
        numbers.flag(residual.is_some());
        numbers.number(residual.map_or(0.0, |known| known.block));
        numbers.number(residual.map_or(0.0, |known| known.block_allowed));
        let pools = residual.map_or([Pool::default(); 4], |known| known.pools);
        for pool in pools {
            pool.write(numbers);
        }
    }

    /// `None` when the numbers are not of a residual.
    pub(crate) fn read(numbers: &mut NumberReader<'_>) -> Option<Option<Self>> {
        let is_known = numbers.flag()?;
        let residual = Self {
            block: numbers.number()?,
            block_allowed: numbers.number()?,
            pools: [
                Pool::read(numbers)?,
                Pool::read(numbers)?,
                Pool::read(numbers)?,
                Pool::read(numbers)?,
            ],
        };
        Some(is_known.then_some(residual))
    }

    fn add_block(&mut self, kind: PoolKind, block: &BlockSums) {
        if block.owned == 0 {
            return;
        }
        let contrast = block.contrast();
        let owned = f64::from(block.owned);
        self.pools[kind.index()].add(&Pool {
            blocks: 1.0,
            samples: owned,
            sum: f64::from(block.residual),
            squares: f64::from(block.squares),
            contrasts: contrast * contrast * owned,
        });
        let bound = kind.block_bound();
        let (found, allowed) = (
            (f64::from(block.squares) / owned).sqrt(),
            bound.flat + bound.per_contrast * contrast,
        );
        if block.owned >= SLIVER && found / allowed > self.block / self.block_allowed {
            (self.block, self.block_allowed) = (found, allowed);
        }
    }
}

/// The residuals of one mask, or of all, over all frames together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Total {
    /// Under fills, and under blurs and mosaics.
    pools: [[Pool; 4]; 2],
}

impl Total {
    pub(super) fn add(&mut self, residual: &Residual, is_fill: bool) {
        let pools = &mut self.pools[usize::from(!is_fill)];
        for (pool, other) in pools.iter_mut().zip(&residual.pools) {
            pool.add(other);
        }
    }

    /// What uses the largest share of what is allowed: root mean square and bound, levels; nothing
    /// where nothing was measured.
    pub(super) fn worst(&self) -> Option<Worst> {
        let each = [true, false].into_iter().zip(&self.pools);
        let all = each.flat_map(|(is_fill, pools)| {
            let pools = PoolKind::ALL.into_iter().zip(pools);
            let pools = pools.filter(|(_, pool)| pool.samples > 0.0);
            pools.map(move |(kind, pool)| {
                let (found, allowed) = pool.level(kind.total_bound(is_fill));
                Worst { found, allowed }
            })
        });
        all.max_by(|a, b| a.load().total_cmp(&b.load()))
    }
}

/// A residual beside its bound, levels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worst {
    found: f64,
    allowed: f64,
}

impl Worst {
    pub(super) fn load(&self) -> f64 {
        self.found / self.allowed
    }
}

impl fmt::Display for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, allowed) = (self.found, self.allowed);
        write!(
            f,
            "residual over all frames {found:.2} of {allowed:.2} levels allowed"
        )
    }
}

/// One mask in one picture.
#[derive(Clone, Copy)]
pub(super) struct Region<'a> {
    pub(super) picture: &'a Picture,
    pub(super) mask: &'a MaskRegion,
    pub(super) area: &'a MaskArea,
    /// Masks that lie on top and overlap it.
    pub(super) later: &'a [MaskArea],
    /// All other masks that overlap it.
    pub(super) others: &'a [MaskArea],
}

impl Region<'_> {
    /// Measures the region. Samples under later masks are left out; `None` when they cover it.
    pub(super) fn residual(&self) -> Option<Residual> {
        let mut residual = Residual::NONE;
        for kind in PlaneKind::ALL {
            self.for_each_block(kind, |is_edge, block| {
                let sums = BlockSums::of(block);
                residual.add_block(PoolKind::new(kind != PlaneKind::Luma, is_edge), &sums);
            });
        }
        let measured = residual.pools.iter().any(|pool| pool.samples > 0.0);
        measured.then_some(residual)
    }

    /// Whether the mask draws black.
    pub(super) fn is_fill(mask: &MaskRegion) -> bool {
        mask.effect() == Effect::Fill || mask.levels().is_none()
    }

    /// Calls `visit` for each macroblock that the mask reaches into, with whether it lies at the
    /// edge of what is masked.
    pub(super) fn for_each_block(
        &self,
        kind: PlaneKind,
        mut visit: impl FnMut(bool, &BlockView<'_>),
    ) {
        let plane = self.picture.plane(kind);
        let own = PlaneMask::new(self.area, kind);
        let area = own.bounds;
        let side = match kind {
            PlaneKind::Luma => BLOCK,
            PlaneKind::ChromaBlue | PlaneKind::ChromaRed => BLOCK / 2,
        };
        let pattern = Pattern::new(self.mask, kind, self.picture.range(), area);
        let [later, others] = [self.later, self.others].map(|areas| -> Vec<PlaneMask> {
            let masks = areas.iter().map(|area| PlaneMask::new(area, kind));
            masks.collect()
        });
        let mut drawn = vec![0_u8; area.width * side];
        let mut top = area.y / side * side;
        while top < area.y + area.height {
            let rows = top..(top + side).min(plane.height);
            let first = rows.start.max(area.y);
            for y in first..rows.end.min(area.y + area.height) {
                let start = (y - first) * area.width;
                pattern.draw_row(y - area.y, &mut drawn[start..start + area.width]);
            }
            let mut left = area.x / side * side;
            while left < area.x + area.width {
                let block = BlockView {
                    plane: &plane,
                    own: &own,
                    later: &later,
                    drawn: &drawn,
                    rows: rows.clone(),
                    columns: left..(left + side).min(plane.width),
                };
                visit(!block.is_covered(&others), &block);
                left += side;
            }
            top += side;
        }
    }
}

/// One macroblock in one plane.
pub(super) struct BlockView<'a> {
    plane: &'a Plane<'a>,
    own: &'a PlaneMask,
    later: &'a [PlaneMask],
    /// What the mask draws in the block's rows, from the first that is the mask's.
    drawn: &'a [u8],
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
}

impl BlockView<'_> {
    /// Whether all of it lies under masks, which are `others` and its own.
    fn is_covered(&self, others: &[PlaneMask]) -> bool {
        let bounds = self.own.bounds;
        let own = bounds.columns();
        let within = own.start <= self.columns.start
            && self.columns.end <= own.end
            && bounds.y <= self.rows.start
            && self.rows.end <= bounds.y + bounds.height;
        if within && self.own.is_rectangle {
            return true;
        }
        let under = |x, y| self.own.contains(x, y) || others.iter().any(|m| m.contains(x, y));
        let is_possible = within || !others.is_empty();
        let mut rows = self.rows.clone();
        is_possible && rows.all(|y| self.columns.clone().all(|x| under(x, y)))
    }

    /// Whether the mask is a rectangle and nothing lies on top of it.
    fn is_simple(&self) -> bool {
        self.own.is_rectangle && self.later.is_empty()
    }

    /// Calls `visit` for each row of a simple block: what is beside the mask, what is under it and
    /// what the mask draws there.
    fn for_each_row<'a>(&'a self, mut visit: impl FnMut([&'a [u8]; 2], (&'a [u8], &'a [u8]))) {
        let bounds = self.own.bounds;
        let first = self.rows.start.max(bounds.y);
        let (start, end) = (self.columns.start, self.columns.end);
        let from = bounds.x.clamp(start, end);
        let until = (bounds.x + bounds.width).clamp(from, end);
        for y in self.rows.clone() {
            let row = self.plane.row(y);
            if !bounds.rows().contains(&y) {
                visit([&row[start..end], &[]], (&[], &[]));
                continue;
            }
            let drawn = &self.drawn[(y - first) * bounds.width..][..bounds.width];
            let drawn = &drawn[from - bounds.x..until - bounds.x];
            let beside = [&row[start..from], &row[until..end]];
            visit(beside, (&row[from..until], drawn));
        }
    }

    /// Calls `visit` for each sample: its place, what is there, and what the mask draws there if
    /// the sample is its own.
    pub(super) fn for_each_sample(&self, mut visit: impl FnMut([usize; 2], u8, Option<u8>)) {
        let bounds = self.own.bounds;
        let first = self.rows.start.max(bounds.y);
        for y in self.rows.clone() {
            let row = &self.plane.row(y)[self.columns.clone()];
            let mine = bounds.rows().contains(&y);
            for (x, &found) in self.columns.clone().zip(row) {
                let own = mine
                    && self.own.contains(x, y)
                    && !self.later.iter().any(|later| later.contains(x, y));
                let drawn = own.then(|| self.drawn[(y - first) * bounds.width + x - bounds.x]);
                visit([x, y], found, drawn);
            }
        }
    }
}

fn count(samples: &[u8]) -> u32 {
    u32::try_from(samples.len()).unwrap_or(0)
}

/// The sum of `samples` of one row of a block, and of their squares.
#[inline]
fn sums_of(samples: &[u8]) -> (u32, u32) {
    let (mut levels, mut squares) = (0_i32, 0_i32);
    for &sample in samples {
        let sample = i16::from(sample);
        levels = levels.wrapping_add(i32::from(sample));
        squares = squares.wrapping_add(i32::from(sample).wrapping_mul(i32::from(sample)));
    }
    (levels.unsigned_abs(), squares.unsigned_abs())
}

/// Sums over one macroblock in one plane; 256 squares of bytes fit 32 bits.
#[derive(Default)]
struct BlockSums {
    /// Samples that are the mask's own.
    owned: u32,
    residual: i32,
    squares: u32,
    /// All samples, and the levels that belong there.
    count: u32,
    levels: u32,
    level_squares: u32,
}

impl BlockSums {
    fn of(block: &BlockView<'_>) -> Self {
        let mut sums = Self::default();
        if block.is_simple() {
            block.for_each_row(|beside, (found, drawn)| sums.add_row(beside, found, drawn));
            return sums;
        }
        block.for_each_sample(|_, found, drawn| {
            let found = [found];
            match drawn {
                Some(drawn) => sums.add_row([&[], &[]], &found, &[drawn]),
                None => sums.add_row([&found, &[]], &[], &[]),
            }
        });
        sums
    }

    /// Adds samples `beside` the mask, and those under it with what it draws there. A block is too
    /// small for a sum to overflow.
    #[inline]
    fn add_row(&mut self, beside: [&[u8]; 2], found: &[u8], drawn: &[u8]) {
        for samples in [beside[0], beside[1], drawn] {
            let (levels, squares) = sums_of(samples);
            self.levels = self.levels.wrapping_add(levels);
            self.level_squares = self.level_squares.wrapping_add(squares);
            self.count = self.count.wrapping_add(count(samples));
        }
        self.owned = self.owned.wrapping_add(count(drawn));
        let (mut residual, mut squares) = (0_i32, 0_i32);
        for (&found, &drawn) in found.iter().zip(drawn) {
            let apart = i16::from(found).wrapping_sub(i16::from(drawn));
            residual = residual.wrapping_add(i32::from(apart));
            squares = squares.wrapping_add(i32::from(apart).wrapping_mul(i32::from(apart)));
        }
        self.residual = self.residual.wrapping_add(residual);
        self.squares = self.squares.wrapping_add(squares.unsigned_abs());
    }

    /// Standard deviation of the levels that belong there.
    fn contrast(&self) -> f64 {
        let count = f64::from(self.count.max(1));
        let mean = f64::from(self.levels) / count;
        (f64::from(self.level_squares) / count - mean * mean)
            .max(0.0)
            .sqrt()
    }
}

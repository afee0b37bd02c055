//! Where two pictures differ by more than a codec's noise.
//!
//! Codecs spend their noise where there is texture: what a block may differ by grows with its own
//! contrast. A block that was blurred or covered differs by about all of its contrast.

use redact_core::{Frame, FrameIndex, Plane, PlaneKind, Redactions};

use super::ssim;
use crate::check::{Check, Failures};
use crate::mask::{MaskArea, PlaneMask, mask_areas};
use crate::numbers::{NumberReader, NumberWriter};

/// Side of a block, samples of its plane.
const BLOCK: usize = 16;

/// Root mean square by which a block without texture may differ, 8-bit levels.
const FLAT_MAX: f64 = 7.0;

/// What a block's own contrast (standard deviation) adds to it.
const PER_CONTRAST: f64 = 0.35;

/// Lowest signal-to-noise ratio of a frame outside masks, decibels.
const PSNR_MIN_DB: f64 = 24.0;

/// Shown instead of infinity for pictures that do not differ.
const PSNR_TOP_DB: f64 = 99.0;

/// How one frame of the release differs from what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// Whether the pictures have the same size; nothing else was measured if not.
    same_size: bool,
    /// Sum of squares and number of luma samples in blocks that no mask touches.
    outside: (f64, u64),
    /// Sum and number of the structural similarities of luma windows, one in each of those blocks.
    structure: (f64, u64),
    /// Worst block that no mask touches, worst block that one touches.
    worst: [Option<Block>; 2],
}

/// The block that is closest to its bound, or farthest beyond it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Block {
    kind: PlaneKind,
    /// Column and row in its plane.
    at: (usize, usize),
    /// Root mean square of the difference, levels.
    differs: f64,
    /// What is allowed.
    allowed: f64,
}

impl Block {
    fn load(&self) -> f64 {
        self.differs / self.allowed
    }

    fn place(&self) -> String {
        let plane = match self.kind {
            PlaneKind::Luma => "luma",
            PlaneKind::ChromaBlue | PlaneKind::ChromaRed => "chroma",
        };
        format!(
            "{plane} block at {},{} differs by {:.1} levels, allowed {:.1}",
            self.at.0, self.at.1, self.differs, self.allowed
        )
    }
}

impl Block {
    /// Its fields, and zeros in their place where there is no block.
    fn write(block: Option<&Self>, numbers: &mut NumberWriter) {
        numbers.flag(block.is_some());
        let (x, y) = block.map_or((0, 0), |block| block.at);
        numbers.count(block.map_or(0, |block| block.kind as u64));
        numbers.count(x as u64);
        numbers.count(y as u64);
        numbers.number(block.map_or(0.0, |block| block.differs));
        numbers.number(block.map_or(0.0, |block| block.allowed));
    }

    fn read(numbers: &mut NumberReader<'_>) -> Option<Option<Self>> {
        let is_there = numbers.flag()?;
        let kind = usize::try_from(numbers.count()?).ok()?;
        let x = usize::try_from(numbers.count()?).ok()?;
        let y = usize::try_from(numbers.count()?).ok()?;
        let block = Self {
            kind: *PlaneKind::ALL.get(kind)?,
            at: (x, y),
            differs: numbers.number()?,
            allowed: numbers.number()?,
        };
        Some(is_there.then_some(block))
    }
}

impl Difference {
    /// Its fields, in the order in which [`Difference::read`] reads them.
    pub(super) fn write(&self, numbers: &mut NumberWriter) {
        numbers.flag(self.same_size);
        for (sum, count) in [self.outside, self.structure] {
            numbers.number(sum);
            numbers.count(count);
        }
        for block in &self.worst {
            Block::write(block.as_ref(), numbers);
        }
    }

    /// `None` when the numbers are not of a difference.
    pub(super) fn read(numbers: &mut NumberReader<'_>) -> Option<Self> {
        Some(Self {
            same_size: numbers.flag()?,
            outside: (numbers.number()?, numbers.count()?),
            structure: (numbers.number()?, numbers.count()?),
            worst: [Block::read(numbers)?, Block::read(numbers)?],
        })
    }
}

/// Compares a frame that was redacted again with the release's.
pub(super) fn difference(expected: &Frame, release: &Frame, redactions: &Redactions) -> Difference {
    let size = expected.picture.size();
    let mut found = Difference {
        same_size: size == release.picture.size(),
        outside: (0.0, 0),
        structure: (0.0, 0),
        worst: [None; 2],
    };
    if !found.same_size {
        return found;
    }
    let areas: Vec<MaskArea> = mask_areas(redactions, expected.index, size)
        .map(|(_, area)| area)
        .collect();
    for kind in PlaneKind::ALL {
        let masks = areas.iter().map(|area| PlaneMask::new(area, kind));
        let masks: Vec<PlaneMask> = masks.collect();
        let (a, b) = (expected.picture.plane(kind), release.picture.plane(kind));
        for y in (0..a.height).step_by(BLOCK) {
            for x in (0..a.width).step_by(BLOCK) {
                let (columns, rows) = (x..x + BLOCK, y..y + BLOCK);
                let touched = masks.iter().any(|mask| mask.touches(&columns, &rows));
                let block = BlockPair::of(&a, &b, x, y);
                let differences = block.differences();
                if !touched && kind == PlaneKind::Luma {
                    found.outside.0 += f64::from(differences);
                    found.outside.1 += u64::from(block.count);
                    if let Some(similarity) = ssim::of_block(&a, &b, x, y) {
                        found.structure.0 += similarity;
                        found.structure.1 += 1;
                    }
                }
                let worst = &mut found.worst[usize::from(touched)];
                if let Some(worse) = block.worse_than(worst.as_ref(), differences, kind, (x, y)) {
                    *worst = Some(worse);
                }
            }
        }
    }
    found
}

/// The difference of a frame of `pixels` that is coded as in the source: none.
pub(super) fn identical(pixels: u64) -> Difference {
    #[expect(clippy::cast_precision_loss, reason = "blocks of one picture")]
    let windows = (pixels / 256) as f64;
    Difference {
        same_size: true,
        outside: (0.0, pixels),
        // As many windows as there are blocks, near enough to weigh the same as other frames.
        structure: (windows, pixels / 256),
        worst: [None; 2],
    }
}

/// The samples of one block, side by side: a known number of them in one loop, whose sums are not
/// checked one by one for overflow (256 squares of bytes fit 32 bits), is what the compiler needs
/// to take many at once. What a block lacks at the picture's edge is zero on both sides and adds
/// nothing.
struct BlockPair {
    expected: [u8; BLOCK * BLOCK],
    release: [u8; BLOCK * BLOCK],
    /// Samples within the picture.
    count: u32,
}

impl BlockPair {
    fn of(expected: &Plane<'_>, release: &Plane<'_>, x: usize, y: usize) -> Self {
        let columns = x..(x + BLOCK).min(expected.width);
        let rows = y..(y + BLOCK).min(expected.height);
        let mut sides = [[0_u8; BLOCK * BLOCK]; 2];
        for (side, plane) in sides.iter_mut().zip([expected, release]) {
            for (target, row) in side.chunks_exact_mut(BLOCK).zip(rows.clone()) {
                let samples = &plane.row(row)[columns.clone()];
                match samples.first_chunk::<BLOCK>() {
                    Some(whole) => target.copy_from_slice(whole),
                    None => target[..samples.len()].copy_from_slice(samples),
                }
            }
        }
        let [expected, release] = sides;
        Self {
            expected,
            release,
            count: u32::try_from(columns.len() * rows.len()).unwrap_or(0),
        }
    }

    /// Sum of the squares of the differences.
    fn differences(&self) -> u32 {
        let mut sum = 0_i32;
        for (&a, &b) in self.expected.iter().zip(&self.release) {
            let apart = i16::from(a).wrapping_sub(i16::from(b));
            sum = sum.wrapping_add(square(apart));
        }
        sum.unsigned_abs()
    }

    /// Standard deviation of the expected levels.
    fn contrast(&self) -> f64 {
        let (mut levels, mut squares) = (0_i32, 0_i32);
        for &sample in &self.expected {
            let sample = i16::from(sample);
            levels = levels.wrapping_add(i32::from(sample));
            squares = squares.wrapping_add(square(sample));
        }
        let count = f64::from(self.count.max(1));
        let mean = f64::from(levels) / count;
        (f64::from(squares) / count - mean * mean).max(0.0).sqrt()
    }

    /// The block, if it uses more of its bound than `worst`.
    ///
    /// A bound is at least [`FLAT_MAX`], so that of most blocks the differences alone tell that
    /// they do not, and their contrast is not needed.
    fn worse_than(
        &self,
        worst: Option<&Block>,
        differences: u32,
        kind: PlaneKind,
        at: (usize, usize),
    ) -> Option<Block> {
        let differs = (f64::from(differences) / f64::from(self.count.max(1))).sqrt();
        let worst = worst.map(Block::load);
        if worst.is_some_and(|worst| differs / FLAT_MAX <= worst) {
            return None;
        }
        let allowed = FLAT_MAX + PER_CONTRAST * self.contrast();
        let block = Block {
            kind,
            at,
            differs,
            allowed,
        };
        worst
            .is_none_or(|worst| block.load() > worst)
            .then_some(block)
    }
}

fn square(value: i16) -> i32 {
    i32::from(value).wrapping_mul(i32::from(value))
}

/// What has been compared so far.
#[derive(Default)]
pub(super) struct PictureComparison {
    frames: u64,
    failed: [Failures; 2],
    worst: [Option<(Block, FrameIndex)>; 2],
    worst_psnr: Option<(f64, FrameIndex)>,
    /// The second in progress and its frames' ratios.
    second: (i64, Vec<f64>),
    /// Structural similarities of its frames' windows: their sum and how many.
    structure: (f64, u64),
    seconds: Vec<SecondQuality>,
}

/// How close one second of a release is to its source, outside masks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondQuality {
    /// The second, from the first frame.
    pub second: i64,
    /// Lowest peak signal-to-noise ratio of a frame, decibels; 99 where nothing differs.
    pub worst_db: f64,
    /// Median over the second's frames, decibels.
    pub median_db: f64,
    /// Mean structural similarity of luma (SSIM), 1 where nothing differs; of windows of 8x8
    /// samples, one in each block of 16x16 that no mask touches.
    pub ssim: f64,
}

impl PictureComparison {
    /// Takes the next frame's difference; `second` is when it is shown.
    pub(super) fn take(&mut self, index: FrameIndex, second: i64, difference: Difference) {
        self.frames += 1;
        if !difference.same_size {
            self.failed[0].add(|| format!("frame {index} has another size"));
            return;
        }
        for (side, block) in difference.worst.into_iter().enumerate() {
            let Some(block) = block else { continue };
            if block.load() > 1.0 {
                self.failed[side].add(|| format!("frame {index}: {}", block.place()));
            }
            if self.worst[side].is_none_or(|(worst, _)| block.load() > worst.load()) {
                self.worst[side] = Some((block, index));
            }
        }
        if difference.outside.1 > 0 {
            let psnr = psnr_db(difference.outside);
            if psnr < PSNR_MIN_DB {
                self.failed[0].add(|| format!("frame {index}: only {psnr:.1} dB"));
            }
            if self.worst_psnr.is_none_or(|(worst, _)| psnr < worst) {
                self.worst_psnr = Some((psnr, index));
            }
            if self.second.0 != second {
                self.close_second();
                self.second.0 = second;
            }
            self.second.1.push(psnr);
            self.structure.0 += difference.structure.0;
            self.structure.1 += difference.structure.1;
        }
    }

    fn close_second(&mut self) {
        let ratios = &mut self.second.1;
        ratios.sort_unstable_by(f64::total_cmp);
        if let (Some(&worst_db), Some(&median_db)) = (ratios.first(), ratios.get(ratios.len() / 2))
        {
            self.seconds.push(SecondQuality {
                second: self.second.0,
                worst_db,
                median_db,
                ssim: mean(self.structure),
            });
        }
        ratios.clear();
        self.structure = (0.0, 0);
    }

    /// The verdicts outside and inside masks.
    pub(super) fn into_checks(mut self) -> ([Check; 2], Vec<SecondQuality>) {
        self.close_second();
        let mut figures = [format!("{} frames", self.frames), String::new()];
        let medians = self.seconds.iter().map(|second| second.median_db);
        let worst_second = medians.min_by(f64::total_cmp);
        let ssims = self.seconds.iter().map(|second| second.ssim);
        let ssim = ssims.min_by(f64::total_cmp).unwrap_or(1.0);
        if let (Some((psnr, index)), Some(second)) = (self.worst_psnr, worst_second) {
            figures[0].push_str(&format!(
                "; PSNR at least {psnr:.1} dB (frame {index}), allowed {PSNR_MIN_DB:.0}, median of \
                 the worst second {second:.1} dB; SSIM of the worst second {ssim:.4}"
            ));
        }
        let named = self.worst.map(|worst| match worst {
            None => "no block".to_owned(),
            Some((block, index)) => format!("the worst, in frame {index}: {}", block.place()),
        });
        let [outside, inside] = named;
        figures[0].push_str(&format!("; {outside}"));
        figures[1].push_str(&inside);
        let [outside, inside] = self.failed;
        let [outside_figures, inside_figures] = figures;
        let checks = [
            outside.into_check("picture outside masks", outside_figures),
            inside.into_check("picture inside masks", inside_figures),
        ];
        (checks, self.seconds)
    }
}

/// The mean of what has this sum and count; of nothing, nothing differs.
fn mean((sum, count): (f64, u64)) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "windows of one second")]
    let count = count as f64;
    if count > 0.0 { sum / count } else { 1.0 }
}

fn psnr_db((squares, count): (f64, u64)) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "samples of one picture")]
    let mean = squares / count as f64;
    (10.0 * (255.0 * 255.0 / mean.max(1e-12)).log10()).min(PSNR_TOP_DB)
}

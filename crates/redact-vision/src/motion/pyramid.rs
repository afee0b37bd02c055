//! A gray picture at several sizes with its gradients, for tracking points from coarse to fine.
//!
//! Values are `f32` sums in a fixed order: every processor gives the same ones.

/// The side of the window that is compared around a point, in pixels of each level.
pub(super) const WINDOW: usize = 15;
/// Samples beyond each side, so that a window which starts up to its own size outside of the
/// picture can be read in whole vectors.
const PAD: usize = WINDOW + 2;
/// Scharr's weights: the derivative is `SIDE, MIDDLE, SIDE` across, divided by `DERIVATIVE_GAIN`.
const SIDE: f32 = 3.0;
const MIDDLE: f32 = 10.0;
const DERIVATIVE_GAIN: f32 = 2.0 * (SIDE + MIDDLE + SIDE);
/// A binomial filter before every second sample is left out.
const BINOMIAL: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];

/// A picture or a gradient, with samples beyond its sides.
pub(super) struct Padded {
    extent: [usize; 2],
    stride: usize,
    values: Vec<f32>,
}

/// One size of the picture.
pub(super) struct Level {
    /// Brightness, mirrored beyond the sides.
    pub(super) image: Padded,
    /// Change of brightness per pixel to the right; 0 beyond the sides.
    pub(super) right: Padded,
    /// Change of brightness per pixel downwards; 0 beyond the sides.
    pub(super) down: Padded,
}

/// The sizes of a picture, each half as large as the one before.
pub(super) struct Pyramid {
    pub(super) levels: Vec<Level>,
}

impl Pyramid {
    /// Halves a picture of `extent` columns and rows up to `halvings` times, as long as it remains
    /// larger than the window.
    pub(super) fn new(samples: &[u8], extent: [usize; 2], halvings: usize) -> Self {
        let values: Vec<f32> = samples.iter().map(|sample| f32::from(*sample)).collect();
        let mut levels = vec![Level::new(&values, extent)];
        let (mut values, mut extent) = (values, extent);
        for _ in 0..halvings {
            let half = extent.map(|side| side.div_ceil(2));
            if half.iter().any(|side| *side <= WINDOW) {
                break;
            }
            values = halved(&values, extent, half);
            extent = half;
            levels.push(Level::new(&values, extent));
        }
        Self { levels }
    }
}

impl Level {
    fn new(values: &[f32], extent: [usize; 2]) -> Self {
        let [width, height] = extent;
        let mut image = Padded::empty(extent);
        for y in 0..height + 2 * PAD {
            let from = &values[mirrored(y, height) * width..][..width];
            let row = &mut image.values[y * image.stride..][..image.stride];
            row[PAD..PAD + width].copy_from_slice(from);
            for x in 0..PAD {
                row[x] = from[mirrored(x, width)];
                row[PAD + width + x] = from[mirrored(PAD + width + x, width)];
            }
        }
        let (mut right, mut down) = (Padded::empty(extent), Padded::empty(extent));
        let mut across = vec![0.0; width + 2];
        let mut along = vec![0.0; width + 2];
        for y in PAD..PAD + height {
            let [above, middle, below] =
                [y - 1, y, y + 1].map(|y| &image.values[y * image.stride + PAD - 1..][..width + 2]);
            for (x, (across, along)) in across.iter_mut().zip(&mut along).enumerate() {
                *across = SIDE * (above[x] + below[x]) + MIDDLE * middle[x];
                *along = below[x] - above[x];
            }
            let start = y * image.stride + PAD;
            let right = &mut right.values[start..][..width];
            let down = &mut down.values[start..][..width];
            let (left, middle, behind) = (&along[..width], &along[1..=width], &along[2..]);
            for x in 0..width {
                right[x] = (across[x + 2] - across[x]) / DERIVATIVE_GAIN;
                down[x] = (SIDE * (left[x] + behind[x]) + MIDDLE * middle[x]) / DERIVATIVE_GAIN;
            }
        }
        Self { image, right, down }
    }
}

impl Padded {
    fn empty(extent: [usize; 2]) -> Self {
        let stride = extent[0] + 2 * PAD;
        Self {
            extent,
            stride,
            values: vec![0.0; stride * (extent[1] + 2 * PAD)],
        }
    }

    /// Columns and rows, without the samples beyond.
    pub(super) fn extent(&self) -> [usize; 2] {
        self.extent
    }

    /// `N` samples of the row `y` below the window's first, from its first column on. `None` if the
    /// window starts more than its own size outside of the picture.
    pub(super) fn samples<const N: usize>(
        &self,
        [x, y]: [i32; 2],
        row: usize,
    ) -> Option<&[f32; N]> {
        let pad = i32::try_from(PAD).ok()?;
        let x = usize::try_from(x.checked_add(pad)?).ok()?;
        let y = usize::try_from(y.checked_add(pad)?)
            .ok()?
            .checked_add(row)?;
        let row = self
            .values
            .get(y.checked_mul(self.stride)?..)?
            .get(..self.stride)?;
        row.get(x..)?.first_chunk()
    }
}

/// The sample that stands at `at`, counted from `PAD` samples before the first, in a row that is
/// mirrored at its first and last sample.
fn mirrored(at: usize, count: usize) -> usize {
    let period = 2 * (count - 1).max(1);
    let at = (at + period * PAD - PAD) % period;
    at.min(period - at).min(count - 1)
}

/// Every second sample of the filtered picture, in both directions.
fn halved(values: &[f32], [width, height]: [usize; 2], half: [usize; 2]) -> Vec<f32> {
    /// Samples that the filter needs before the first one.
    const REACH: usize = BINOMIAL.len() / 2;
    let at = |index: usize, count: usize| mirrored(PAD + index - REACH, count);
    // One filtered row, mirrored at its ends, so that the loop over it has no exceptions.
    let mut filtered = vec![0.0; 2 * half[0] + 2 * REACH];
    let mut found = Vec::with_capacity(half[0] * half[1]);
    for y in 0..half[1] {
        let rows: [&[f32]; BINOMIAL.len()] =
            std::array::from_fn(|tap| &values[at(2 * y + tap, height) * width..][..width]);
        for (x, sum) in filtered[REACH..][..width].iter_mut().enumerate() {
            let [a, b, c, d, e] = BINOMIAL;
            *sum =
                a * rows[0][x] + b * rows[1][x] + c * rows[2][x] + d * rows[3][x] + e * rows[4][x];
        }
        for x in (0..REACH).chain(REACH + width..filtered.len()) {
            filtered[x] = filtered[REACH + at(x, width)];
        }
        found.extend((0..half[0]).map(|x| {
            let taps = filtered[2 * x..].iter().zip(BINOMIAL);
            taps.map(|(value, weight)| weight * value).sum::<f32>()
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(extent: [usize; 2]) -> Vec<u8> {
        let [width, height] = extent;
        let value = |at: usize| u8::try_from(2 * (at % width) + 3 * (at / width)).unwrap();
        (0..width * height).map(value).collect()
    }

    /// Goal: inside, gradients are levels per pixel, also in the halved picture, where a pixel is
    /// twice as large.
    #[test]
    fn gradients_are_levels_per_pixel() {
        let pyramid = Pyramid::new(&gradient([40, 36]), [40, 36], 1);
        assert_eq!(pyramid.levels.len(), 2);
        for (level, factor) in pyramid.levels.iter().zip([1.0, 2.0]) {
            let right: &[f32; 4] = level.right.samples([8, 8], 0).unwrap();
            let down: &[f32; 4] = level.down.samples([8, 8], 0).unwrap();
            assert_eq!(*right, [2.0 * factor; 4]);
            assert_eq!(*down, [3.0 * factor; 4]);
        }
        let image: &[f32; 2] = pyramid.levels[1].image.samples([5, 6], 0).unwrap();
        assert_eq!(*image, [2.0 * 10.0 + 3.0 * 12.0, 2.0 * 12.0 + 3.0 * 12.0]);
    }

    /// Goal: beyond its sides the picture is mirrored and the gradients are 0; further away than
    /// the window there is nothing to read.
    #[test]
    fn a_window_may_start_outside_of_the_picture() {
        let level = Level::new(
            &gradient([20, 20])
                .iter()
                .map(|v| f32::from(*v))
                .collect::<Vec<_>>(),
            [20, 20],
        );
        let row: &[f32; 4] = level.image.samples([-2, 0], 0).unwrap();
        assert_eq!(*row, [4.0, 2.0, 0.0, 2.0]);
        let row: &[f32; 4] = level.image.samples([18, 0], 0).unwrap();
        assert_eq!(*row, [36.0, 38.0, 36.0, 34.0]);
        let row: &[f32; 2] = level.right.samples([-2, 0], 0).unwrap();
        assert_eq!(*row, [0.0, 0.0]);
        for outside in [
            [-40, 0],
            [0, -40],
            [40, 0],
            [0, 40],
            [i32::MAX, 0],
            [0, i32::MIN],
        ] {
            assert!(
                level.image.samples::<2>(outside, 0).is_none(),
                "{outside:?}"
            );
        }
    }

    #[test]
    fn halving_stops_at_the_size_of_the_window() {
        let levels = |extent: [usize; 2], halvings| {
            Pyramid::new(&vec![7; extent[0] * extent[1]], extent, halvings)
                .levels
                .len()
        };
        assert_eq!(levels([384, 216], 4), 4);
        assert_eq!(levels([384, 384], 4), 5);
        assert_eq!(levels([384, 384], 1), 2);
        assert_eq!(levels([32, 30], 4), 1);
    }
}

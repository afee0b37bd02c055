//! Scales an 8-bit plane row by row.
//!
//! Reducing averages the area that a target sample covers, so that no source sample is skipped and
//! small objects do not flicker; enlarging interpolates linearly between sample centers. Rows are
//! produced one at a time, so that a picture is scaled, converted and stored in one pass.

use redact_core::Plane;

/// The source samples of a target sample in a row or column, with their weights.
#[derive(Clone, Debug, PartialEq)]
struct Taps {
    /// First source sample.
    first: usize,
    /// Weights of `first` and the samples after it; they add up to 1.
    weights: Vec<f32>,
}

/// How one axis is scaled: the same number of taps for every target sample.
#[derive(Clone, Debug, PartialEq)]
struct Axis {
    firsts: Vec<usize>,
    /// `count` weights for each target sample, which add up to 1; unused ones are 0.
    weights: Vec<f32>,
    count: usize,
}

impl Axis {
    /// Scales `from` samples to `to`, both at least 1.
    fn new(from: usize, to: usize) -> Self {
        assert!(from >= 1 && to >= 1, "an axis has samples");
        let all: Vec<Taps> = (0..to).map(|at| taps(from, to, at)).collect();
        let count = all.iter().map(|taps| taps.weights.len()).max().unwrap_or(1);
        let mut weights = Vec::with_capacity(to * count);
        let mut firsts = Vec::with_capacity(to);
        for taps in all {
            // Near the end the taps start earlier, so that all of them are within the row.
            let first = taps.first.min(from - count);
            let end = weights.len() + count;
            weights.resize(weights.len() + taps.first - first, 0.0);
            weights.extend(taps.weights);
            weights.resize(end, 0.0);
            firsts.push(first);
        }
        Self {
            firsts,
            weights,
            count,
        }
    }

    fn is_identity(&self) -> bool {
        self.count == 1
            && self
                .firsts
                .iter()
                .enumerate()
                .all(|(at, first)| at == *first)
    }

    /// First source sample and weights of target sample `at`.
    fn taps(&self, at: usize) -> (usize, &[f32]) {
        (
            self.firsts[at],
            &self.weights[at * self.count..][..self.count],
        )
    }

    /// Scales one row.
    fn scale(&self, from: &[f32], to: &mut [f32]) {
        match self.count {
            1 => self.scale_by::<1>(from, to),
            2 => self.scale_by::<2>(from, to),
            3 => self.scale_by::<3>(from, to),
            4 => self.scale_by::<4>(from, to),
            count => {
                let weights = self.weights.chunks_exact(count);
                for ((value, first), weights) in to.iter_mut().zip(&self.firsts).zip(weights) {
                    let samples = &from[*first..][..count];
                    *value = samples.iter().zip(weights).map(|(s, w)| s * w).sum();
                }
            }
        }
    }

    /// Scales one row with a constant number of taps, which is several times faster.
    fn scale_by<const COUNT: usize>(&self, from: &[f32], to: &mut [f32]) {
        let (weights, _) = self.weights.as_chunks::<COUNT>();
        for ((value, first), weights) in to.iter_mut().zip(&self.firsts).zip(weights) {
            let samples = &from[*first..][..COUNT];
            let mut sum = 0.0;
            for i in 0..COUNT {
                sum += samples[i] * weights[i];
            }
            *value = sum;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions lie within the plane, whose sides are at most 16384"
)]
fn taps(from: usize, to: usize, at: usize) -> Taps {
    let step = from as f64 / to as f64;
    if step >= 1.0 {
        let (start, end) = (at as f64 * step, (at + 1) as f64 * step);
        let first = start.floor() as usize;
        let last = ((end - 1e-9).ceil() as usize).clamp(first + 1, from);
        let weights = (first..last)
            .map(|i| ((end.min((i + 1) as f64) - start.max(i as f64)) / step) as f32)
            .collect();
        return Taps { first, weights };
    }
    let position = ((at as f64 + 0.5) * step - 0.5).clamp(0.0, (from - 1) as f64);
    let first = position.floor() as usize;
    let fraction = (position - first as f64) as f32;
    let weights = if fraction > 0.0 {
        vec![1.0 - fraction, fraction]
    } else {
        vec![1.0]
    };
    Taps { first, weights }
}

/// Scales one plane to `columns.len()` by `rows.len()` samples.
#[derive(Clone, Debug)]
pub(crate) struct PlaneScaler {
    columns: Axis,
    rows: Axis,
    /// Whether columns are not scaled.
    plain_columns: bool,
    /// Weighted sums of source rows, for one row.
    sums: Vec<f32>,
}

impl PlaneScaler {
    /// Scales from `[width, height]` to `[width, height]` samples.
    pub(crate) fn new(from: [usize; 2], to: [usize; 2]) -> Self {
        let columns = Axis::new(from[0], to[0]);
        Self {
            plain_columns: columns.is_identity(),
            columns,
            rows: Axis::new(from[1], to[1]),
            sums: vec![0.0; from[0]],
        }
    }

    /// Writes target row `y` to `out`, with values of `0.0..=255.0`.
    ///
    /// - `plane`: must have the size that the scaler was created for.
    pub(crate) fn row(&mut self, plane: Plane<'_>, y: usize, out: &mut [f32]) {
        assert!(plane.width == self.sums.len() && out.len() == self.columns.firsts.len());
        let (first, weights) = self.rows.taps(y);
        for (i, weight) in weights.iter().enumerate() {
            let row = plane.row(first + i);
            if i == 0 {
                for (sum, sample) in self.sums.iter_mut().zip(row) {
                    *sum = f32::from(*sample) * weight;
                }
            } else {
                for (sum, sample) in self.sums.iter_mut().zip(row) {
                    *sum += f32::from(*sample) * weight;
                }
            }
        }
        if self.plain_columns {
            out.copy_from_slice(&self.sums);
            return;
        }
        self.columns.scale(&self.sums, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use redact_core::{ColorRange, Picture, PixelSize, PlaneKind};

    fn scaled(samples: &[[u8; 4]; 2], to: [usize; 2]) -> Vec<Vec<f32>> {
        let size = PixelSize::new(4, 2).unwrap();
        let mut picture = Picture::filled(size, ColorRange::Full, [0, 128, 128]);
        let mut plane = picture.plane_mut(PlaneKind::Luma);
        for (y, row) in samples.iter().enumerate() {
            plane.row_mut(y).copy_from_slice(row);
        }
        let mut scaler = PlaneScaler::new([4, 2], to);
        (0..to[1])
            .map(|y| {
                let mut row = vec![0.0; to[0]];
                scaler.row(picture.plane(PlaneKind::Luma), y, &mut row);
                row
            })
            .collect()
    }

    const SAMPLES: [[u8; 4]; 2] = [[0, 100, 200, 40], [20, 80, 0, 60]];

    #[test]
    fn the_same_size_is_a_copy() {
        let rows = scaled(&SAMPLES, [4, 2]);
        assert_eq!(rows, [[0.0, 100.0, 200.0, 40.0], [20.0, 80.0, 0.0, 60.0]]);
    }

    #[test]
    fn reducing_takes_the_mean_of_the_area() {
        assert_eq!(scaled(&SAMPLES, [2, 1]), [[50.0, 75.0]]);
        let third = scaled(&SAMPLES, [3, 2]);
        // The first of three covers one and a third samples.
        assert!((third[0][0] - 100.0 * 0.25).abs() < 1e-3, "{third:?}");
    }

    #[test]
    fn enlarging_interpolates_between_centers() {
        let rows = scaled(&SAMPLES, [8, 2]);
        assert_eq!(rows[0][..4], [0.0, 25.0, 75.0, 125.0]);
        assert_eq!(rows[0][7], 40.0);
    }

    proptest! {
        /// Goal: every source sample counts, and a uniform plane stays uniform.
        #[test]
        fn weights_sum_to_one_and_stay_inside(from in 1_usize..3000, to in 1_usize..3000) {
            let axis = Axis::new(from, to);
            let mut covered = 0;
            for at in 0..to {
                let (first, weights) = axis.taps(at);
                let sum: f32 = weights.iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-3);
                prop_assert!(first + weights.len() <= from);
                let counts = |i: &usize| weights[*i] > 0.0;
                let used = (0..weights.len()).find(counts).unwrap();
                prop_assert!(to > from || first + used <= covered);
                covered = first + (0..weights.len()).rfind(counts).unwrap() + 1;
            }
            prop_assert_eq!(covered, from);
        }
    }
}

//! How much of a picture's structure is left: SSIM.
//!
//! Source: Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to
//! Structural Similarity" (2004), with windows of 8x8 samples of equal weight, as FFmpeg's filter
//! `ssim` and x264 have them. Where those use windows four samples apart, one window is looked
//! at in each block of 16x16, in another quarter from block to block: a quarter of the samples.

use redact_core::Plane;

/// Side of a window, samples.
const WINDOW: usize = 8;

/// Side of the blocks that have a window each.
const BLOCK: usize = 2 * WINDOW;

/// The similarity of the window in the block at `(x, y)`, at most 1; `None` where the picture ends
/// within the window.
pub(super) fn of_block(a: &Plane<'_>, b: &Plane<'_>, x: usize, y: usize) -> Option<f64> {
    let (column, row) = (x / BLOCK, y / BLOCK);
    let x = x + WINDOW * ((column + row / 2) % 2);
    let y = y + WINDOW * (row % 2);
    if x + WINDOW > a.width || y + WINDOW > a.height {
        return None;
    }
    let (mut first, mut second) = ([0_u8; WINDOW * WINDOW], [0_u8; WINDOW * WINDOW]);
    let sides = first
        .chunks_exact_mut(WINDOW)
        .zip(second.chunks_exact_mut(WINDOW));
    for ((first, second), line) in sides.zip(y..) {
        first.copy_from_slice(a.row(line)[x..].first_chunk::<WINDOW>()?);
        second.copy_from_slice(b.row(line)[x..].first_chunk::<WINDOW>()?);
    }
    Some(similarity(sums(&first, &second)))
}

/// Sums of `a`, `b`, their squares and their product: 64 squares of bytes fit 32 bits.
fn sums(a: &[u8; WINDOW * WINDOW], b: &[u8; WINDOW * WINDOW]) -> [i32; 5] {
    let product = |a: i16, b: i16| i32::from(a).wrapping_mul(i32::from(b));
    let mut sums = [0_i32; 5];
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (i16::from(a), i16::from(b));
        let parts = [
            i32::from(a),
            i32::from(b),
            product(a, a),
            product(b, b),
            product(a, b),
        ];
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum = sum.wrapping_add(part);
        }
    }
    sums
}

/// SSIM of a window with these sums.
fn similarity(sums: [i32; 5]) -> f64 {
    // (K L)² with K of 0.01 and 0.03 and L of 255: Wang et al., equations 7 and 9.
    const C1: f64 = 6.5025;
    const C2: f64 = 58.5225;
    const COUNT: f64 = (WINDOW * WINDOW) as f64;
    let [a, b, aa, bb, ab] = sums.map(|sum| f64::from(sum) / COUNT);
    let (variances, covariance) = (aa - a * a + bb - b * b, ab - a * b);
    let light = (2.0 * a * b + C1) / (a * a + b * b + C1);
    let shape = (2.0 * covariance + C2) / (variances + C2);
    light * shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::{ColorRange, Picture, PixelSize, PlaneKind};

    fn picture(luma: impl Fn(usize, usize) -> u8) -> Picture {
        let size = PixelSize::new(64, 64).unwrap();
        let mut picture = Picture::filled(size, ColorRange::Full, [0, 128, 128]);
        let mut plane = picture.plane_mut(PlaneKind::Luma);
        for y in 0..64 {
            let row = plane.row_mut(y).iter_mut().enumerate();
            row.for_each(|(x, sample)| *sample = luma(x, y));
        }
        picture
    }

    fn all(a: &Picture, b: &Picture) -> Vec<f64> {
        let (a, b) = (a.plane(PlaneKind::Luma), b.plane(PlaneKind::Luma));
        let blocks = (0..64)
            .step_by(16)
            .flat_map(|y| (0..64).step_by(16).map(move |x| (x, y)));
        blocks.filter_map(|(x, y)| of_block(&a, &b, x, y)).collect()
    }

    /// Goal: the figures are those of the definition, worked out by hand.
    #[test]
    fn windows_have_the_similarity_of_the_definition() {
        let stripes = |x: usize, _: usize| if x.is_multiple_of(2) { 100 } else { 140 };
        let same = all(&picture(stripes), &picture(stripes));
        assert_eq!(same.len(), 16);
        assert!(same.iter().all(|s| (s - 1.0).abs() < 1e-12), "{same:?}");
        // Upside down: means 120, variances 400 each, covariance -400.
        let turned = all(&picture(stripes), &picture(|x, y| stripes(x + 1, y)));
        let expected = (58.5225 - 800.0) / (58.5225 + 800.0);
        assert!(
            turned.iter().all(|s| (s - expected).abs() < 1e-9),
            "{turned:?}"
        );
        // Flat and ten levels apart: light alone.
        let lighter = all(&picture(|_, _| 100), &picture(|_, _| 110));
        let expected =
            (2.0 * 100.0 * 110.0 + 6.5025) / (100.0_f64.powi(2) + 110.0_f64.powi(2) + 6.5025);
        assert!(
            lighter.iter().all(|s| (s - expected).abs() < 1e-9),
            "{lighter:?}"
        );
    }

    #[test]
    fn every_quarter_of_blocks_is_looked_at_somewhere() {
        // One window differs where a quarter is white; every quarter makes some differ.
        for (left, top) in [(0, 0), (8, 0), (0, 8), (8, 8)] {
            let white = |x: usize, y: usize| {
                let inside =
                    (left..left + 8).contains(&(x % 16)) && (top..top + 8).contains(&(y % 16));
                if inside { 255 } else { 0 }
            };
            let differ = all(&picture(|_, _| 0), &picture(white));
            let count = differ.iter().filter(|s| **s < 0.5).count();
            assert_eq!(count, 4, "{left} {top}");
        }
    }
}

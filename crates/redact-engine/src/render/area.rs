//! How many pixels a set of rectangles covers.

use redact_core::PixelRect;

/// Pixels in at least one of `rects`.
///
/// Bands between neighbouring horizontal edges; in a band, intervals are merged from left to
/// right. A thousand rectangles take a few milliseconds.
pub(super) fn of_union(rects: &[PixelRect]) -> u64 {
    if let [only] = rects {
        return u64::from(only.width()) * u64::from(only.height());
    }
    let mut by_left = rects.to_vec();
    by_left.sort_unstable_by_key(|rect| rect.x_min());
    let mut edges: Vec<u32> = rects
        .iter()
        .flat_map(|rect| [rect.y_min(), rect.y_max()])
        .collect();
    edges.sort_unstable();
    edges.dedup();
    edges
        .windows(2)
        .map(|band| {
            let (top, bottom) = (band[0], band[1]);
            let (mut columns, mut end) = (0, 0);
            for rect in &by_left {
                if rect.y_min() <= top && bottom <= rect.y_max() && rect.x_max() > end {
                    columns += rect.x_max() - rect.x_min().max(end);
                    end = rect.x_max();
                }
            }
            u64::from(columns) * u64::from(bottom - top)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::{NormRect, PixelSize};

    #[track_caller]
    fn check(rects: &[[f32; 4]], expected: u64) {
        let size = PixelSize::new(100, 100).unwrap();
        let rects: Vec<PixelRect> = rects
            .iter()
            .map(|&sides| PixelRect::covering(NormRect::new(sides).unwrap(), size))
            .collect();
        assert_eq!(of_union(&rects), expected);
    }

    #[test]
    fn shared_pixels_count_once() {
        check(&[], 0);
        check(&[[0.0, 0.0, 0.5, 0.5]], 2500);
        check(
            &[[0.0, 0.0, 0.5, 0.5], [0.25, 0.25, 0.75, 0.75]],
            2500 + 2500 - 625,
        );
        check(&[[0.0, 0.0, 1.0, 1.0], [0.25, 0.25, 0.75, 0.75]], 10_000);
        check(&[[0.0, 0.0, 0.25, 0.25], [0.5, 0.0, 0.75, 0.25]], 1250);
    }
}

//! Exact areas of boxes and of unions of boxes, in whole pixels.

use redact_core::{PixelRect, PixelSize};

/// Pixels `x_min..x_max` by `y_min..y_max` of a picture. Unlike a [`PixelRect`] it may be empty:
/// a truth box can be thinner than a pixel or lie beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PixelArea {
    x_min: u32,
    y_min: u32,
    x_max: u32,
    y_max: u32,
}

impl PixelArea {
    /// The pixels whose centres lie in `[x, y, width, height]`, within a picture of `size`.
    pub(super) fn of_box([x, y, width, height]: [f64; 4], size: PixelSize) -> Self {
        let (x_min, x_max) = centres(x, width, size.width());
        let (y_min, y_max) = centres(y, height, size.height());
        Self {
            x_min,
            y_min,
            x_max,
            y_max,
        }
    }

    /// The same after growing the box to `times` its sides about its centre.
    pub(super) fn of_grown_box(
        [x, y, width, height]: [f64; 4],
        times: f64,
        size: PixelSize,
    ) -> Self {
        let (dx, dy) = (width * (times - 1.0) / 2.0, height * (times - 1.0) / 2.0);
        Self::of_box([x - dx, y - dy, width + 2.0 * dx, height + 2.0 * dy], size)
    }

    /// The part of `rect` that lies on a picture of `size`.
    ///
    /// An even rectangle may reach one pixel over the edge of a picture with odd sides.
    pub(super) fn of_mask(rect: PixelRect, size: PixelSize) -> Self {
        Self {
            x_min: rect.x_min().min(size.width()),
            y_min: rect.y_min().min(size.height()),
            x_max: rect.x_max().min(size.width()),
            y_max: rect.y_max().min(size.height()),
        }
    }

    /// Number of pixels.
    pub(super) fn pixels(self) -> u64 {
        let width = self.x_max.saturating_sub(self.x_min);
        let height = self.y_max.saturating_sub(self.y_min);
        u64::from(width) * u64::from(height)
    }

    /// The pixels that both hold; `None` when there are none.
    pub(super) fn intersection(self, other: Self) -> Option<Self> {
        let common = Self {
            x_min: self.x_min.max(other.x_min),
            y_min: self.y_min.max(other.y_min),
            x_max: self.x_max.min(other.x_max),
            y_max: self.y_max.min(other.y_max),
        };
        (common.pixels() > 0).then_some(common)
    }

    /// How many of these pixels lie in any of `masks`.
    pub(super) fn covered_by(self, masks: &[Self]) -> u64 {
        let parts: Vec<Self> = masks
            .iter()
            .filter_map(|mask| self.intersection(*mask))
            .collect();
        union_pixels(&parts)
    }
}

/// The pixel range whose centres (`i + 0.5`) lie in `[start, start + length)`, within `0..limit`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=limit, a u32, first; a NaN becomes 0"
)]
fn centres(start: f64, length: f64, limit: u32) -> (u32, u32) {
    let edge = |at: f64| (at - 0.5).ceil().clamp(0.0, f64::from(limit)) as u32;
    (edge(start), edge(start + length))
}

/// How many pixels lie in at least one of `areas`.
///
/// The edges cut the picture into upright slabs; in each, the rows of the areas that span it are
/// joined. Takes time in the square of the number of areas: a thousand take milliseconds.
pub(super) fn union_pixels(areas: &[PixelArea]) -> u64 {
    match areas {
        [] => return 0,
        [only] => return only.pixels(),
        _ => {}
    }
    let mut areas: Vec<PixelArea> = areas
        .iter()
        .copied()
        .filter(|area| area.pixels() > 0)
        .collect();
    areas.sort_unstable_by_key(|area| area.y_min);
    let mut edges: Vec<u32> = areas
        .iter()
        .flat_map(|area| [area.x_min, area.x_max])
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let mut total = 0;
    for slab in edges.windows(2) {
        let mut rows = 0;
        let mut below = 0;
        for area in &areas {
            if area.x_min <= slab[0] && slab[1] <= area.x_max && area.y_max > below {
                rows += area.y_max - area.y_min.max(below);
                below = area.y_max;
            }
        }
        total += u64::from(slab[1] - slab[0]) * u64::from(rows);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: PixelSize = match PixelSize::new(24, 20) {
        Some(size) => size,
        None => unreachable!(),
    };

    fn painted(areas: &[PixelArea]) -> u64 {
        let inside = |x: u32, y: u32| {
            areas
                .iter()
                .any(|a| a.x_min <= x && x < a.x_max && a.y_min <= y && y < a.y_max)
        };
        let pixels = (0..SIZE.height()).flat_map(|y| (0..SIZE.width()).map(move |x| (x, y)));
        pixels.filter(|&(x, y)| inside(x, y)).count() as u64
    }

    #[track_caller]
    fn check(sides: [f64; 4], expected: [u32; 4]) {
        let area = PixelArea::of_box(sides, SIZE);
        assert_eq!([area.x_min, area.y_min, area.x_max, area.y_max], expected);
    }

    #[test]
    fn a_box_holds_the_pixels_whose_centres_it_holds() {
        check([0.0, 0.0, 24.0, 20.0], [0, 0, 24, 20]);
        // A centre on the first edge is in, one on the last edge is out.
        check([2.5, 2.5, 3.0, 3.0], [2, 2, 5, 5]);
        check([2.51, 2.49, 3.0, 3.0], [3, 2, 6, 5]);
        check([2.6, 2.6, 0.5, 0.5], [3, 3, 3, 3]);
        check([-5.0, 18.0, 7.0, 40.0], [0, 18, 2, 20]);
        check([-1e300, -1e300, 1.0, f64::INFINITY], [0, 0, 0, 20]);
    }

    proptest! {
        /// Goal: the union is exact. Method: against painting every pixel.
        #[test]
        fn a_union_counts_each_pixel_once(
            boxes in proptest::collection::vec(
                [-4.0_f64..26.0, -4.0_f64..22.0, 0.0_f64..14.0, 0.0_f64..14.0], 0..12,
            ),
        ) {
            let area = |&sides| PixelArea::of_box(sides, SIZE);
            let areas: Vec<PixelArea> = boxes.iter().map(area).collect();
            prop_assert_eq!(union_pixels(&areas), painted(&areas));
        }
    }
}

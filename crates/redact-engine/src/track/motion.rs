//! Boxes that may reach beyond the picture, and how the camera moves them.

use redact_core::{Motion, NormRect};

/// `[x_min, y_min, x_max, y_max]` in normalised coordinates; may lie outside the picture.
pub(super) type Sides = [f32; 4];

/// Largest change of size between two frames that is believed; more is a bad estimate.
const ZOOM_MAX: f64 = 1.25;

/// The sides of a rectangle on the picture.
pub(super) fn sides(rect: NormRect) -> Sides {
    rect.sides()
}

/// A map of normalised coordinates: `[a, b, tx, c, d, ty]` as in [`Motion::Affine`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Warp([f64; 6]);

impl Warp {
    /// Nothing moves.
    pub(super) const STILL: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    /// The map of `motion`; an unknown or implausible motion is no motion.
    pub(super) fn of(motion: Motion) -> Self {
        let Motion::Affine(numbers) = motion else {
            return Self::STILL;
        };
        let warp = Self(numbers.map(f64::from));
        let zoom = warp.zoom();
        let moves_little = numbers[2].abs() <= 1.0 && numbers[5].abs() <= 1.0;
        let believable = numbers.iter().all(|number| number.is_finite())
            && (ZOOM_MAX.recip()..=ZOOM_MAX).contains(&zoom)
            && moves_little;
        if believable { warp } else { Self::STILL }
    }

    /// The inverse.
    pub(super) fn inverse(self) -> Self {
        let [a, b, tx, c, d, ty] = self.0;
        // `of` keeps the determinant away from zero.
        let det = a * d - b * c;
        let (a, b, c, d) = (d / det, -b / det, -c / det, a / det);
        Self([a, b, -(a * tx + b * ty), c, d, -(c * tx + d * ty)])
    }

    /// How much larger objects become.
    pub(super) fn zoom(self) -> f64 {
        let [a, b, _, c, d, _] = self.0;
        (a * d - b * c).abs().sqrt()
    }

    /// Where a point goes.
    pub(super) fn point(self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [a, b, tx, c, d, ty] = self.0;
        [a * x + b * y + tx, c * x + d * y + ty]
    }

    /// Where a direction goes.
    pub(super) fn direction(self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [a, b, _, c, d, _] = self.0;
        [a * x + b * y, c * x + d * y]
    }

    /// Where a box goes: its middle moves, its size zooms. It stays upright, so that many small
    /// turns do not blow it up.
    pub(super) fn sides(self, sides: Sides) -> Sides {
        let [x_min, y_min, x_max, y_max] = sides.map(f64::from);
        let [x, y] = self.point([f64::midpoint(x_min, x_max), f64::midpoint(y_min, y_max)]);
        let (width, height) = ((x_max - x_min) * self.zoom(), (y_max - y_min) * self.zoom());
        around([x, y], [width, height])
    }
}

/// The box of `[width, height]` around `[x, y]`.
pub(super) fn around([x, y]: [f64; 2], [width, height]: [f64; 2]) -> Sides {
    #[expect(clippy::cast_possible_truncation, reason = "fractions of a picture")]
    let sides = [
        (x - width / 2.0) as f32,
        (y - height / 2.0) as f32,
        (x + width / 2.0) as f32,
        (y + height / 2.0) as f32,
    ];
    sides
}

/// The middle of a box.
pub(super) fn center(sides: Sides) -> [f64; 2] {
    let [x_min, y_min, x_max, y_max] = sides.map(f64::from);
    [f64::midpoint(x_min, x_max), f64::midpoint(y_min, y_max)]
}

/// Width and height of a box, kept above nothing.
pub(super) fn extent(sides: Sides) -> [f64; 2] {
    let [x_min, y_min, x_max, y_max] = sides.map(f64::from);
    [(x_max - x_min).max(1e-6), (y_max - y_min).max(1e-6)]
}

/// How large a box is: the square root of its share of the picture. A square of a tenth of each
/// side has 0.1.
pub(super) fn size(sides: Sides) -> f32 {
    let [width, height] = extent(sides);
    #[expect(clippy::cast_possible_truncation, reason = "a fraction")]
    let size = (width * height).sqrt() as f32;
    size
}

/// The smallest box that holds both.
pub(super) fn hull(a: Sides, b: Sides) -> Sides {
    [
        a[0].min(b[0]),
        a[1].min(b[1]),
        a[2].max(b[2]),
        a[3].max(b[3]),
    ]
}

/// The box `at` (0 to 1) of the way from `a` to `b`.
pub(super) fn mix(a: Sides, b: Sides, at: f32) -> Sides {
    [0, 1, 2, 3].map(|side| a[side] * (1.0 - at) + b[side] * at)
}

/// The box moved by `[x, y]`.
pub(super) fn moved(sides: Sides, by: [f64; 2]) -> Sides {
    let [x, y] = center(sides);
    around([x + by[0], y + by[1]], extent(sides))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_again_is_the_same_place() {
        let warp = Warp::of(Motion::Affine([1.02, 0.03, 0.1, -0.02, 0.98, -0.05]));
        let back = warp.inverse().point(warp.point([0.3, 0.7]));
        assert!((back[0] - 0.3).abs() < 1e-9 && (back[1] - 0.7).abs() < 1e-9);
    }

    #[test]
    fn a_motion_that_cannot_be_is_no_motion() {
        let impossible = [
            Motion::Affine([f32::NAN, 0.0, 0.0, 0.0, 1.0, 0.0]),
            Motion::Affine([0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            Motion::Affine([9.0, 0.0, 0.0, 0.0, 9.0, 0.0]),
            Motion::Affine([1.0, 0.0, 7.0, 0.0, 1.0, 0.0]),
            Motion::Unknown,
        ];
        for motion in impossible {
            assert_eq!(Warp::of(motion), Warp::STILL);
        }
    }
}

//! Rectangles in two coordinate spaces: fractions of a picture, and pixels.
//!
//! [`NormRect`] says *what* to hide and survives any change of resolution.
//! [`PixelRect`] says *which samples* to overwrite and exists only at the moment of masking.
//! [`PixelRect::covering`] is the only conversion between them, and it rounds outward.

use std::ops::{Add, Div, Mul, Sub};

/// The size of a displayed picture in pixels, each side at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelSize {
    width: u32,
    height: u32,
}

impl PixelSize {
    /// Longest accepted side in pixels: the limit of H.264 level 6.2 and of the decoders used.
    pub const SIDE_MAX: u32 = 16_384;

    /// Makes a size; `None` if a side is 0 or exceeds [`Self::SIDE_MAX`].
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Option<Self> {
        let fits = width >= 1 && height >= 1 && width <= Self::SIDE_MAX && height <= Self::SIDE_MAX;
        if fits {
            Some(Self { width, height })
        } else {
            None
        }
    }

    /// Pixels across.
    #[must_use]
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub const fn height(self) -> u32 {
        self.height
    }

    /// Pixels in the picture.
    #[must_use]
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

impl std::fmt::Display for PixelSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Intersection over union of two boxes `[x_min, y_min, x_max, y_max]` in one coordinate space,
/// `0..=1`; 0 if they do not overlap. Sides may lie outside the picture.
#[must_use]
pub fn iou<T>(a: [T; 4], b: [T; 4]) -> T
where
    T: Copy + Default + PartialOrd + Add<Output = T> + Sub<Output = T>,
    T: Mul<Output = T> + Div<Output = T>,
{
    let lesser = |a: T, b: T| if b < a { b } else { a };
    let greater = |a: T, b: T| if b > a { b } else { a };
    let width = lesser(a[2], b[2]) - greater(a[0], b[0]);
    let height = lesser(a[3], b[3]) - greater(a[1], b[1]);
    if width <= T::default() || height <= T::default() {
        return T::default();
    }
    let area = |sides: [T; 4]| (sides[2] - sides[0]) * (sides[3] - sides[1]);
    let common = width * height;
    common / (area(a) + area(b) - common)
}

/// A rectangle in the displayed picture, as fractions of its width and height.
///
/// The origin is the top-left corner; `x` grows right and `y` grows down.
/// Invariant: every side is finite and `0 <= min < max <= 1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormRect {
    x_min: f32,
    y_min: f32,
    x_max: f32,
    y_max: f32,
}

impl NormRect {
    /// The whole picture.
    pub const WHOLE: Self = Self {
        x_min: 0.0,
        y_min: 0.0,
        x_max: 1.0,
        y_max: 1.0,
    };

    /// Makes a rectangle from `[x_min, y_min, x_max, y_max]`; `None` if that breaks the invariant.
    #[must_use]
    pub fn new([x_min, y_min, x_max, y_max]: [f32; 4]) -> Option<Self> {
        let ordered = 0.0 <= x_min && x_min < x_max && x_max <= 1.0;
        let upright = 0.0 <= y_min && y_min < y_max && y_max <= 1.0;
        (ordered && upright).then_some(Self {
            x_min,
            y_min,
            x_max,
            y_max,
        })
    }

    /// The part of `[x_min, y_min, x_max, y_max]` that lies in the picture.
    ///
    /// Returns `None` if no part does, or if a side is NaN.
    #[must_use]
    pub fn clipped([x_min, y_min, x_max, y_max]: [f32; 4]) -> Option<Self> {
        // `max` and `min` would replace NaN with the bound.
        if [x_min, y_min, x_max, y_max]
            .iter()
            .any(|side| side.is_nan())
        {
            return None;
        }
        Self::new([
            x_min.max(0.0),
            y_min.max(0.0),
            x_max.min(1.0),
            y_max.min(1.0),
        ])
    }

    /// `[x_min, y_min, x_max, y_max]`.
    #[must_use]
    pub const fn sides(self) -> [f32; 4] {
        [self.x_min, self.y_min, self.x_max, self.y_max]
    }

    /// Fraction of the picture's width.
    #[must_use]
    pub fn width(self) -> f32 {
        self.x_max - self.x_min
    }

    /// Fraction of the picture's height.
    #[must_use]
    pub fn height(self) -> f32 {
        self.y_max - self.y_min
    }

    /// `[x, y]` of the center.
    #[must_use]
    pub fn center(self) -> [f32; 2] {
        [
            f32::midpoint(self.x_min, self.x_max),
            f32::midpoint(self.y_min, self.y_max),
        ]
    }

    /// Fraction of the picture's area.
    #[must_use]
    pub fn area(self) -> f32 {
        self.width() * self.height()
    }

    /// The intersection, if it is not empty.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new([
            self.x_min.max(other.x_min),
            self.y_min.max(other.y_min),
            self.x_max.min(other.x_max),
            self.y_max.min(other.y_max),
        ])
    }

    /// The smallest rectangle that contains both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self {
            x_min: self.x_min.min(other.x_min),
            y_min: self.y_min.min(other.y_min),
            x_max: self.x_max.max(other.x_max),
            y_max: self.y_max.max(other.y_max),
        }
    }

    /// Intersection over union, `0.0..=1.0`.
    #[must_use]
    pub fn iou(self, other: Self) -> f32 {
        iou(self.sides(), other.sides())
    }

    /// The rectangle with `x_margin` and `y_margin` (fractions of *its own* width and height)
    /// added on each side, clipped to the picture. Negative margins count as 0.
    #[must_use]
    pub fn grown(self, x_margin: f32, y_margin: f32) -> Self {
        let x = self.width() * x_margin.max(0.0);
        let y = self.height() * y_margin.max(0.0);
        Self {
            x_min: (self.x_min - x).max(0.0),
            y_min: (self.y_min - y).max(0.0),
            x_max: (self.x_max + x).min(1.0),
            y_max: (self.y_max + y).min(1.0),
        }
    }

    /// Linear interpolation of each side, from `self` (`at` 0) to `other` (`at` 1).
    #[must_use]
    pub fn lerp(self, other: Self, at: f32) -> Self {
        assert!(
            (0.0..=1.0).contains(&at),
            "interpolation lies between its ends"
        );
        // This form is exact at both ends and never leaves the interval between them, so that the
        // result fulfills the invariant too.
        let mix = |a: f32, b: f32| a * (1.0 - at) + b * at;
        let sides = [
            mix(self.x_min, other.x_min),
            mix(self.y_min, other.y_min),
            mix(self.x_max, other.x_max).min(1.0),
            mix(self.y_max, other.y_max).min(1.0),
        ];
        Self::new(sides).unwrap_or_else(|| self.hull(other))
    }
}

/// A rectangle of whole pixels in a picture of known size; never empty, never outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelRect {
    x_min: u32,
    y_min: u32,
    x_max: u32,
    y_max: u32,
}

impl PixelRect {
    /// The part of it that lies within `[x_min, y_min, x_max, y_max]`; `None` if no pixel does.
    #[must_use]
    pub fn part(self, [x_min, y_min, x_max, y_max]: [u32; 4]) -> Option<Self> {
        let part = Self {
            x_min: self.x_min.max(x_min),
            y_min: self.y_min.max(y_min),
            x_max: self.x_max.min(x_max),
            y_max: self.y_max.min(y_max),
        };
        (part.x_min < part.x_max && part.y_min < part.y_max).then_some(part)
    }

    /// The smallest rectangle of whole pixels that covers `rect` in a picture of `size`.
    ///
    /// Rounds outward on every side: a mask may hide one pixel too many, never one too few.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "NormRect keeps the value within 0..=side, a u32 of at most 16384"
    )]
    pub fn covering(rect: NormRect, size: PixelSize) -> Self {
        let low = |fraction: f32, side: u32| (f64::from(fraction) * f64::from(side)).floor() as u32;
        let high = |fraction: f32, side: u32| (f64::from(fraction) * f64::from(side)).ceil() as u32;
        let covered = Self {
            x_min: low(rect.x_min, size.width),
            y_min: low(rect.y_min, size.height),
            x_max: high(rect.x_max, size.width),
            y_max: high(rect.y_max, size.height),
        };
        assert!(covered.x_min < covered.x_max && covered.x_max <= size.width);
        assert!(covered.y_min < covered.y_max && covered.y_max <= size.height);
        covered
    }

    /// The rectangle extended to even coordinates, so that it contains whole chroma samples.
    ///
    /// It stays inside any picture with even sides.
    #[must_use]
    pub const fn even(self) -> Self {
        Self {
            x_min: self.x_min & !1,
            y_min: self.y_min & !1,
            x_max: self.x_max.next_multiple_of(2),
            y_max: self.y_max.next_multiple_of(2),
        }
    }

    /// The rectangle without `margin` pixels at each side; unchanged where nothing would be left.
    #[must_use]
    pub const fn shrunk(self, margin: u32) -> Self {
        let both = margin.saturating_mul(2);
        if self.width() <= both || self.height() <= both {
            return self;
        }
        Self {
            x_min: self.x_min + margin,
            y_min: self.y_min + margin,
            x_max: self.x_max - margin,
            y_max: self.y_max - margin,
        }
    }

    /// The same area in a plane with half the width and half the height, rounded outward.
    #[must_use]
    pub const fn halved(self) -> Self {
        Self {
            x_min: self.x_min / 2,
            y_min: self.y_min / 2,
            x_max: self.x_max.div_ceil(2),
            y_max: self.y_max.div_ceil(2),
        }
    }

    /// First column.
    #[must_use]
    pub const fn x_min(self) -> u32 {
        self.x_min
    }

    /// First row.
    #[must_use]
    pub const fn y_min(self) -> u32 {
        self.y_min
    }

    /// First column to the right of the rectangle.
    #[must_use]
    pub const fn x_max(self) -> u32 {
        self.x_max
    }

    /// First row below the rectangle.
    #[must_use]
    pub const fn y_max(self) -> u32 {
        self.y_max
    }

    /// Columns, at least 1.
    #[must_use]
    pub const fn width(self) -> u32 {
        self.x_max - self.x_min
    }

    /// Rows, at least 1.
    #[must_use]
    pub const fn height(self) -> u32 {
        self.y_max - self.y_min
    }

    /// Whether the pixel at `x`, `y` lies inside.
    #[must_use]
    pub const fn contains(self, x: u32, y: u32) -> bool {
        self.x_min <= x && x < self.x_max && self.y_min <= y && y < self.y_max
    }

    /// Whether the two share a pixel.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.x_min < other.x_max
            && other.x_min < self.x_max
            && self.y_min < other.y_max
            && other.y_min < self.y_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HD: PixelSize = PixelSize {
        width: 1920,
        height: 1080,
    };

    #[track_caller]
    fn check(sides: [f32; 4], expected: [u32; 4]) {
        let rect = PixelRect::covering(NormRect::new(sides).unwrap(), HD);
        assert_eq!([rect.x_min, rect.y_min, rect.x_max, rect.y_max], expected);
    }

    #[test]
    fn a_sliver_still_covers_one_pixel() {
        check([0.5001, 0.5001, 0.5002, 0.5002], [960, 540, 961, 541]);
    }

    #[test]
    fn the_whole_picture_is_covered_exactly() {
        check([0.0, 0.0, 1.0, 1.0], [0, 0, 1920, 1080]);
    }

    #[test]
    fn not_a_number_makes_no_rectangle() {
        assert!(NormRect::clipped([f32::NAN, 0.0, 0.5, 0.5]).is_none());
        assert!(NormRect::clipped([0.0, 0.0, f32::NAN, 0.5]).is_none());
        assert!(NormRect::new([0.0, 0.0, f32::INFINITY, 0.5]).is_none());
        assert!(NormRect::clipped([1.1, 0.0, 1.5, 0.5]).is_none());
    }

    fn any_rect() -> impl Strategy<Value = NormRect> {
        [0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0]
            .prop_filter_map("empty", |[a, b, c, d]| {
                NormRect::new([a.min(c), b.min(d), a.max(c), b.max(d)])
            })
    }

    proptest! {
        #[test]
        fn covering_rounds_outward(
            rect in any_rect(), width in 1_u32..5000, height in 1_u32..5000
        ) {
            let size = PixelSize::new(width, height).unwrap();
            let pixels = PixelRect::covering(rect, size);
            prop_assert!(f64::from(pixels.x_min) <= f64::from(rect.x_min) * f64::from(width));
            prop_assert!(f64::from(pixels.y_min) <= f64::from(rect.y_min) * f64::from(height));
            prop_assert!(f64::from(pixels.x_max) >= f64::from(rect.x_max) * f64::from(width));
            prop_assert!(f64::from(pixels.y_max) >= f64::from(rect.y_max) * f64::from(height));
        }

        #[test]
        fn a_point_between_two_rectangles_stays_between_them(
            a in any_rect(), b in any_rect(), at in 0.0_f32..=1.0,
        ) {
            let mid = a.lerp(b, at);
            prop_assert_eq!(mid.hull(a.hull(b)), a.hull(b));
            prop_assert_eq!(a.lerp(b, 0.0), a);
            prop_assert_eq!(a.lerp(b, 1.0), b);
        }

        #[test]
        fn overlap_is_the_same_from_both_sides(a in any_rect(), b in any_rect()) {
            prop_assert!((a.iou(b) - b.iou(a)).abs() < 1e-6);
            prop_assert!((a.iou(a) - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn shrinking_takes_the_same_from_each_side_or_nothing() {
        let size = PixelSize::new(80, 40).unwrap();
        let rect = NormRect::new([0.125, 0.25, 0.5, 0.5]).unwrap();
        let whole = PixelRect::covering(rect, size).even();
        assert_eq!((whole.width(), whole.height()), (30, 10));
        let inner = whole.shrunk(2);
        let sides = |rect: PixelRect| [rect.x_min(), rect.y_min(), rect.x_max(), rect.y_max()];
        assert_eq!(sides(inner), [12, 12, 38, 18]);
        assert_eq!(whole.shrunk(5), whole, "ten rows have none left");
    }
}

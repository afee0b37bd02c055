//! Tracks points from one picture to another.
//!
//! At each size of the picture, coarse to fine, the window around the point is moved until the
//! brightness under it matches best.
//!
//! Method: J.-Y. Bouguet, "Pyramidal Implementation of the Lucas Kanade Feature Tracker", Intel,
//! 2000, with the limits that OpenCV uses.

use super::pyramid::{Level, Padded, Pyramid, WINDOW};

/// Steps at each size, and the step in pixels that is small enough to stop.
const STEPS: usize = 20;
const STEP_MIN: f32 = 0.03;
/// Two steps that cancel each other out up to this many pixels swing around the minimum.
const SWING: f32 = 0.01;
/// The mean square of the gradient in the direction in which it is weakest, in levels per pixel:
/// below it, the window does not tell where the point is.
const GRADIENT_MIN: f32 = 0.1;

/// Samples of a row of the window that are computed together; one more than it has, which counts
/// for nothing, so that they fill vectors.
const LANES: usize = WINDOW + 1;
/// From a point to the window's first sample.
const HALF: f32 = (WINDOW / 2) as f32;

type Patch = [[f32; LANES]; WINDOW];

/// The window around a point in the first picture.
struct Template {
    image: Patch,
    right: Patch,
    down: Patch,
    /// Sums of the squares and of the product of the gradients.
    xx: f32,
    xy: f32,
    yy: f32,
}

/// Where a window is: the whole pixel of its first sample, and the weights of four neighbors.
struct Place {
    first: [i32; 2],
    weights: [f32; 4],
}

/// The position in `to` of what is at `point` in `from`, in pixels. `None` if it is lost. Both have
/// the same size.
pub(super) fn follow(from: &Pyramid, to: &Pyramid, point: [f32; 2]) -> Option<[f32; 2]> {
    let count = from.levels.len().min(to.levels.len());
    let mut guess = None;
    for level in (0..count).rev() {
        let scale = 1.0 / (1_u32 << level) as f32;
        let at = point.map(|value| value * scale);
        let start = guess.map_or(at, |guess: [f32; 2]| guess.map(|value| value * 2.0));
        let found = match_level(&from.levels[level], &to.levels[level], at, start);
        // A smaller picture may show too little of it; only the whole picture decides.
        if level == 0 {
            return found;
        }
        guess = Some(found.unwrap_or(start));
    }
    None
}

/// The same at one size of the picture, from a guess on.
fn match_level(from: &Level, to: &Level, point: [f32; 2], guess: [f32; 2]) -> Option<[f32; 2]> {
    let template = Template::new(from, point)?;
    let determinant = template.determinant()?;
    let (mut at, mut before) = (guess, [0.0_f32; 2]);
    for step in 0..STEPS {
        let [x, y] = template.mismatch(&to.image, &Place::of(at, &to.image)?)?;
        let moved = [
            (template.xy * y - template.yy * x) / determinant,
            (template.xy * x - template.xx * y) / determinant,
        ];
        at = [at[0] + moved[0], at[1] + moved[1]];
        if moved[0] * moved[0] + moved[1] * moved[1] <= STEP_MIN * STEP_MIN {
            break;
        }
        let swings = (0..2).all(|i| (moved[i] + before[i]).abs() < SWING);
        if step > 0 && swings {
            at = [at[0] - moved[0] / 2.0, at[1] - moved[1] / 2.0];
            break;
        }
        before = moved;
    }
    Place::of(at, &to.image).map(|_| at)
}

impl Template {
    fn new(level: &Level, point: [f32; 2]) -> Option<Self> {
        let place = Place::of(point, &level.image)?;
        let image = place.patch(&level.image)?;
        let [mut right, mut down] = [place.patch(&level.right)?, place.patch(&level.down)?];
        let mut sums = [[0.0; LANES]; 3];
        for (right, down) in right.iter_mut().zip(&mut down) {
            right[WINDOW] = 0.0;
            down[WINDOW] = 0.0;
            for lane in 0..LANES {
                sums[0][lane] += right[lane] * right[lane];
                sums[1][lane] += right[lane] * down[lane];
                sums[2][lane] += down[lane] * down[lane];
            }
        }
        let [xx, xy, yy] = sums.map(|lanes| lanes.iter().sum());
        Some(Self {
            image,
            right,
            down,
            xx,
            xy,
            yy,
        })
    }

    /// The determinant of the gradients' matrix; `None` if the window has too little structure.
    fn determinant(&self) -> Option<f32> {
        let Self { xx, xy, yy, .. } = self;
        let spread = ((xx - yy) * (xx - yy) + 4.0 * xy * xy).sqrt();
        let weakest = (xx + yy - spread) / (2 * WINDOW * WINDOW) as f32;
        let determinant = xx * yy - xy * xy;
        (weakest >= GRADIENT_MIN && determinant > 0.0).then_some(determinant)
    }

    /// How far the picture at `place` differs from the window, along each gradient.
    fn mismatch(&self, image: &Padded, place: &Place) -> Option<[f32; 2]> {
        let mut sums = [[0.0; LANES]; 2];
        for row in 0..WINDOW {
            let found = place.row(image, row)?;
            let (image, right, down) = (&self.image[row], &self.right[row], &self.down[row]);
            for lane in 0..LANES {
                let difference = found[lane] - image[lane];
                sums[0][lane] += difference * right[lane];
                sums[1][lane] += difference * down[lane];
            }
        }
        Some(sums.map(|lanes| lanes.iter().sum()))
    }
}

impl Place {
    /// The window around `point`; `None` if it is further outside of the picture than its size.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and what is out of range is sorted out"
    )]
    fn of(point: [f32; 2], image: &Padded) -> Option<Self> {
        let start = point.map(|value| value - HALF);
        let first = start.map(f32::floor);
        let inside = |i: usize| first[i] >= -(WINDOW as f32) && first[i] < image.extent()[i] as f32;
        // Comparisons with NaN are false.
        if !(inside(0) && inside(1)) {
            return None;
        }
        let [x, y] = [start[0] - first[0], start[1] - first[1]];
        Some(Self {
            first: first.map(|value| value as i32),
            weights: [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y],
        })
    }

    /// A row of the window, interpolated.
    #[inline]
    fn row(&self, image: &Padded, row: usize) -> Option<[f32; LANES]> {
        let above: &[f32; LANES + 1] = image.samples(self.first, row)?;
        let below: &[f32; LANES + 1] = image.samples(self.first, row + 1)?;
        let [a, b, c, d] = self.weights;
        Some(std::array::from_fn(|x| {
            a * above[x] + b * above[x + 1] + c * below[x] + d * below[x + 1]
        }))
    }

    fn patch(&self, image: &Padded) -> Option<Patch> {
        let mut patch = [[0.0; LANES]; WINDOW];
        for (row, values) in patch.iter_mut().enumerate() {
            *values = self.row(image, row)?;
        }
        Some(patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: [usize; 2] = [160, 120];

    /// Blots of random brightness, moved by `shift`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "cells of a small picture, mixed to noise"
    )]
    fn blots(shift: [f32; 2]) -> Pyramid {
        let noise = |x: i32, y: i32| {
            let at = (x as usize).wrapping_mul(73_856_093) ^ (y as usize).wrapping_mul(19_349_663);
            (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f32 / (1_u64 << 24) as f32
        };
        // Rounded edges, so that the brightness changes evenly.
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let sample = |at: usize| {
            let u = ((at % EXTENT[0]) as f32 - shift[0]) / 7.0;
            let v = ((at / EXTENT[0]) as f32 - shift[1]) / 7.0;
            let (i, j) = (u.floor() as i32, v.floor() as i32);
            let (a, b) = (ease(u - u.floor()), ease(v - v.floor()));
            let above = noise(i, j) * (1.0 - a) + noise(i + 1, j) * a;
            let below = noise(i, j + 1) * (1.0 - a) + noise(i + 1, j + 1) * a;
            (30.0 + 200.0 * (above * (1.0 - b) + below * b) + 0.5) as u8
        };
        let samples: Vec<u8> = (0..EXTENT[0] * EXTENT[1]).map(sample).collect();
        Pyramid::new(&samples, EXTENT, 4)
    }

    /// Goal: a point is found to a twentieth of a pixel, for shifts of parts of a pixel and of more
    /// than half of the window.
    #[test]
    fn a_point_is_followed() {
        let from = blots([0.0, 0.0]);
        for shift in [[0.25, -0.6], [4.5, 3.0], [-6.0, 9.3]] {
            let to = blots(shift);
            for point in [[60.0, 50.0], [81.0, 64.0], [99.5, 70.25]] {
                let found = follow(&from, &to, point).unwrap();
                for i in 0..2 {
                    let error = found[i] - point[i] - shift[i];
                    assert!(error.abs() < 0.05, "{point:?} {shift:?}: {found:?}");
                }
            }
        }
    }

    /// Goal: a point without structure around it, and one that is nowhere, are lost. Control: the
    /// same points of a picture with structure are not.
    #[test]
    fn a_point_without_structure_is_lost() {
        let (from, flat) = (blots([0.0; 2]), Pyramid::new(&[90; 160 * 120], EXTENT, 4));
        let slope: Vec<u8> = (0..160).cycle().take(160 * 120).collect();
        let slope = Pyramid::new(&slope, EXTENT, 4);
        for point in [[60.0, 50.0], [81.0, 64.0]] {
            assert!(follow(&from, &from, point).is_some());
            assert_eq!(follow(&flat, &flat, point), None);
            assert_eq!(follow(&slope, &slope, point), None);
        }
        for point in [
            [1e9, 0.0],
            [-40.0, 3.0],
            [f32::NAN, 5.0],
            [3.0, f32::INFINITY],
        ] {
            assert_eq!(follow(&from, &from, point), None, "{point:?}");
        }
    }
}

//! Follows a region that a person pointed at from picture to picture.
//!
//! The region is reduced to a small grid of brightness, the patch, and searched for around its
//! expected place at three sizes by normalized cross-correlation: changes of light do not matter,
//! and a low correlation counts as lost. The newest patch is updated slowly and the first is never
//! forgotten, so that the region does not drift onto another object unnoticed.
//!
//! It follows one object that changes little from one picture to the next. It helps a person to
//! draw a mask; the person reviews the result before it hides anything.

use redact_core::{NormRect, Picture, PlaneKind};

/// Cells across and down the grid, and samples across and down a cell: their mean widens what a
/// coarse search finds to about a cell.
const GRID: usize = 12;
const SAMPLES: usize = 3;

/// How far is searched, in boxes, to each side.
const REACH: f32 = 0.6;
/// Places tried along each axis in the coarse search, to each side of the middle.
const COARSE: i32 = 9;
/// Sizes tried.
const SIZES: [f32; 3] = [1.0, 0.96, 1.04];

/// Correlation with the first and the newest patch below which the region is lost.
const CORRELATION_MIN: f32 = 0.55;
/// Correlation above which the newest patch is updated, and by what share.
const UPDATE_MIN: f32 = 0.8;
const UPDATE_SHARE: f32 = 0.1;

/// A change of the whole picture's distribution of brightness, `0.0..=1.0`, that is a cut.
const CUT_MIN: f32 = 0.5;
const BINS: usize = 32;

/// Added around what is found, as a share of the box: it may be off by a little.
const MARGIN: f32 = 0.06;

/// Where the region is in one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// It is here, margin included.
    At(NormRect),
    /// It was not found.
    Lost,
    /// The scene changed.
    Cut,
}

/// A grid of brightness with mean 0 and length 1.
type Patch = [f32; GRID * GRID];

/// A region that is being followed.
pub struct Follower {
    first: Patch,
    last: Patch,
    /// Where it was found: middle and size, fractions of the picture.
    center: [f32; 2],
    size: [f32; 2],
    speed: [f32; 2],
    shares: [f32; BINS],
}

impl Follower {
    /// Begins with the region `rect`.
    #[must_use]
    pub fn new(picture: &Picture, rect: NormRect) -> Self {
        let (center, size) = (rect.center(), [rect.width(), rect.height()]);
        let first = patch(picture, center, size);
        Self {
            first,
            last: first,
            center,
            size,
            speed: [0.0, 0.0],
            shares: shares(picture),
        }
    }

    /// Searches for it in the next picture, or in the previous one.
    pub fn step(&mut self, picture: &Picture) -> Step {
        let shares = shares(picture);
        let changed: f32 = shares
            .iter()
            .zip(&self.shares)
            .map(|(a, b)| (a - b).abs())
            .sum();
        self.shares = shares;
        if changed / 2.0 >= CUT_MIN {
            return Step::Cut;
        }
        let guess = [0, 1].map(|axis| self.center[axis] + self.speed[axis]);
        let (similarity, center, size) = self.search(picture, guess);
        if similarity < CORRELATION_MIN || center.iter().any(|place| !(0.0..=1.0).contains(place)) {
            return Step::Lost;
        }
        let found = patch(picture, center, size);
        if correlation(&found, &self.last) >= UPDATE_MIN {
            let mixed: Vec<f32> = self
                .last
                .iter()
                .zip(&found)
                .map(|(old, new)| old * (1.0 - UPDATE_SHARE) + new * UPDATE_SHARE)
                .collect();
            self.last.copy_from_slice(&mixed);
            normalize(&mut self.last, 0.0);
        }
        for axis in [0, 1] {
            let moved = center[axis] - self.center[axis];
            self.speed[axis] = 0.5 * self.speed[axis] + 0.5 * moved;
        }
        (self.center, self.size) = (center, size);
        let half = [0, 1].map(|axis| size[axis] * (0.5 + MARGIN));
        let rect = NormRect::clipped([
            center[0] - half[0],
            center[1] - half[1],
            center[0] + half[0],
            center[1] + half[1],
        ]);
        rect.map_or(Step::Lost, Step::At)
    }

    /// The most similar place around `guess`: coarse, then twice finer.
    fn search(&self, picture: &Picture, guess: [f32; 2]) -> (f32, [f32; 2], [f32; 2]) {
        let mut best = (f32::MIN, guess, self.size);
        let mut step = [0, 1].map(|axis| self.size[axis] * REACH / COARSE as f32);
        let mut middle = guess;
        for (round, reach) in [COARSE, 2, 2].into_iter().enumerate() {
            for dy in -reach..=reach {
                for dx in -reach..=reach {
                    let center = [
                        middle[0] + dx as f32 * step[0],
                        middle[1] + dy as f32 * step[1],
                    ];
                    let sizes = if round == 0 { &SIZES[..1] } else { &SIZES[..] };
                    for scale in sizes {
                        let size = self.size.map(|side| (side * scale).clamp(0.004, 1.0));
                        let similarity = self.similarity(&patch(picture, center, size));
                        if similarity > best.0 {
                            best = (similarity, center, size);
                        }
                    }
                }
            }
            middle = best.1;
            step = step.map(|side| side * 0.4);
        }
        best
    }

    /// Weighted correlation with the first and the newest patch.
    fn similarity(&self, patch: &Patch) -> f32 {
        0.35 * correlation(patch, &self.first) + 0.65 * correlation(patch, &self.last)
    }
}

fn correlation(a: &Patch, b: &Patch) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The brightness of a region on the grid; places outside the picture repeat its edge.
fn patch(picture: &Picture, center: [f32; 2], size: [f32; 2]) -> Patch {
    let plane = picture.plane(PlaneKind::Luma);
    let (width, height) = (plane.width as f32, plane.height as f32);
    let mut grid = [0.0; GRID * GRID];
    let place = |number: usize, middle: f32, side: f32, extent: f32| {
        let share = (number as f32 + 0.5) / (GRID * SAMPLES) as f32 - 0.5;
        ((middle + share * side) * extent - 0.5).clamp(0.0, extent - 1.0)
    };
    let columns: [f32; GRID * SAMPLES] =
        std::array::from_fn(|number| place(number, center[0], size[0], width));
    for row in 0..GRID * SAMPLES {
        let y = place(row, center[1], size[1], height);
        for (column, &x) in columns.iter().enumerate() {
            grid[row / SAMPLES * GRID + column / SAMPLES] += sample(plane, x, y);
        }
    }
    for cell in &mut grid {
        *cell /= (SAMPLES * SAMPLES) as f32;
    }
    // A region of one brightness has no pattern: it correlates with none.
    normalize(&mut grid, GRID as f32);
    grid
}

/// The brightness between four samples.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the plane by the caller"
)]
fn sample(plane: redact_core::Plane<'_>, x: f32, y: f32) -> f32 {
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = (
        (left + 1).min(plane.width - 1),
        (top + 1).min(plane.height - 1),
    );
    let (across, down) = (x - left as f32, y - top as f32);
    let row = |y: usize| {
        let row = plane.row(y);
        f32::from(row[left]) * (1.0 - across) + f32::from(row[right]) * across
    };
    row(top) * (1.0 - down) + row(bottom) * down
}

/// Gives `grid` mean 0 and length 1, or length 0 when it is no longer than `least`.
fn normalize(grid: &mut Patch, least: f32) {
    let mean = grid.iter().sum::<f32>() / grid.len() as f32;
    for value in grid.iter_mut() {
        *value -= mean;
    }
    let length = grid.iter().map(|value| value * value).sum::<f32>().sqrt();
    let scale = if length > least { 1.0 / length } else { 0.0 };
    for value in grid.iter_mut() {
        *value *= scale;
    }
}

/// Shares of the bins of brightness, every eighth row and column.
fn shares(picture: &Picture) -> [f32; BINS] {
    let plane = picture.plane(PlaneKind::Luma);
    let mut shares = [0.0; BINS];
    let mut count = 0.0_f32;
    for row in plane.rows().step_by(8) {
        for value in row.iter().step_by(8) {
            shares[usize::from(*value) * BINS / 256] += 1.0;
            count += 1.0;
        }
    }
    shares.map(|bin| bin / count.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::{ColorRange, PixelSize};

    /// A patterned square of 40 pixels at `x`, `y` on a wall with a pattern of its own.
    fn scene(x: usize, y: usize) -> Picture {
        let size = PixelSize::new(320, 240).unwrap();
        let mut picture = Picture::filled(size, ColorRange::Limited, [90, 128, 128]);
        let mut plane = picture.plane_mut(PlaneKind::Luma);
        for row in 0..240 {
            for (column, sample) in plane.row_mut(row).iter_mut().enumerate() {
                let inside = (x..x + 40).contains(&column) && (y..y + 40).contains(&row);
                let (u, v) = (column.wrapping_sub(x), row.wrapping_sub(y));
                *sample = if inside {
                    if (u / 8 + v / 8 + u * v / 97) % 2 == 0 {
                        220
                    } else {
                        30
                    }
                } else {
                    80 + u8::try_from((column / 31 * 7 + row / 23 * 5) % 30).unwrap()
                };
            }
        }
        picture
    }

    fn rect(x: usize, y: usize) -> NormRect {
        let (x, y) = (x as f32, y as f32);
        NormRect::new([x / 320.0, y / 240.0, (x + 40.0) / 320.0, (y + 40.0) / 240.0]).unwrap()
    }

    /// Goal: a thing that moves is covered in every picture.
    /// Method: a square that moves by 4 and 2 pixels a picture.
    #[test]
    fn a_moving_thing_stays_covered() {
        let mut follower = Follower::new(&scene(60, 80), rect(60, 80));
        for step in 1..30 {
            let (x, y) = (60 + step * 4, 80 + step * 2);
            let Step::At(found) = follower.step(&scene(x, y)) else {
                panic!("lost at {step}");
            };
            let truth = rect(x, y);
            assert!(found.iou(truth) > 0.7, "step {step}: {found:?}, {truth:?}");
        }
    }

    #[test]
    fn what_is_gone_is_lost_and_not_somewhere_else() {
        let mut follower = Follower::new(&scene(60, 80), rect(60, 80));
        assert!(matches!(follower.step(&scene(62, 80)), Step::At(_)));
        assert_eq!(follower.step(&scene(260, 190)), Step::Lost);
    }

    #[test]
    fn another_scene_is_a_cut() {
        let mut follower = Follower::new(&scene(60, 80), rect(60, 80));
        let size = PixelSize::new(320, 240).unwrap();
        let night = Picture::filled(size, ColorRange::Limited, [20, 128, 128]);
        assert_eq!(follower.step(&night), Step::Cut);
    }
}

//! Estimates how the camera moved from one frame to the next.
//!
//! Corners of the previous frame are tracked into the new one (pyramidal Lucas-Kanade) and back. A
//! similarity (translation, rotation and zoom) is fitted robustly to those that return. Objects
//! that move by themselves are outliers of the fit.
//!
//! A cut is recognized by a change of the brightness histogram together with lost corners, because
//! a flash or a fast pan causes only one of them.
//!
//! The result is deterministic: sums have a fixed order, and the fit draws its samples from a fixed
//! sequence.

mod corners;
mod flow;
mod pyramid;

use std::cell::OnceCell;

use redact_core::{CameraMotion, DetectError, Frame, Motion, PixelSize, PlaneKind};

use self::corners::{CornerOptions, corners};
use self::flow::follow;
use self::pyramid::Pyramid;
use crate::plane_scale::PlaneScaler;
use crate::similarity::{Pair, fit};

/// Longer side of the reduced picture in pixels, enough for a shift of a tenth of a percent.
const SIDE_MAX: u32 = 384;
/// Smaller sides have no room for a corner with its surroundings.
const SIDE_MIN: usize = 32;

/// The corners that are tracked.
const CORNERS: CornerOptions = CornerOptions {
    max: 150,
    quality: 0.01,
    distance: 8,
};

/// How often the picture is halved, for shifts of up to about a quarter of it.
const HALVINGS: usize = 4;

/// Maximum distance in pixels of a corner that was tracked forward and back.
const RETURN_MAX: f32 = 1.0;

/// Minimum number of corners that determine the camera's motion.
const PAIRS_MIN: usize = 10;

/// Distance of two brightness histograms, `0.0..=1.0`, from which a cut is possible (if corners are
/// lost) and from which it is certain.
const CUT_POSSIBLE: f32 = 0.25;
const CUT_CERTAIN: f32 = 0.7;
/// Fraction of corners that is still tracked in a fast pan, and hardly ever across a cut.
const FOLLOWED_MIN: f32 = 0.25;

const BINS: usize = 64;

/// Differences of mean (levels) and contrast (ratio) below these are not corrected.
const EXPOSURE_ALIKE: f32 = 4.0;
const GAIN_ALIKE: f32 = 0.1;

/// Estimates camera motion from the optical flow of corners.
#[derive(Default)]
pub struct FlowMotion {
    scaler: Option<(PixelSize, PlaneScaler)>,
    previous: Option<Reduced>,
}

/// The reduced luma of a picture.
struct Reduced {
    /// Columns and rows.
    extent: [usize; 2],
    /// Samples, row-major.
    samples: Vec<u8>,
    /// Brightness histogram, as fractions.
    shares: [f32; BINS],
    /// Computed once corners are tracked.
    pyramid: OnceCell<Pyramid>,
}

impl FlowMotion {
    /// Creates an estimator that has seen no frame.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn reduced(&mut self, frame: &Frame) -> Reduced {
        let size = frame.picture.size();
        let extent = reduced_extent(size);
        let from = [size.width() as usize, size.height() as usize];
        let prepared = self.scaler.take().filter(|(of, _)| *of == size);
        let (_, scaler) = self
            .scaler
            .insert(prepared.unwrap_or_else(|| (size, PlaneScaler::new(from, extent))));
        let luma = frame.picture.plane(PlaneKind::Luma);
        let mut row = vec![0.0; extent[0]];
        let mut samples = Vec::with_capacity(extent[0] * extent[1]);
        let mut shares = [0.0; BINS];
        let share = 1.0 / (extent[0] * extent[1]) as f32;
        for y in 0..extent[1] {
            scaler.row(luma, y, &mut row);
            for value in &row {
                let sample = rounded(*value);
                shares[usize::from(sample) * BINS / 256] += share;
                samples.push(sample);
            }
        }
        Reduced {
            extent,
            samples,
            shares,
            pyramid: OnceCell::new(),
        }
    }
}

impl Reduced {
    fn pyramid(&self) -> &Pyramid {
        self.pyramid
            .get_or_init(|| Pyramid::new(&self.samples, self.extent, HALVINGS))
    }

    /// The picture with the mean brightness and contrast of `other`, or `None` if they are similar.
    /// Tracking a corner relies on constant brightness, which a flash or automatic exposure
    /// changes.
    fn exposed_like(&self, other: &Self) -> Option<Self> {
        let ([mean, spread], [wanted, wanted_spread]) = (self.exposure(), other.exposure());
        let gain = (wanted_spread / spread.max(1.0)).clamp(0.25, 4.0);
        let alike = (mean - wanted).abs() < EXPOSURE_ALIKE && (gain - 1.0).abs() < GAIN_ALIKE;
        if alike {
            return None;
        }
        let adjusted = |sample: &u8| rounded((f32::from(*sample) - mean) * gain + wanted);
        Some(Self {
            extent: self.extent,
            samples: self.samples.iter().map(adjusted).collect(),
            shares: self.shares,
            pyramid: OnceCell::new(),
        })
    }

    /// Mean and standard deviation of the brightness, from the histogram.
    fn exposure(&self) -> [f32; 2] {
        let level = |bin: usize| (bin as f32 + 0.5) * (256 / BINS) as f32;
        let sum = |of: &dyn Fn(f32) -> f32| -> f32 {
            let shares = self.shares.iter().enumerate();
            shares.map(|(bin, share)| of(level(bin)) * share).sum()
        };
        let mean = sum(&|level| level);
        [mean, sum(&|level| (level - mean).powi(2)).sqrt()]
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "means of 8-bit samples; the cast saturates"
)]
fn rounded(value: f32) -> u8 {
    (value + 0.5) as u8
}

fn reduced_extent(size: PixelSize) -> [usize; 2] {
    let longest = size.width().max(size.height()).max(SIDE_MAX);
    [size.width(), size.height()].map(|side| {
        let reduced = u64::from(side) * u64::from(SIDE_MAX) / u64::from(longest);
        usize::try_from(reduced).unwrap_or(1).max(1)
    })
}

impl CameraMotion for FlowMotion {
    fn advance(&mut self, frame: &Frame) -> Result<Motion, DetectError> {
        let now = self.reduced(frame);
        let motion = match &self.previous {
            Some(before) if before.extent == now.extent => between(before, &now),
            // A picture of another size is from another camera.
            Some(_) => Motion::Cut,
            None => Motion::Unknown,
        };
        self.previous = Some(now);
        Ok(motion)
    }
}

impl std::fmt::Debug for FlowMotion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlowMotion").finish_non_exhaustive()
    }
}

fn between(before: &Reduced, now: &Reduced) -> Motion {
    if before.samples == now.samples {
        return Motion::Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    }
    let distance = distance(&before.shares, &now.shares);
    if distance >= CUT_CERTAIN {
        return Motion::Cut;
    }
    if before.extent.iter().any(|side| *side < SIDE_MIN) {
        return Motion::Unknown;
    }
    let (corners, pairs) = followed(before, now);
    let share = pairs.len() as f32 / corners.max(1) as f32;
    if distance >= CUT_POSSIBLE && share < FOLLOWED_MIN {
        return Motion::Cut;
    }
    if pairs.len() < PAIRS_MIN {
        return Motion::Unknown;
    }
    let [width, height] = before.extent.map(|side| side as f32);
    fit(&pairs).map_or(Motion::Unknown, |[a, b, x, y]| {
        // From pixels of the reduced picture to fractions of it.
        Motion::Affine([
            a,
            -b * height / width,
            x / width,
            b * width / height,
            a,
            y / height,
        ])
    })
}

/// Half the sum of absolute differences: `0.0` for equal and `1.0` for disjoint histograms.
fn distance(before: &[f32; BINS], now: &[f32; BINS]) -> f32 {
    let differences = before.iter().zip(now).map(|(a, b)| (a - b).abs());
    differences.sum::<f32>() / 2.0
}

/// The number of corners, and those that could be tracked forward and back.
fn followed(before: &Reduced, now: &Reduced) -> (usize, Vec<Pair>) {
    let exposed = now.exposed_like(before);
    let found = corners(&before.samples, before.extent[0], CORNERS);
    let (before, now) = (before.pyramid(), exposed.as_ref().unwrap_or(now).pyramid());
    let tracked = |from: &[f32; 2]| {
        let to = follow(before, now, *from)?;
        let back = follow(now, before, to)?;
        let returned = (back[0] - from[0]).hypot(back[1] - from[1]) <= RETURN_MAX;
        returned.then_some(Pair { from: *from, to })
    };
    (found.len(), found.iter().filter_map(tracked).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::{ColorRange, FrameIndex, Picture, Timestamp};

    /// A picture of random blots, shifted by `shift` pixels; the darkest level is `level`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "cells of a small picture, mixed to noise"
    )]
    fn frame(seed: usize, shift: [f32; 2], [width, height]: [u32; 2], level: f32) -> Frame {
        let size = PixelSize::new(width, height).unwrap();
        let mut picture = Picture::filled(size, ColorRange::Full, [0, 128, 128]);
        let mut plane = picture.plane_mut(PlaneKind::Luma);
        let noise = |x: i32, y: i32| {
            let at = (x as usize).wrapping_mul(73_856_093) ^ (y as usize).wrapping_mul(19_349_663);
            let mixed = (at ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed >> 40) as f32 / (1_u64 << 24) as f32
        };
        for y in 0..height as usize {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                let (u, v) = ((x as f32 - shift[0]) / 24.0, (y as f32 - shift[1]) / 24.0);
                let (i, j) = (u.floor(), v.floor());
                let (a, b) = (u - i, v - j);
                let (i, j) = (i as i32, j as i32);
                let above = noise(i, j) * (1.0 - a) + noise(i + 1, j) * a;
                let below = noise(i, j + 1) * (1.0 - a) + noise(i + 1, j + 1) * a;
                *sample = rounded(level + 100.0 * (above * (1.0 - b) + below * b));
            }
        }
        Frame {
            index: FrameIndex::ZERO,
            timestamp: Timestamp::new(0),
            duration_ticks: 1,
            picture,
        }
    }

    const HD: [u32; 2] = [1280, 720];

    /// Goal: a pan is measured in fractions of the picture; the first frame is unknown, and a still
    /// picture does not move.
    #[test]
    fn a_pan_is_measured() {
        let mut motion = FlowMotion::new();
        let first = frame(1, [0.0, 0.0], HD, 80.0);
        assert_eq!(motion.advance(&first).unwrap(), Motion::Unknown);
        let still = motion.advance(&first).unwrap();
        assert_eq!(still, Motion::Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]));
        let moved = frame(1, [32.0, -14.4], HD, 80.0);
        let Motion::Affine(found) = motion.advance(&moved).unwrap() else {
            panic!("a pan of textured pictures is known");
        };
        for (found, expected) in found.iter().zip([1.0, 0.0, 0.025, 0.0, 1.0, -0.02]) {
            assert!((found - expected).abs() < 0.002, "{found} {expected}");
        }
    }

    #[test]
    fn the_same_frames_give_the_same_motion() {
        let measure = || {
            let mut motion = FlowMotion::new();
            motion.advance(&frame(1, [0.0, 0.0], HD, 80.0)).unwrap();
            motion.advance(&frame(1, [9.5, 3.25], HD, 80.0)).unwrap()
        };
        assert_eq!(measure(), measure());
    }

    /// Goal: another scene of another brightness is a cut; a fast pan and a flash are not.
    #[test]
    fn a_cut_is_distinguished_from_a_pan_and_a_flash() {
        let after = |next: Frame| {
            let mut motion = FlowMotion::new();
            motion.advance(&frame(1, [0.0, 0.0], HD, 80.0)).unwrap();
            motion.advance(&next).unwrap()
        };
        assert_eq!(after(frame(2, [0.0, 0.0], HD, 20.0)), Motion::Cut);
        assert_eq!(after(frame(1, [0.0, 0.0], [640, 480], 80.0)), Motion::Cut);
        assert_ne!(after(frame(1, [200.0, 60.0], HD, 80.0)), Motion::Cut);
        assert_ne!(after(frame(1, [0.0, 0.0], HD, 110.0)), Motion::Cut);
    }

    #[test]
    fn pictures_without_structure_are_unknown() {
        let mut motion = FlowMotion::new();
        for (extent, level) in [
            ([1280, 720], 80),
            ([1280, 720], 81),
            ([2, 2], 80),
            ([2, 2], 81),
        ] {
            let size = PixelSize::new(extent[0], extent[1]).unwrap();
            let mut gray = frame(1, [0.0, 0.0], extent, 0.0);
            gray.picture = Picture::filled(size, ColorRange::Full, [level, 128, 128]);
            let found = motion.advance(&gray).unwrap();
            assert!(!matches!(found, Motion::Affine(_)), "{found:?}");
        }
    }
}

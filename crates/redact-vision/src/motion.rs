//! Estimates how the camera moved from one frame to the next.
//!
//! Corners of the previous frame are tracked into the new one (pyramidal Lucas-Kanade, OpenCV) and
//! back. A similarity (translation, rotation and zoom) is fitted robustly to those that return.
//! Objects that move by themselves are outliers of the fit.
//!
//! A cut is recognized by a change of the brightness histogram together with lost corners, because
//! a flash or a fast pan causes only one of them.
//!
//! The result is deterministic: OpenCV uses one thread, and the fit draws its samples from a fixed
//! sequence.

use opencv::boxed_ref::BoxedRef;
use opencv::core::{self, Mat, Point2f, Size, TermCriteria, Vector};
use opencv::{imgproc, video};
use redact_core::{BoxError, CameraMotion, DetectError, Frame, Motion, PixelSize, PlaneKind};

use crate::VisionError;
use crate::plane_scale::PlaneScaler;
use crate::similarity::{Pair, fit};

/// Longer side of the reduced picture in pixels, enough for a shift of a tenth of a percent.
const SIDE_MAX: u32 = 384;
/// Smaller sides have no room for a corner with its surroundings.
const SIDE_MIN: usize = 32;

/// Number of tracked corners, and how they are chosen.
const CORNERS_MAX: i32 = 150;
const CORNER_QUALITY: f64 = 0.01;
const CORNER_DISTANCE: f64 = 8.0;
const CORNER_BLOCK: i32 = 3;

/// Window and levels of the pyramid, for shifts of up to about a quarter of the picture.
const WINDOW: i32 = 15;
const LEVELS: i32 = 4;
const ITERATIONS: i32 = 20;
const PRECISION: f64 = 0.03;

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

/// The version of OpenCV that estimates camera motion.
#[must_use]
pub fn opencv_version() -> String {
    // The version is a constant of the library: reading it does not fail.
    core::get_version_string().unwrap_or_default()
}

/// Estimates camera motion from the optical flow of corners.
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
}

impl FlowMotion {
    /// Creates an estimator. Sets OpenCV to one thread for the whole process.
    ///
    /// # Errors
    /// [`VisionError::OpenCv`].
    pub fn new() -> Result<Self, VisionError> {
        core::set_num_threads(1).map_err(|error| VisionError::OpenCv {
            source: error.into(),
        })?;
        Ok(Self {
            scaler: None,
            previous: None,
        })
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
        }
    }
}

impl Reduced {
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
            Some(before) if before.extent == now.extent => {
                between(before, &now).map_err(|error| DetectError::Run {
                    model: "optical flow".into(),
                    source: BoxError::from(error),
                })?
            }
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

fn between(before: &Reduced, now: &Reduced) -> opencv::Result<Motion> {
    if before.samples == now.samples {
        return Ok(Motion::Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]));
    }
    let distance = distance(&before.shares, &now.shares);
    if distance >= CUT_CERTAIN {
        return Ok(Motion::Cut);
    }
    if before.extent.iter().any(|side| *side < SIDE_MIN) {
        return Ok(Motion::Unknown);
    }
    let (corners, pairs) = followed(before, now)?;
    let share = pairs.len() as f32 / corners.max(1) as f32;
    if distance >= CUT_POSSIBLE && share < FOLLOWED_MIN {
        return Ok(Motion::Cut);
    }
    if pairs.len() < PAIRS_MIN {
        return Ok(Motion::Unknown);
    }
    let [width, height] = before.extent.map(|side| side as f32);
    Ok(fit(&pairs).map_or(Motion::Unknown, |[a, b, x, y]| {
        // From pixels of the reduced picture to fractions of it.
        Motion::Affine([
            a,
            -b * height / width,
            x / width,
            b * width / height,
            a,
            y / height,
        ])
    }))
}

/// Half the sum of absolute differences: `0.0` for equal and `1.0` for disjoint histograms.
fn distance(before: &[f32; BINS], now: &[f32; BINS]) -> f32 {
    let differences = before.iter().zip(now).map(|(a, b)| (a - b).abs());
    differences.sum::<f32>() / 2.0
}

/// The number of corners, and those that could be tracked forward and back.
fn followed(before: &Reduced, now: &Reduced) -> opencv::Result<(usize, Vec<Pair>)> {
    let exposed = now.exposed_like(before);
    let (before, now) = (matrix(before)?, matrix(exposed.as_ref().unwrap_or(now))?);
    let mut corners: Vector<Point2f> = Vector::new();
    imgproc::good_features_to_track(
        &before,
        &mut corners,
        CORNERS_MAX,
        CORNER_QUALITY,
        CORNER_DISTANCE,
        &core::no_array(),
        CORNER_BLOCK,
        false,
        0.04,
    )?;
    if corners.is_empty() {
        return Ok((0, Vec::new()));
    }
    let (there, there_status) = flow(&before, &now, &corners)?;
    let (back, back_status) = flow(&now, &before, &there)?;
    let mut pairs = Vec::with_capacity(corners.len());
    for (i, from) in corners.iter().enumerate() {
        let (to, back) = (there.get(i)?, back.get(i)?);
        let returned = (back.x - from.x).hypot(back.y - from.y) <= RETURN_MAX;
        if there_status.get(i)? == 1 && back_status.get(i)? == 1 && returned {
            pairs.push(Pair {
                from: [from.x, from.y],
                to: [to.x, to.y],
            });
        }
    }
    Ok((corners.len(), pairs))
}

fn matrix(reduced: &Reduced) -> opencv::Result<BoxedRef<'_, Mat>> {
    let [width, height] = reduced
        .extent
        .map(|side| i32::try_from(side).unwrap_or(i32::MAX));
    Mat::new_rows_cols_with_data(height, width, &reduced.samples)
}

/// Positions in `to` of the `points` of `from`, and 1 for each that was found.
fn flow(
    from: &BoxedRef<'_, Mat>,
    to: &BoxedRef<'_, Mat>,
    points: &Vector<Point2f>,
) -> opencv::Result<(Vector<Point2f>, Vector<u8>)> {
    let (mut found, mut status) = (Vector::new(), Vector::new());
    let mut errors: Vector<f32> = Vector::new();
    let kind = core::TermCriteria_COUNT + core::TermCriteria_EPS;
    video::calc_optical_flow_pyr_lk(
        from,
        to,
        points,
        &mut found,
        &mut status,
        &mut errors,
        Size::new(WINDOW, WINDOW),
        LEVELS,
        TermCriteria::new(kind, ITERATIONS, PRECISION)?,
        0,
        1e-4,
    )?;
    Ok((found, status))
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
        let mut motion = FlowMotion::new().unwrap();
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
            let mut motion = FlowMotion::new().unwrap();
            motion.advance(&frame(1, [0.0, 0.0], HD, 80.0)).unwrap();
            motion.advance(&frame(1, [9.5, 3.25], HD, 80.0)).unwrap()
        };
        assert_eq!(measure(), measure());
    }

    /// Goal: another scene of another brightness is a cut; a fast pan and a flash are not.
    #[test]
    fn a_cut_is_distinguished_from_a_pan_and_a_flash() {
        let after = |next: Frame| {
            let mut motion = FlowMotion::new().unwrap();
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
        let mut motion = FlowMotion::new().unwrap();
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

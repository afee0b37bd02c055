//! Checks the rows and columns behind the cropping rectangle of coded pictures.
//!
//! Pictures are coded in whole macroblocks of 16x16 samples, so up to 15 rows and columns are
//! decoded and never shown. Encoders fill them by repeating the last visible row and column, or
//! with one level; anything else is content that no viewer, detector or audit sees.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ffmpeg_next::{Error, frame};

use crate::ffi;

/// Length of a block along the edge, samples.
const BLOCK: usize = 8;

/// Most deviation of a block of cropped samples from the repeated edge, or from one level: root
/// mean square, in 8-bit levels. Legible lettering has more.
const DEVIATION_MAX: f64 = 20.0;

/// The same for the mean over the pictures of one GOP: codec noise differs from picture to picture,
/// while lettering that is too faint for [`DEVIATION_MAX`] stays in place.
const MEAN_DEVIATION_MAX: f64 = 5.0;

/// Codec noise, in quantizer steps of the whole picture: the limit for a release where that is
/// more. Measured on six recordings at constant rate factors from 18 to 40.
const NOISE_STEPS: f64 = 2.5;

/// The same for the mean over the pictures of one GOP.
const MEAN_NOISE_STEPS: f64 = 0.6;

/// What a file has behind the cropping rectangle of its pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CroppedEdges {
    /// Decoded pictures.
    pub frames: usize,
    /// Pictures whose cropped part is neither the repeated edge nor plain.
    pub odd: usize,
    /// The largest deviation of a block, in 8-bit levels.
    pub deviation: f64,
    /// GOPs (and the whole file, counted once) whose mean over all pictures is neither the repeated
    /// edge nor plain.
    pub odd_means: usize,
    /// The largest deviation of a block of such a mean, in 8-bit levels.
    pub mean_deviation: f64,
}

impl CroppedEdges {
    /// Whether all cropped samples repeat the edge or are plain.
    #[must_use]
    pub const fn are_plain(&self) -> bool {
        self.odd == 0 && self.odd_means == 0
    }
}

/// The cropped part of a release that is being decoded: see
/// [`FileSource::open_measured`](crate::FileSource::open_measured).
#[derive(Clone, Default)]
pub struct EdgeRecord(Arc<Mutex<EdgeMeter>>);

impl EdgeRecord {
    /// What was found in the pictures that were decoded so far; `None` if nothing is cropped.
    #[must_use]
    pub fn take(&self) -> Option<CroppedEdges> {
        std::mem::take(&mut *self.lock()).finish()
    }

    /// Measures a picture that was decoded without cropping, and crops it.
    pub(crate) fn measure(&self, picture: &mut frame::Video) -> Result<(), Error> {
        self.lock().add(picture);
        ffi::crop(picture)
    }

    fn lock(&self) -> MutexGuard<'_, EdgeMeter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Measures the cropped part of the pictures of a release, in the order in which they are shown.
#[derive(Default)]
pub(crate) struct EdgeMeter {
    found: CroppedEdges,
    is_cropped: bool,
    /// Means over the current GOP and over all pictures, because a GOP may be a single picture.
    gop: Mean,
    all: Mean,
}

impl EdgeMeter {
    pub(crate) fn add(&mut self, picture: &frame::Video) {
        self.is_cropped |= ffi::cropping(picture) != [0; 4];
        if picture.is_key() {
            self.end_gop();
        }
        let step = quantizer_step(picture);
        let deviation = self.gop.add(picture, step);
        let limit = DEVIATION_MAX.max(NOISE_STEPS * step);
        self.found.frames += 1;
        self.found.odd += usize::from(deviation > limit);
        self.found.deviation = self.found.deviation.max(deviation);
    }

    fn end_gop(&mut self) {
        let mut gop = std::mem::take(&mut self.gop);
        self.found.judge(&gop);
        // Copied GOPs may be filled with one level, and re-encoded ones repeat the edge.
        gop.edges.iter_mut().for_each(Residual::settle);
        self.all.merge(gop);
    }

    pub(crate) fn finish(mut self) -> Option<CroppedEdges> {
        self.end_gop();
        self.found.judge(&self.all);
        self.is_cropped.then_some(self.found)
    }
}

impl CroppedEdges {
    fn judge(&mut self, mean: &Mean) {
        let deviation = mean.deviation();
        let limit = MEAN_DEVIATION_MAX.max(MEAN_NOISE_STEPS * mean.step());
        self.odd_means += usize::from(deviation > limit);
        self.mean_deviation = self.mean_deviation.max(deviation);
    }
}

/// The pictures of one GOP of a recording.
#[derive(Default)]
pub(crate) struct GopEdges {
    /// Times of those that are plain by themselves.
    times: Vec<i64>,
    mean: Mean,
}

impl GopEdges {
    /// Adds a picture, shown at `time`.
    pub(crate) fn add(&mut self, time: i64, picture: &frame::Video) {
        if self.mean.add(picture, 0.0) <= DEVIATION_MAX {
            self.times.push(time);
        }
    }

    /// Times of the pictures whose cropped part repeats the edge or is plain, both in the picture
    /// itself and in the mean over the GOP.
    pub(crate) fn into_plain(self) -> Vec<i64> {
        if self.mean.deviation() <= MEAN_DEVIATION_MAX {
            self.times
        } else {
            Vec::new()
        }
    }
}

/// Sum of the cropped parts of the pictures of one GOP.
#[derive(Default)]
struct Mean {
    pictures: u32,
    /// Per edge and plane; empty if nothing is cropped or the pictures are not 8-bit 4:2:0.
    edges: Vec<Residual>,
    /// Sum of their quantizer steps.
    steps: f64,
    /// Whether the pictures change format midway, or have an unsupported one.
    is_odd: bool,
}

impl Mean {
    /// Adds a picture with quantizer step `step` and returns its own deviation from the repeated
    /// edge or from one level, in the worst block of any plane; infinite for pictures that are not
    /// 8-bit 4:2:0.
    fn add(&mut self, picture: &frame::Video, step: f64) -> f64 {
        let Some(edges) = edges_of(picture) else {
            self.is_odd = true;
            return f64::INFINITY;
        };
        let found: Vec<Residual> = edges.iter().map(Residual::of).collect();
        let deviation = found.iter().map(Residual::deviation).fold(0.0, f64::max);
        self.merge(Self {
            pictures: 1,
            edges: found,
            steps: step,
            is_odd: false,
        });
        deviation
    }

    /// Adds other pictures.
    fn merge(&mut self, more: Self) {
        self.is_odd |= more.is_odd;
        if self.pictures == 0 {
            self.edges = more.edges;
        } else if more.pictures > 0 && self.edges.len() == more.edges.len() {
            let both = self.edges.iter_mut().zip(&more.edges);
            self.is_odd |= !both.fold(true, |same, (sum, more)| sum.add(more) && same);
        } else {
            self.is_odd |= more.pictures > 0;
        }
        self.pictures += more.pictures;
        self.steps += more.steps;
    }

    /// The mean quantizer step of the pictures.
    fn step(&self) -> f64 {
        self.steps / f64::from(self.pictures.max(1))
    }

    /// The deviation of the mean.
    fn deviation(&self) -> f64 {
        if self.is_odd {
            return f64::INFINITY;
        }
        let sums = self.edges.iter().map(Residual::deviation);
        sums.fold(0.0, f64::max) / f64::from(self.pictures.max(1))
    }
}

/// The quantizer step of a picture's mean quantizer, in 8-bit levels; 0 if unknown.
///
/// Source: FFmpeg's `video_enc_params.h` (`AVVideoEncParams`, `AVVideoBlockParams`); ITU-T H.264,
/// 8.5.9: the step
/// doubles every six quantizers.
fn quantizer_step(picture: &frame::Video) -> f64 {
    let Some(parameters) = picture.side_data(frame::side_data::Type::VIDEO_ENC_PARAMS) else {
        return 0.0;
    };
    let bytes = parameters.data();
    let word = |at: usize| Some(i32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let long = |at: usize| {
        Some(usize::from_ne_bytes(
            bytes.get(at..at + 8)?.try_into().ok()?,
        ))
    };
    // Number of blocks, offset of the first, bytes per block; then, after the type, the quantizer.
    // A block's own difference comes after its position and size.
    let (Some(count), Some(first), Some(size), Some(base)) = (word(0), long(8), long(16), word(28))
    else {
        return 0.0;
    };
    let count = usize::try_from(count).unwrap_or(0);
    let blocks = (0..count).map_while(|i| word(first.checked_add(i.checked_mul(size)?)? + 16));
    let sum: f64 = blocks.map(f64::from).sum();
    let quantizer = f64::from(base) + sum / count.max(1) as f64;
    0.625 * f64::exp2(quantizer.clamp(0.0, 51.0) / 6.0)
}

/// Differences of cropped samples from what is allowed.
struct Residual {
    /// Cropped samples at each position along the edge.
    depth: usize,
    /// Differences from the last visible sample.
    from_edge: Vec<f64>,
    /// Differences from the mean level of all cropped samples.
    from_level: Vec<f64>,
}

impl Residual {
    fn of(edge: &Edge) -> Self {
        let all = || edge.iter().flat_map(|(cut, _)| cut);
        let sum: u64 = all().map(|sample| u64::from(*sample)).sum();
        let level = sum as f64 / all().count().max(1) as f64;
        let from_edge = edge
            .iter()
            .flat_map(|(cut, last)| cut.iter().map(|s| f64::from(*s) - f64::from(*last)));
        Self {
            depth: edge.first().map_or(0, |(cut, _)| cut.len()),
            from_edge: from_edge.collect(),
            from_level: all().map(|s| f64::from(*s) - level).collect(),
        }
    }

    /// Adds those of another picture; `false` if it has another format.
    fn add(&mut self, more: &Self) -> bool {
        let add = |sum: &mut Vec<f64>, more: &[f64]| {
            sum.iter_mut()
                .zip(more)
                .for_each(|(sum, more)| *sum += more);
            sum.len() == more.len()
        };
        add(&mut self.from_edge, &more.from_edge) & add(&mut self.from_level, &more.from_level)
    }

    /// Root mean square of the worst block, from the repeated edge or from one level for the whole
    /// edge, whichever is less.
    fn deviation(&self) -> f64 {
        self.worst(&self.from_edge)
            .min(self.worst(&self.from_level))
    }

    fn worst(&self, samples: &[f64]) -> f64 {
        let block = |block: &[f64]| {
            let squares = block.iter().map(|s| s.powi(2));
            f64::sqrt(squares.sum::<f64>() / block.len() as f64)
        };
        let blocks = samples.chunks((self.depth * BLOCK).max(1));
        blocks.map(block).fold(0.0, f64::max)
    }

    /// Takes the differences from whichever is nearer, the repeated edge or one level, for both.
    fn settle(&mut self) {
        if self.worst(&self.from_edge) <= self.worst(&self.from_level) {
            self.from_level.clone_from(&self.from_edge);
        } else {
            self.from_edge.clone_from(&self.from_level);
        }
    }
}

/// The cropped part of a picture, along both edges of each plane; `None` for pictures that are not
/// 8-bit 4:2:0, or that are cropped at the left or at the top.
fn edges_of(picture: &frame::Video) -> Option<Vec<Edge>> {
    let [left, top, right, bottom] = ffi::cropping(picture);
    let width = (picture.width() as usize).saturating_sub(right);
    let height = (picture.height() as usize).saturating_sub(bottom);
    let is_plain_format = (left, top) == (0, 0)
        && picture.planes() == 3
        && picture.plane_width(1) == picture.width().div_ceil(2)
        && picture.plane_height(1) == picture.height().div_ceil(2)
        && picture.stride(0) < picture.width() as usize * 2;
    let planes = (0..3).flat_map(|index| {
        let scale = if index == 0 { 1 } else { 2 };
        let plane = Plane {
            samples: picture.data(index),
            stride: picture.stride(index),
            coded: (
                picture.plane_width(index) as usize,
                picture.plane_height(index) as usize,
            ),
            shown: (width.div_ceil(scale), height.div_ceil(scale)),
        };
        [plane.below(), plane.beside()]
    });
    is_plain_format.then(|| planes.collect())
}

/// One plane of a picture.
struct Plane<'a> {
    samples: &'a [u8],
    stride: usize,
    coded: (usize, usize),
    shown: (usize, usize),
}

/// The cropped part along one edge: for each position the cropped samples and the last visible
/// sample.
type Edge = Vec<(Vec<u8>, u8)>;

impl Plane<'_> {
    fn sample(&self, x: usize, y: usize) -> u8 {
        self.samples.get(y * self.stride + x).copied().unwrap_or(0)
    }

    /// The rows below the visible part, including the corner.
    fn below(&self) -> Edge {
        let (width, height) = self.shown;
        if height == 0 || width == 0 || height >= self.coded.1 {
            return Vec::new();
        }
        let column = |x: usize| {
            let cut = (height..self.coded.1).map(|y| self.sample(x, y)).collect();
            (cut, self.sample(x.min(width - 1), height - 1))
        };
        (0..self.coded.0).map(column).collect()
    }

    /// The columns to the right of the visible part.
    fn beside(&self) -> Edge {
        let (width, height) = self.shown;
        if height == 0 || width == 0 || width >= self.coded.0 {
            return Vec::new();
        }
        let row = |y: usize| {
            let cut = (width..self.coded.0).map(|x| self.sample(x, y)).collect();
            (cut, self.sample(width - 1, y))
        };
        (0..height.min(self.coded.1)).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(cut: impl Fn(usize) -> (u8, u8)) -> Edge {
        (0..64)
            .map(|x| {
                let (sample, last) = cut(x);
                (vec![sample; 8], last)
            })
            .collect()
    }

    fn worst_block(edge: &Edge) -> f64 {
        Residual::of(edge).deviation()
    }

    /// Goal: the repeated edge and one level pass, lettering does not.
    #[test]
    fn only_the_repeated_edge_and_plain_levels_are_plain() {
        let busy = |x: usize| if x % 7 < 3 { 30 } else { 200 };
        assert_eq!(worst_block(&edge(|x| (busy(x), busy(x)))), 0.0);
        assert_eq!(worst_block(&edge(|x| (16, busy(x)))), 0.0);
        assert!(worst_block(&edge(|x| (busy(x) + 5, busy(x)))) < DEVIATION_MAX);
        assert!(worst_block(&edge(|x| (busy(x), 200))) > 4.0 * DEVIATION_MAX);
        let letters = |x: usize| if (24..32).contains(&x) { 60 } else { 16 };
        assert!(worst_block(&edge(|x| (letters(x), 16))) > DEVIATION_MAX);
        assert_eq!(worst_block(&Vec::new()), 0.0);
        assert_eq!(Mean::default().deviation(), 0.0);
    }
}

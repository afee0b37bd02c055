//! What lies behind the cropping rectangle of coded pictures.
//!
//! Pictures are coded in whole macroblocks of 16x16 samples, so up to 15 rows and columns are
//! decoded and never shown. Encoders fill them by repeating the last row and column that are shown,
//! or with one plain level; anything else is a picture that no viewer, detector or audit sees.

use std::path::Path;

use ffmpeg_next::{Error, Packet, frame};
use redact_core::{SourceError, SourceSettings};

use crate::source::{is_pause, open_uncropped};
use crate::{ffi, probe};

/// Samples along the edge that are judged together.
const BLOCK: usize = 8;

/// How far a block of what is cut off may be from what repeats the edge, or from one plain level:
/// root of the mean square, in levels of 8 bits. Grain at a middle quantizer comes near it, and is
/// then re-encoded; lettering that can be read has more.
const DEVIATION_MAX: f64 = 20.0;

/// What was found behind the cropping rectangle of a file's pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct CroppedEdges {
    /// Pictures that were decoded.
    pub frames: usize,
    /// Those of which the part that is cut off is neither the repeated edge nor plain.
    pub odd: usize,
    /// The largest deviation of a block, in levels of 8 bits.
    pub deviation: f64,
}

/// Decodes a release without cropping and looks at what is cut off; `None` where nothing is.
///
/// # Errors
/// When the file cannot be decoded.
pub fn cropped_edges(path: &Path, threads: usize) -> Result<Option<CroppedEdges>, SourceError> {
    let mut found = CroppedEdges {
        frames: 0,
        odd: 0,
        deviation: 0.0,
    };
    let mut is_cropped = false;
    let settings = SourceSettings::default();
    decode(path, &settings, threads, |picture| {
        is_cropped |= ffi::cropping(picture) != (0, 0);
        let deviation = deviation(picture);
        found.frames += 1;
        found.odd += usize::from(deviation > DEVIATION_MAX);
        found.deviation = found.deviation.max(deviation);
    })?;
    Ok(is_cropped.then_some(found))
}

/// Times of all pictures, in ticks, whose part that is cut off repeats the edge or is plain.
pub(crate) fn plain_pictures(
    path: &Path,
    settings: &SourceSettings,
) -> Result<Vec<i64>, SourceError> {
    let mut plain = Vec::new();
    decode(path, settings, 0, |picture| {
        if deviation(picture) <= DEVIATION_MAX {
            plain.extend(picture.pts());
        }
    })?;
    plain.sort_unstable();
    Ok(plain)
}

/// Decodes every picture with what is cut off it.
fn decode(
    path: &Path,
    settings: &SourceSettings,
    threads: usize,
    mut look: impl FnMut(&frame::Video),
) -> Result<(), SourceError> {
    let failed = |error: Error| SourceError::Failed {
        what: "cannot decode what is cut off the pictures",
        source: ffi::cause(error),
    };
    ffi::silence_log();
    let mut input = probe::open(path, settings)?;
    let index = probe::video_stream(&input, settings.video_stream)?;
    let stream = input.stream(index).ok_or(SourceError::Empty)?;
    let mut decoder = open_uncropped(&stream, threads)?;
    let mut picture = frame::Video::empty();
    loop {
        let mut packet = Packet::empty();
        let is_end = match packet.read(&mut input) {
            Ok(()) if packet.stream() != index => continue,
            Ok(()) => {
                decoder.send_packet(&packet).map_err(failed)?;
                false
            }
            Err(Error::Eof) => {
                ffi::input_error(&input).map_err(failed)?;
                decoder.send_eof().map_err(failed)?;
                true
            }
            Err(error) => return Err(failed(error)),
        };
        loop {
            match decoder.receive_frame(&mut picture) {
                Ok(()) => look(&picture),
                Err(Error::Eof) => return Ok(()),
                Err(error) if is_pause(error) && !is_end => break,
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

/// How far what is cut off is from the repeated edge or from plain, in the worst block of any
/// plane; pictures that are no 8-bit 4:2:0 deviate without end.
fn deviation(picture: &frame::Video) -> f64 {
    let (right, bottom) = ffi::cropping(picture);
    let width = (picture.width() as usize).saturating_sub(right);
    let height = (picture.height() as usize).saturating_sub(bottom);
    let is_plain_format = picture.planes() == 3
        && picture.plane_width(1) == picture.width().div_ceil(2)
        && picture.plane_height(1) == picture.height().div_ceil(2)
        && picture.stride(0) < picture.width() as usize * 2;
    if !is_plain_format {
        return f64::INFINITY;
    }
    let planes = (0..3).map(|index| {
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
        let below = plane.below();
        let beside = plane.beside();
        worst_block(&below).max(worst_block(&beside))
    });
    planes.fold(0.0, f64::max)
}

/// One plane of a picture.
struct Plane<'a> {
    samples: &'a [u8],
    stride: usize,
    coded: (usize, usize),
    shown: (usize, usize),
}

/// What is cut off along one edge: for each place on it the samples that are cut off, and the last
/// sample that is shown.
type Edge = Vec<(Vec<u8>, u8)>;

impl Plane<'_> {
    fn sample(&self, x: usize, y: usize) -> u8 {
        self.samples.get(y * self.stride + x).copied().unwrap_or(0)
    }

    /// The rows below what is shown, the corner to their right with them.
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

    /// The columns to the right of what is shown.
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

/// The deviation of the worst block from the repeated edge, or from one plain level for the whole
/// edge if that is less.
fn worst_block(edge: &Edge) -> f64 {
    let all = || edge.iter().flat_map(|(cut, _)| cut);
    let count = all().count();
    if count == 0 {
        return 0.0;
    }
    let sum: u64 = all().map(|sample| u64::from(*sample)).sum();
    let level = sum as f64 / count as f64;
    let worst = |of: &dyn Fn(u8) -> f64| {
        let block = |block: &[(Vec<u8>, u8)]| {
            let (mut sum, mut count) = (0.0, 0.0);
            for (cut, last) in block {
                for sample in cut {
                    let difference = f64::from(*sample) - of(*last);
                    sum += difference * difference;
                    count += 1.0;
                }
            }
            f64::sqrt(sum / count)
        };
        edge.chunks(BLOCK).map(block).fold(0.0, f64::max)
    };
    worst(&|last| f64::from(last)).min(worst(&|_| level))
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

    /// Goal: what repeats the edge and what is plain pass, lettering does not.
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
    }
}

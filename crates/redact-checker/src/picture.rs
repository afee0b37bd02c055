//! A browser's decoded picture as one of ours.

use redact_core::{ColorRange, Picture, PixelSize, PlaneKind};

/// How a browser lays out 8-bit 4:2:0 samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelLayout {
    /// Three planes: luma, blue, red.
    I420,
    /// Two planes: luma, then blue and red in turn.
    Nv12,
}

/// Where a plane lies in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneLayout {
    /// First byte.
    pub offset: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// Why a decoded picture cannot be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// A side is odd, zero or too large.
    #[error("a picture of {width}x{height}; sides must be even")]
    Size {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The samples do not fill the picture.
    #[error("a picture with fewer samples than it has pixels")]
    Short,
}

/// Copies a picture of `width` by `height` pixels out of a browser's buffer. I420 has three planes,
/// NV12 two.
///
/// # Errors
/// See [`PictureError`].
pub fn copy_picture(
    (width, height): (u32, u32),
    range: ColorRange,
    layout: PixelLayout,
    planes: &[PlaneLayout],
    samples: &[u8],
) -> Result<Picture, PictureError> {
    let is_even = width.is_multiple_of(2) && height.is_multiple_of(2);
    let size = PixelSize::new(width, height).filter(|_| is_even);
    let size = size.ok_or(PictureError::Size { width, height })?;
    let mut picture = Picture::filled(size, range, [0, 128, 128]);
    for (number, kind) in PlaneKind::ALL.into_iter().enumerate() {
        let (plane, first, step) = match (layout, number) {
            (PixelLayout::I420, number) => (number, 0, 1),
            (PixelLayout::Nv12, 0) => (0, 0, 1),
            (PixelLayout::Nv12, number) => (1, number - 1, 2),
        };
        let from = planes.get(plane).ok_or(PictureError::Short)?;
        let mut target = picture.plane_mut(kind);
        for y in 0..target.height {
            let row = y
                .checked_mul(from.stride)
                .and_then(|skipped| skipped.checked_add(from.offset))
                .and_then(|start| samples.get(start..)?.get(..target.width * step))
                .ok_or(PictureError::Short)?;
            let samples = row.iter().skip(first).step_by(step);
            let target = target.row_mut(y).iter_mut();
            target.zip(samples).for_each(|(to, from)| *to = *from);
        }
    }
    Ok(picture)
}

/// 256 times the weights of red, green and blue in luma and in both chromas: ITU-R BT.601, which
/// others resemble.
const LUMA: [i32; 3] = [77, 150, 29];
const CHROMA_BLUE: [i32; 3] = [-43, -85, 128];
const CHROMA_RED: [i32; 3] = [128, -107, -21];

/// Below this level, noise of chroma alone lights up one color or two.
const NEAR_BLACK: i32 = 16;

/// Rebuilds a picture of `width` by `height` pixels from what a screen shows of it: red, green,
/// blue and opacity of each pixel, row by row.
///
/// It is exact where the picture is black, and good enough to tell black from anything else. Near
/// black, luma is what the three colors have in common: a screen cannot show black that has a
/// color, and what it shows instead would count as luma. Chroma is the mean of four pixels.
///
/// # Errors
/// See [`PictureError`].
pub fn copy_shown((width, height): (u32, u32), pixels: &[u8]) -> Result<Picture, PictureError> {
    let is_even = width.is_multiple_of(2) && height.is_multiple_of(2);
    let size = PixelSize::new(width, height).filter(|_| is_even);
    let size = size.ok_or(PictureError::Size { width, height })?;
    let columns = width as usize;
    let pixels = pixels.as_chunks::<4>().0;
    let pixels = pixels.get(..columns.saturating_mul(height as usize));
    let pixels = pixels.ok_or(PictureError::Short)?;
    // Screens show the whole range of a byte.
    let mut picture = Picture::filled(size, ColorRange::Full, [0, 128, 128]);
    let mut luma = picture.plane_mut(PlaneKind::Luma);
    for (y, row) in pixels.chunks_exact(columns).enumerate() {
        for (sample, pixel) in luma.row_mut(y).iter_mut().zip(row) {
            *sample = luma_of(*pixel);
        }
    }
    for (kind, weights) in [
        (PlaneKind::ChromaBlue, CHROMA_BLUE),
        (PlaneKind::ChromaRed, CHROMA_RED),
    ] {
        let mut plane = picture.plane_mut(kind);
        for (y, rows) in pixels.chunks_exact(2 * columns).enumerate() {
            let (upper, lower) = rows.split_at(columns);
            let pairs = upper.as_chunks().0.iter().zip(lower.as_chunks().0);
            for (sample, (&[a, b], &[c, d])) in plane.row_mut(y).iter_mut().zip(pairs) {
                *sample = chroma_of(weights, [a, b, c, d]);
            }
        }
    }
    Ok(picture)
}

fn luma_of([red, green, blue, _]: [u8; 4]) -> u8 {
    let common = red.min(green).min(blue);
    let weighted = weigh(LUMA, [red, green, blue].map(i32::from));
    common.max(to_sample((weighted + 128) / 256 - NEAR_BLACK))
}

/// The mean of four pixels.
fn chroma_of(weights: [i32; 3], four: [[u8; 4]; 4]) -> u8 {
    let sum = |color: usize| four.iter().map(|pixel| i32::from(pixel[color])).sum();
    let weighted = weigh(weights, [sum(0), sum(1), sum(2)]);
    to_sample(128 + (weighted + 512).div_euclid(1024))
}

fn weigh(weights: [i32; 3], [red, green, blue]: [i32; 3]) -> i32 {
    weights[0] * red + weights[1] * green + weights[2] * blue
}

fn to_sample(level: i32) -> u8 {
    u8::try_from(level.clamp(0, 255)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: ColorRange = ColorRange::Limited;

    /// Goal: both layouts of a browser give the same picture.
    #[test]
    fn two_layouts_give_one_picture() {
        let planes = |layout: &[(usize, usize)]| -> Vec<PlaneLayout> {
            let layout = layout.iter();
            layout
                .map(|&(offset, stride)| PlaneLayout { offset, stride })
                .collect()
        };
        // Rows of luma have a byte that is not shown.
        let luma = [1, 2, 3, 4, 0, 5, 6, 7, 8, 0];
        let split = [&luma[..], &[20, 21], &[30, 31]].concat();
        let woven = [&luma[..], &[20, 30, 21, 31]].concat();
        let three = planes(&[(0, 5), (10, 2), (12, 2)]);
        let two = planes(&[(0, 5), (10, 4)]);
        let size = (4, 2);
        for (layout, planes, samples) in [
            (PixelLayout::I420, three, split),
            (PixelLayout::Nv12, two, woven),
        ] {
            let picture = copy_picture(size, RANGE, layout, &planes, &samples).unwrap();
            assert_eq!(picture.plane(PlaneKind::Luma).row(1), [5, 6, 7, 8]);
            assert_eq!(picture.plane(PlaneKind::ChromaBlue).row(0), [20, 21]);
            assert_eq!(picture.plane(PlaneKind::ChromaRed).row(0), [30, 31]);
            let cut = &samples[..samples.len() - 1];
            let found = copy_picture(size, RANGE, layout, &planes, cut);
            assert_eq!(found.err(), Some(PictureError::Short));
            let found = copy_picture((3, 2), RANGE, layout, &planes, &samples);
            assert!(matches!(
                found,
                Err(PictureError::Size {
                    width: 3,
                    height: 2
                })
            ));
        }
    }

    /// A screen's pixels, all of one color.
    fn screen(color: [u8; 3]) -> Vec<u8> {
        [color[0], color[1], color[2], 255].repeat(8)
    }

    fn levels(pixels: &[u8]) -> [u8; 3] {
        let picture = copy_shown((4, 2), pixels).unwrap();
        PlaneKind::ALL.map(|kind| picture.plane(kind).row(0)[0])
    }

    /// Goal: black on a screen is black, to the bit; what is lighter is lighter, and noise of
    /// chroma does not count as light.
    #[test]
    fn a_shown_picture_is_black_where_the_screen_is() {
        assert_eq!(levels(&screen([0, 0, 0])), [0, 128, 128]);
        assert_eq!(levels(&screen([5, 5, 5])), [5, 128, 128]);
        assert_eq!(levels(&screen([255, 255, 255])), [255, 128, 128]);
        // What a screen shows of black with a little red chroma.
        assert_eq!(levels(&screen([4, 0, 0])), [0, 127, 130]);
        let [luma, ..] = levels(&screen([0, 200, 0]));
        assert!(luma > 90, "{luma}");
    }

    /// Goal: a row of a screen is a row of the picture, and chroma is the mean of four pixels.
    #[test]
    fn a_shown_picture_keeps_its_places() {
        let mut pixels = screen([0, 0, 0]);
        pixels[4 * 7..][..3].fill(100);
        let picture = copy_shown((4, 2), &pixels).unwrap();
        assert_eq!(picture.plane(PlaneKind::Luma).row(0), [0, 0, 0, 0]);
        assert_eq!(picture.plane(PlaneKind::Luma).row(1), [0, 0, 0, 100]);
        let mut pixels = screen([0, 0, 0]);
        pixels[4 * 3..][..3].copy_from_slice(&[200, 0, 0]);
        let picture = copy_shown((4, 2), &pixels).unwrap();
        assert_eq!(picture.plane(PlaneKind::ChromaRed).row(0), [128, 153]);
        let cut = &pixels[..pixels.len() - 4];
        assert_eq!(copy_shown((4, 2), cut).err(), Some(PictureError::Short));
        let odd = copy_shown((3, 2), &pixels);
        assert!(matches!(odd, Err(PictureError::Size { .. })));
    }
}

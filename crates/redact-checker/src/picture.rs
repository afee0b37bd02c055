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
}

//! Between red, green and blue and 4:2:0, for images that are scored and frames that are shown.
//!
//! Luma and chroma are full-range. The color matrix of a picture follows from its size, by the rule
//! that the detectors use, so that a photograph reaches them as it was.

use image::RgbImage;
use redact_core::{ColorRange, Picture, PixelSize, PlaneKind};

/// Luma's share of red and blue. Source: ITU-R BT.601-7 for standard definition, BT.709-6 above.
fn weights(size: PixelSize) -> (f32, f32) {
    if size.width() <= 1024 && size.height() <= 576 {
        (0.299, 0.114)
    } else {
        (0.2126, 0.0722)
    }
}

/// The image as a picture; the last column and row are repeated where a side is odd.
///
/// Returns `None` when a side is outside what pictures can have.
pub(super) fn picture_from_image(image: &RgbImage) -> Option<Picture> {
    let (width, height) = (
        image.width().next_multiple_of(2),
        image.height().next_multiple_of(2),
    );
    let size = PixelSize::new(width, height)?;
    PixelSize::new(image.width(), image.height())?;
    let (red, blue) = weights(size);
    // [luma, blue difference, red difference] of one pixel, the differences about 0.
    let ycc = |x: u32, y: u32| {
        let pixel = image.get_pixel(x.min(image.width() - 1), y.min(image.height() - 1));
        let [r, g, b] = pixel.0.map(f32::from);
        let luma = red * r + (1.0 - red - blue) * g + blue * b;
        [
            luma,
            (b - luma) / (2.0 * (1.0 - blue)),
            (r - luma) / (2.0 * (1.0 - red)),
        ]
    };
    let mut picture = Picture::filled(size, ColorRange::Full, [0, 128, 128]);
    let mut luma = picture.plane_mut(PlaneKind::Luma);
    for y in 0..height {
        for (x, sample) in (0..width).zip(luma.row_mut(y as usize)) {
            *sample = byte(ycc(x, y)[0]);
        }
    }
    for (kind, channel) in [(PlaneKind::ChromaBlue, 1), (PlaneKind::ChromaRed, 2)] {
        let mut plane = picture.plane_mut(kind);
        for y in 0..height / 2 {
            for (x, sample) in (0..width / 2).zip(plane.row_mut(y as usize)) {
                let around = [(0, 0), (1, 0), (0, 1), (1, 1)];
                let sum: f32 = around
                    .iter()
                    .map(|(dx, dy)| ycc(2 * x + dx, 2 * y + dy)[channel])
                    .sum();
                *sample = byte(sum / 4.0 + 128.0);
            }
        }
    }
    Some(picture)
}

/// Red, green and blue of the pixel at `x`, `y`, which lies on the picture.
pub(crate) fn rgb_at(picture: &Picture, x: u32, y: u32) -> [u8; 3] {
    let (red, blue) = weights(picture.size());
    let (x, y) = (x as usize, y as usize);
    let sample = |kind, x, y| f32::from(picture.plane(kind).row(y)[x]);
    let (black, luma_gain, chroma_gain) = match picture.range() {
        ColorRange::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
        ColorRange::Full => (0.0, 1.0, 1.0),
    };
    let luma = (sample(PlaneKind::Luma, x, y) - black) * luma_gain;
    let cb = (sample(PlaneKind::ChromaBlue, x / 2, y / 2) - 128.0) * chroma_gain;
    let cr = (sample(PlaneKind::ChromaRed, x / 2, y / 2) - 128.0) * chroma_gain;
    let (r, b) = (
        luma + 2.0 * (1.0 - red) * cr,
        luma + 2.0 * (1.0 - blue) * cb,
    );
    let g = (luma - red * r - blue * b) / (1.0 - red - blue);
    [byte(r), byte(g), byte(b)]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and clamped to 0..=255"
)]
fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    /// Goal: an image comes back as it was, but for rounding. Method: flat 2x2 blocks, so that
    /// halving the chroma loses nothing; one size for each color matrix.
    #[test]
    fn an_image_comes_back_from_its_picture() {
        for (width, height) in [(7, 5), (1282, 4)] {
            let color = |x: u32, y: u32| {
                let (x, y) = (
                    u8::try_from(x / 2 % 8).unwrap(),
                    u8::try_from(y / 2).unwrap(),
                );
                [x * 30 + 10, y * 60 + 20, 200 - x * 10]
            };
            let image = RgbImage::from_fn(width, height, |x, y| Rgb(color(x, y)));
            let picture = picture_from_image(&image).unwrap();
            assert_eq!(picture.size().width(), width.next_multiple_of(2));
            for (x, y, pixel) in image.enumerate_pixels() {
                for (back, was) in rgb_at(&picture, x, y).into_iter().zip(pixel.0) {
                    assert!(back.abs_diff(was) <= 2, "{x} {y}: {back} was {was}");
                }
            }
        }
    }
}

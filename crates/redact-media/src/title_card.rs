//! Draws the title card between two spans of an excerpt: one line of light text on black.

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};
use redact_core::{ColorRange, Picture, PixelSize, PlaneKind};

/// Height of the text as a share of the picture's: readable on a phone.
const HEIGHT: f32 = 1.0 / 12.0;

/// Most of the picture's width that the text takes.
const WIDTH: f32 = 0.9;

/// The picture that says `text`. It is the same on every machine.
pub(crate) fn draw(text: &str, size: PixelSize, range: ColorRange) -> Picture {
    let mut picture = Picture::filled(size, range, [range.black(), 128, 128]);
    let Ok(font) = FontRef::try_from_slice(dejavu::sans_condensed::regular()) else {
        return picture;
    };
    #[expect(clippy::cast_precision_loss, reason = "sides of a picture")]
    let (width, height) = (size.width() as f32, size.height() as f32);
    let length = |scale: f32| -> f32 {
        let font = font.as_scaled(PxScale::from(scale));
        text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum()
    };
    let mut scale = height * HEIGHT;
    let longest = length(scale).max(1.0);
    scale *= (width * WIDTH / longest).min(1.0);
    let scaled = font.as_scaled(PxScale::from(scale));
    let mut x = (width - length(scale)) / 2.0;
    let y = (height + scaled.ascent() + scaled.descent()) / 2.0;
    let white = match range {
        ColorRange::Limited => 220,
        ColorRange::Full => 238,
    };
    let mut plane = picture.plane_mut(PlaneKind::Luma);
    for c in text.chars() {
        let id = scaled.glyph_id(c);
        let glyph = id.with_scale_and_position(PxScale::from(scale), point(x, y));
        x += scaled.h_advance(id);
        let Some(outline) = font.outline_glyph(glyph) else {
            continue;
        };
        let bounds = outline.px_bounds();
        #[expect(clippy::cast_possible_truncation, reason = "within a picture's sides")]
        let (left, top) = (bounds.min.x as i64, bounds.min.y as i64);
        outline.draw(|column, row, coverage| {
            let place = |side: u32, from: i64| usize::try_from(i64::from(side) + from);
            let (Ok(column), Ok(row)) = (place(column, left), place(row, top)) else {
                return;
            };
            if row >= size.height() as usize || column >= size.width() as usize {
                return;
            }
            let sample = &mut plane.row_mut(row)[column];
            let light = f32::from(white - range.black()) * coverage.clamp(0.0, 1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at most a sample's range"
            )]
            let light = light.round() as u8;
            *sample = (*sample).max(range.black().saturating_add(light));
        });
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    fn light(text: &str, width: u32, height: u32) -> Vec<(usize, usize)> {
        let size = PixelSize::new(width, height).unwrap();
        let picture = draw(text, size, ColorRange::Limited);
        let plane = picture.plane(PlaneKind::Luma);
        let rows = (0..plane.height).flat_map(|y| {
            let row = plane.row(y).to_vec();
            row.into_iter()
                .enumerate()
                .filter(|(_, luma)| *luma > 100)
                .map(move |(x, _)| (x, y))
        });
        rows.collect()
    }

    /// Goal: the text is inside the picture, in its middle, whatever the picture's shape. Control:
    /// other text is another picture.
    #[test]
    fn the_text_is_readable_in_pictures_of_every_shape() {
        let text = "00:03:10 to 00:07:45 withheld";
        for (width, height) in [(1920, 1080), (320, 240), (240, 320), (64, 64), (2, 2)] {
            let found = light(text, width, height);
            if width < 100 {
                continue;
            }
            let (width, height) = (width as usize, height as usize);
            let left = found.iter().map(|at| at.0).min().unwrap();
            let right = found.iter().map(|at| at.0).max().unwrap();
            let top = found.iter().map(|at| at.1).min().unwrap();
            let bottom = found.iter().map(|at| at.1).max().unwrap();
            assert!(
                left > 0 && right < width - 1,
                "{left} to {right} of {width}"
            );
            assert!(left.abs_diff(width - 1 - right) <= width / 20);
            assert!(top.abs_diff(height - 1 - bottom) <= height / 10);
        }
        let other = "00:03:10 to 00:07:46 withheld";
        assert_ne!(light(text, 640, 360), light(other, 640, 360));
    }
}

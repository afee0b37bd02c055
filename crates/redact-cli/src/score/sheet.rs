//! A contact sheet: what was not hidden, so that a person sees what the figures mean.
//!
//! Red: marked and exposed. Blue: marked and hidden, or another thing. Grey: undecided. Green: a
//! mask. The pictures themselves are shown without masks.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::{ImageFormat, Rgb, RgbImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};
use redact_core::{Picture, PixelRect};
use redact_record::Overwrite;

use super::pixels::rgb_at;

/// The most tiles on a sheet: what a person reviews in a minute.
pub(super) const TILES_MAX: usize = 24;

const COLUMNS: u32 = 4;
const TILE_WIDTH: u32 = 400;
const TILE_HEIGHT: u32 = 300;
const CAPTION_HEIGHT: u32 = 20;
const LINE: u32 = 2;
/// How much of the surroundings a tile shows: this many times the marked thing.
const SURROUNDINGS: f64 = 6.0;
/// The fewest rows that a tile shows: a tiny face is not blown up to a blot.
const ROWS_MIN: f64 = 120.0;

const PAPER: Rgb<u8> = Rgb([24, 24, 24]);
const INK: [f32; 3] = [235.0, 235.0, 235.0];

/// An outline in pixels of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    sides: [f64; 4],
    color: Rgb<u8>,
}

impl Mark {
    pub(super) const fn exposed(sides: [f64; 4]) -> Self {
        Self {
            sides,
            color: Rgb([255, 48, 48]),
        }
    }

    pub(super) const fn marked(sides: [f64; 4]) -> Self {
        Self {
            sides,
            color: Rgb([80, 160, 255]),
        }
    }

    pub(super) const fn ignored(sides: [f64; 4]) -> Self {
        Self {
            sides,
            color: Rgb([160, 160, 160]),
        }
    }

    pub(super) fn mask(rect: PixelRect) -> Self {
        let sides = [rect.x_min(), rect.y_min(), rect.width(), rect.height()].map(f64::from);
        Self {
            sides,
            color: Rgb([40, 220, 90]),
        }
    }
}

/// One exposure with its surroundings.
pub(super) struct Tile {
    image: RgbImage,
    caption: String,
}

impl Tile {
    /// Draws the surroundings of `focus`, `[x, y, width, height]` in pixels of `picture`, and the
    /// marks in it; later ones lie on top.
    pub(super) fn new(picture: &Picture, marks: &[Mark], focus: [f64; 4], caption: String) -> Self {
        let [x, y, width, height] = focus;
        let aspect = f64::from(TILE_WIDTH) / f64::from(TILE_HEIGHT);
        let most = f64::from(picture.size().height());
        let rows = (height.max(width / aspect) * SURROUNDINGS).clamp(ROWS_MIN.min(most), most);
        let rows = rows.max(height.max(width / aspect) * 1.2);
        let scale = f64::from(TILE_HEIGHT) / rows;
        let left = x + width / 2.0 - rows * aspect / 2.0;
        let top = y + height / 2.0 - rows / 2.0;
        let mut image = RgbImage::from_pixel(TILE_WIDTH, TILE_HEIGHT, PAPER);
        for (column, row, pixel) in image.enumerate_pixels_mut() {
            let at = |start: f64, step: u32, limit: u32| {
                let place = (start + (f64::from(step) + 0.5) / scale).floor();
                (0.0 <= place && place < f64::from(limit)).then(|| whole(place))
            };
            let size = picture.size();
            if let (Some(x), Some(y)) =
                (at(left, column, size.width()), at(top, row, size.height()))
            {
                *pixel = Rgb(rgb_at(picture, x, y));
            }
        }
        for mark in marks {
            let [x, y, width, height] = mark.sides;
            let sides = [
                (x - left) * scale,
                (y - top) * scale,
                width * scale,
                height * scale,
            ];
            outline(&mut image, sides, mark.color);
        }
        Self { image, caption }
    }
}

/// Draws the frame of a box, `[x, y, width, height]` in pixels of `image`, as far as it lies on it.
pub(crate) fn outline(image: &mut RgbImage, [x, y, width, height]: [f64; 4], color: Rgb<u8>) {
    let (columns, rows) = (image.width(), image.height());
    let clamp = |at: f64, limit: u32| whole(at.round().clamp(0.0, f64::from(limit)));
    let (x_min, x_max) = (clamp(x, columns), clamp(x + width, columns));
    let (y_min, y_max) = (clamp(y, rows), clamp(y + height, rows));
    // A side that lies outside the tile is not drawn at its edge.
    let near = |at: f64, place: u32, here: u32| {
        (at.round() - f64::from(place)).abs() < 1.0 && place.abs_diff(here) < LINE
    };
    for row in y_min..y_max {
        for column in x_min..x_max {
            let upright = near(x, x_min, column) || near(x + width, x_max, column + 1);
            let level = near(y, y_min, row) || near(y + height, y_max, row + 1);
            if upright || level {
                image.put_pixel(column, row, color);
            }
        }
    }
}

/// All tiles, row by row, with their captions below them.
fn sheet(tiles: &[Tile]) -> RgbImage {
    let shown = u32::try_from(tiles.len().clamp(1, TILES_MAX)).unwrap_or(1);
    let (step_x, step_y) = (TILE_WIDTH + 4, TILE_HEIGHT + CAPTION_HEIGHT);
    let columns = shown.min(COLUMNS);
    let rows = shown.div_ceil(COLUMNS);
    let mut sheet = RgbImage::from_pixel(columns * step_x, rows * step_y, PAPER);
    if tiles.is_empty() {
        write_line(&mut sheet, "nothing was exposed", 8, TILE_HEIGHT / 2);
    }
    for (place, tile) in (0..).zip(tiles.iter().take(TILES_MAX)) {
        let (x, y) = (place % COLUMNS * step_x, place / COLUMNS * step_y);
        image::imageops::replace(&mut sheet, &tile.image, x.into(), y.into());
        write_line(&mut sheet, &tile.caption, x, y + TILE_HEIGHT + 1);
    }
    sheet
}

/// Writes what fits of `text` within one tile; characters that the font lacks become `?`.
fn write_line(sheet: &mut RgbImage, text: &str, x: u32, y: u32) {
    let raster = |sign| get_raster(sign, FontWeight::Regular, RasterHeight::Size16);
    let mut left = x + 2;
    for sign in text.chars() {
        let Some(glyph) = raster(sign).or_else(|| raster('?')) else {
            continue;
        };
        let width = u32::try_from(glyph.width()).unwrap_or(0);
        if left + width > x + TILE_WIDTH {
            break;
        }
        for (row, line) in (y..).zip(glyph.rows()) {
            for (column, strength) in (left..).zip(line.iter()) {
                if column < sheet.width() && row < sheet.height() {
                    blend(
                        sheet.get_pixel_mut(column, row),
                        f32::from(*strength) / 255.0,
                    );
                }
            }
        }
        left += width;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mix of two values of 0 to 255"
)]
fn blend(pixel: &mut Rgb<u8>, strength: f32) {
    for (channel, ink) in pixel.0.iter_mut().zip(INK) {
        *channel = (f32::from(*channel) * (1.0 - strength) + ink * strength) as u8;
    }
}

/// A number that was floored or rounded and clamped before.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers keep it within a picture's sides"
)]
const fn whole(value: f64) -> u32 {
    value as u32
}

/// Writes the sheet as PNG.
///
/// # Errors
/// When the file is there and may not be replaced, or cannot be written.
pub(super) fn save(path: &Path, tiles: &[Tile]) -> Result<()> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    sheet(tiles)
        .write_to(&mut bytes, ImageFormat::Png)
        .context("cannot encode the sheet")?;
    Ok(redact_record::write(
        path,
        bytes.get_ref(),
        Overwrite::Replace,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::{ColorRange, PixelSize};

    fn grey(width: u32, height: u32) -> Picture {
        let size = PixelSize::new(width, height).unwrap();
        Picture::filled(size, ColorRange::Full, [100, 128, 128])
    }

    fn has(image: &RgbImage, color: Rgb<u8>) -> bool {
        image.pixels().any(|pixel| *pixel == color)
    }

    #[test]
    fn a_tile_shows_the_exposed_box_in_its_middle() {
        let focus = [300.0, 200.0, 40.0, 40.0];
        let exposed = Mark::exposed(focus);
        let tile = Tile::new(&grey(640, 480), &[exposed], focus, String::new());
        // 240 rows fill 300: the box of 40 becomes 50, from 175 to 225 of 400.
        assert_eq!(*tile.image.get_pixel(175, 150), exposed.color);
        assert_eq!(*tile.image.get_pixel(200, 150), Rgb([100; 3]));
        assert_eq!(*tile.image.get_pixel(240, 150), Rgb([100; 3]));
    }

    #[test]
    fn a_box_larger_than_the_picture_and_one_at_its_corner_can_be_drawn() {
        for focus in [
            [-50.0, -50.0, 900.0, 700.0],
            [0.0, 0.0, 3.0, 2.0],
            [638.0, 479.0, 9.0, 9.0],
        ] {
            let exposed = Mark::exposed(focus);
            let tile = Tile::new(&grey(640, 480), &[exposed], focus, String::new());
            assert!(has(&tile.image, exposed.color), "{focus:?}");
        }
        let focus = [0.0, 0.0, 1.0, 1.0];
        Tile::new(&grey(2, 2), &[Mark::exposed(focus)], focus, String::new());
    }

    #[test]
    fn a_caption_is_written_and_cut_at_its_tiles_edge() {
        let focus = [10.0, 10.0, 5.0, 5.0];
        let tile = |caption: &str| Tile::new(&grey(64, 48), &[], focus, caption.to_owned());
        let long = sheet(&[tile(&"W".repeat(500)), tile("")]);
        assert_eq!(long.dimensions(), (808, 320));
        let ink = |x_min: u32, x_max: u32| {
            let places = (300..320).flat_map(|y| (x_min..x_max).map(move |x| (x, y)));
            places
                .filter(|&(x, y)| long.get_pixel(x, y).0[0] > 128)
                .count()
        };
        assert!(ink(0, 400) > 0);
        assert_eq!(ink(404, 808), 0);
        assert_eq!(sheet(&[]).dimensions(), (404, 320));
    }
}

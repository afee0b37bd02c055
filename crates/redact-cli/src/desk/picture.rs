//! One picture of a proxy as JPEG, with masks as the renderer draws them.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{Rgb, RgbImage};
use redact_core::{Picture, PixelRect, Redactions};
use redact_engine::mask_frame;
use redact_record::Overwrite;
use serde_json::{Value, json};

use super::proxy::Proxy;
use crate::score::pixels::rgb_at;

/// JPEG quality: these pictures are examined closely.
const QUALITY: u8 = 88;

/// Writes frame `frame` with `redactions` to `output`.
///
/// # Errors
/// When there is no such frame or the disk is full.
pub(super) fn picture(
    folder: &Path,
    frame: u32,
    width: Option<u32>,
    redactions: Redactions,
    output: &Path,
) -> Result<Value> {
    let mut proxy = Proxy::open(folder, false, 1)?;
    let redactions = proxy.with_levels(redactions, frame..frame.saturating_add(1))?;
    let mut found = proxy.frame(frame)?;
    mask_frame(&mut found, &redactions);
    let mut image = rgb(&found.picture, None);
    if let Some(width) = width.filter(|&width| width < image.width()) {
        let height = (image.height() * width / image.width()).max(1);
        image = image::imageops::resize(&image, width, height, FilterType::Triangle);
    }
    write(&image, output)?;
    Ok(json!({ "width": image.width(), "height": image.height() }))
}

/// A picture, or a part of it, in red, green and blue.
pub(super) fn rgb(picture: &Picture, part: Option<PixelRect>) -> RgbImage {
    let size = picture.size();
    let (x, y) = part.map_or((0, 0), |part| (part.x_min(), part.y_min()));
    let (width, height) = part.map_or((size.width(), size.height()), |part| {
        (part.width(), part.height())
    });
    RgbImage::from_fn(width, height, |column, row| {
        Rgb(rgb_at(picture, x + column, y + row))
    })
}

/// Writes a JPEG, whole or not at all.
///
/// # Errors
/// When the disk is full.
pub(super) fn write(image: &RgbImage, output: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(image)
        .context("cannot write the picture")?;
    redact_record::write(output, &bytes, Overwrite::Replace).context("cannot write the picture")
}

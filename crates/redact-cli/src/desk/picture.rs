//! One picture of a proxy as JPEG, with masks as the renderer draws them.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{Rgb, RgbImage};
use redact_core::{Frame, FrameIndex, Picture, PixelRect, Redactions};
use redact_desk::PicturesTask;
use redact_engine::mask_frame;
use redact_record::Overwrite;
use serde_json::{Value, json};

use super::proxy::Proxy;
use crate::progress;
use crate::score::pixels::rgb_at;

/// Frames that are decoded on the way to the one that is needed first, and held until it is
/// written: at most 1.5 MB each at the size of a proxy.
const HELD_MAX: u32 = 24;

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
    let redactions = proxy.with_levels(redactions, |span| span.contains(FrameIndex::new(frame)))?;
    let mut found = proxy.frame(frame)?;
    mask_frame(&mut found, &redactions);
    let image = narrowed(rgb(&found.picture, None), width);
    write(&image, output)?;
    Ok(json!({ "width": image.width(), "height": image.height() }))
}

/// Which frames to write, and how wide.
pub(super) struct Run<'a> {
    /// The frame that is needed first.
    pub(super) first: u32,
    /// All of them, in ascending order.
    pub(super) frames: &'a [u32],
    /// The most columns.
    pub(super) width: Option<u32>,
}

/// Writes frames with `redactions` into the folder `output` in one pass of the decoder, the one
/// that is needed first before those ahead of it; reports each by its number.
///
/// # Errors
/// When there are no such frames or the disk is full.
pub(super) fn pictures(
    folder: &Path,
    run: &Run<'_>,
    redactions: Redactions,
    output: &Path,
) -> Result<Value> {
    let mut proxy = Proxy::open(folder, false, 1)?;
    let redactions = proxy.with_levels(redactions, |span| {
        let shown = |&frame: &u32| span.contains(FrameIndex::new(frame));
        run.frames.iter().any(shown)
    })?;
    let publish = |mut frame: Frame| {
        progress::check_interrupted()?;
        mask_frame(&mut frame, &redactions);
        let number = frame.index.get();
        let image = narrowed(rgb(&frame.picture, None), run.width);
        write(&image, &PicturesTask::path(output, number))?;
        progress::report(PicturesTask::PHASE, number.into(), None);
        anyhow::Ok(())
    };
    let (mut before, from_first) = run
        .frames
        .split_at(run.frames.partition_point(|&number| number < run.first));
    // Frames shortly before the first are decoded on the way to it.
    let near = before.partition_point(|&number| number < run.first.saturating_sub(HELD_MAX));
    let mut held = Vec::new();
    for &number in &before[near..] {
        held.push(proxy.frame(number)?);
    }
    before = &before[..near];
    for &number in from_first {
        publish(proxy.frame(number)?)?;
    }
    held.into_iter().rev().try_for_each(&publish)?;
    for &number in before {
        publish(proxy.frame(number)?)?;
    }
    Ok(json!({}))
}

/// The image with at most `width` columns.
fn narrowed(image: RgbImage, width: Option<u32>) -> RgbImage {
    match width.filter(|&width| width < image.width()) {
        None => image,
        Some(width) => {
            let height = (image.height() * width / image.width()).max(1);
            image::imageops::resize(&image, width, height, FilterType::Triangle)
        }
    }
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

//! A picture of each found track, so that one person is recognized at a glance, and the list of
//! moments to review first.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::imageops::FilterType;
use redact_core::{BoxOrigin, NormRect, PixelRect, Track, TrackBox};
use redact_desk::recording_files::{FINDINGS, MOMENTS, THUMBNAILS, thumbnail};
use redact_record::{Overwrite, findings};
use serde_json::{Value, json};

use super::picture::{rgb, write};
use super::proxy::Proxy;
use crate::progress;

/// The longest side of a picture, pixels.
const SIDE_MAX: u32 = 160;

/// Surroundings to each side, as a share of the box.
const AROUND: f32 = 0.4;

/// Writes `thumbnails/TRACK.jpg` for every track and, last, the moments, to `output`.
///
/// # Errors
/// When proxy or findings are not what they were made as.
pub(super) fn thumbnails(folder: &Path, output: &Path, threads: usize) -> Result<Value> {
    let (found, _) = findings::read(&folder.join(FINDINGS)).context("cannot read the findings")?;
    let pictures = output.join(THUMBNAILS);
    std::fs::create_dir_all(&pictures).context("cannot make a folder")?;
    let mut proxy = Proxy::open(folder, false, threads)?;
    let mut wanted: Vec<(u32, NormRect, u32)> = found
        .tracks
        .iter()
        .map(|track| {
            let best = best(track);
            (best.frame.get(), best.rect, track.id().0)
        })
        .collect();
    wanted.sort_by_key(|(frame, ..)| *frame);
    let mut last = None;
    for (done, (frame, rect, track)) in wanted.iter().enumerate() {
        progress::check_interrupted()?;
        progress::report("thumbnails", done as u64, Some(wanted.len() as u64));
        let shown = match last.take() {
            Some((at, shown)) if at == *frame => shown,
            _ => proxy.frame(*frame)?,
        };
        let around = rect.grown(rect.width() * AROUND, rect.height() * AROUND);
        let part = PixelRect::covering(around, shown.picture.size());
        let image = rgb(&shown.picture, Some(part));
        let longest = image.width().max(image.height());
        let side = |side: u32| (side * SIDE_MAX / longest).max(1);
        let (width, height) = (side(image.width()), side(image.height()));
        let image = image::imageops::resize(&image, width, height, FilterType::Triangle);
        write(&image, &pictures.join(thumbnail(*track)))?;
        last = Some((*frame, shown));
    }
    let moments = moments(&found);
    let bytes = Value::from(moments).to_string();
    redact_record::write(&output.join(MOMENTS), bytes.as_bytes(), Overwrite::Replace)
        .context("cannot write the moments")?;
    Ok(json!({ "thumbnails": wanted.len() }))
}

/// The box that shows a track best: detected, with a high score, large.
fn best(track: &Track) -> &TrackBox {
    let worth = |b: &TrackBox| {
        let certainty = if b.origin == BoxOrigin::Detected {
            1.0
        } else {
            0.1
        };
        certainty * b.score * b.rect.area().sqrt()
    };
    let boxes = track.boxes().iter();
    boxes
        .max_by(|a, b| worth(a).total_cmp(&worth(b)))
        .expect("a track has at least one box")
}

fn moments(found: &redact_core::Findings) -> Vec<Value> {
    redact_engine::review_priority(&found.tracks, found.source.frames)
        .iter()
        .map(|moment| {
            json!({
                "track": moment.track.0, "class": moment.class.name(),
                "start": moment.frames.start().get(), "end": moment.frames.end().get(),
                "why": moment.weakness.text(), "risk": moment.risk,
            })
        })
        .collect()
}

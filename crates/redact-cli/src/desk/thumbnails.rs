//! Two pictures of each found track, one in which it is recognized at a glance and one of the frame
//! that most likely shows too much, and the list of tracks to review first.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use image::imageops::FilterType;
use image::{Rgb, RgbImage};
use redact_core::{BoxOrigin, Findings, FrameIndex, NormRect, Picture, PixelRect, Track, TrackBox};
use redact_desk::recording_files::{FINDINGS, MOMENTS, THUMBNAILS, thumbnail, worst_thumbnail};
use redact_engine::{TrackPriority, review_priority};
use redact_record::{Overwrite, findings};
use serde_json::{Value, json};

use super::picture::{rgb, write};
use super::proxy::Proxy;
use crate::progress;
use crate::score::sheet::outline;

/// The longest side of a picture, pixels.
const SIDE_MAX: u32 = 160;

/// Surroundings to each side, as a share of the box: a box has a margin already.
const AROUND: f32 = 0.1;

/// The same for the worst frame: what is exposed there lies beside the box.
const WORST_AROUND: f32 = 0.75;

/// The color of a mask's outline.
const MASK: Rgb<u8> = Rgb([40, 220, 90]);

/// A picture to be cut out of the proxy.
struct Wanted {
    frame: u32,
    part: NormRect,
    /// The mask to outline, if any.
    mask: Option<NormRect>,
    path: PathBuf,
}

/// Writes `thumbnails/TRACK.jpg` for every track, `thumbnails/TRACK-worst.jpg` for every track that
/// is worth a review and, last, the list of those, to `output`.
///
/// # Errors
/// When proxy or findings are not what they were made as.
pub(super) fn thumbnails(folder: &Path, output: &Path, threads: usize) -> Result<Value> {
    let (found, _) = findings::read(&folder.join(FINDINGS)).context("cannot read the findings")?;
    let pictures = output.join(THUMBNAILS);
    std::fs::create_dir_all(&pictures).context("cannot make a folder")?;
    let mut proxy = Proxy::open(folder, false, threads)?;
    let priority = priority(&found);
    let mut wanted = wanted(&found, &priority, &pictures);
    wanted.sort_by_key(|one| one.frame);
    let mut last = None;
    for (done, one) in wanted.iter().enumerate() {
        progress::check_interrupted()?;
        progress::report("thumbnails", done as u64, Some(wanted.len() as u64));
        let shown = match last.take() {
            Some((at, shown)) if at == one.frame => shown,
            _ => proxy.frame(one.frame)?,
        };
        write(&cut_out(&shown.picture, one.part, one.mask), &one.path)?;
        last = Some((one.frame, shown));
    }
    let bytes = Value::from(listed(&priority)).to_string();
    redact_record::write(&output.join(MOMENTS), bytes.as_bytes(), Overwrite::Replace)
        .context("cannot write what to check first")?;
    Ok(json!({ "thumbnails": wanted.len() }))
}

/// The tracks to review first.
fn priority(found: &Findings) -> Vec<TrackPriority> {
    let source = &found.source;
    review_priority(&found.tracks, source.frames, source.info.video.size)
}

/// The pictures of all tracks.
fn wanted(found: &Findings, priority: &[TrackPriority], pictures: &Path) -> Vec<Wanted> {
    let best = found.tracks.iter().map(|track| {
        let best = best(track);
        Wanted {
            frame: best.frame.get(),
            part: best.rect.grown(AROUND, AROUND),
            mask: None,
            path: pictures.join(thumbnail(track.id().0)),
        }
    });
    let worst = priority.iter().map(|weak| {
        let track = found.tracks.iter().find(|track| track.id() == weak.track);
        Wanted {
            frame: weak.worst.worst.get(),
            part: weak.worst.rect.grown(WORST_AROUND, WORST_AROUND),
            mask: track.and_then(|track| box_in(track, weak.worst.worst)),
            path: pictures.join(worst_thumbnail(weak.track.0)),
        }
    });
    best.chain(worst).collect()
}

/// The box that hides the track in `frame`, if it does.
fn box_in(track: &Track, frame: FrameIndex) -> Option<NormRect> {
    let at = frame.get().checked_sub(track.span().start().get())?;
    track.boxes().get(at as usize).map(|found| found.rect)
}

/// A part of a picture at thumbnail size, with the outline of a mask.
fn cut_out(picture: &Picture, part: NormRect, mask: Option<NormRect>) -> RgbImage {
    let part = PixelRect::covering(part, picture.size());
    let image = rgb(picture, Some(part));
    let longest = image.width().max(image.height());
    let side = |side: u32| (side * SIDE_MAX / longest).max(1);
    let (width, height) = (side(image.width()), side(image.height()));
    let mut image = image::imageops::resize(&image, width, height, FilterType::Triangle);
    if let Some(mask) = mask {
        let mask = PixelRect::covering(mask, picture.size());
        let scale = f64::from(SIDE_MAX) / f64::from(longest);
        let from = |side: u32, zero: u32| (f64::from(side) - f64::from(zero)) * scale;
        let (x, y) = (
            from(mask.x_min(), part.x_min()),
            from(mask.y_min(), part.y_min()),
        );
        let sides = [
            x,
            y,
            f64::from(mask.width()) * scale,
            f64::from(mask.height()) * scale,
        ];
        outline(&mut image, sides, MASK);
    }
    image
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

/// What to check first, as `API.md` describes it.
fn listed(priority: &[TrackPriority]) -> Vec<Value> {
    let entry = |weak: &TrackPriority| {
        let weaknesses: Vec<&str> = weak.weaknesses.iter().map(|of| of.text()).collect();
        json!({
            "track": weak.track.0, "class": weak.class.name(),
            "start": weak.worst.frames.start().get(), "end": weak.worst.frames.end().get(),
            "frame": weak.worst.worst.get(),
            "why": weaknesses.join("; "), "risk": weak.risk,
        })
    };
    priority.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use redact_core::{ColorRange, PixelSize};

    use super::*;

    /// Goal: the worst frame's picture shows where the mask ends, and surroundings on each side.
    /// Control: without a mask nothing is drawn.
    #[test]
    fn the_mask_is_outlined_within_its_surroundings() {
        let size = PixelSize::new(400, 400).unwrap();
        let picture = Picture::filled(size, ColorRange::Full, [128, 128, 128]);
        let rect = NormRect::new([0.375, 0.375, 0.625, 0.625]).unwrap();
        let part = rect.grown(WORST_AROUND, WORST_AROUND);
        let drawn = |mask| {
            let image = cut_out(&picture, part, mask);
            assert_eq!((image.width(), image.height()), (SIDE_MAX, SIDE_MAX));
            let green: Vec<u32> = (0..SIDE_MAX)
                .filter(|&x| *image.get_pixel(x, SIDE_MAX / 2) == MASK)
                .collect();
            green
        };
        // 100 of 250 pixels in the middle: from 48 to 112 of 160.
        assert_eq!(drawn(Some(rect)), [48, 49, 110, 111]);
        assert!(drawn(None).is_empty());
    }
}

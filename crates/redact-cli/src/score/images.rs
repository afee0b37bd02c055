//! `redact score --images`: the detectors of a profile on single, marked images.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use image::{ImageReader, Limits, RgbImage};
use redact_core::{
    Class, Detection, Frame, FrameIndex, Phase, PixelSize, Progress as _, Timestamp,
};
use redact_engine::score::{BareBox, ImageTally, TruthBox};
use redact_engine::{ScheduledDetector, TrackerOptions};
use redact_jail::JailError;
use redact_record::truth::{self, ImageSetTruth, ImageTruth, TruthLabel};
use redact_release::options::ModelOptions;
use redact_release::{ReleaseError, detectors};

use super::pixels::picture_from_image;
use super::sheet::{self as contact_sheet, Mark, TILES_MAX, Tile};
use crate::progress::TerminalProgress;

/// Memory that one decoded image may take: 16384 pixels a side do not fit, 10000 do.
const IMAGE_BYTES_MAX: u64 = 512 << 20;

/// Runs the profile's detectors over a set; gives the figures, and the marked classes for which no
/// detector is installed.
pub(super) fn score_set(
    set: &Path,
    models: &ModelOptions,
    sheet: Option<&Path>,
    seal: impl FnOnce() -> Result<(), JailError>,
) -> Result<(ImageTally, Vec<Class>)> {
    let labels_file = set.join("boxes.json");
    let loaded = detectors::load(models, 1)?;
    seal()?;
    let marked =
        truth::read_images(&labels_file).with_context(|| labels_file.display().to_string())?;
    if marked.images.is_empty() {
        bail!("{}: lists no image", labels_file.display());
    }
    let mut detectors = loaded.set.detectors;
    if detectors.is_empty() {
        return Err(ReleaseError::NoDetectors.into());
    }
    let progress = TerminalProgress::new(true);
    let options = &loaded.options.tracker;
    let detect = |frame: &Frame| detect_all(&mut detectors, frame);
    let tiles_max = if sheet.is_some() { TILES_MAX } else { 0 };
    let images = set.join("images");
    let (tally, tiles) = run(&images, &marked, options, detect, tiles_max, &progress)?;
    if let Some(sheet) = sheet {
        contact_sheet::save(sheet, &tiles)?;
    }
    let mut missing = loaded.missing;
    missing.retain(|class| tally.classes[*class as usize].found.boxes > 0);
    Ok((tally, missing))
}

/// A label as the engine scores it.
pub(super) fn truth_box(label: &TruthLabel) -> TruthBox {
    TruthBox {
        class: label.class,
        track: label.track.clone(),
        sides: label.sides,
        visibility: label.visibility.name(),
        ignore: label.ignore,
    }
}

/// What all detectors find in one frame.
fn detect_all(set: &mut [ScheduledDetector], frame: &Frame) -> Result<Vec<Detection>> {
    let mut found = Vec::new();
    for detector in set.iter_mut().flat_map(|of| of.instances.first_mut()) {
        found.extend(detector.detect(&[frame])?.into_iter().flatten());
    }
    Ok(found)
}

/// Scores image after image; gives the `tiles_max` largest exposures as tiles, largest first.
fn run(
    folder: &Path,
    marked: &ImageSetTruth,
    options: &TrackerOptions,
    mut detect: impl FnMut(&Frame) -> Result<Vec<Detection>>,
    tiles_max: usize,
    progress: &TerminalProgress,
) -> Result<(ImageTally, Vec<Tile>)> {
    let total = marked.images.len() as u64;
    let mut tally = ImageTally::default();
    let mut tiles: Vec<(u64, Tile)> = Vec::new();
    for (done, image) in (0..).zip(&marked.images) {
        if progress.advance(Phase::Scan, done, Some(total)).is_break() {
            return Err(ReleaseError::Cancelled.into());
        }
        let path = folder.join(&image.file_name);
        let name = || path.display().to_string();
        let pixels = open(&path, image.size).with_context(name)?;
        let picture = picture_from_image(&pixels)
            .with_context(|| format!("{}: {} is too large", name(), image.size))?;
        let index = FrameIndex::new(u32::try_from(done).unwrap_or(u32::MAX));
        let frame = Frame {
            index,
            timestamp: Timestamp::new(0),
            duration_ticks: 1,
            picture,
        };
        let found = detect(&frame).with_context(name)?;
        let boxes: Vec<TruthBox> = image.labels.iter().map(truth_box).collect();
        let size = frame.picture.size();
        for bare in tally.add(size, &boxes, &found, options) {
            // Drawn only when it gets a place: most sets have more misses than the sheet.
            if tiles.len() < tiles_max || tiles.last().is_some_and(|(least, _)| *least < bare.bare)
            {
                let masks = ImageTally::masks(&found, size, options);
                let marks = masks
                    .into_iter()
                    .map(Mark::mask)
                    .chain(marks(&boxes, &bare));
                let marks: Vec<Mark> = marks.collect();
                let caption = caption(image, &bare);
                let tile = Tile::new(&frame.picture, &marks, bare.truth.sides, caption);
                let place = tiles.partition_point(|(other, _)| *other >= bare.bare);
                tiles.insert(place, (bare.bare, tile));
                tiles.truncate(tiles_max);
            }
        }
    }
    Ok((tally, tiles.into_iter().map(|(_, tile)| tile).collect()))
}

fn marks(boxes: &[TruthBox], bare: &BareBox) -> Vec<Mark> {
    let others = boxes
        .iter()
        .filter(|other| **other != bare.truth)
        .map(|other| {
            if other.ignore {
                Mark::ignored(other.sides)
            } else {
                Mark::marked(other.sides)
            }
        });
    others.chain([Mark::exposed(bare.truth.sides)]).collect()
}

fn caption(image: &ImageTruth, bare: &BareBox) -> String {
    let [_, _, width, height] = bare.truth.sides;
    let hidden = (bare.cover * 100.0).floor();
    let name: String = image.file_name.chars().take(24).collect();
    format!(
        "{name} {} {width:.0}x{height:.0} px {hidden:.0} %",
        bare.truth.class
    )
}

/// Decodes an image that must have the size that its labels were made on.
fn open(path: &Path, expected: PixelSize) -> Result<RgbImage> {
    let mut reader = ImageReader::open(path)?.with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(PixelSize::SIDE_MAX);
    limits.max_image_height = Some(PixelSize::SIDE_MAX);
    limits.max_alloc = Some(IMAGE_BYTES_MAX);
    reader.limits(limits);
    let image = reader.decode()?.into_rgb8();
    if image.dimensions() != (expected.width(), expected.height()) {
        bail!(
            "is {}x{}, boxes.json says {expected}",
            image.width(),
            image.height()
        );
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::NormRect;
    use redact_record::truth::Visibility;

    fn set(folder: &Path, size: (u32, u32)) -> ImageSetTruth {
        let gradient =
            |x: u32, y: u32| image::Rgb([x, y, 90].map(|value| u8::try_from(value).unwrap()));
        RgbImage::from_fn(63, 47, gradient)
            .save(folder.join("a.png"))
            .unwrap();
        let label = |sides, ignore| TruthLabel {
            class: Class::Plate,
            track: String::new(),
            sides,
            visibility: Visibility::Clear,
            ignore,
        };
        let labels = vec![
            label([8.0, 8.0, 16.0, 16.0], false),
            label([40.0, 30.0, 20.0, 14.0], false),
        ];
        let size = PixelSize::new(size.0, size.1).unwrap();
        ImageSetTruth {
            images: vec![ImageTruth {
                file_name: "a.png".into(),
                size,
                labels,
            }],
        }
    }

    /// Goal: detections reach the figures and misses the sheet, in a picture with odd sides.
    /// Method: a fake detector that finds the first of two boxes.
    #[test]
    fn detections_count_and_misses_get_a_tile() {
        let folder = tempfile::tempdir().unwrap();
        let marked = set(folder.path(), (63, 47));
        let rect = NormRect::new([8.0 / 64.0, 8.0 / 48.0, 24.0 / 64.0, 24.0 / 48.0]).unwrap();
        let detect = |frame: &Frame| {
            assert_eq!(frame.picture.size(), PixelSize::new(64, 48).unwrap());
            Ok(vec![Detection {
                class: Class::Plate,
                rect,
                score: 0.9,
            }])
        };
        let options = TrackerOptions::default();
        let progress = TerminalProgress::new(true);
        let (tally, tiles) = run(folder.path(), &marked, &options, detect, 5, &progress).unwrap();
        let plate = &tally.classes[Class::Plate as usize];
        assert_eq!(
            (plate.found.boxes, plate.found.hidden, plate.covered.hidden),
            (2, 1, 1)
        );
        assert_eq!((tally.images, plate.false_alarms, tiles.len()), (1, 0, 1));
    }

    #[test]
    fn an_image_of_another_size_than_its_labels_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let marked = set(folder.path(), (64, 48));
        let detect = |_: &Frame| -> Result<Vec<Detection>> { panic!("not decoded") };
        let options = TrackerOptions::default();
        let progress = TerminalProgress::new(true);
        let refused = run(folder.path(), &marked, &options, detect, 0, &progress)
            .err()
            .unwrap();
        let text = format!("{refused:#}");
        assert!(
            text.contains("a.png: is 63x47, boxes.json says 64x48"),
            "{text}"
        );
    }
}

//! Ground truth labeled by people, for measuring a scan: boxes per frame of a recording, and boxes
//! in single images in COCO format.
//!
//! Truth files come from other tools. Unknown keys are therefore ignored at the top level (notes,
//! licenses), but rejected in a box, where a misspelled `ignore` would change a result. Values are
//! checked strictly: an invalid class, size or number is an error that gives its place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use redact_core::{Class, Digest, PixelSize};
use serde::Deserialize;

use crate::file::names::ClassName;
use crate::json::{self, Hex};
use crate::{RecordError, store};

/// Maximum size of a truth file: enough for a day of video with a hundred boxes per frame.
const BYTES_MAX: u64 = 1 << 30;

/// Maximum absolute coordinate in pixels: boxes of objects that leave the picture may extend
/// outside it, but not further than this.
const FAR: f64 = 1e6;

/// One labeled object.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthLabel {
    /// Its class.
    pub class: Class,
    /// Name of its track; empty in single images.
    pub track: String,
    /// `[x, y, width, height]` in pixels of the displayed picture, origin at its top-left corner;
    /// width and height above 0.
    pub sides: [f64; 4],
    /// How hard it is to see.
    pub visibility: Visibility,
    /// Whether it counts neither as a hit nor as a miss, because it could not be decided.
    pub ignore: bool,
}

/// How hard a labeled object is to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Clearly visible.
    #[default]
    Clear,
    /// Out of focus or moving fast.
    Blurred,
    /// Turned away.
    Profile,
    /// Partly behind something or outside the picture.
    Occluded,
    /// A few pixels.
    Tiny,
}

impl Visibility {
    /// Its name in truth files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Blurred => "blurred",
            Self::Profile => "profile",
            Self::Occluded => "occluded",
            Self::Tiny => "tiny",
        }
    }
}

/// The labels of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipTruth {
    /// The recording's file name.
    pub clip: String,
    /// SHA-256 of the recording.
    pub digest: Digest,
    /// Size of the displayed picture.
    pub size: PixelSize,
    /// Labels per frame, in presentation order.
    pub frames: Vec<Vec<TruthLabel>>,
}

/// The labels of a set of images.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSetTruth {
    /// The images in file order.
    pub images: Vec<ImageTruth>,
}

/// The labels of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageTruth {
    /// Path relative to the set's `images` folder; it never leaves that folder.
    pub file_name: String,
    /// Its size.
    pub size: PixelSize,
    /// Its labels.
    pub labels: Vec<TruthLabel>,
}

#[derive(Deserialize)]
struct ClipFile {
    clip: String,
    sha256: Hex,
    width: u32,
    height: u32,
    frames: usize,
    boxes: Vec<Vec<BoxFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoxFile {
    class: ClassName,
    track: TrackName,
    x: f64,
    y: f64,
    w: f64,
    h: f64,
    #[serde(default)]
    vis: Visibility,
    #[serde(default)]
    ignore: bool,
}

/// Tools use both numbers and text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a track as a whole number or text")]
enum TrackName {
    Number(i64),
    Text(String),
}

#[derive(Deserialize)]
struct CocoFile {
    images: Vec<CocoImage>,
    annotations: Vec<CocoAnnotation>,
    categories: Vec<CocoCategory>,
}

#[derive(Deserialize)]
struct CocoImage {
    id: i64,
    file_name: String,
    width: u32,
    height: u32,
}

#[derive(Deserialize)]
struct CocoAnnotation {
    image_id: i64,
    category_id: i64,
    bbox: [f64; 4],
    #[serde(default)]
    iscrowd: u8,
}

#[derive(Deserialize)]
struct CocoCategory {
    id: i64,
    name: String,
}

/// Reads the labels of a recording.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::NotAFile`], [`RecordError::TooLarge`];
/// [`RecordError::Syntax`] and [`RecordError::Field`] with the place.
pub fn read_clip(path: &Path) -> Result<ClipTruth, RecordError> {
    parse_clip(&store::read(path, BYTES_MAX)?)
}

/// The labels of a recording, from the bytes of their file.
///
/// # Errors
/// [`RecordError::Syntax`] and [`RecordError::Field`] with the place.
pub fn parse_clip(bytes: &[u8]) -> Result<ClipTruth, RecordError> {
    let file: ClipFile = json::parse(bytes)?;
    if file.boxes.len() != file.frames {
        let found = format!("{} lists", file.boxes.len());
        let expected = format!("one list for each of {} frames", file.frames);
        return Err(RecordError::field("boxes", found, expected));
    }
    let size = size(file.width, file.height, "width and height")?;
    let mut frames = Vec::with_capacity(file.boxes.len());
    for (frame, boxes) in file.boxes.into_iter().enumerate() {
        let label = |(index, file): (usize, BoxFile)| label(file, frame, index);
        frames.push(
            boxes
                .into_iter()
                .enumerate()
                .map(label)
                .collect::<Result<_, _>>()?,
        );
    }
    Ok(ClipTruth {
        clip: file.clip,
        digest: file.sha256.0,
        size,
        frames,
    })
}

fn label(file: BoxFile, frame: usize, index: usize) -> Result<TruthLabel, RecordError> {
    let sides = [file.x, file.y, file.w, file.h];
    check_sides(sides, || format!("boxes[{frame}][{index}]"))?;
    let track = match file.track {
        TrackName::Number(number) => number.to_string(),
        TrackName::Text(text) => text,
    };
    let (class, visibility, ignore) = (file.class.into(), file.vis, file.ignore);
    Ok(TruthLabel {
        class,
        track,
        sides,
        visibility,
        ignore,
    })
}

/// Reads a `boxes.json` in COCO format with the categories `face`, `plate` and `screen`.
///
/// Crowds (`iscrowd`) become ignored labels.
///
/// # Errors
/// Those of [`read_clip`]; [`RecordError::Field`] for an unknown image or category, and for a file
/// name that leaves the folder.
pub fn read_images(path: &Path) -> Result<ImageSetTruth, RecordError> {
    parse_images(&store::read(path, BYTES_MAX)?)
}

fn parse_images(bytes: &[u8]) -> Result<ImageSetTruth, RecordError> {
    let file: CocoFile = json::parse(bytes)?;
    let classes = categories(&file.categories)?;
    let mut places = BTreeMap::new();
    let mut names = BTreeSet::new();
    let mut images = Vec::with_capacity(file.images.len());
    for (index, image) in file.images.into_iter().enumerate() {
        let at = format!("images[{index}]");
        if places.insert(image.id, index).is_some() {
            return Err(RecordError::field(at + ".id", image.id, "each ID once"));
        }
        check_file_name(&image.file_name, &at)?;
        if !names.insert(image.file_name.clone()) {
            let found = format!("{:?}", image.file_name);
            return Err(RecordError::field(
                at + ".file_name",
                found,
                "each name once",
            ));
        }
        let size = size(image.width, image.height, &at)?;
        images.push(ImageTruth {
            file_name: image.file_name,
            size,
            labels: Vec::new(),
        });
    }
    for (index, annotation) in file.annotations.into_iter().enumerate() {
        let at = || format!("annotations[{index}]");
        let unknown = |key: &str, found: i64, list: &str| {
            RecordError::field(format!("{}.{key}", at()), found, format!("an ID in {list}"))
        };
        let (image, category) = (annotation.image_id, annotation.category_id);
        let place = places
            .get(&image)
            .ok_or_else(|| unknown("image_id", image, "images"))?;
        let class = classes
            .get(&category)
            .ok_or_else(|| unknown("category_id", category, "categories"))?;
        check_sides(annotation.bbox, at)?;
        images[*place].labels.push(TruthLabel {
            class: *class,
            track: String::new(),
            sides: annotation.bbox,
            visibility: Visibility::Clear,
            ignore: annotation.iscrowd != 0,
        });
    }
    Ok(ImageSetTruth { images })
}

fn categories(list: &[CocoCategory]) -> Result<BTreeMap<i64, Class>, RecordError> {
    let mut classes = BTreeMap::new();
    for (index, category) in list.iter().enumerate() {
        let at = |key| format!("categories[{index}].{key}");
        let class = Class::from_name(&category.name);
        let class = class.filter(|class| Class::IDENTIFYING.contains(class));
        let class = class.ok_or_else(|| {
            let found = format!("{:.40?}", category.name);
            RecordError::field(at("name"), found, "face, plate or screen")
        })?;
        if classes.insert(category.id, class).is_some() {
            return Err(RecordError::field(at("id"), category.id, "each ID once"));
        }
    }
    Ok(classes)
}

fn size(width: u32, height: u32, at: &str) -> Result<PixelSize, RecordError> {
    PixelSize::new(width, height).ok_or_else(|| {
        let expected = format!("sides of 1 to {} pixels", PixelSize::SIDE_MAX);
        RecordError::field(at, format!("{width}x{height}"), expected)
    })
}

fn check_sides(sides: [f64; 4], at: impl FnOnce() -> String) -> Result<(), RecordError> {
    // JSON has no NaN, but some parsers read 1e999 as infinity.
    let near = sides
        .iter()
        .all(|side| side.is_finite() && side.abs() <= FAR);
    if near && sides[2] > 0.0 && sides[3] > 0.0 {
        return Ok(());
    }
    let expected = "x, y, width and height in pixels, the last two above 0";
    Err(RecordError::field(at(), format!("{sides:?}"), expected))
}

/// Rejects names of files outside the set.
fn check_file_name(name: &str, at: &str) -> Result<(), RecordError> {
    let mut parts = Path::new(name).components().peekable();
    let inside = parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)));
    if inside {
        return Ok(());
    }
    let field = format!("{at}.file_name");
    Err(RecordError::field(
        field,
        format!("{name:.80?}"),
        "a path inside the images folder",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn clip() -> Value {
        json!({
            "clip": "a.mp4", "sha256": "0".repeat(64), "width": 64, "height": 48, "frames": 2,
            "boxes": [
                [
                    {"class": "face", "track": 1, "x": -2.5, "y": 3, "w": 10.5, "h": 12},
                    {"class": "plate", "track": "left", "x": 1, "y": 2, "w": 3, "h": 4,
                     "vis": "tiny", "ignore": true},
                ],
                [],
            ],
        })
    }

    fn coco() -> Value {
        json!({
            "info": {"licence": "CC0-1.0"},
            "images": [{"id": 7, "file_name": "day/a.jpg", "width": 64, "height": 48}],
            "annotations": [
                {"id": 1, "image_id": 7, "category_id": 2, "bbox": [1.5, 2, 3, 4], "area": 12.0},
                {"id": 2, "image_id": 7, "category_id": 2, "bbox": [9, 2, 3, 4], "iscrowd": 1},
            ],
            "categories": [{"id": 2, "name": "plate", "supercategory": "car"}],
        })
    }

    /// Reads `value` with the value at `pointer` replaced; the error must contain `words`.
    #[track_caller]
    fn check(
        read: impl Fn(&[u8]) -> Option<RecordError>,
        mut value: Value,
        edit: (&str, Value),
        words: &str,
    ) {
        let (pointer, new) = edit;
        *value.pointer_mut(pointer).expect("the edit names a value") = new;
        let refused = read(&serde_json::to_vec(&value).unwrap());
        let refused = refused.unwrap_or_else(|| panic!("{pointer} was accepted"));
        let error = match &refused {
            RecordError::Syntax { at, source } => format!("{at}: {source}"),
            other => other.to_string(),
        };
        assert!(error.contains(words), "{words:?} is missing in {error:?}");
    }

    #[test]
    fn the_labels_of_a_clip_are_read() {
        let truth = parse_clip(&serde_json::to_vec(&clip()).unwrap()).unwrap();
        assert_eq!((truth.size.width(), truth.frames.len()), (64, 2));
        let [face, plate] = truth.frames[0].as_slice() else {
            panic!("two boxes")
        };
        assert_eq!(
            (face.track.as_str(), face.visibility),
            ("1", Visibility::Clear)
        );
        assert_eq!(face.sides, [-2.5, 3.0, 10.5, 12.0]);
        assert_eq!(
            (plate.track.as_str(), plate.visibility),
            ("left", Visibility::Tiny)
        );
        assert!(plate.ignore && !face.ignore);
    }

    #[test]
    fn a_wrong_value_in_a_clips_truth_is_named() {
        let edits = [
            ("/frames", json!(3), "one list for each of 3 frames"),
            ("/sha256", json!("abc"), "64 lower-case"),
            ("/width", json!(0), "0x48"),
            ("/boxes/0/1/w", json!(-1), "boxes[0][1]"),
            ("/boxes/0/1/x", json!(1e300), "boxes[0][1]"),
            ("/boxes/0/1/class", json!("dog"), "boxes[0][1].class"),
            ("/boxes/0/1/vis", json!("foggy"), "boxes[0][1].vis"),
            ("/boxes/0/1/track", json!([1]), "whole number or text"),
            (
                "/boxes/0/1",
                json!({"class": "face", "ignroe": true}),
                "ignroe",
            ),
        ];
        for (pointer, new, words) in edits {
            check(
                |bytes| parse_clip(bytes).err(),
                clip(),
                (pointer, new),
                words,
            );
        }
    }

    #[test]
    fn a_set_of_images_is_read_and_crowds_are_ignored() {
        let truth = parse_images(&serde_json::to_vec(&coco()).unwrap()).unwrap();
        let [image] = truth.images.as_slice() else {
            panic!("one image")
        };
        assert_eq!(image.file_name, "day/a.jpg");
        assert_eq!(image.labels.len(), 2);
        assert_eq!(image.labels[0].class, Class::Plate);
        assert!(image.labels[1].ignore && !image.labels[0].ignore);
    }

    #[test]
    fn a_wrong_value_in_a_set_is_named_and_no_path_leaves_the_folder() {
        let edits = [
            (
                "/images/0/file_name",
                json!("../a.jpg"),
                "images[0].file_name",
            ),
            (
                "/images/0/file_name",
                json!("/etc/passwd"),
                "images[0].file_name",
            ),
            ("/images/0/file_name", json!(""), "images[0].file_name"),
            ("/images/0/height", json!(99_999), "64x99999"),
            (
                "/annotations/1/image_id",
                json!(8),
                "annotations[1].image_id",
            ),
            (
                "/annotations/1/category_id",
                json!(8),
                "annotations[1].category_id",
            ),
            ("/annotations/1/bbox", json!([1, 2, 0, 4]), "annotations[1]"),
            (
                "/annotations/1/bbox",
                json!([1, 2, 3]),
                "annotations[1].bbox",
            ),
            ("/categories/0/name", json!("car"), "categories[0].name"),
        ];
        for (pointer, new, words) in edits {
            check(
                |bytes| parse_images(bytes).err(),
                coco(),
                (pointer, new),
                words,
            );
        }
    }
}

//! Figures for a set of single images: what detectors find without a tracker.

use redact_core::{Class, Detection, PixelRect, PixelSize, geometry};

use super::area::PixelArea;
use super::{BANDS, COVER, Count, TruthBox, band, share};
use crate::TrackerOptions;
use crate::track::vehicle_fallback::drop_vehicles_with_plate_in_picture;

/// Intersection over union from which on a detection is about a truth box.
const SAME_THING: f64 = 0.5;

/// Figures of one class over a set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageClassScore {
    /// Truth boxes, and those that a detection of their class meets at IoU 0.5 or more.
    pub found: Count,
    /// Truth boxes, and those that masks of any class cover to [`COVER`].
    pub covered: Count,
    /// `found` by height, one count for each of [`BANDS`].
    pub found_by_height: [Count; BANDS.len()],
    /// `covered` by height.
    pub covered_by_height: [Count; BANDS.len()],
    /// Places where a detection meets no truth box of its class.
    pub false_alarms: u64,
}

/// A truth box of an image that is visible although it should be hidden.
#[derive(Clone, Debug, PartialEq)]
pub struct BareBox {
    /// The truth box.
    pub truth: TruthBox,
    /// Share of its pixels that masks cover.
    pub cover: f64,
    /// Its pixels that no mask covers.
    pub bare: u64,
}

/// Figures of a set, image by image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageTally {
    /// Images so far.
    pub images: u64,
    /// Figures per class, in the order of [`Class::ALL`].
    pub classes: [ImageClassScore; Class::ALL.len()],
}

impl ImageTally {
    /// The masks that `detections` would become in a picture of `size`: those that start a track,
    /// with its margin.
    #[must_use]
    pub fn masks(
        detections: &[Detection],
        size: PixelSize,
        options: &TrackerOptions,
    ) -> Vec<PixelRect> {
        strong(detections, options)
            .into_iter()
            .map(|seen| {
                let class = options.class(seen.class);
                PixelRect::covering(seen.rect.grown(class.x_margin, class.y_margin), size).even()
            })
            .collect()
    }

    /// Counts one image of `size`; returns its truth boxes that are not covered.
    pub fn add(
        &mut self,
        size: PixelSize,
        truth: &[TruthBox],
        detections: &[Detection],
        options: &TrackerOptions,
    ) -> Vec<BareBox> {
        self.images += 1;
        let masks: Vec<PixelArea> = Self::masks(detections, size, options)
            .into_iter()
            .map(|mask| PixelArea::of_mask(mask, size))
            .collect();
        let seen: Vec<(Class, [f64; 4])> = strong(detections, options)
            .iter()
            .map(|seen| (seen.class, pixels(seen, size)))
            .collect();
        let mut exposed = Vec::new();
        for truth in truth.iter().filter(|truth| !truth.ignore) {
            let area = PixelArea::of_box(truth.sides, size);
            if area.pixels() == 0 {
                continue;
            }
            let met = |&(class, sides): &(Class, [f64; 4])| {
                class == truth.class && overlap(sides, truth.sides) >= SAME_THING
            };
            let found = seen.iter().any(met);
            let covered = area.covered_by(&masks);
            let cover = share(covered, area.pixels()).unwrap_or(0.0);
            let hidden = cover >= COVER;
            let score = &mut self.classes[truth.class as usize];
            score.found.add(found);
            score.covered.add(hidden);
            score.found_by_height[band(truth.sides[3])].add(found);
            score.covered_by_height[band(truth.sides[3])].add(hidden);
            if !hidden {
                let bare = area.pixels() - covered;
                exposed.push(BareBox {
                    truth: truth.clone(),
                    cover,
                    bare,
                });
            }
        }
        self.add_false_alarms(truth, &seen);
        exposed
    }

    /// Two detections of one and the same wrong place are one false alarm.
    fn add_false_alarms(&mut self, truth: &[TruthBox], seen: &[(Class, [f64; 4])]) {
        let mut alarms: Vec<(Class, [f64; 4])> = Vec::new();
        for &(class, sides) in seen {
            let explained = truth
                .iter()
                .any(|truth| truth.class == class && explains(truth, sides));
            let known = alarms
                .iter()
                .any(|&(of, other)| of == class && overlap(other, sides) >= SAME_THING);
            if !explained && !known {
                alarms.push((class, sides));
                self.classes[class as usize].false_alarms += 1;
            }
        }
    }
}

/// Detections that start a track; of vehicles those on which no plate is found.
fn strong(detections: &[Detection], options: &TrackerOptions) -> Vec<Detection> {
    let sure = |seen: &&Detection| seen.score >= options.class(seen.class).high_score;
    drop_vehicles_with_plate_in_picture(detections.iter().filter(sure).copied().collect())
}

/// Whether a detection is about `truth`, or lies for the most part on what was to be ignored.
fn explains(truth: &TruthBox, sides: [f64; 4]) -> bool {
    let on_ignored = truth.ignore && common(truth.sides, sides) >= SAME_THING * area(sides);
    on_ignored || overlap(truth.sides, sides) >= SAME_THING
}

/// `[x, y, width, height]` in pixels.
fn pixels(seen: &Detection, size: PixelSize) -> [f64; 4] {
    let [x_min, y_min, x_max, y_max] = seen.rect.sides().map(f64::from);
    let (width, height) = (f64::from(size.width()), f64::from(size.height()));
    [
        x_min * width,
        y_min * height,
        (x_max - x_min) * width,
        (y_max - y_min) * height,
    ]
}

fn area([_, _, width, height]: [f64; 4]) -> f64 {
    width * height
}

fn common(a: [f64; 4], b: [f64; 4]) -> f64 {
    let overlap = |start: usize, length: usize| {
        let end = (a[start] + a[length]).min(b[start] + b[length]);
        (end - a[start].max(b[start])).max(0.0)
    };
    overlap(0, 2) * overlap(1, 3)
}

/// Intersection over union of two boxes `[x, y, width, height]`.
fn overlap(a: [f64; 4], b: [f64; 4]) -> f64 {
    let corners = |[x, y, width, height]: [f64; 4]| [x, y, x + width, y + height];
    geometry::iou(corners(a), corners(b))
}

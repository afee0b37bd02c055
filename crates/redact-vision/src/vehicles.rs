//! Detects plates again in enlarged crops of a picture's vehicles.
//!
//! The plate of a distant car has only a few pixels in a picture that was reduced for a model. A
//! model for common objects still detects the car, and in an enlarged crop of it the plate has the
//! size that a plate model was trained for.
//!
//! Limits: only detected vehicles are searched, and a limited number of them per run; the next run
//! searches others.

use redact_core::{
    Class, DetectError, Detection, Detector, Frame, ModelUse, NormRect, PixelRect, PixelSize,
};

use crate::card::Subject;
use crate::crop::{crop, uncrop};
use crate::detector::FrameDetector;
use crate::error::VisionError;
use crate::found::{Found, class_of};

/// How vehicles are searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VehicleSearchOptions {
    /// Maximum number of vehicles that are searched per run; at least 1. If there are more, runs on
    /// other frames search others.
    pub vehicles_max: usize,
}

/// Minimum score of a vehicle that is searched.
const VEHICLE_SCORE: f32 = 0.25;

/// Margin of a vehicle's crop, as fractions of its box: bumpers extend beyond boxes.
const MARGIN: [f32; 2] = [0.05, 0.1];

/// Minimum shorter side in pixels of a vehicle on which a plate may be legible.
const SIDE_MIN: u32 = 24;

/// A vehicle with more of the picture's longer side is large enough in the whole picture.
const SHARE_MAX: f32 = 0.6;

/// Detects displays and vehicles in the whole picture, and plates in crops of the vehicles.
#[derive(Debug)]
pub struct VehicleSearch {
    scene: FrameDetector,
    plates: Vec<FrameDetector>,
    options: VehicleSearchOptions,
}

impl VehicleSearch {
    /// Searches the vehicles that `scene` detects with each of `plates`.
    ///
    /// Other objects that `scene` detects are returned, too, so that it only runs once.
    ///
    /// # Errors
    /// [`VisionError::Unsuitable`]: `scene` does not detect vehicles, or there is no plate model.
    pub fn new(
        scene: FrameDetector,
        plates: Vec<FrameDetector>,
        options: VehicleSearchOptions,
    ) -> Result<Self, VisionError> {
        let unsuitable = |what: &str| VisionError::Unsuitable {
            model: scene.model_use().name,
            what: what.into(),
        };
        if !scene.model_use().classes.contains(&Class::Vehicle) {
            return Err(unsuitable("it does not detect vehicles"));
        }
        if plates.is_empty() || options.vehicles_max == 0 {
            return Err(unsuitable("no plate model to search the vehicles with"));
        }
        Ok(Self {
            scene,
            plates,
            options,
        })
    }

    /// The entries for the findings.
    pub fn model_uses(&self) -> impl Iterator<Item = ModelUse> {
        let all = std::iter::once(&self.scene).chain(&self.plates);
        all.map(FrameDetector::model_use)
    }

    /// The classes that it detects.
    #[must_use]
    pub fn classes(&self) -> Vec<Class> {
        let mut classes: Vec<Class> = self.model_uses().flat_map(|model| model.classes).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    fn detect_one(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectError> {
        let picture = &frame.picture;
        let mut detections = Vec::new();
        let mut vehicles = Vec::new();
        for found in self.scene.find_in_tiles(picture)? {
            let Found {
                subject,
                rect,
                score,
            } = found;
            if subject == Subject::Vehicle && score >= VEHICLE_SCORE {
                vehicles.extend(cut_of(rect, picture.size()));
            }
            if let Some(class) = class_of(subject, rect, picture.size()) {
                detections.push(Detection { class, rect, score });
            }
        }
        for cut in choose_vehicles(vehicles, frame.index.get(), self.options.vehicles_max) {
            let part = crop(picture, cut);
            for model in &mut self.plates {
                for found in model.find(&part)? {
                    let whole = uncrop(found.rect, cut, picture.size());
                    if let (Some(class), Some(rect)) = (found.subject.class(), whole) {
                        let score = found.score;
                        detections.push(Detection { class, rect, score });
                    }
                }
            }
        }
        Ok(detections)
    }
}

impl Detector for VehicleSearch {
    fn detect(&mut self, frames: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError> {
        frames.iter().map(|frame| self.detect_one(frame)).collect()
    }
}

/// The crop for a vehicle at `rect` in a picture of `size`, if it is searched.
fn cut_of(rect: NormRect, size: PixelSize) -> Option<PixelRect> {
    let cut = PixelRect::covering(rect.grown(MARGIN[0], MARGIN[1]), size).even();
    let (short, long) = (cut.width().min(cut.height()), cut.width().max(cut.height()));
    let picture_long = size.width().max(size.height()) as f32;
    (short >= SIDE_MIN && long as f32 <= SHARE_MAX * picture_long).then_some(cut)
}

/// At most `most` of the vehicles. The choice changes from frame to frame and only depends on the
/// frame number, so that it is the same for every worker.
fn choose_vehicles(mut vehicles: Vec<PixelRect>, frame: u32, most: usize) -> Vec<PixelRect> {
    if vehicles.len() > most {
        // The multiplier has no common factor with frame intervals, so that every vehicle gets its
        // turn.
        let spread = (frame.wrapping_mul(2_654_435_761) >> 16) as usize;
        let first = spread % vehicles.len();
        vehicles.rotate_left(first);
        vehicles.truncate(most);
    }
    vehicles
}

#[cfg(test)]
mod tests {
    use super::*;
    use redact_core::{ColorRange, Picture, PlaneKind};

    fn size(width: u32, height: u32) -> PixelSize {
        PixelSize::new(width, height).unwrap()
    }

    fn cut(sides: [f32; 4], of: PixelSize) -> Option<PixelRect> {
        cut_of(NormRect::new(sides).unwrap(), of)
    }

    #[test]
    fn specks_and_vehicles_that_fill_the_picture_are_not_searched() {
        let hd = size(1920, 1080);
        assert!(cut([0.4, 0.4, 0.405, 0.41], hd).is_none());
        assert!(cut([0.1, 0.1, 0.9, 0.9], hd).is_none());
        let car = cut([0.4, 0.4, 0.5, 0.5], hd).unwrap();
        assert!(car.width() > 192 && car.width().is_multiple_of(2));
    }

    /// Goal: a box in a crop is mapped to its position in the picture. Method: one bright pixel in
    /// a crop near the picture's corner is mapped back.
    #[test]
    fn a_box_in_a_crop_is_mapped_back() {
        let all = size(64, 48);
        let mut picture = Picture::filled(all, ColorRange::Full, [16, 128, 128]);
        picture.plane_mut(PlaneKind::Luma).row_mut(40)[51] = 235;
        let cut = cut([0.7, 0.6, 0.95, 0.99], all);
        assert!(cut.is_none(), "too small to be searched");
        let cut = PixelRect::covering(NormRect::new([0.5, 0.5, 1.0, 1.0]).unwrap(), all).even();
        let part = crop(&picture, cut);
        assert_eq!(part.size(), size(32, 24));
        let (x, y) = (51 - 32, 40 - 24);
        assert_eq!(part.plane(PlaneKind::Luma).row(y)[x], 235);
        let there = NormRect::new([
            x as f32 / 32.0,
            y as f32 / 24.0,
            (x + 1) as f32 / 32.0,
            (y + 1) as f32 / 24.0,
        ]);
        let whole = uncrop(there.unwrap(), cut, all).unwrap();
        let expected = PixelRect::covering(whole.lerp(whole, 0.5), all);
        assert!(expected.x_min() <= 51 && expected.x_max() >= 52);
        assert!(expected.y_min() <= 40 && expected.y_max() >= 41);
        assert!(expected.width() <= 3 && expected.height() <= 3);
    }

    /// Goal: no vehicle is skipped forever, at any frame interval.
    #[test]
    fn every_vehicle_gets_its_turn() {
        let all = size(1920, 1080);
        let vehicles: Vec<PixelRect> = (0..7)
            .map(|i| {
                let x = 0.1 * i as f32;
                PixelRect::covering(NormRect::new([x, 0.1, x + 0.1, 0.2]).unwrap(), all)
            })
            .collect();
        let mut searched = [0; 7];
        for run in 0..60 {
            let chosen = choose_vehicles(vehicles.clone(), run * 7, 3);
            assert_eq!(chosen.len(), 3);
            for cut in chosen {
                searched[vehicles.iter().position(|v| *v == cut).unwrap()] += 1;
            }
        }
        assert!(searched.iter().all(|&times| times > 5), "{searched:?}");
        assert_eq!(choose_vehicles(vehicles.clone(), 3, 7), vehicles);
    }
}

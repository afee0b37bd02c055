//! Detects faces, plates and screens in single frames.

use ort::value::TensorRef;
use redact_core::{BoxError, Class, DetectError, Detection, Detector, Frame, ModelUse, Picture};

use crate::card::{Card, CardInput, HeadKind, Subject};
use crate::crop::crop;
use crate::error::VisionError;
use crate::found::{Found, class_of};
use crate::letterbox::Letterbox;
use crate::runtime::{ModelSession, Runtime};
use crate::store::Model;
use crate::tiles::{self, Piece};
use crate::{head, nms, onnx_input_shape};

/// Number of picture sizes that a detector is prepared for: the whole picture, and tiles, which may
/// have two sizes because of rounding.
const LETTERBOXES_MAX: usize = 3;

/// What a detector detects, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorOptions {
    /// The longer side of the model's input in model pixels, `32..=4096`, rounded up to what the
    /// card allows. Larger pictures are reduced to it.
    pub input_long_side: u32,
    /// Maximum factor by which smaller pictures are enlarged: small objects become easier to
    /// detect, at the cost of a larger input. `1..=8`; 1 means no enlargement.
    pub enlarge_max: u32,
    /// The lowest accepted score, above 0 and at most 1.
    pub threshold: f32,
    /// The classes to detect: at least one, and only those on the card.
    pub classes: Vec<Class>,
}

impl DetectorOptions {
    /// All classes on the card, at 640 pixels, with a threshold for its head that is low enough for
    /// a tracker to continue a track with weak detections.
    #[must_use]
    pub fn for_card(card: &Card) -> Self {
        let threshold = match card.head {
            HeadKind::YuNet | HeadKind::CenterFace | HeadKind::RetinaFace | HeadKind::Faces => 0.3,
            HeadKind::LpdYunet | HeadKind::YoloX | HeadKind::Objects => 0.15,
            // It has many weak detections, which a tracker can accumulate over time.
            HeadKind::PlateScreen => 0.25,
            HeadKind::SileroVad | HeadKind::Whisper => 0.5,
        };
        Self {
            input_long_side: 640,
            enlarge_max: 1,
            threshold,
            classes: card.classes(),
        }
    }
}

/// A model with its session, which detects objects in single frames.
///
/// It uses one thread; create one per worker.
pub struct FrameDetector {
    session: ModelSession,
    head: HeadKind,
    card_input: CardInput,
    /// What it detects, of everything on the card.
    subjects: Vec<Subject>,
    options: DetectorOptions,
    model_use: ModelUse,
    /// For the most recent picture sizes.
    letterboxes: Vec<Letterbox>,
    /// The input buffer, `[1, 3, height, width]`.
    input: Vec<f32>,
}

impl FrameDetector {
    /// Creates a session of `model` on `runtime`.
    ///
    /// # Errors
    /// [`VisionError::Unsuitable`]: the model does not detect a requested class, or an option is
    /// out of range. [`VisionError::Weights`]: the runtime cannot use the weights.
    pub fn new(
        runtime: &Runtime,
        model: &Model,
        options: DetectorOptions,
    ) -> Result<Self, VisionError> {
        let card = model.card();
        check(card, &options).map_err(|what| VisionError::Unsuitable {
            model: card.name.clone(),
            what,
        })?;
        let weights = onnx_input_shape::with_free_sides(model.weights()).map_err(|error| {
            VisionError::Weights {
                model: card.name.clone(),
                source: error.into(),
            }
        })?;
        let wanted = |subject: &Subject| {
            subject
                .class()
                .is_some_and(|class| options.classes.contains(&class))
        };
        Ok(Self {
            session: runtime.session(&card.name, &weights)?,
            head: card.head,
            card_input: card.input.clone(),
            subjects: card.subjects.iter().copied().filter(wanted).collect(),
            model_use: ModelUse {
                name: card.name.clone(),
                digest: model.digest(),
                licence: card.licence.clone(),
                classes: options.classes.clone(),
                threshold: options.threshold,
                input_side: options.input_long_side,
            },
            options,
            letterboxes: Vec::new(),
            input: Vec::new(),
        })
    }

    /// The entry for the findings.
    #[must_use]
    pub fn model_use(&self) -> ModelUse {
        self.model_use.clone()
    }

    /// Objects in `picture`, which may be too wide or too tall for a single run.
    pub(crate) fn find_in_tiles(&mut self, picture: &Picture) -> Result<Vec<Found>, DetectError> {
        let whole = self.find(picture)?;
        let size = picture.size();
        let tiles = tiles::tiles(size);
        if tiles.is_empty() {
            return Ok(whole);
        }
        let mut pieces = Vec::new();
        for tile in tiles {
            let found = self.find(&crop(picture, tile))?.into_iter();
            pieces.extend(found.filter_map(|found| Piece::new(found, tile, size)));
        }
        Ok(tiles::merge(whole, pieces, head::iou_max(self.head)))
    }

    /// Objects in `picture`.
    pub(crate) fn find(&mut self, picture: &Picture) -> Result<Vec<Found>, DetectError> {
        let known = self.letterboxes.iter().position(|it| it.fits(picture));
        let mut letterbox = match known {
            Some(known) => self.letterboxes.remove(known),
            None => {
                let DetectorOptions {
                    input_long_side,
                    enlarge_max,
                    ..
                } = self.options;
                Letterbox::new(picture, input_long_side, enlarge_max, &self.card_input)
            }
        };
        letterbox.fill(picture, &mut self.input);
        let placement = letterbox.placement();
        self.letterboxes.insert(0, letterbox);
        self.letterboxes.truncate(LETTERBOXES_MAX);
        let [width, height] = placement.input;

        let tensor = TensorRef::from_array_view(([1, 3, height, width], self.input.as_slice()))
            .map_err(|error| DetectError::Run {
                model: self.session.name().to_owned(),
                source: BoxError::from(error),
            })?;
        let (kind, subjects, threshold) = (self.head, &self.subjects, self.options.threshold);
        self.session.count_run(placement.input);
        let mut candidates = self.session.run([tensor.into()], |outputs| {
            head::decode(kind, outputs, placement.input, threshold, subjects)
        })?;
        // Before suppression, so that an implausible box does not displace a plausible one.
        let reduced = picture.size().width() as usize > placement.inner[0];
        candidates.retain(|candidate| head::plausible(kind, candidate, placement.inner, reduced));
        let detections = nms::suppress(candidates, head::iou_max(kind))
            .into_iter()
            .filter_map(|candidate| {
                let rect = placement.norm_from_model(candidate.rect_in_model)?;
                Some(Found {
                    subject: candidate.subject,
                    rect,
                    score: candidate.score,
                })
            });
        Ok(detections.collect())
    }

    fn detect_one(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectError> {
        let found = self.find_in_tiles(&frame.picture)?.into_iter();
        let size = frame.picture.size();
        let detections = found.filter_map(|found| {
            Some(Detection {
                class: class_of(found.subject, found.rect, size)?,
                rect: found.rect,
                score: found.score,
            })
        });
        Ok(detections.collect())
    }
}

fn check(card: &Card, options: &DetectorOptions) -> Result<(), String> {
    let known = card.classes();
    if card.head.is_of_sound() {
        return Err("it reads sound; a model for pictures is needed".into());
    }
    if options.classes.is_empty() {
        return Err("no class to detect; at least one is needed".into());
    }
    if let Some(class) = options.classes.iter().find(|class| !known.contains(class)) {
        return Err(format!("it does not detect class {class}"));
    }
    if !(32..=4096).contains(&options.input_long_side) {
        let side = options.input_long_side;
        return Err(format!(
            "input side: found {side} pixels, expected 32 to 4096"
        ));
    }
    if !(1..=8).contains(&options.enlarge_max) {
        let times = options.enlarge_max;
        return Err(format!("enlargement: found {times} times, expected 1 to 8"));
    }
    if !(options.threshold > 0.0 && options.threshold <= 1.0) {
        let threshold = options.threshold;
        return Err(format!(
            "threshold: found {threshold}, expected above 0 and at most 1"
        ));
    }
    Ok(())
}

impl Detector for FrameDetector {
    fn detect(&mut self, frames: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError> {
        frames.iter().map(|frame| self.detect_one(frame)).collect()
    }
}

impl std::fmt::Debug for FrameDetector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameDetector")
            .field("model_use", &self.model_use)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = include_str!("../../../models/lpd-yunet.toml");

    #[track_caller]
    fn refused(change: impl FnOnce(&mut DetectorOptions), word: &str) {
        let card = Card::parse("card.toml", CARD).unwrap();
        let mut options = DetectorOptions::for_card(&card);
        assert_eq!(check(&card, &options), Ok(()));
        change(&mut options);
        let what = check(&card, &options).unwrap_err();
        assert!(what.contains(word), "{what}");
    }

    #[test]
    fn unsupported_options_are_refused() {
        refused(|o| o.classes = vec![Class::Face], "face");
        refused(|o| o.classes.clear(), "no class");
        refused(|o| o.input_long_side = 0, "32 to 4096");
        refused(|o| o.input_long_side = 100_000, "32 to 4096");
        refused(|o| o.enlarge_max = 0, "1 to 8");
        refused(|o| o.threshold = f32::NAN, "threshold");
        refused(|o| o.threshold = 0.0, "threshold");
    }
}

//! Decodes the outputs of models to boxes, one file per family.
//!
//! Each head has its own constants with their sources. It returns every box at or above the
//! threshold in model pixels; [`crate::nms`] handles overlaps.

mod centerface;
mod lpd_yunet;
mod plate;
mod priors;
mod retinaface;
mod table;
mod yolox;
mod yunet;

use self::yolox::Scores;
use crate::card::{HeadKind, Subject};
use crate::nms::Candidate;
use crate::runtime::{Output, ShapeError};

/// Decodes the boxes of `subjects` from `outputs`.
///
/// - `input`: `[width, height]` of the model's input, in model pixels.
/// - `threshold`: lowest score, `0.0..=1.0`.
///
/// # Errors
/// If the outputs are not those of a model of `kind` for that input.
pub(crate) fn decode(
    kind: HeadKind,
    outputs: &[Output<'_>],
    input: [usize; 2],
    threshold: f32,
    subjects: &[Subject],
) -> Result<Vec<Candidate>, ShapeError> {
    match kind {
        HeadKind::YuNet => yunet::decode(outputs, input, threshold),
        HeadKind::CenterFace => centerface::decode(outputs, input, threshold),
        HeadKind::RetinaFace => retinaface::decode(outputs, input, threshold),
        HeadKind::LpdYunet => lpd_yunet::decode(outputs, input, threshold),
        HeadKind::YoloX => yolox::decode(outputs, input, threshold, subjects, Scores::Coco),
        HeadKind::PlateScreen => {
            yolox::decode(outputs, input, threshold, subjects, Scores::PlateScreen)
        }
        HeadKind::Faces => yolox::decode(outputs, input, threshold, subjects, Scores::Face),
        HeadKind::Objects => yolox::decode(outputs, input, threshold, subjects, Scores::Objects),
        HeadKind::SileroVad | HeadKind::Whisper => {
            unreachable!("rejected when the detector was created")
        }
    }
}

/// Whether size and shape of a `candidate` of a model of `kind` are plausible.
///
/// - `inner`: `[width, height]` of the picture in the input, in model pixels.
/// - `reduced`: whether the picture is larger than that.
pub(crate) fn plausible(
    kind: HeadKind,
    candidate: &Candidate,
    inner: [usize; 2],
    reduced: bool,
) -> bool {
    match (kind, candidate.subject) {
        (HeadKind::LpdYunet, Subject::Plate) => {
            plate::can_be(candidate.rect_in_model, plate::LPD, inner, reduced)
        }
        (HeadKind::PlateScreen, Subject::Plate) => {
            let largest = match inner[0].max(inner[1]) <= plate::CLOSE_UP_SIDE {
                true => plate::CLOSE_UP,
                false => plate::PLATE_SCREEN,
            };
            plate::can_be(candidate.rect_in_model, largest, inner, reduced)
        }
        _ => true,
    }
}

/// Maximum intersection over union of boxes of two objects of one subject.
pub(crate) const fn iou_max(kind: HeadKind) -> f32 {
    match kind {
        // Faces in a crowd overlap; the boxes of one face overlap far more.
        HeadKind::YuNet | HeadKind::RetinaFace | HeadKind::Faces | HeadKind::PlateScreen => 0.45,
        // As in the authors' decoder: boxes of one face differ more in size.
        HeadKind::CenterFace | HeadKind::LpdYunet => 0.3,
        HeadKind::YoloX | HeadKind::Objects | HeadKind::SileroVad | HeadKind::Whisper => 0.5,
    }
}

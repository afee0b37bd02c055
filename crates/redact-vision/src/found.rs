//! Objects that a model detected in a picture, before they are detections of a class.

use redact_core::{Class, NormRect, PixelSize};

use crate::card::Subject;

/// Minimum longer side, in pixels, of a vehicle whose plate may be legible. Seen from the front, a
/// plate has a third to a sixth of its vehicle's width (median 3.2 to 5.5 times, of 403 plates in
/// the sets of `models/training`); on a smaller vehicle, less than 16 pixels for seven characters.
const LEGIBLE_FROM: f32 = 64.0;

/// An object that a model detected in a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The detected subject.
    pub(crate) subject: Subject,
    /// Its box.
    pub(crate) rect: NormRect,
    /// The model's confidence, `0.0..=1.0`.
    pub(crate) score: f32,
}

/// The class of an object at `rect` in a picture of `size`; `None` for a vehicle whose plate is too
/// small to be legible.
pub(crate) fn class_of(subject: Subject, rect: NormRect, size: PixelSize) -> Option<Class> {
    let [width, height] = [
        rect.width() * size.width() as f32,
        rect.height() * size.height() as f32,
    ];
    let legible = subject != Subject::Vehicle || width.max(height) >= LEGIBLE_FROM;
    subject.class().filter(|_| legible)
}

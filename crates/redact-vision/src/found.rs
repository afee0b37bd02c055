//! What a model found in a picture, before it is a detection of a class.

use redact_core::{Class, NormRect, PixelSize};

use crate::card::Subject;

/// Longest side of a vehicle whose plate may be legible, pixels. A plate seen from the front takes
/// a third to a sixth of its vehicle's width (median 3.2 to 5.5 times, of 403 plates in the sets of
/// `models/training`): of a smaller vehicle, less than 16 pixels for its seven characters.
const LEGIBLE_FROM: f32 = 64.0;

/// What a model found in a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// What it is.
    pub(crate) subject: Subject,
    /// Where it is.
    pub(crate) rect: NormRect,
    /// The score, `0.0..=1.0`.
    pub(crate) score: f32,
}

/// The class of an object at `rect` in a picture of `size`; `None` for a vehicle that is too small
/// for its plate to be legible.
pub(crate) fn class_of(subject: Subject, rect: NormRect, size: PixelSize) -> Option<Class> {
    let [width, height] = [
        rect.width() * size.width() as f32,
        rect.height() * size.height() as f32,
    ];
    let legible = subject != Subject::Vehicle || width.max(height) >= LEGIBLE_FROM;
    subject.class().filter(|_| legible)
}

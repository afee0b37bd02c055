//! How well a scan hides what a person labeled: the figures of `redact score`.
//!
//! Truth is a person's boxes per frame; masks are whole pixels, exactly those that a renderer would
//! overwrite. All areas are exact counts of pixels, so two runs, and two programs that follow the
//! same definitions, print the same figures:
//!
//! - a truth box holds the pixels whose centres lie in it, clipped to the picture;
//! - it is *hidden* when the union of all masks, of any class, covers [`COVER`] of them;
//! - a truth track is *leaked* when it is exposed in at least one frame;
//! - masked pixels outside every truth box grown by [`GROWTH`] about its centre are *over-mask*;
//! - boxes marked `ignore` count neither as hit nor as miss and excuse the masks that lie on them.
//!
//! Nothing here reads a file or a picture.

mod area;
mod clip;
mod images;

use redact_core::{Class, FrameIndex, PixelRect, PixelSize, Plan, Track, TrackId, Verdict};

use crate::mask::MaskArea;

pub use clip::{ClassScore, ClipScore, Exposure, LongestRun, OverMask, score_clip};
pub use images::{BareBox, ImageClassScore, ImageTally};

/// Share of a truth box's pixels that must be masked for it to count as hidden.
pub const COVER: f64 = 0.95;

/// Share of a truth box's pixels from which on it counts as found: separates "missed" from "too
/// tight".
pub const FOUND: f64 = 0.5;

/// How many times its size a mask may reach around a truth box before it counts as over-mask.
pub const GROWTH: f64 = 1.5;

/// Bands of truth box heights in pixels: name and lowest height, ascending.
pub const BANDS: [(&str, f64); 5] = [
    ("<12", 0.0),
    ("12-16", 12.0),
    ("16-32", 16.0),
    ("32-64", 32.0),
    (">64", 64.0),
];

/// One object that a person labeled in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthBox {
    /// What it is.
    pub class: Class,
    /// Name of the object over time; in single images, anything.
    pub track: String,
    /// `[x, y, width, height]` in pixels of the displayed picture, origin at its top-left corner.
    pub sides: [f64; 4],
    /// How hard it is to see, e.g. `clear`; recall is counted apart for each.
    pub visibility: &'static str,
    /// Could not be decided: neither hit nor miss.
    pub ignore: bool,
}

/// What a person labeled in a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Size of the displayed picture.
    pub size: PixelSize,
    /// Boxes per frame, in presentation order.
    pub frames: Vec<Vec<TruthBox>>,
}

/// Pixels that are overwritten in one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask {
    /// What it hides; `None` when a person drew it.
    pub class: Option<Class>,
    /// The track it comes from; `None` when a person drew it.
    pub track: Option<TrackId>,
    /// Which pixels.
    pub rect: PixelRect,
}

/// How many boxes there are, and how many of them are hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All.
    pub boxes: u64,
    /// Those that are hidden.
    pub hidden: u64,
}

impl Count {
    /// Share that is hidden; `None` when there are no boxes.
    #[must_use]
    pub fn recall(self) -> Option<f64> {
        share(self.hidden, self.boxes)
    }

    const fn add(&mut self, hidden: bool) {
        self.boxes += 1;
        self.hidden += hidden as u64;
    }
}

/// `part / whole`; `None` when the whole is nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of boxes and pixels stay below 2^53"
)]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Index into [`BANDS`] for a truth box of `height` pixels.
fn band(height: f64) -> usize {
    BANDS
        .iter()
        .rposition(|&(_, lowest)| lowest <= height)
        .unwrap_or(0)
}

/// Why nothing could be scored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// Truth and masks are of recordings of different length.
    #[error("frame counts differ: the truth has {truth} frames, the findings have {found}")]
    FrameCount {
        /// Frames of the truth.
        truth: usize,
        /// Frames of the findings.
        found: usize,
    },
}

/// The masks of `tracks` per frame, as a renderer draws them: outward to whole, even pixels of a
/// picture of `size`. Boxes at or after `frames` are left out.
#[must_use]
pub fn masks_of_tracks<'a>(
    tracks: impl IntoIterator<Item = &'a Track>,
    size: PixelSize,
    frames: u32,
) -> Vec<Vec<Mask>> {
    let mut masks = vec![Vec::new(); frames as usize];
    for track in tracks {
        for found in track.boxes() {
            if let Some(frame) = masks.get_mut(found.frame.get() as usize) {
                frame.push(Mask {
                    class: Some(track.class()),
                    track: Some(track.id()),
                    rect: PixelRect::covering(found.rect, size).even(),
                });
            }
        }
    }
    masks
}

/// The masks of a plan per frame: tracks that are to be redacted, and regions drawn by hand.
///
/// A track that is kept, or not decided yet, hides nothing.
#[must_use]
pub fn masks_of_plan(plan: &Plan, size: PixelSize) -> Vec<Vec<Mask>> {
    let redacted = plan.tracks.iter().filter(|planned| {
        let verdict = planned.decision.as_ref().map(|decision| decision.verdict);
        matches!(verdict, Some(Verdict::Redact(_)))
    });
    let frames = plan.source.frames;
    let mut masks = masks_of_tracks(redacted.map(|planned| &planned.track), size, frames);
    for drawn in &plan.drawn {
        let span = drawn.span();
        for index in span.start().get()..span.end().get().min(frames) {
            if let Some(rect) = drawn.rect_at(FrameIndex::new(index)) {
                let area = MaskArea::of(drawn, rect, size);
                let rects = area.rects().iter().map(|&rect| Mask {
                    class: None,
                    track: None,
                    rect,
                });
                masks[index as usize].extend(rects);
            }
        }
    }
    masks
}

#[cfg(test)]
mod tests;

//! Masks: the only code that changes a picture.
//!
//! Every effect overwrites all samples of its rectangle in all three planes, with black (fill) or
//! with the few levels that were taken once, at the mask's first frame (pixelate, blur): the
//! picture of a mask only moves and scales with its rectangle. A fill may have another outline
//! within its rectangle. Both grow outward to even pixels, so that no chroma sample is half hidden.
//! Where masks overlap, the later one in the plan's order lies on top.

mod area;
pub(crate) mod cells;
mod outline;
pub(crate) mod pattern;

use redact_core::{
    Effect, Frame, FrameIndex, MaskLevels, MaskRegion, NormRect, Picture, PixelRect, PixelSize,
    PlaneKind, Redactions,
};

pub(crate) use area::{MaskArea, PlaneArea, PlaneMask, mask_areas};
use pattern::Pattern;

/// Masks what `redactions` cover in `frame`. Everything else in it is unchanged.
///
/// A mask that is to be blurred or pixelated and has no levels is filled. A frame that no mask
/// touches is not written to: its buffer stays the decoder's own.
pub fn mask_frame(frame: &mut Frame, redactions: &Redactions) {
    let (size, range) = (frame.picture.size(), frame.picture.range());
    for (mask, area) in mask_areas(redactions, frame.index, size) {
        for kind in PlaneKind::ALL {
            let mut plane = frame.picture.plane_mut(kind);
            for &rect in area.rects() {
                let area = PlaneArea::of(rect, kind);
                let pattern = Pattern::new(mask, kind, range, area);
                for y in area.rows() {
                    pattern.draw_row(y - area.y, &mut plane.row_mut(y)[area.columns()]);
                }
            }
        }
    }
}

/// The frames whose pictures the levels of `redactions` are taken from: the first frame of each
/// mask that lacks its levels, ascending, each once.
#[must_use]
pub fn frames_of_levels(redactions: &Redactions) -> Vec<FrameIndex> {
    let masks = redactions.masks.iter().filter(|mask| mask.needs_levels());
    let mut frames: Vec<FrameIndex> = masks.map(|mask| mask.span().start()).collect();
    frames.sort_unstable();
    frames.dedup();
    frames
}

/// Takes the levels of `mask` from `picture`, the recording's as decoded at the mask's first frame;
/// `None` for a fill, which needs none.
#[must_use]
pub fn mask_levels(mask: &MaskRegion, picture: &Picture) -> Option<MaskLevels> {
    let (Effect::Pixelate(cells) | Effect::Blur(cells)) = mask.effect() else {
        return None;
    };
    let rect = mask.rect_at(mask.span().start())?;
    Some(cells::levels(
        picture,
        masked_rect(rect, picture.size()),
        cells,
    ))
}

/// The pixels that a mask without an outline overwrites at `rect` in a picture of `size`.
pub(crate) fn masked_rect(rect: NormRect, size: PixelSize) -> PixelRect {
    PixelRect::covering(rect, size).even()
}

#[cfg(test)]
mod tests;

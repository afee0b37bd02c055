//! Masks: the only code that changes a picture.
//!
//! Every effect overwrites all samples of its rectangle in all three planes, from nothing (fill)
//! or from the few cells of a [`cells::Grid`] (pixelate, blur). The rectangle grows outward to
//! even pixels, so that no chroma sample is half hidden. Where masks overlap, the later one in
//! the plan's order lies on top and is made from what the earlier one left.

pub(crate) mod blur;
pub(crate) mod cells;
pub(crate) mod fill;
pub(crate) mod pixelate;

use redact_core::{Effect, Frame, NormRect, PixelRect, PixelSize, PlaneKind, Redactions};

/// Hides in `frame` what `redactions` say. Everything else in it stays as decoded.
///
/// A frame that no mask touches is not written to: its buffer stays the decoder's own.
pub fn mask_frame(frame: &mut Frame, redactions: &Redactions) {
    let size = frame.picture.size();
    for (mask, rect) in redactions.masks_at(frame.index) {
        let rect = masked_rect(rect, size);
        for kind in PlaneKind::ALL {
            let black = match kind {
                PlaneKind::Luma => frame.picture.range().black(),
                PlaneKind::ChromaBlue | PlaneKind::ChromaRed => fill::GREY,
            };
            let area = Area::of(rect, kind);
            let mut plane = frame.picture.plane_mut(kind);
            match mask.effect() {
                Effect::Fill => fill::fill(&mut plane, area, black),
                Effect::Pixelate(cells) => {
                    let grid = cells::Grid::new(rect, cells);
                    pixelate::pixelate(&mut plane, area, grid);
                }
                Effect::Blur(cells) => {
                    let grid = cells::Grid::new(rect, cells);
                    blur::blur(&mut plane, area, grid);
                }
            }
        }
    }
}

/// The pixels that a mask at `rect` overwrites in a picture of `size`.
pub(crate) fn masked_rect(rect: NormRect, size: PixelSize) -> PixelRect {
    PixelRect::covering(rect, size).even()
}

/// A rectangle of samples of one plane; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    /// First column.
    pub(crate) x: usize,
    /// First row.
    pub(crate) y: usize,
    /// Columns.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
}

impl Area {
    /// The samples of plane `kind` that belong to the pixels of `rect`, which has even sides.
    pub(crate) fn of(rect: PixelRect, kind: PlaneKind) -> Self {
        let rect = match kind {
            PlaneKind::Luma => rect,
            PlaneKind::ChromaBlue | PlaneKind::ChromaRed => rect.halved(),
        };
        Self {
            x: rect.x_min() as usize,
            y: rect.y_min() as usize,
            width: rect.width() as usize,
            height: rect.height() as usize,
        }
    }

    /// Rows in the plane.
    pub(crate) fn rows(self) -> std::ops::Range<usize> {
        self.y..self.y + self.height
    }

    /// Columns in the plane.
    pub(crate) fn columns(self) -> std::ops::Range<usize> {
        self.x..self.x + self.width
    }
}

#[cfg(test)]
mod tests;

//! Samples of one plane, and how they are divided into parts.

use redact_core::{PixelRect, PlaneKind};

/// A rectangle of samples of one plane; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlaneArea {
    /// First column.
    pub(crate) x: usize,
    /// First row.
    pub(crate) y: usize,
    /// Columns.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
}

impl PlaneArea {
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

/// Where part `index` of `parts` starts along `length` samples; part `parts` is the end.
pub(crate) fn part_start(index: usize, parts: usize, length: usize) -> usize {
    index * length / parts
}

//! Which samples a mask overwrites in one picture.
//!
//! The one place where a mask's rectangle and outline become pixels: drawing, the audit, the
//! comparison with the source and the scores all ask it.

use redact_core::{MaskRegion, NormRect, PixelRect, PixelSize, PlaneKind, Redactions};

use super::outline;

/// The pixels that a mask overwrites in one picture: its rectangle, or bands of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaskArea {
    bounds: PixelRect,
    /// Disjoint, with even sides, from top to bottom and left to right. One band is the whole
    /// rectangle; if there are more, each is two rows high.
    bands: Vec<PixelRect>,
}

impl MaskArea {
    /// What `mask` overwrites in a picture of `size` when it is at `rect`.
    ///
    /// Rounds outward to even pixels, so that no chroma sample is half hidden: every pixel that
    /// the outline touches is in it, and no pixel outside of the rounded rectangle is.
    pub(crate) fn of(mask: &MaskRegion, rect: NormRect, size: PixelSize) -> Self {
        let bounds = PixelRect::covering(rect, size).even();
        let bands = match mask.shape() {
            None => vec![bounds],
            Some(shape) => outline::bands(shape, rect, size),
        };
        Self { bounds, bands }
    }

    /// Disjoint rectangles that make it up; at least one.
    pub(crate) fn rects(&self) -> &[PixelRect] {
        &self.bands
    }

    /// Whether the two may share a pixel.
    pub(crate) const fn may_overlap(&self, other: &Self) -> bool {
        self.bounds.overlaps(other.bounds)
    }

    /// The area without `margin` pixels at its edge, which are even; unchanged where nothing would
    /// be left.
    pub(crate) fn shrunk(&self, margin: u32) -> Self {
        if let [whole] = self.bands[..] {
            let inner = whole.shrunk(margin);
            return Self {
                bounds: inner,
                bands: vec![inner],
            };
        }
        let inner = outline::shrunk(&self.bands, self.bounds, margin);
        Self {
            bounds: self.bounds,
            bands: if inner.is_empty() {
                self.bands.clone()
            } else {
                inner
            },
        }
    }
}

/// The masks over `frame` with what they overwrite in a picture of `size`, in drawing order.
pub(crate) fn mask_areas(
    redactions: &Redactions,
    frame: redact_core::FrameIndex,
    size: PixelSize,
) -> impl Iterator<Item = (&MaskRegion, MaskArea)> {
    let masks = redactions.masks_at(frame);
    masks.map(move |(mask, rect)| (mask, MaskArea::of(mask, rect, size)))
}

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

    /// Whether the sample at `x`, `y` lies inside.
    pub(crate) fn contains(self, x: usize, y: usize) -> bool {
        self.columns().contains(&x) && self.rows().contains(&y)
    }

    /// Whether it shares a sample with `rows` and `columns`.
    fn touches(self, columns: &std::ops::Range<usize>, rows: &std::ops::Range<usize>) -> bool {
        self.x < columns.end
            && columns.start < self.x + self.width
            && self.y < rows.end
            && rows.start < self.y + self.height
    }
}

/// What a mask overwrites in one plane.
#[derive(Clone, Debug)]
pub(crate) struct PlaneMask {
    /// Around all of it.
    pub(crate) bounds: PlaneArea,
    bands: Vec<PlaneArea>,
    /// Whether it fills its bounds.
    pub(crate) is_rectangle: bool,
}

impl PlaneMask {
    pub(crate) fn new(area: &MaskArea, kind: PlaneKind) -> Self {
        let bands = area.bands.iter().map(|&band| PlaneArea::of(band, kind));
        Self {
            bounds: PlaneArea::of(area.bounds, kind),
            bands: bands.collect(),
            is_rectangle: area.bands == [area.bounds],
        }
    }

    /// Whether it overwrites the sample at `x`, `y`.
    pub(crate) fn contains(&self, x: usize, y: usize) -> bool {
        self.bounds.contains(x, y)
            && (self.is_rectangle || self.bands_from(y).any(|band| band.contains(x, y)))
    }

    /// Whether it overwrites a sample in `columns` and `rows`.
    pub(crate) fn touches(
        &self,
        columns: &std::ops::Range<usize>,
        rows: &std::ops::Range<usize>,
    ) -> bool {
        let bands = self.bands_from(rows.start);
        let mut bands = bands.take_while(|band| band.y < rows.end);
        self.bounds.touches(columns, rows) && bands.any(|band| band.touches(columns, rows))
    }

    /// The bands that end below row `y`, from top to bottom.
    fn bands_from(&self, y: usize) -> impl Iterator<Item = &PlaneArea> {
        let first = self.bands.partition_point(|band| band.y + band.height <= y);
        self.bands[first..].iter()
    }
}

/// Where part `index` of `parts` starts along `length` samples; part `parts` is the end.
pub(crate) fn part_start(index: usize, parts: usize, length: usize) -> usize {
    index * length / parts
}

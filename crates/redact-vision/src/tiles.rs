//! Detection in wide and tall pictures, in tiles.
//!
//! A picture is reduced to a model's input with the same scale for both axes. A picture of four
//! cameras side by side is reduced to 640 columns for all of them, in which objects are missed that
//! would be detected in a single camera's picture. Such a picture is searched as a whole and in
//! overlapping tiles of a usual shape: an object that is narrower than the overlap is entirely
//! within one tile, and an object cut by a tile's edge is joined with its other part.

use redact_core::{NormRect, PixelRect, PixelSize};

use crate::crop::uncrop;
use crate::found::Found;

/// Pictures with at most this ratio of sides are only searched as a whole; the widest cinema format
/// has 2.39.
const RATIO_MAX: f64 = 2.5;

/// Ratio of the sides of a tile, as most cameras record and most models were trained on.
const TILE_RATIO: f64 = 16.0 / 9.0;

/// Minimum overlap of adjacent tiles, as a fraction of their longer side.
const OVERLAP: f64 = 0.4;

/// Minimum longer side of a tile, and minimum shorter side of a picture that is searched in tiles,
/// in pixels: no model detects anything in less.
const LONG_MIN: f64 = 64.0;
const SHORT_MIN: u32 = 16;

/// A box within this distance of an inner edge of its tile, as a fraction of the tile, is cut by
/// it.
const CUT_WITHIN: f32 = 0.02;

/// Minimum overlap of two parts of one object along the edge that cuts them, as a fraction of the
/// shorter one's extent.
const SAME_EXTENT: f32 = 0.5;

/// A part with this fraction inside a whole object belongs to that object.
const INSIDE: f32 = 0.6;

/// The tiles of a picture of `size`, in order along its longer side; none for pictures of usual
/// shapes.
pub(crate) fn tiles(size: PixelSize) -> Vec<PixelRect> {
    let (width, height) = (size.width(), size.height());
    let (long, short) = (width.max(height), width.min(height));
    if short < SHORT_MIN || f64::from(long) <= RATIO_MAX * f64::from(short) {
        return Vec::new();
    }
    let tile = (f64::from(short) * TILE_RATIO)
        .max(LONG_MIN)
        .min(f64::from(long));
    let steps = ((f64::from(long) - tile) / (tile * (1.0 - OVERLAP))).ceil();
    let count = steps.max(0.0) + 1.0;
    let mut tiles = Vec::new();
    let mut at = 0.0;
    while at < count {
        let start = (f64::from(long) - tile) * at / steps.max(1.0);
        let ends = [start, start + tile].map(|end| fraction(end / f64::from(long)));
        let sides = if width >= height {
            [ends[0], 0.0, ends[1], 1.0]
        } else {
            [0.0, ends[0], 1.0, ends[1]]
        };
        let rect = NormRect::clipped(sides);
        tiles.extend(rect.map(|rect| PixelRect::covering(rect, size).even()));
        at += 1.0;
    }
    tiles
}

#[expect(clippy::cast_possible_truncation, reason = "a fraction of 0 to 1")]
const fn fraction(value: f64) -> f32 {
    value as f32
}

/// An object detected in a tile, and whether an inner edge of the tile cuts its start or end.
pub(crate) struct Piece {
    found: Found,
    is_cut: [bool; 2],
    /// Whether the tiles are side by side; otherwise, one above the other.
    across: bool,
}

impl Piece {
    /// Maps an object detected in `tile` to the picture of `size`; `None` if nothing of it is left.
    pub(crate) fn new(found: Found, tile: PixelRect, size: PixelSize) -> Option<Self> {
        let across = size.width() >= size.height();
        let (start, end) = extent(found.rect, across);
        let inner = if across {
            [tile.x_min() > 0, tile.x_max() < size.width()]
        } else {
            [tile.y_min() > 0, tile.y_max() < size.height()]
        };
        Some(Self {
            is_cut: [
                inner[0] && start <= CUT_WITHIN,
                inner[1] && end >= 1.0 - CUT_WITHIN,
            ],
            across,
            found: Found {
                rect: uncrop(found.rect, tile, size)?,
                ..found
            },
        })
    }
}

/// Start and end of a box along the longer side of a picture.
fn extent(rect: NormRect, across: bool) -> (f32, f32) {
    let [x_min, y_min, x_max, y_max] = rect.sides();
    if across {
        (x_min, x_max)
    } else {
        (y_min, y_max)
    }
}

/// Length of the intersection of two ranges.
fn shared(a: (f32, f32), b: (f32, f32)) -> f32 {
    (a.1.min(b.1) - a.0.max(b.0)).max(0.0)
}

/// Merges detections in the whole picture with those in its tiles: parts of one object are joined,
/// and of boxes that overlap by more than `iou_max` the one with the highest score remains.
pub(crate) fn merge(whole: Vec<Found>, pieces: Vec<Piece>, iou_max: f32) -> Vec<Found> {
    let (cut, entire): (Vec<Piece>, Vec<Piece>) = pieces
        .into_iter()
        .partition(|piece| piece.is_cut.contains(&true));
    let mut found: Vec<Found> = entire.into_iter().map(|piece| piece.found).collect();
    found.extend(whole);
    let mut parts = join(cut);
    parts.retain(|part| !lies_in_any(part, &found));
    found.append(&mut parts);
    found.sort_by(|a, b| {
        let place = |found: &Found| found.rect.sides().map(f32::to_bits);
        b.score.total_cmp(&a.score).then(place(a).cmp(&place(b)))
    });
    let mut taken: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        let known = taken
            .iter()
            .any(|other| other.subject == one.subject && other.rect.iou(one.rect) > iou_max);
        if !known {
            taken.push(one);
        }
    }
    taken
}

/// Joins parts that meet at the edges that cut them.
fn join(mut parts: Vec<Piece>) -> Vec<Found> {
    let mut joined = Vec::new();
    while let Some(mut part) = parts.pop() {
        // After a join it may touch other parts.
        while let Some(other) = parts.iter().position(|other| belong_together(&part, other)) {
            let other = parts.swap_remove(other);
            part.found.rect = part.found.rect.hull(other.found.rect);
            part.found.score = part.found.score.max(other.found.score);
            part.is_cut = [0, 1].map(|end| part.is_cut[end] || other.is_cut[end]);
        }
        joined.push(part.found);
    }
    joined
}

fn belong_together(a: &Piece, b: &Piece) -> bool {
    let [along, beside] =
        [a.across, !a.across].map(|across| [a, b].map(|piece| extent(piece.found.rect, across)));
    let length = |range: (f32, f32)| range.1 - range.0;
    let least = length(beside[0]).min(length(beside[1]));
    let (first, second) = if along[0].0 <= along[1].0 {
        (a, b)
    } else {
        (b, a)
    };
    a.found.subject == b.found.subject
        && first.is_cut[1]
        && second.is_cut[0]
        && shared(along[0], along[1]) > 0.0
        && shared(beside[0], beside[1]) >= SAME_EXTENT * least
}

/// Whether a part belongs to an object that was detected whole.
fn lies_in_any(part: &Found, found: &[Found]) -> bool {
    found.iter().any(|other| {
        let inside = part
            .rect
            .intersection(other.rect)
            .map_or(0.0, NormRect::area);
        other.subject == part.subject && inside >= INSIDE * part.rect.area()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Subject;
    use proptest::prelude::*;

    fn size(width: u32, height: u32) -> PixelSize {
        PixelSize::new(width, height).unwrap()
    }

    #[test]
    fn usual_shapes_have_no_tiles_and_wide_and_tall_ones_do() {
        for (width, height) in [
            (1920, 1080),
            (1080, 1920),
            (2538, 1080),
            (640, 480),
            (4096, 8),
        ] {
            assert!(tiles(size(width, height)).is_empty(), "{width}x{height}");
        }
        let four = tiles(size(5120, 720));
        assert_eq!(four.len(), 6);
        assert!(
            four.iter()
                .all(|tile| tile.width() <= 1282 && tile.height() == 720)
        );
        let tall = tiles(size(720, 5120));
        assert_eq!(tall.len(), 6);
        assert!(
            tall.iter()
                .all(|tile| tile.height() <= 1282 && tile.width() == 720)
        );
    }

    fn found(sides: [f32; 4], score: f32) -> Found {
        Found {
            subject: Subject::Screen,
            rect: NormRect::new(sides).unwrap(),
            score,
        }
    }

    /// Goal: the parts of a cut object become one, and so do two detections of a whole object.
    /// Control: two objects that are not cut remain two.
    #[test]
    fn parts_at_a_seam_become_one() {
        let all = size(5120, 720);
        let tiles = tiles(all);
        let piece = |tile: usize, sides| Piece::new(found(sides, 0.5), tiles[tile], all);
        // An object as wide as a tile, across the first two: columns 500 to 1700.
        let first = piece(0, [500.0 / 1280.0, 0.2, 1.0, 0.8]).unwrap();
        let second = piece(1, [0.0, 0.22, (1700.0 - 768.0) / 1280.0, 0.78]).unwrap();
        let one = merge(Vec::new(), vec![first, second], 0.5);
        assert_eq!(one.len(), 1);
        let [x_min, _, x_max, _] = one[0].rect.sides();
        assert!((x_min * 5120.0 - 500.0).abs() < 3.0 && (x_max * 5120.0 - 1700.0).abs() < 3.0);
        // The same object, whole in both tiles.
        let whole = [
            piece(0, [800.0 / 1280.0, 0.2, 1200.0 / 1280.0, 0.8]),
            piece(1, [32.0 / 1280.0, 0.2, 432.0 / 1280.0, 0.8]),
        ];
        let pieces = whole.into_iter().flatten().collect();
        assert_eq!(merge(Vec::new(), pieces, 0.5).len(), 1);
        let two = [
            piece(0, [100.0 / 1280.0, 0.2, 300.0 / 1280.0, 0.8]),
            piece(0, [400.0 / 1280.0, 0.2, 600.0 / 1280.0, 0.8]),
        ];
        let pieces = two.into_iter().flatten().collect();
        assert_eq!(merge(Vec::new(), pieces, 0.5).len(), 2);
    }

    proptest! {
        /// Goal: every pixel is in a tile, and an object narrower than the overlap is whole in one.
        #[test]
        fn tiles_cover_all_and_overlap(width in 16_u32..8192, height in 16_u32..8192) {
            let all = size(width & !1, height & !1);
            let tiles = tiles(all);
            prop_assume!(!tiles.is_empty());
            let across = all.width() >= all.height();
            let ends = |tile: &PixelRect| if across {
                (tile.x_min(), tile.x_max())
            } else {
                (tile.y_min(), tile.y_max())
            };
            prop_assert_eq!(ends(&tiles[0]).0, 0);
            prop_assert_eq!(ends(&tiles[tiles.len() - 1]).1, all.width().max(all.height()));
            for pair in tiles.windows(2) {
                let (first, second) = (ends(&pair[0]), ends(&pair[1]));
                let shared = f64::from(first.1) - f64::from(second.0);
                prop_assert!(shared >= f64::from(first.1 - first.0) * OVERLAP - 4.0);
            }
        }
    }
}

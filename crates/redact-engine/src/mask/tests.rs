use proptest::prelude::*;
use redact_core::{
    Cells, ColorRange, FrameIndex, MaskLevels, MaskRegion, Picture, Redactions, Timestamp,
};
use redact_testkit::{Scene, copy_frame, drawn_mask, shaped_mask};

use super::cells::Grid;
use super::*;

fn redactions(masks: Vec<MaskRegion>) -> Redactions {
    Redactions {
        masks,
        mutes: Vec::new(),
    }
}

/// The same masks with the levels that they have in `frame`, whatever their spans.
fn leveled(masks: Vec<MaskRegion>, frame: &Frame) -> Vec<MaskRegion> {
    let levels = |mask: &MaskRegion| mask_levels(mask, &frame.picture);
    masks
        .into_iter()
        .map(|mask| {
            let levels = levels(&mask);
            mask.with_levels(levels)
        })
        .collect()
}

fn textured(width: u32, height: u32) -> Frame {
    Scene::new(width, height, 1).frame(0)
}

fn samples(frame: &Frame) -> Vec<Vec<u8>> {
    PlaneKind::ALL
        .into_iter()
        .flat_map(|kind| frame.picture.plane(kind).rows().map(<[u8]>::to_vec))
        .collect()
}

fn cells(across: u8) -> Cells {
    Cells::new(across).unwrap()
}

#[test]
fn a_fill_is_black_in_both_ranges() {
    for (range, black) in [(ColorRange::Limited, 16), (ColorRange::Full, 0)] {
        let mut frame = Frame {
            index: FrameIndex::ZERO,
            timestamp: Timestamp::new(0),
            duration_ticks: 1,
            picture: Picture::filled(PixelSize::new(16, 16).unwrap(), range, [200, 90, 90]),
        };
        let mask = drawn_mask("m", Effect::Fill, 0..1, [0.0, 0.0, 0.5, 0.5]);
        mask_frame(&mut frame, &redactions(vec![mask]));
        assert_eq!(
            frame.picture.plane(PlaneKind::Luma).row(7)[..9],
            [[black; 8].as_slice(), &[200]].concat()
        );
        assert_eq!(
            frame.picture.plane(PlaneKind::ChromaBlue).row(3)[..5],
            [128, 128, 128, 128, 90]
        );
        assert_eq!(frame.picture.plane(PlaneKind::Luma).row(8)[0], 200);
    }
}

/// Goal: an ellipse is black in all planes where it is, and nothing else of the picture changes.
/// Control: a rectangle in its place changes the corners too.
#[test]
fn an_ellipse_is_filled_and_nothing_beside_it_is_changed() {
    let original = textured(64, 48);
    let sides = [0.25, 0.25, 0.75, 0.75];
    let round = shaped_mask("m", redact_core::Shape::Ellipse, 0..1, sides);
    let mut frame = copy_frame(&original);
    mask_frame(&mut frame, &redactions(vec![round.clone()]));
    let size = frame.picture.size();
    let area = MaskArea::of(&round, round.path()[0].rect, size);
    let (mut hidden, mut bare) = (0, 0);
    for kind in PlaneKind::ALL {
        let mask = PlaneMask::new(&area, kind);
        let (before, after) = (original.picture.plane(kind), frame.picture.plane(kind));
        let black = if kind == PlaneKind::Luma { 16 } else { 128 };
        for y in 0..after.height {
            for x in 0..after.width {
                let is_hidden = mask.contains(x, y);
                let expected = if is_hidden { black } else { before.row(y)[x] };
                assert_eq!(after.row(y)[x], expected, "{kind:?} {x} {y}");
                if mask.bounds.contains(x, y) {
                    *(if is_hidden { &mut hidden } else { &mut bare }) += 1;
                }
            }
        }
    }
    assert!(hidden > 3 * bare && bare > 0, "{hidden} {bare}");
    let mut control = copy_frame(&original);
    let whole = drawn_mask("m", Effect::Fill, 0..1, sides);
    mask_frame(&mut control, &redactions(vec![whole]));
    assert_ne!(samples(&control), samples(&frame));
}

mod recovery;

#[test]
fn a_grid_has_fewer_cells_along_the_shorter_side_and_none_too_small() {
    let size = PixelSize::new(1000, 1000).unwrap();
    let grid = |width: f32, height: f32, across| {
        let rect = NormRect::new([0.0, 0.0, width / 1000.0, height / 1000.0]).unwrap();
        let grid = Grid::new(masked_rect(rect, size), cells(across));
        (grid.across, grid.down)
    };
    assert_eq!(grid(200.0, 200.0, 8), (8, 8));
    assert_eq!(grid(400.0, 100.0, 8), (8, 2));
    assert_eq!(grid(100.0, 900.0, 8), (1, 8));
    assert_eq!(grid(900.0, 10.0, 8), (8, 1));
    assert_eq!(grid(200.0, 200.0, 1), (1, 1));
    assert_eq!(grid(8.0, 8.0, 8), (2, 2));
    assert_eq!(grid(2.0, 2.0, 8), (1, 1));
}

#[test]
fn a_frame_outside_the_masks_span_stays_as_it_is() {
    let mut frame = textured(32, 32);
    let before = samples(&frame);
    let mask = drawn_mask("m", Effect::Fill, 1..2, [0.0, 0.0, 1.0, 1.0]);
    mask_frame(&mut frame, &redactions(vec![mask]));
    assert_eq!(samples(&frame), before);
}

/// Goal: a blur is the surface it is said to be, not a mosaic.
/// Method: a picture of two halves; along the middle row the levels never step by much.
#[test]
fn a_blur_rises_smoothly_from_cell_to_cell() {
    let size = PixelSize::new(64, 64).unwrap();
    let mut picture = Picture::filled(size, ColorRange::Limited, [40, 128, 128]);
    for y in 0..64 {
        picture.plane_mut(PlaneKind::Luma).row_mut(y)[32..].fill(200);
    }
    let mut frame = Frame {
        index: FrameIndex::ZERO,
        timestamp: Timestamp::new(0),
        duration_ticks: 1,
        picture,
    };
    let mask = drawn_mask("m", Effect::Blur(cells(4)), 0..1, [0.0, 0.0, 1.0, 1.0]);
    let masks = leveled(vec![mask], &frame);
    mask_frame(&mut frame, &redactions(masks));
    let row = frame.picture.plane(PlaneKind::Luma).row(30);
    // The nearest of 16 levels.
    assert_eq!((row[0], row[63]), (45, 206));
    assert!(
        row.windows(2)
            .all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 11)
    );
}

/// Goal: a mask's picture does not change while what it hides does, and scales with the rectangle.
#[test]
fn a_mask_shows_the_same_levels_in_every_frame() {
    for effect in [Effect::Blur(cells(8)), Effect::Pixelate(cells(8))] {
        let mask = drawn_mask("m", effect, 0..9, [0.25, 0.25, 0.75, 0.75]);
        let mask = leveled(vec![mask], &textured(64, 64));
        let shown = |seed: u32, size: u32| {
            let mut frame = Scene::new(size, size, seed + 1).frame(seed);
            mask_frame(&mut frame, &redactions(mask.clone()));
            let plane = frame.picture.plane(PlaneKind::Luma);
            let quarter = size as usize / 4;
            let rows = quarter..quarter * 3;
            rows.map(|y| plane.row(y)[quarter..quarter * 3].to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(0, 64), shown(7, 64));
        let (small, large) = (shown(3, 64), shown(4, 128));
        assert!(small[16][16].abs_diff(large[32][32]) <= 16);
    }
}

/// Goal: when in doubt, hide: a blur of which no levels were taken is black.
#[test]
fn a_mask_without_levels_is_filled() {
    let mut frame = textured(32, 32);
    let mask = drawn_mask("m", Effect::Blur(cells(8)), 0..1, [0.0, 0.0, 1.0, 1.0]);
    mask_frame(&mut frame, &redactions(vec![mask]));
    let plane = frame.picture.plane(PlaneKind::Luma);
    assert!(
        plane
            .rows()
            .all(|row| row.iter().all(|&sample| sample == 16))
    );
}

#[test]
fn levels_are_the_nearest_and_gray_is_one_of_them() {
    for range in [ColorRange::Limited, ColorRange::Full] {
        for kind in PlaneKind::ALL {
            for level in 0..MaskLevels::COUNT {
                let sample = pattern::sample_of(level, kind, range);
                assert_eq!(pattern::level_of(sample, kind, range), level);
            }
        }
        assert_eq!(
            pattern::sample_of(8, PlaneKind::ChromaRed, range),
            pattern::GRAY
        );
        assert_eq!(pattern::sample_of(0, PlaneKind::Luma, range), range.black());
    }
}

fn any_effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::Fill),
        (1_u8..=8).prop_map(|across| Effect::Pixelate(cells(across))),
        (1_u8..=8).prop_map(|across| Effect::Blur(cells(across))),
    ]
}

fn any_sides() -> impl Strategy<Value = [f32; 4]> {
    [0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0].prop_filter_map(
        "empty",
        |[a, b, c, d]| {
            let sides = [a.min(c), b.min(d), a.max(c), b.max(d)];
            NormRect::new(sides).map(|_| sides)
        },
    )
}

fn any_masks() -> impl Strategy<Value = Vec<MaskRegion>> {
    prop::collection::vec((any_effect(), any_sides()), 1..4).prop_map(|masks| {
        masks
            .into_iter()
            .map(|(effect, sides)| drawn_mask("m", effect, 0..1, sides))
            .collect()
    })
}

fn covered(masks: &[MaskRegion], size: PixelSize, kind: PlaneKind, x: usize, y: usize) -> bool {
    masks.iter().any(|mask| {
        let rect = masked_rect(mask.rect_at(FrameIndex::ZERO).unwrap(), size);
        let area = PlaneArea::of(rect, kind);
        area.columns().contains(&x) && area.rows().contains(&y)
    })
}

/// A frame whose every sample differs from that of `textured` by 5 inside and outside alike, yet
/// whose cells have the same means: pairs of neighbours swap their difference.
fn same_means(frame: &Frame, mask: &MaskRegion, grid: Grid) -> Frame {
    let mut other = copy_frame(frame);
    let rect = masked_rect(
        mask.rect_at(FrameIndex::ZERO).unwrap(),
        frame.picture.size(),
    );
    for kind in PlaneKind::ALL {
        let area = PlaneArea::of(rect, kind);
        let mut plane = other.picture.plane_mut(kind);
        for y in area.rows() {
            let row = &mut plane.row_mut(y)[area.columns()];
            for cell in 0..grid.across {
                let start = super::area::part_start(cell, grid.across, area.width);
                let end = super::area::part_start(cell + 1, grid.across, area.width);
                for pair in row[start..end].chunks_exact_mut(2) {
                    pair[0] += 5;
                    pair[1] -= 5;
                }
            }
        }
    }
    other
}

proptest! {
    /// Goal: nothing outside the rectangles changes, in any plane. Method: any masks, any size.
    #[test]
    fn not_one_sample_outside_the_masks_changes(
        masks in any_masks(), half_width in 1_u32..40, half_height in 1_u32..40,
    ) {
        let mut frame = textured(half_width * 2, half_height * 2);
        let before = copy_frame(&frame);
        let size = frame.picture.size();
        let masks = leveled(masks, &frame);
        mask_frame(&mut frame, &redactions(masks.clone()));
        for kind in PlaneKind::ALL {
            let (old, new) = (before.picture.plane(kind), frame.picture.plane(kind));
            for y in 0..new.height {
                for x in 0..new.width {
                    if !covered(&masks, size, kind, x, y) {
                        prop_assert_eq!(old.row(y)[x], new.row(y)[x]);
                    }
                }
            }
        }
    }

    /// Goal: the inside holds nothing finer than the cells.
    /// Method: another picture with the same cell means and other samples gives the same bytes.
    #[test]
    fn what_is_drawn_depends_on_the_cells_means_alone(
        effect in any_effect(), sides in any_sides(),
        half_width in 4_u32..60, half_height in 4_u32..60,
    ) {
        let mask = drawn_mask("m", effect, 0..1, sides);
        let mut frame = textured(half_width * 2, half_height * 2);
        let rect = masked_rect(mask.rect_at(FrameIndex::ZERO).unwrap(), frame.picture.size());
        let grid = Grid::new(rect, cells(match effect {
            Effect::Fill => 1,
            Effect::Pixelate(cells) | Effect::Blur(cells) => cells.across(),
        }));
        let mut other = same_means(&frame, &mask, grid);
        prop_assert!(rect.width() < 4 || samples(&frame) != samples(&other));
        for frame in [&mut frame, &mut other] {
            let masks = leveled(vec![mask.clone()], frame);
            mask_frame(frame, &redactions(masks));
        }
        prop_assert_eq!(samples(&frame), samples(&other));
    }

    /// Goal: no sample of the rectangle is forgotten.
    /// Method: two pictures that differ everywhere by a constant in one cell: each sample inside
    /// must follow the cells. A fill must be black everywhere.
    #[test]
    fn every_sample_inside_is_overwritten(
        effect in any_effect(), sides in any_sides(),
        half_width in 1_u32..40, half_height in 1_u32..40,
    ) {
        let size = PixelSize::new(half_width * 2, half_height * 2).unwrap();
        let mask = drawn_mask("m", effect, 0..1, sides);
        // Columns of black and white: whatever the cells' means are, a sample that was left
        // would be 0 or 255, and a cell of at least two columns is neither.
        let mut picture = Picture::filled(size, ColorRange::Limited, [0, 0, 0]);
        for kind in PlaneKind::ALL {
            let mut plane = picture.plane_mut(kind);
            for y in 0..plane.height {
                plane.row_mut(y).iter_mut().skip(1).step_by(2).for_each(|s| *s = 255);
            }
        }
        let mut frame = Frame {
            index: FrameIndex::ZERO, timestamp: Timestamp::new(0), duration_ticks: 1, picture,
        };
        let masks = leveled(vec![mask.clone()], &frame);
        mask_frame(&mut frame, &redactions(masks));
        for kind in PlaneKind::ALL {
            let rect = masked_rect(mask.rect_at(FrameIndex::ZERO).unwrap(), size);
            let area = PlaneArea::of(rect, kind);
            if area.width < 2 {
                continue; // One column has the mean of itself.
            }
            for y in area.rows() {
                for &sample in &frame.picture.plane(kind).row(y)[area.columns()] {
                    prop_assert!(sample != 0 && sample != 255);
                }
            }
        }
    }
}

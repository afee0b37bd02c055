//! Outlines as bands of whole pixels, rounded outward.

use redact_core::{NormRect, PixelRect, PixelSize, Polygon, Shape};

/// Rows of a band: the fewest that hold whole chroma samples.
const BAND_ROWS: u32 = 2;

/// What is added on both sides of a span of pixels, so that rounding in `f64` (some 1e-11 pixels in
/// the largest picture) never makes it too short.
const SLACK: f64 = 1e-6;

/// A run of columns, in pixels: from its left end to its right end.
type Run = [f64; 2];

/// A rectangle in pixels, not rounded.
struct PixelFrame {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl PixelFrame {
    fn new(rect: NormRect, size: PixelSize) -> Self {
        let [x_min, y_min, x_max, y_max] = rect.sides().map(f64::from);
        let (across, down) = (f64::from(size.width()), f64::from(size.height()));
        Self {
            x: x_min * across,
            y: y_min * down,
            width: (x_max - x_min) * across,
            height: (y_max - y_min) * down,
        }
    }

    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.x + x * self.width, self.y + y * self.height]
    }
}

/// The pixels that `shape` in `rect` touches, in bands of two rows: disjoint, with even sides, from
/// top to bottom and left to right, within the rounded `rect`.
///
/// A pair of rows has at most 16, because each has two of the at most 32 sides of a polygon in it.
pub(super) fn bands(shape: &Shape, rect: NormRect, size: PixelSize) -> Vec<PixelRect> {
    let bounds = PixelRect::covering(rect, size).even();
    let frame = PixelFrame::new(rect, size);
    let outline = match shape {
        Shape::Ellipse => Outline::Ellipse,
        Shape::Polygon(polygon) => Outline::Sides(Sides::new(polygon, &frame)),
    };
    let mut bands = Vec::new();
    for top in (bounds.y_min()..bounds.y_max()).step_by(BAND_ROWS as usize) {
        let strip = [f64::from(top) - SLACK, f64::from(top + BAND_ROWS) + SLACK];
        let runs = match &outline {
            Outline::Ellipse => ellipse_run(&frame, strip).into_iter().collect(),
            Outline::Sides(sides) => sides.runs(strip),
        };
        let columns = whole_columns(runs, [bounds.x_min(), bounds.x_max()]);
        bands.extend(columns.into_iter().filter_map(|run| band(bounds, top, run)));
    }
    bands
}

/// The bands without `margin` pixels at the edge of the area that they make up within `bounds`;
/// `margin` is even.
pub(super) fn shrunk(bands: &[PixelRect], bounds: PixelRect, margin: u32) -> Vec<PixelRect> {
    let mut inner = Vec::new();
    for of_row in bands.chunk_by(|a, b| a.y_min() == b.y_min()) {
        let top = of_row[0].y_min();
        let mut left: Vec<[u32; 2]> = of_row
            .iter()
            .filter_map(|band| inset([band.x_min(), band.x_max()], margin))
            .collect();
        // What is left must lie in each of the rows around it too.
        let Some(from) = top.checked_sub(margin) else {
            continue;
        };
        let until = top + BAND_ROWS + margin;
        for row in (from..until).step_by(BAND_ROWS as usize) {
            let there = bands.iter().filter(|band| band.y_min() == row);
            let there: Vec<[u32; 2]> = there
                .filter_map(|band| inset([band.x_min(), band.x_max()], margin))
                .collect();
            left = common(&left, &there);
        }
        inner.extend(left.into_iter().filter_map(|run| band(bounds, top, run)));
    }
    inner
}

fn inset([left, right]: [u32; 2], margin: u32) -> Option<[u32; 2]> {
    let (left, right) = (left + margin, right.saturating_sub(margin));
    (left < right).then_some([left, right])
}

/// What lies in a run of `a` and in a run of `b`.
fn common(a: &[[u32; 2]], b: &[[u32; 2]]) -> Vec<[u32; 2]> {
    let pairs = a
        .iter()
        .flat_map(|one| b.iter().map(move |other| (one, other)));
    pairs
        .map(|(one, other)| [one[0].max(other[0]), one[1].min(other[1])])
        .filter(|[left, right]| left < right)
        .collect()
}

fn band(bounds: PixelRect, top: u32, [left, right]: [u32; 2]) -> Option<PixelRect> {
    bounds.part([left, top, right, top + BAND_ROWS])
}

/// `runs` as whole, even columns within `first..after`, rounded outward, ascending and disjoint.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the columns of a picture, which are u32"
)]
fn whole_columns(runs: Vec<Run>, [first, after]: [u32; 2]) -> Vec<[u32; 2]> {
    let clamp = |at: f64| at.clamp(f64::from(first), f64::from(after));
    let mut whole: Vec<[u32; 2]> = runs
        .into_iter()
        .map(|[left, right]| {
            let left = clamp((left - SLACK).floor()) as u32 & !1;
            let right = (clamp((right + SLACK).ceil()) as u32).next_multiple_of(2);
            [left, right]
        })
        .filter(|[left, right]| left < right)
        .collect();
    whole.sort_unstable();
    let mut merged: Vec<[u32; 2]> = Vec::with_capacity(whole.len());
    for [left, right] in whole {
        match merged.last_mut() {
            Some(last) if left <= last[1] => last[1] = last[1].max(right),
            _ => merged.push([left, right]),
        }
    }
    merged
}

enum Outline {
    Ellipse,
    Sides(Sides),
}

/// Where the ellipse in `frame` is widest within the rows from `top` to `bottom`.
fn ellipse_run(frame: &PixelFrame, [top, bottom]: [f64; 2]) -> Option<Run> {
    let [x, y] = frame.place([0.5, 0.5]);
    let nearest = y.clamp(top, bottom);
    let rise = (nearest - y) / (frame.height / 2.0);
    let half = (1.0 - rise * rise).sqrt() * frame.width / 2.0;
    // Beyond its highest and lowest points, the root is not a number.
    half.is_finite().then_some([x - half, x + half])
}

/// The sides of a polygon in pixels.
struct Sides {
    sides: Vec<[[f64; 2]; 2]>,
    /// Rows in which a side begins or ends or two of them cross, ascending: between two of them, no
    /// side passes another.
    rows: Vec<f64>,
}

impl Sides {
    fn new(polygon: &Polygon, frame: &PixelFrame) -> Self {
        let sides: Vec<_> = polygon
            .sides()
            .map(|side| side.map(|point| frame.place(point)))
            .collect();
        let mut rows: Vec<f64> = sides.iter().map(|[from, _]| from[1]).collect();
        for (place, side) in sides.iter().enumerate() {
            rows.extend(
                sides[place + 1..]
                    .iter()
                    .filter_map(|other| crossing(side, other)),
            );
        }
        rows.sort_unstable_by(f64::total_cmp);
        Self { sides, rows }
    }

    /// The columns that the polygon touches within the rows from `top` to `bottom`, in no order.
    fn runs(&self, [top, bottom]: [f64; 2]) -> Vec<Run> {
        // The sides themselves, wherever they lead.
        let mut runs: Vec<Run> = self
            .sides
            .iter()
            .filter_map(|side| side_run(side, [top, bottom]))
            .collect();
        // And what lies between them, in each part of the strip in which they keep their order.
        let first = self.rows.partition_point(|&row| row <= top);
        let inner = self.rows[first..].iter().take_while(|&&row| row < bottom);
        let ends = inner.copied().chain([bottom]);
        let mut start = top;
        for end in ends {
            self.add_inside(f64::midpoint(start, end), &mut runs);
            start = end;
        }
        runs
    }

    /// Adds the runs of columns that the polygon goes around in row `y`.
    fn add_inside(&self, y: f64, runs: &mut Vec<Run>) {
        let crosses = |[from, to]: &&[[f64; 2]; 2]| (from[1] <= y) != (to[1] <= y);
        let mut crossings: Vec<(f64, i32)> = self
            .sides
            .iter()
            .filter(crosses)
            .map(|side| (x_at(side, y), if side[0][1] <= y { 1 } else { -1 }))
            .collect();
        crossings.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut winding = 0;
        for pair in crossings.windows(2) {
            winding += pair[0].1;
            if winding != 0 {
                runs.push([pair[0].0, pair[1].0]);
            }
        }
    }
}

/// The column in which a side that is not level passes row `y`.
fn x_at([from, to]: &[[f64; 2]; 2], y: f64) -> f64 {
    let share = (y - from[1]) / (to[1] - from[1]);
    from[0] + share.clamp(0.0, 1.0) * (to[0] - from[0])
}

/// The columns that a side passes within the rows from `top` to `bottom`.
fn side_run(side: &[[f64; 2]; 2], [top, bottom]: [f64; 2]) -> Option<Run> {
    let [from, to] = side;
    let (high, low) = (from[1].min(to[1]), from[1].max(to[1]));
    if low < top || bottom < high {
        return None;
    }
    let ends = if high < low {
        [top, bottom].map(|row| x_at(side, row.clamp(high, low)))
    } else {
        [from[0], to[0]]
    };
    Some([ends[0].min(ends[1]), ends[0].max(ends[1])])
}

/// The row in which two sides cross between their ends.
fn crossing([a, b]: &[[f64; 2]; 2], [c, d]: &[[f64; 2]; 2]) -> Option<f64> {
    let (ab, cd) = ([b[0] - a[0], b[1] - a[1]], [d[0] - c[0], d[1] - c[1]]);
    let cross = |one: [f64; 2], other: [f64; 2]| one[0] * other[1] - one[1] * other[0];
    let turn = cross(ab, cd);
    let ac = [c[0] - a[0], c[1] - a[1]];
    let (along, other) = (cross(ac, cd) / turn, cross(ac, ab) / turn);
    // Parallel sides give no number, and no crossing.
    let inside = |share: f64| (0.0..=1.0).contains(&share);
    (inside(along) && inside(other)).then(|| a[1] + along * ab[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_rect() -> impl Strategy<Value = NormRect> {
        let sides = [0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0];
        sides.prop_filter_map("empty", |[a, b, c, d]| {
            NormRect::new([a.min(c), b.min(d), a.max(c), b.max(d)])
        })
    }

    fn any_shape() -> impl Strategy<Value = Shape> {
        // On a coarse grid too, so that sides are level, upright, on each other and of no length.
        let fine = (0.0_f32..=1.0, 0.0_f32..=1.0);
        let coarse = (0_u8..5, 0_u8..5).prop_map(|(x, y)| (f32::from(x) / 4.0, f32::from(y) / 4.0));
        let point = prop_oneof![fine, coarse].prop_map(|(x, y)| [x, y]);
        let polygon = prop::collection::vec(point, 3..=32)
            .prop_filter_map("it has no area", |points| {
                Polygon::new(points).map(Shape::Polygon)
            });
        prop_oneof![Just(Shape::Ellipse), polygon]
    }

    fn has(bands: &[PixelRect], x: u32, y: u32) -> bool {
        bands.iter().any(|band| band.contains(x, y))
    }

    proptest! {
        /// Goal: a pixel with any point of the outline's inside in it is hidden, and none outside
        /// of the box is. Control: without the last band, or one that is two columns narrower,
        /// some are not hidden (below).
        #[test]
        fn a_shape_is_hidden_whole_and_nothing_outside_of_its_box(
            shape in any_shape(), rect in any_rect(),
            width in 1_u32..120, height in 1_u32..120, points in 3_u16..9,
        ) {
            let size = PixelSize::new(width * 2, height * 2).unwrap();
            let bands = bands(&shape, rect, size);
            let bounds = PixelRect::covering(rect, size).even();
            for pair in bands.windows(2) {
                let order = |band: &PixelRect| (band.y_min(), band.x_min());
                prop_assert!(order(&pair[0]) < order(&pair[1]) && !pair[0].overlaps(pair[1]));
            }
            for band in &bands {
                prop_assert_eq!(band.even(), *band);
                prop_assert!(bounds.x_min() <= band.x_min() && band.x_max() <= bounds.x_max());
                prop_assert!(bounds.y_min() <= band.y_min() && band.y_max() <= bounds.y_max());
            }
            prop_assert!(bands.len() <= bounds.height() as usize / 2 * 16);
            for x in bounds.x_min()..bounds.x_max() {
                for y in bounds.y_min()..bounds.y_max() {
                    let step = |at: u16| (f64::from(at) + 0.5) / f64::from(points);
                    let inside = (0..points * points).any(|at| {
                        let place = [
                            (f64::from(x) + step(at % points)) / f64::from(size.width()),
                            (f64::from(y) + step(at / points)) / f64::from(size.height()),
                        ];
                        holds(&shape, rect, place)
                    });
                    prop_assert!(!inside || has(&bands, x, y), "{x} {y}");
                }
            }
        }

        /// Goal: without its edge, a shape is a part of itself that the edge surrounds.
        #[test]
        fn what_is_left_without_the_edge_lies_within(
            shape in any_shape(), rect in any_rect(), width in 1_u32..60, height in 1_u32..60,
        ) {
            let size = PixelSize::new(width * 2, height * 2).unwrap();
            let bands = bands(&shape, rect, size);
            let bounds = PixelRect::covering(rect, size).even();
            for band in shrunk(&bands, bounds, 2) {
                for x in band.x_min()..band.x_max() {
                    for y in band.y_min()..band.y_max() {
                        for (dx, dy) in [(0, 0), (0, 4), (4, 0), (4, 4), (2, 0), (0, 2)] {
                            prop_assert!(has(&bands, x + dx - 2, y + dy - 2), "{x} {y}");
                        }
                    }
                }
            }
        }
    }

    /// Whether the point lies in the rectangle and the outline.
    fn holds(shape: &Shape, rect: NormRect, [x, y]: [f64; 2]) -> bool {
        let [x_min, y_min, x_max, y_max] = rect.sides().map(f64::from);
        #[expect(clippy::cast_possible_truncation, reason = "fractions of a picture")]
        let point = [x as f32, y as f32];
        (x_min..=x_max).contains(&x) && (y_min..=y_max).contains(&y) && shape.contains(rect, point)
    }

    /// Goal: the property above notices pixels that are missing, and a shape hides less than its
    /// box.
    #[test]
    fn a_round_shape_needs_its_bands_and_leaves_its_corners() {
        let size = PixelSize::new(64, 64).unwrap();
        let rect = NormRect::new([0.25, 0.25, 0.75, 0.75]).unwrap();
        let bands = bands(&Shape::Ellipse, rect, size);
        assert_eq!(bands.len(), 16);
        assert!(!has(&bands, 16, 16) && has(&bands, 32, 16) && has(&bands, 32, 47));
        let area: u32 = bands.iter().map(|band| band.width() * band.height()).sum();
        let round = std::f64::consts::PI * 16.0 * 16.0;
        assert!(
            f64::from(area) > round && f64::from(area) < round * 1.2,
            "{area}"
        );
        let bounds = PixelRect::covering(rect, size).even();
        let inner = shrunk(&bands, bounds, 2);
        let inner: u32 = inner.iter().map(|band| band.width() * band.height()).sum();
        assert!(inner < area && inner > area / 2, "{inner}");
    }

    /// Goal: a notch stays visible, also between two runs of one band.
    #[test]
    fn a_band_may_have_a_gap() {
        let size = PixelSize::new(64, 64).unwrap();
        let points = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.2], [0.0, 1.0]];
        let arrow = Shape::Polygon(Polygon::new(points).unwrap());
        let bands = bands(&arrow, NormRect::WHOLE, size);
        let last: Vec<_> = bands.iter().filter(|band| band.y_min() == 62).collect();
        assert_eq!(last.len(), 2);
        assert!(has(&bands, 0, 63) && has(&bands, 63, 63) && !has(&bands, 32, 63));
    }
}

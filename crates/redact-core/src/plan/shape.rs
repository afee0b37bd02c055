//! Outlines of filled masks that are not rectangles.

use crate::NormRect;

/// The outline of a mask within its rectangle; a mask without one fills the rectangle.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// The ellipse that touches the middle of each side of the rectangle.
    Ellipse,
    /// The area inside a polygon.
    Polygon(Polygon),
}

impl Shape {
    /// `ellipse` or `polygon`, as files spell it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ellipse => "ellipse",
            Self::Polygon(_) => "polygon",
        }
    }

    /// Whether the point `[x, y]` lies inside this outline in `rect`; all of them are fractions of
    /// the picture. A point on the outline may count either way.
    #[must_use]
    pub fn contains(&self, rect: NormRect, [x, y]: [f32; 2]) -> bool {
        let [x_min, y_min, x_max, y_max] = rect.sides().map(f64::from);
        let x = (f64::from(x) - x_min) / (x_max - x_min);
        let y = (f64::from(y) - y_min) / (y_max - y_min);
        match self {
            Self::Ellipse => (2.0 * x - 1.0).hypot(2.0 * y - 1.0) <= 1.0,
            Self::Polygon(polygon) => polygon.winding([x, y]) != 0,
        }
    }
}

/// A closed polygon in coordinates of a rectangle: `[0, 0]` is its top-left corner, `[1, 1]` its
/// bottom-right one.
///
/// Where its sides cross, everything that they go around is inside (nonzero winding rule).
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon(Vec<[f32; 2]>);

impl Polygon {
    /// The fewest points.
    pub const POINTS_MIN: usize = 3;
    /// The most points.
    pub const POINTS_MAX: usize = 32;

    /// Makes a polygon; `None` unless it has 3 to 32 points with coordinates of 0 to 1, of which
    /// some three span at least a thousandth of the rectangle.
    #[must_use]
    pub fn new(points: Vec<[f32; 2]>) -> Option<Self> {
        let count = (Self::POINTS_MIN..=Self::POINTS_MAX).contains(&points.len());
        let inside = |point: &[f32; 2]| point.iter().all(|at| (0.0..=1.0).contains(at));
        let usable = count && points.iter().all(inside) && has_area(&points);
        usable.then_some(Self(points))
    }

    /// Its points, in order.
    #[must_use]
    pub fn points(&self) -> &[[f32; 2]] {
        &self.0
    }

    /// Its sides, each from one point to the next; the last one closes it.
    pub fn sides(&self) -> impl Iterator<Item = [[f64; 2]; 2]> + '_ {
        let points = || self.0.iter().map(|point| point.map(f64::from));
        points()
            .zip(points().cycle().skip(1))
            .map(|(from, to)| [from, to])
    }

    /// How often the polygon goes around a point, counted down where it goes the other way.
    fn winding(&self, [x, y]: [f64; 2]) -> i32 {
        let crossing = |[[x_from, y_from], [x_to, y_to]]: [[f64; 2]; 2]| {
            if (y_from <= y) == (y_to <= y) {
                return 0;
            }
            let at = x_from + (y - y_from) / (y_to - y_from) * (x_to - x_from);
            match (at > x, y_from <= y) {
                (false, _) => 0,
                (true, true) => 1,
                (true, false) => -1,
            }
        };
        self.sides().map(crossing).sum()
    }
}

/// Whether any three of the points span a triangle that can hide something.
fn has_area(points: &[[f32; 2]]) -> bool {
    let mut triples = points.iter().enumerate().flat_map(|(at, a)| {
        let rest = &points[at + 1..];
        rest.iter()
            .flat_map(move |b| rest.iter().map(move |c| (a, b, c)))
    });
    triples.any(|(a, b, c)| {
        let doubled = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        doubled.abs() >= 0.002
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: [f32; 4] = [0.25, 0.5, 0.75, 1.0];

    fn inside(shape: &Shape, point: [f32; 2]) -> bool {
        shape.contains(NormRect::new(BOX).unwrap(), point)
    }

    #[test]
    fn an_ellipse_lacks_the_corners_of_its_box() {
        for point in [[0.5, 0.75], [0.26, 0.75], [0.5, 0.99], [0.65, 0.9]] {
            assert!(inside(&Shape::Ellipse, point), "{point:?}");
        }
        for point in [[0.26, 0.51], [0.74, 0.99], [0.5, 0.49], [0.8, 0.75]] {
            assert!(!inside(&Shape::Ellipse, point), "{point:?}");
        }
    }

    /// Goal: whatever a polygon goes around is inside, also where its sides cross. Control: the
    /// notch of an arrow is not.
    #[test]
    fn a_polygon_holds_what_it_goes_around() {
        let polygon = |points: &[[f32; 2]]| Shape::Polygon(Polygon::new(points.into()).unwrap());
        let star = polygon(&[[0.5, 0.0], [0.8, 1.0], [0.0, 0.4], [1.0, 0.4], [0.2, 1.0]]);
        assert!(inside(&star, [0.5, 0.75]), "the middle of a star");
        let arrow = polygon(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.2], [0.0, 1.0]]);
        assert!(inside(&arrow, [0.3, 0.6]) && inside(&arrow, [0.7, 0.6]));
        assert!(!inside(&arrow, [0.5, 0.8]));
        let eight = polygon(&[[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]);
        assert!(inside(&eight, [0.27, 0.75]) && inside(&eight, [0.73, 0.75]));
    }

    #[test]
    fn a_polygon_has_three_to_thirty_two_points_in_its_box() {
        let make = |count: usize, at: f32| {
            let mut points = vec![[0.5, at]; count];
            points[0] = [0.0, 0.5];
            points[1] = [1.0, 0.4];
            Polygon::new(points)
        };
        assert!(make(3, 0.0).is_some() && make(32, 1.0).is_some());
        for (count, at) in [(2, 0.5), (33, 0.5), (3, 1.1), (3, -0.1), (3, f32::NAN)] {
            assert!(make(count, at).is_none(), "{count} {at}");
        }
        for line in [[[0.5, 0.5]; 3], [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]] {
            assert!(Polygon::new(line.into()).is_none(), "hides nothing");
        }
    }
}

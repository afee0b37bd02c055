//! Outlines of filled masks in plans and manifests.

use redact_core::{MaskRegion, Polygon, Shape};
use serde::{Deserialize, Serialize};

use crate::RecordError;

/// The outline of a filled mask within its rectangle.
///
/// A program that does not know it refuses the file instead of hiding something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum ShapeFile {
    /// The ellipse that touches the middle of each side of the rectangle.
    // A struct variant, because serde accepts unknown keys beside a unit variant's tag.
    Ellipse {},
    /// A closed polygon. Where its sides cross, everything that they go around is hidden.
    Polygon {
        /// 3 to 32 points `[x, y]` in fractions of the rectangle, from its top-left corner.
        points: Vec<(f32, f32)>,
    },
}

impl From<&Shape> for ShapeFile {
    fn from(shape: &Shape) -> Self {
        match shape {
            Shape::Ellipse => Self::Ellipse {},
            Shape::Polygon(polygon) => Self::Polygon {
                points: polygon.points().iter().map(|&[x, y]| (x, y)).collect(),
            },
        }
    }
}

impl ShapeFile {
    /// The outline; `None` unless a polygon has 3 to 32 points within the rectangle.
    #[must_use]
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Self::Ellipse {} => Some(Shape::Ellipse),
            Self::Polygon { points } => {
                let points = points.iter().map(|&(x, y)| [x, y]).collect();
                Polygon::new(points).map(Shape::Polygon)
            }
        }
    }
}

/// `region` with the outline that its file gives it; `at` names its keys in errors.
pub(crate) fn shaped(
    region: MaskRegion,
    shape: Option<&ShapeFile>,
    at: &dyn Fn(&str) -> String,
) -> Result<MaskRegion, RecordError> {
    let Some(file) = shape else {
        return Ok(region);
    };
    let Some(shape) = file.shape() else {
        let expected =
            "a polygon of 3 to 32 points with coordinates from 0 to 1, not all on one line";
        return Err(RecordError::field(at("shape"), "another polygon", expected));
    };
    let found = format!("{} with effect {}", shape.name(), region.effect().name());
    region.with_shape(Some(shape)).ok_or_else(|| {
        let expected = "effect fill, because an ellipse or polygon can only be filled; or no shape";
        RecordError::field(at("shape"), found, expected)
    })
}

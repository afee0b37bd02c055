//! Outlines of regions that are not rectangles, as the page sends them.

use redact_core::{MaskRegion, Polygon};
use serde::{Deserialize, Serialize};

use crate::api_error::{ApiError, ApiResult};

/// The outline of a filled region within its box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Shape {
    // A struct variant, because serde accepts unknown keys beside a unit variant's tag.
    Ellipse {},
    /// 3 to 32 points in fractions of the box, from its top-left corner.
    Polygon {
        points: Vec<(f32, f32)>,
    },
}

impl Shape {
    fn to_core(&self) -> Option<redact_core::Shape> {
        match self {
            Self::Ellipse {} => Some(redact_core::Shape::Ellipse),
            Self::Polygon { points } => {
                let points = points.iter().map(|&(x, y)| [x, y]).collect();
                Polygon::new(points).map(redact_core::Shape::Polygon)
            }
        }
    }
}

/// `region` with the outline `shape`; `at` names its keys in errors.
///
/// # Errors
/// 400 for another polygon, or an effect that is not a fill.
pub(crate) fn shaped(
    region: MaskRegion,
    shape: Option<&Shape>,
    at: &dyn Fn(&str) -> String,
) -> ApiResult<MaskRegion> {
    let Some(shape) = shape else {
        return Ok(region);
    };
    let Some(shape) = shape.to_core() else {
        let expected = "Expected 3 to 32 points with coordinates from 0 to 1, not all on one line.";
        return Err(ApiError::field(at("shape.points"), expected));
    };
    region.with_shape(Some(shape)).ok_or_else(|| {
        let expected = "An ellipse or polygon can only be filled; choose the black box, or a \
                        rectangle.";
        ApiError::field(at("effect"), expected)
    })
}

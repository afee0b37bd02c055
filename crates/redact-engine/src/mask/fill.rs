//! Black: nothing of the region is left.

use redact_core::PlaneMut;

use super::Area;

/// The chroma of black, grey and white in both ranges.
pub(crate) const GREY: u8 = 128;

/// Sets every sample of `area` to `value`.
pub(crate) fn fill(plane: &mut PlaneMut<'_>, area: Area, value: u8) {
    for y in area.rows() {
        plane.row_mut(y)[area.columns()].fill(value);
    }
}

//! File representations of core types, shared by findings, plans and manifests.

pub(crate) mod damage;
pub(crate) mod kept_speech;
pub(crate) mod names;
pub(crate) mod plan;
pub(crate) mod reason;
pub(crate) mod shape;
pub(crate) mod source;
pub(crate) mod span;
mod text;
pub(crate) mod track;
pub(crate) mod transcript;

use redact_core::NormRect;

use crate::RecordError;

/// `[x_min, y_min, x_max, y_max]` as a rectangle, or an error that names `field`.
pub(crate) fn rect(
    field: impl FnOnce() -> String,
    sides: [f32; 4],
) -> Result<NormRect, RecordError> {
    NormRect::new(sides).ok_or_else(|| {
        RecordError::field(
            field(),
            format!("{sides:?}"),
            "a rectangle with 0 <= min < max <= 1 on both axes",
        )
    })
}

//! Time spans in files.

use redact_core::TimeSpan;

use crate::RecordError;
use crate::json::Seconds;

/// A span of sound, or an error that names `field`.
pub(crate) fn sound_span(
    field: &str,
    start: Seconds,
    end: Seconds,
) -> Result<TimeSpan, RecordError> {
    TimeSpan::new(start.0, end.0).ok_or_else(|| {
        let found = format!("{start} to {end}");
        RecordError::field(field, found, "a span that starts before it ends")
    })
}

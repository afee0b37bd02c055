//! This machine's clock.

use redact_core::UtcNanos;

/// The time in UTC.
pub(crate) fn now() -> UtcNanos {
    let nanos = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
    UtcNanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

//! Times in the desk: milliseconds since 1970, and as the API spells them.

use ::time::format_description::well_known::{Iso8601, Rfc3339};
use ::time::{Date, OffsetDateTime};

/// Milliseconds of civil time since 1970-01-01T00:00:00Z.
pub(crate) type Millis = i64;

pub(crate) const MINUTE: Millis = 60_000;
pub(crate) const HOUR: Millis = 60 * MINUTE;

/// The date and time of `at`.
pub(crate) fn moment(at: Millis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `2026-01-31T08:30:00.123Z`.
pub(crate) fn text(at: Millis) -> String {
    moment(at).format(&Rfc3339).unwrap_or_default()
}

/// `2026-01-31 08:30:00 UTC`, of a time as [`text`] writes it.
pub(crate) fn plain(text: &str) -> String {
    format!("{} UTC", text.get(..19).unwrap_or(text).replace('T', " "))
}

/// The day of `at`, in UTC.
pub(crate) fn day(at: Millis) -> Date {
    moment(at).date()
}

/// Reads `2026-01-31`.
pub(crate) fn read_day(text: &str) -> Option<Date> {
    // ISO 8601 also has week dates and ordinal dates, which have other lengths.
    let date = Date::parse(text, &Iso8601::DATE).ok()?;
    (day_text(date) == text).then_some(date)
}

/// Writes `2026-01-31`.
pub(crate) fn day_text(day: Date) -> String {
    day.format(&Iso8601::DATE).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelled_in_utc() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(1_500), "1970-01-01T00:00:01.5Z");
        assert_eq!(plain(&text(1_500)), "1970-01-01 00:00:01 UTC");
    }
}

//! Times in the desk: milliseconds since 1970, and as the API spells them.

use ::time::format_description::well_known::{Iso8601, Rfc3339};
use ::time::{Date, Duration, OffsetDateTime};

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

/// The date `count` days after `from`, not counting days that are `off`.
pub(crate) fn days_after(from: Date, count: u16, off: impl Fn(Date) -> bool) -> Date {
    let mut day = from;
    let mut left = count;
    while left > 0 {
        let Some(next) = day.checked_add(Duration::days(1)) else {
            return day;
        };
        day = next;
        if !off(day) {
            left -= 1;
        }
    }
    day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_are_off_are_not_counted() {
        let friday = read_day("2026-01-30").unwrap();
        let weekend = |day: Date| day.weekday().number_days_from_monday() > 4;
        assert_eq!(day_text(days_after(friday, 1, weekend)), "2026-02-02");
        assert_eq!(day_text(days_after(friday, 10, weekend)), "2026-02-13");
        assert_eq!(day_text(days_after(friday, 10, |_| false)), "2026-02-09");
    }

    #[test]
    fn times_are_spelled_in_utc() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(1_500), "1970-01-01T00:00:01.5Z");
    }
}

//! Times in WebVTT files.

use redact_core::TimeSpan;

const NANOS_PER_MS: i64 = 1_000_000;

/// A span in whole milliseconds, rounded outward.
pub(super) fn outward(span: TimeSpan) -> (i64, i64) {
    let start = span.start_nanos().div_euclid(NANOS_PER_MS);
    (start, round_up(span.end_nanos()))
}

/// Milliseconds that are not before `nanos`.
pub(super) const fn round_up(nanos: i64) -> i64 {
    let whole = nanos.div_euclid(NANOS_PER_MS);
    if nanos.rem_euclid(NANOS_PER_MS) == 0 {
        whole
    } else {
        whole + 1
    }
}

/// The span of whole milliseconds; `None` if it would be empty.
pub(super) fn span((start, end): (i64, i64)) -> Option<TimeSpan> {
    TimeSpan::new(
        start.saturating_mul(NANOS_PER_MS),
        end.saturating_mul(NANOS_PER_MS),
    )
}

/// `00:01:02.345`.
pub(super) fn stamp(millis: i64) -> String {
    let millis = millis.max(0);
    let seconds = millis / 1000;
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        millis % 1000
    )
}

/// The same of nanoseconds, rounded down.
pub(super) fn stamp_nanos(nanos: i64) -> String {
    stamp(nanos.div_euclid(NANOS_PER_MS))
}

/// What [`stamp`] makes, as milliseconds; `None` for every other text.
pub(super) fn read_stamp(text: &str) -> Option<i64> {
    let (clock, millis) = text.split_once('.')?;
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>, below: i64| {
        let valid = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let value = text.parse::<i64>().ok().filter(|_| valid)?;
        (value < below).then_some(value)
    };
    let hours = number(hours, 2..=5, 100_000)?;
    let (minutes, seconds) = (number(minutes, 2..=2, 60)?, number(seconds, 2..=2, 60)?);
    let read = ((hours * 60 + minutes) * 60 + seconds) * 1000 + number(millis, 3..=3, 1000)?;
    // One spelling for each time.
    (parts.next().is_none() && stamp(read) == text).then_some(read)
}

//! How speech is cut into what a recognizer takes at once.

use redact_core::TimeSpan;

/// A stretch of at least this length ends at the next pause, if that is long.
const ENOUGH_NANOS: i64 = 10_000_000_000;

/// A pause after which a stretch ends once it is long enough.
const PAUSE_NANOS: i64 = 600_000_000;

/// A pause after which a stretch always ends: recognizers invent words in long silence.
const SILENCE_NANOS: i64 = 4_000_000_000;

/// Where a stretch without pauses may be cut: in the last part of what a recognizer takes.
const CUT_WITHIN_NANOS: i64 = 10_000_000_000;

/// Length of a moment that is compared by its loudness, and the distance of two such moments.
const MOMENT_NANOS: i64 = 200_000_000;
const MOMENT_STEP_NANOS: i64 = 20_000_000;

/// Joins spans of speech (sorted and disjoint) to stretches that end at pauses. A span that is
/// longer than `longest_nanos` is a stretch by itself: see [`cut`].
pub(super) fn stretches(speech: &[TimeSpan], longest_nanos: i64) -> Vec<TimeSpan> {
    let mut joined: Vec<TimeSpan> = Vec::new();
    for &span in speech {
        let Some(last) = joined.last_mut() else {
            joined.push(span);
            continue;
        };
        let pause = span.start_nanos().saturating_sub(last.end_nanos());
        let both = TimeSpan::new(last.start_nanos(), span.end_nanos());
        let fits = both.is_some_and(|both| both.length_nanos() <= longest_nanos);
        let ends =
            pause >= SILENCE_NANOS || last.length_nanos() >= ENOUGH_NANOS && pause >= PAUSE_NANOS;
        match both.filter(|_| fits && !ends) {
            Some(both) => *last = both,
            None => joined.push(span),
        }
    }
    joined
}

/// Cuts a stretch that is longer than `longest_nanos` at its quietest moment, which is looked for
/// in the last part of what a recognizer takes; `None` if the stretch is short enough.
pub(super) fn cut(
    stretch: TimeSpan,
    longest_nanos: i64,
    loudness: impl Fn(TimeSpan) -> f32,
) -> Option<(TimeSpan, TimeSpan)> {
    if stretch.length_nanos() <= longest_nanos {
        return None;
    }
    let latest = stretch.start_nanos().saturating_add(longest_nanos);
    let earliest = latest - CUT_WITHIN_NANOS.min(longest_nanos / 2);
    let mut quietest = (f32::INFINITY, latest);
    let mut at = latest;
    // Backward, so that of equally quiet moments the latest counts.
    while at >= earliest {
        let moment = TimeSpan::new(at - MOMENT_NANOS / 2, at + MOMENT_NANOS / 2)?;
        let loud = loudness(moment);
        if loud < quietest.0 {
            quietest = (loud, at);
        }
        at -= MOMENT_STEP_NANOS;
    }
    let at = quietest.1;
    let first = TimeSpan::new(stretch.start_nanos(), at)?;
    Some((first, TimeSpan::new(at, stretch.end_nanos())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcribe::tests::span;

    const SECOND: i64 = 1_000_000_000;

    /// Goal: stretches are long enough to be understood and never longer than a recognizer takes.
    #[test]
    fn speech_is_joined_across_short_pauses_and_ends_at_long_ones() {
        let speech = [
            span(0.0, 3.0),
            span(4.0, 12.0),
            span(12.7, 14.0),
            span(14.3, 20.0),
            span(30.0, 31.0),
            span(36.0, 70.0),
        ];
        let expected = [
            span(0.0, 12.0),
            span(12.7, 20.0),
            span(30.0, 31.0),
            span(36.0, 70.0),
        ];
        assert_eq!(stretches(&speech, 30 * SECOND), expected);
        assert_eq!(stretches(&[], 30 * SECOND), []);
    }

    /// Goal: no stretch exceeds the limit, and nothing lies between two of them but pauses.
    #[test]
    fn a_long_stretch_is_cut_at_its_quietest_moment() {
        let quiet_at = |second: i64| {
            move |moment: TimeSpan| {
                let middle = (moment.start_nanos() + moment.end_nanos()) / 2;
                let millis = (middle - second * SECOND).abs() / 1_000_000;
                f32::from(u16::try_from(millis).unwrap())
            }
        };
        let long = span(36.0, 80.0);
        let (first, rest) = cut(long, 30 * SECOND, quiet_at(61)).unwrap();
        assert_eq!((first, rest), (span(36.0, 61.0), span(61.0, 80.0)));
        // A quiet moment that lies too early does not count: the nearest possible one does.
        let (first, _) = cut(long, 30 * SECOND, quiet_at(40)).unwrap();
        assert_eq!(first, span(36.0, 56.0));
        assert_eq!(cut(span(0.0, 30.0), 30 * SECOND, quiet_at(20)), None);
    }
}

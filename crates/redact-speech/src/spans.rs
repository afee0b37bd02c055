//! When an item may be said.

use std::ops::Range;

use redact_core::{TimeSpan, Word};

/// How far a mute reaches into the pause beside an item, at most: 1 s.
///
/// A recognizer puts the start and end of a word wherever its attention is, and several digits that
/// it writes as one word often end too early; what is left of them then lies in what looks like a
/// pause.
const PAUSE_NANOS: i64 = 1_000_000_000;

/// How far a word may begin or end beside its times, at least: 0.15 s. With the 0.25 s of the
/// policies that come along, a mute reaches 0.4 s over the neighbors; with 0.25 s in all, a few
/// hundredths of a second of every tenth item stayed audible with a voice that no rule was made
/// with.
const WORD_TIME_ERROR_NANOS: i64 = 150_000_000;

/// For every digit of the item, how much further: 0.4 s, the time in which a digit is said.
const DIGIT_NANOS: i64 = 400_000_000;

/// How far a mute reaches at most, whatever was said: 5 s.
const REACH_NANOS: i64 = 5_000_000_000;

/// Words before an item that may still be said when it begins.
const BEFORE: usize = 3;

/// When the words at `item` may be said: from the end of the word before them to the start of the
/// one after, 1 s and 0.4 s for each digit beyond their own times at most, and at least 0.15 s.
/// `None` if there are no such words.
pub(crate) fn span_of(words: &[Word], item: Range<usize>) -> Option<TimeSpan> {
    let own = words.get(item.clone())?;
    let start = own.iter().map(|word| word.span.start_nanos()).min()?;
    let end = own.iter().map(|word| word.span.end_nanos()).max()?;
    let earlier = &words[item.start.saturating_sub(BEFORE)..item.start];
    let before = earlier.iter().map(|word| word.span.end_nanos()).max();
    let after = words.get(item.end).map(|word| word.span.start_nanos());
    let digits = own.iter().flat_map(|word| word.text.bytes());
    let digits = i64::try_from(digits.filter(u8::is_ascii_digit).count()).unwrap_or(i64::MAX);
    let reach = PAUSE_NANOS
        .saturating_add(digits.saturating_mul(DIGIT_NANOS))
        .min(REACH_NANOS);
    let first = start.saturating_sub(reach);
    let last = end.saturating_add(reach);
    let padded = TimeSpan::new(start, end)?.padded(WORD_TIME_ERROR_NANOS);
    TimeSpan::new(
        before
            .map_or(first, |before| before.max(first))
            .min(padded.start_nanos()),
        after
            .map_or(last, |after| after.min(last))
            .max(padded.end_nanos()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn words(spans: &[(i64, i64)]) -> Vec<Word> {
        let word = |(start, end): &(i64, i64)| Word {
            text: "word".to_owned(),
            span: TimeSpan::new(start * MS, end * MS).expect("not empty"),
            probability: 1.0,
        };
        spans.iter().map(word).collect()
    }

    #[test]
    fn an_item_may_be_said_in_the_pauses_beside_it() {
        for (spans, expected) in [
            // Up to the neighbors, but not far into a long pause.
            ([(0, 400), (900, 1300), (1700, 2000)], (400, 1700)),
            ([(0, 400), (9000, 9300), (19000, 20000)], (8000, 10300)),
            // At least 0.15 s, even over neighbors.
            ([(0, 400), (400, 700), (700, 900)], (250, 850)),
        ] {
            let (start, end) = expected;
            let found = span_of(&words(&spans), 1..2);
            assert_eq!(found, TimeSpan::new(start * MS, end * MS));
        }
        let alone = span_of(&words(&[(0, 1), (5000, 5100)]), 1..2);
        assert_eq!(alone, TimeSpan::new(4000 * MS, 6100 * MS));
        assert_eq!(span_of(&words(&[(0, 1)]), 1..2), None);
    }
}

//! When an item has to be silent.

use redact_core::{PersonalItem, TimeSpan, Word};

/// How far a mute reaches into the pause beside an item, at most: 1 s.
///
/// A recognizer puts the start and end of a word wherever its attention is, and several digits that
/// it writes as one word often end too early; what is left of them then lies in what looks like a
/// pause.
const PAUSE_NANOS: i64 = 1_000_000_000;

/// How far a mute reaches over the neighbors at least: 0.4 s. With 0.25 s, a few hundredths of a
/// second of every tenth item stayed audible with a voice that no rule was made with.
const PADDING_NANOS: i64 = 400_000_000;

/// For every digit of the item, how much further: 0.4 s, the time in which a digit is said.
const DIGIT_NANOS: i64 = 400_000_000;

/// How far a mute reaches at most, whatever was said: 5 s.
const REACH_NANOS: i64 = 5_000_000_000;

/// Words before an item that may still be said when it begins.
const BEFORE: usize = 3;

/// When `item` has to be muted: from the end of the word before it to the start of the one after
/// it, 1 s and 0.4 s for each digit beyond its own words at most, and at least 0.4 s or
/// `padding_nanos`, whichever is more.
///
/// `words` are those that the item was found in; `None` if it has other ones.
#[must_use]
pub fn span_to_mute(words: &[Word], item: &PersonalItem, padding_nanos: i64) -> Option<TimeSpan> {
    let own = words.get(item.words.clone())?;
    let start = own.iter().map(|word| word.span.start_nanos()).min()?;
    let end = own.iter().map(|word| word.span.end_nanos()).max()?;
    let earlier = &words[item.words.start.saturating_sub(BEFORE)..item.words.start];
    let before = earlier.iter().map(|word| word.span.end_nanos()).max();
    let after = words
        .get(item.words.end)
        .map(|word| word.span.start_nanos());
    let digits = own.iter().flat_map(|word| word.text.bytes());
    let digits = i64::try_from(digits.filter(u8::is_ascii_digit).count()).unwrap_or(i64::MAX);
    let reach = PAUSE_NANOS
        .saturating_add(digits.saturating_mul(DIGIT_NANOS))
        .min(REACH_NANOS);
    let first = start.saturating_sub(reach);
    let last = end.saturating_add(reach);
    let padded = TimeSpan::new(start, end)?.padded(padding_nanos.max(PADDING_NANOS));
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
    use redact_core::PersonalClass;

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
    fn a_mute_fills_the_pauses_beside_an_item() {
        let item = PersonalItem {
            class: PersonalClass::PersonName,
            words: 1..2,
        };
        for (spans, padding, expected) in [
            // Up to the neighbors, but not far into a long pause.
            ([(0, 400), (900, 1300), (1700, 2000)], 150, (400, 1700)),
            ([(0, 400), (9000, 9300), (19000, 20000)], 0, (8000, 10300)),
            // At least the padding, even over neighbors; never less than 0.4 s.
            ([(0, 400), (400, 700), (700, 900)], 150, (0, 1100)),
            ([(0, 400), (400, 700), (700, 900)], 500, (-100, 1200)),
        ] {
            let (start, end) = expected;
            let found = span_to_mute(&words(&spans), &item, padding * MS);
            assert_eq!(found, TimeSpan::new(start * MS, end * MS));
        }
        let alone = span_to_mute(&words(&[(0, 1), (5000, 5100)]), &item, 0);
        assert_eq!(alone, TimeSpan::new(4000 * MS, 6100 * MS));
        assert_eq!(span_to_mute(&words(&[(0, 1)]), &item, 0), None);
    }
}

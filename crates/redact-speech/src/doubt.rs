//! Words that a recognizer doubts.

use redact_core::{TimeSpan, Unclear, UnclearCause, Word};

/// A word that is less probable may be a name or a number that was taken for something else.
///
/// Measured with Whisper base (`benches/speech.md`).
pub const DOUBTED_PROBABILITY: f32 = 0.3;

/// How far a doubted word reaches at both ends: a recognizer's times are off by that much.
const PADDING_NANOS: i64 = 150_000_000;

/// Where `words` are less probable than [`DOUBTED_PROBABILITY`], in order and apart.
///
/// A stretch may be recognized well as a whole and still have lost a name: "Was it loose or
/// somebody else?" instead of "Was it Luis". Whoever mutes personal data mutes these spans, too.
#[must_use]
pub fn doubted_words(words: &[Word]) -> Vec<Unclear> {
    let is_doubted =
        |word: &&Word| word.probability.is_nan() || word.probability < DOUBTED_PROBABILITY;
    let doubted = words.iter().filter(is_doubted);
    let spans = doubted
        .map(|word| word.span.padded(PADDING_NANOS))
        .collect();
    TimeSpan::merged(spans, 0)
        .into_iter()
        .map(|span| Unclear {
            span,
            cause: UnclearCause::Doubtful,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_doubt_are_joined() {
        let word = |start: i64, probability: f32| Word {
            text: "word".to_owned(),
            span: TimeSpan::new(start * 1_000_000, (start + 200) * 1_000_000).expect("not empty"),
            probability,
        };
        let words = [
            word(1000, 0.29),
            word(1300, 0.1),
            word(1600, 0.3),
            word(3000, f32::NAN),
            word(5000, 1.0),
        ];
        let spans: Vec<(i64, i64)> = doubted_words(&words)
            .iter()
            .map(|unclear| (unclear.span.start_nanos(), unclear.span.end_nanos()))
            .map(|(start, end)| (start / 1_000_000, end / 1_000_000))
            .collect();
        assert_eq!(spans, [(850, 1650), (2850, 3350)]);
        assert!(doubted_words(&[]).is_empty());
    }
}

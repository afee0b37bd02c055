//! What counts as not understood.
//!
//! Source of the limits of probability and repetition: openai/whisper, `transcribe.py`
//! (`logprob_threshold`, `no_speech_threshold`, `compression_ratio_threshold`).

use redact_core::{Recognition, TimeSpan, Unclear, UnclearCause, Voice, Word};

/// Mean log probability below which nothing of a stretch is trusted.
const LOG_PROBABILITY_MIN: f32 = -1.0;

/// The same for a stretch with little speech: on fragments, small models invent words.
const SHORT_LOG_PROBABILITY_MIN: f32 = -0.7;

/// Speech below this length is a fragment.
const SHORT_NANOS: i64 = 2_000_000_000;

/// Probability of silence above which words of moderate probability do not count.
const SILENCE_MAX: f32 = 0.6;

/// Text that compresses better than this is repeated.
const COMPRESSION_MAX: f32 = 2.4;

/// A language that is at least this probable is the one that is spoken.
const LANGUAGE_MIN: f32 = 0.5;

/// A word below this probability may be another one.
const WORD_PROBABILITY_MIN: f32 = 0.3;

/// Words in a row that are doubtful together if their mean probability is below
/// [`ROW_PROBABILITY_MIN`]: a recognizer that does not know a name or a number writes common words
/// instead, some of them with confidence. Both values are measured in `benches/speech.md`.
const ROW_WORDS: usize = 5;
const ROW_PROBABILITY_MIN: f32 = 0.65;

/// How far from a word speech still counts as part of it: the speech detector pads by 0.2 s, and a
/// recognizer's times are off by 0.15 s.
const REACH_NANOS: i64 = 350_000_000;

/// Shorter spans without words are pauses in what was said.
const WORDLESS_MIN_NANOS: i64 = 100_000_000;

/// Whether a word takes longer than its letters explain: it then stands for more than was written.
fn is_too_long(word: &Word) -> bool {
    let letters = i64::try_from(word.text.chars().count()).unwrap_or(i64::MAX);
    let most = letters
        .saturating_mul(120_000_000)
        .saturating_add(500_000_000);
    word.span.length_nanos() > most
}

/// What of `stretch` is unclear; `words` are those of `heard`, at the recording's times.
pub(super) fn unclear(
    heard: &Recognition,
    words: &[Word],
    stretch: TimeSpan,
    spoken: &[TimeSpan],
    language: &str,
) -> Vec<Unclear> {
    if let Some(cause) = whole_cause(heard, spoken, language) {
        return vec![Unclear {
            span: stretch,
            cause,
        }];
    }
    let cause = UnclearCause::Doubtful;
    let doubtful = doubtful_spans(words).into_iter();
    let mut unclear: Vec<Unclear> = doubtful.map(|span| Unclear { span, cause }).collect();
    if !heard.complete {
        let from = words
            .last()
            .map_or(stretch.start_nanos(), |word| word.span.start_nanos());
        unclear.extend(
            TimeSpan::new(from, stretch.end_nanos()).map(|span| Unclear {
                span,
                cause: UnclearCause::OutOfReach,
            }),
        );
    }
    unclear
}

/// Where words are doubtful by themselves or in a row; merged.
fn doubtful_spans(words: &[Word]) -> Vec<TimeSpan> {
    let is_doubtful = |word: &Word| word.probability < WORD_PROBABILITY_MIN || is_too_long(word);
    let alone = words
        .iter()
        .filter(|word| is_doubtful(word))
        .map(|word| word.span);
    let rows = words
        .windows(ROW_WORDS.min(words.len()).max(1))
        .filter(|row| {
            let sum: f32 = row.iter().map(|word| word.probability).sum();
            sum < ROW_PROBABILITY_MIN * row.len() as f32
        });
    let rows = rows.filter_map(|row| {
        TimeSpan::new(
            row[0].span.start_nanos(),
            row[row.len() - 1].span.end_nanos(),
        )
    });
    TimeSpan::merged(alone.chain(rows).collect(), 0)
}

/// Why nothing of a stretch is understood, if that is so.
fn whole_cause(heard: &Recognition, spoken: &[TimeSpan], language: &str) -> Option<UnclearCause> {
    let length: i64 = spoken.iter().map(|span| span.length_nanos()).sum();
    let least = if length < SHORT_NANOS {
        SHORT_LOG_PROBABILITY_MIN
    } else {
        LOG_PROBABILITY_MIN
    };
    let is_other = heard.language != language && heard.language_probability >= LANGUAGE_MIN;
    if heard.words.is_empty() {
        Some(UnclearCause::NoWords)
    } else if is_other {
        Some(UnclearCause::OtherLanguage)
    } else if heard.compression_ratio > COMPRESSION_MAX {
        Some(UnclearCause::Repeated)
    } else if heard.mean_log_probability < least {
        let is_silent = heard.silence_probability > SILENCE_MAX;
        Some(if is_silent {
            UnclearCause::NoWords
        } else {
            UnclearCause::Doubtful
        })
    } else {
        None
    }
}

/// The parts of `speech` (sorted and disjoint) for which `voices` have neither words nor a note.
pub(super) fn without_words<'a>(
    speech: &[TimeSpan],
    voices: impl Iterator<Item = &'a Voice>,
) -> Vec<Unclear> {
    let mut covered: Vec<TimeSpan> = Vec::new();
    for voice in voices {
        covered.extend(voice.unclear.iter().map(|part| part.span));
        for word in &voice.words {
            covered.push(word.span.padded(REACH_NANOS));
        }
    }
    let covered = TimeSpan::merged(covered, 0);
    let mut missing = TimeSpan::without(speech, &covered);
    missing.retain(|span| span.length_nanos() >= WORDLESS_MIN_NANOS);
    let unclear = missing.into_iter().map(|span| Unclear {
        span,
        cause: UnclearCause::NoWords,
    });
    unclear.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcribe::tests::span;

    fn word(text: &str, start: f64, end: f64, probability: f32) -> Word {
        Word {
            text: text.into(),
            span: span(start, end),
            probability,
        }
    }

    fn sure() -> Recognition {
        Recognition {
            words: vec![word("hello", 0.0, 0.5, 0.9), word("Bob", 0.5, 0.8, 0.9)],
            language: "en".into(),
            language_probability: 0.99,
            silence_probability: 0.1,
            mean_log_probability: -0.2,
            compression_ratio: 1.2,
            complete: true,
        }
    }

    fn causes(heard: &Recognition, seconds: f64) -> Vec<UnclearCause> {
        let stretch = span(0.0, seconds);
        let found = unclear(heard, &heard.words, stretch, &[stretch], "en");
        found.into_iter().map(|part| part.cause).collect()
    }

    /// Goal: every warning of a recognizer makes its speech unclear. Control: without one, nothing
    /// is.
    #[test]
    fn each_warning_of_the_recognizer_counts() {
        use UnclearCause::{Doubtful, NoWords, OtherLanguage, OutOfReach, Repeated};
        let with = |change: fn(&mut Recognition)| {
            let mut heard = sure();
            change(&mut heard);
            causes(&heard, 10.0)
        };
        assert_eq!(with(|_| {}), []);
        assert_eq!(with(|heard| heard.words.clear()), [NoWords]);
        assert_eq!(with(|heard| heard.language = "es".into()), [OtherLanguage]);
        assert_eq!(with(|heard| heard.compression_ratio = 3.0), [Repeated]);
        assert_eq!(with(|heard| heard.mean_log_probability = -1.1), [Doubtful]);
        assert_eq!(with(|heard| heard.words[1].probability = 0.1), [Doubtful]);
        assert_eq!(with(|heard| heard.complete = false), [OutOfReach]);
        let doubted = |heard: &mut Recognition| heard.mean_log_probability = -0.8;
        assert_eq!(with(doubted), []);
        let mut fragment = sure();
        doubted(&mut fragment);
        assert_eq!(causes(&fragment, 1.5), [Doubtful]);
    }

    /// Goal: words in a row that are doubtful together are unclear, and so is a word that takes far
    /// longer than its letters. Control: one word of moderate probability is not.
    #[test]
    fn doubtful_words_are_unclear_alone_and_in_a_row() {
        let spoken = |probabilities: &[f32]| -> Vec<TimeSpan> {
            let words: Vec<Word> = probabilities
                .iter()
                .zip(0_u8..)
                .map(|(&p, at)| word("word", f64::from(at), f64::from(at) + 0.5, p))
                .collect();
            doubtful_spans(&words)
        };
        assert_eq!(spoken(&[0.9, 0.9, 0.4, 0.9, 0.9, 0.9]), []);
        assert_eq!(spoken(&[0.9, 0.9, 0.2, 0.9, 0.9, 0.9]), [span(2.0, 2.5)]);
        assert_eq!(
            spoken(&[0.9, 0.5, 0.4, 0.9, 0.5, 0.9, 0.9]),
            [span(0.0, 5.5)]
        );
        assert_eq!(spoken(&[0.5, 0.5]), [span(0.0, 1.5)]);
        assert_eq!(spoken(&[]), []);
        assert_eq!(doubtful_spans(&[word("no", 0.0, 0.7, 1.0)]), []);
        assert_eq!(
            doubtful_spans(&[word("no", 0.0, 0.8, 1.0)]),
            [span(0.0, 0.8)]
        );
    }

    /// Goal: speech that no word accounts for is unclear.
    #[test]
    fn speech_without_words_is_unclear() {
        let missing = |words: Vec<Word>| -> Vec<TimeSpan> {
            let voice = Voice {
                words,
                ..Voice::default()
            };
            let found = without_words(&[span(0.0, 4.0)], std::iter::once(&voice));
            found.into_iter().map(|part| part.span).collect()
        };
        let all = vec![
            word("a", 0.2, 0.4, 1.0),
            word("longer", 0.9, 1.5, 1.0),
            word("sentence", 2.0, 2.6, 1.0),
            word("here", 3.2, 3.8, 1.0),
        ];
        assert_eq!(missing(all.clone()), []);
        assert_eq!(missing(all[..2].to_vec()), [span(1.85, 4.0)]);
        assert_eq!(missing(Vec::new()), [span(0.0, 4.0)]);
    }
}

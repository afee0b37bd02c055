use redact_core::{PersonalItem, Unclear, UnclearCause, Voice, Word};

use super::*;

const MS: i64 = 1_000_000;

fn span(start: i64, end: i64) -> TimeSpan {
    TimeSpan::new(start * MS, end * MS).expect("not empty")
}

/// Words of 200 ms, one every 300 ms from `start`.
fn said(text: &str, start: i64) -> Vec<TrueWord> {
    let at = (0i64..).map(|at| start + at * 300);
    let word = |(text, at): (&str, i64)| TrueWord {
        text: text.to_owned(),
        span: Some(span(at, at + 200)),
    };
    text.split_whitespace().zip(at).map(word).collect()
}

fn transcript(text: &str, start: i64) -> Transcript {
    let words = said(text, start).into_iter().map(|word| Word {
        text: word.text,
        span: word.span.expect("times"),
        probability: 1.0,
    });
    Transcript {
        language: "en".to_owned(),
        voices: vec![Voice {
            sound_tracks: vec![0],
            words: words.collect(),
            ..Voice::default()
        }],
    }
}

fn words_only(text: &str) -> SpeechTruth {
    SpeechTruth {
        words: said(text, 0),
        ..SpeechTruth::default()
    }
}

#[test]
fn words_are_counted_as_they_are_compared() {
    for (truth, heard, words, errors) in [
        (
            "call me at five five five, please",
            "Call me at 555 please.",
            7,
            0,
        ),
        ("forty two ten", "4210", 4, 0),
        ("I'm at home", "Im at home now", 3, 2),
        ("one word", "", 2, 2),
        ("", "two words", 0, 1 + 1),
        ("", "", 0, 0),
        ("a b c d", "a x c d", 4, 1),
    ] {
        let found = score(&words_only(truth), &transcript(heard, 0), &[]);
        assert_eq!((found.words, found.word_errors), (words, errors), "{truth}");
    }
}

#[test]
fn errors_of_times_are_medians_over_words_that_agree() {
    let found = score(
        &words_only("please step out"),
        &transcript("please step in", 120),
        &[],
    );
    assert_eq!(found.start_error_nanos, Some(120 * MS));
    assert_eq!(found.end_error_nanos, Some(120 * MS));
    let found = score(&words_only("please"), &transcript("no", 0), &[]);
    assert_eq!(
        (found.start_error_nanos, found.end_error_nanos),
        (None, None)
    );
}

#[test]
fn a_long_recording_is_aligned_in_a_band() {
    let text = "we walked along the road and talked about it ".repeat(800);
    let heard = text.replacen("along ", "", 30);
    let found = score(&words_only(&text), &transcript(&heard, 0), &[]);
    assert_eq!((found.words, found.word_errors), (7200, 30));
}

#[test]
fn items_are_muted_from_start_to_end_or_not() {
    let name = PersonalClass::PersonName;
    let mut heard = transcript("my name is marcus and kevin", 0);
    heard.voices[0].personal = vec![
        PersonalItem {
            class: name,
            words: 3..4,
        },
        PersonalItem {
            class: name,
            words: 0..1,
        },
    ];
    heard.voices[0].unclear = vec![Unclear {
        span: span(5000, 6000),
        cause: UnclearCause::NoWords,
    }];
    let item = |start, end| TrueItem {
        class: name,
        span: span(start, end),
    };
    let truth = SpeechTruth {
        words: said("my name is marcus and kevin", 0),
        items: vec![item(900, 1100), item(1500, 1700)],
        clear: vec![span(0, 800), span(1200, 1400)],
    };
    let found = score(&truth, &heard, &[span(700, 1100), span(1550, 1700)]);
    let of_name = found.classes[0];
    assert_eq!(of_name.class, name);
    assert_eq!((of_name.items, of_name.proposed, of_name.muted), (2, 1, 1));
    assert_eq!((of_name.proposals, of_name.right), (2, 1));
    assert!((of_name.muted_share - 1.75).abs() < 1e-9);
    assert!((of_name.recall() - 0.5).abs() < 1e-9 && (of_name.precision() - 0.5).abs() < 1e-9);
    assert_eq!(found.muted_items(), (2, 1));
    assert_eq!(
        (found.clear_nanos, found.clear_muted_nanos),
        (1000 * MS, 100 * MS)
    );
    assert!((found.clear_muted_share() - 0.1).abs() < 1e-9);
    assert_eq!(found.unclear_nanos, 1000 * MS);
    assert!(found.word_error_rate() < 1e-9);
    // Overlapping mutes count once, and none mutes nothing.
    let found = score(&truth, &heard, &[span(0, 600), span(0, 700)]);
    assert_eq!(found.clear_muted_nanos, 700 * MS);
    assert_eq!(score(&truth, &heard, &[]).muted_items(), (2, 0));
}

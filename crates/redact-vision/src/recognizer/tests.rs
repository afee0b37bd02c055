use super::*;

/// A vocabulary of `pieces` and the special tokens.
fn vocabulary(pieces: &[&str]) -> Vocabulary {
    let special = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        "<|en|>",
        "<|translate|>",
        "<|transcribe|>",
        "<|nospeech|>",
        "<|notimestamps|>",
    ];
    Vocabulary::parse([pieces, &special].concat().join("\n").as_bytes()).unwrap()
}

fn text(log_probabilities: &[f32]) -> DecodedText {
    DecodedText {
        tokens: (0..log_probabilities.len()).collect(),
        log_probabilities: log_probabilities.to_vec(),
        mean_log_probability: 0.0,
        complete: true,
        language: ("en".into(), 1.0),
        silence_probability: 0.0,
    }
}

const PIECES: [&str; 5] = ["\u{120}Call", "\u{120}Jo", "hn", ".", "\u{120}Now"];

#[test]
fn words_have_times_and_the_probability_of_their_worst_token() {
    let vocabulary = vocabulary(&PIECES);
    let text = text(&[-0.1, -0.5, -2.0, -9.0, 0.0]);
    let mut levels = vec![0.0; 50];
    levels[..33].fill(0.5);
    let starts = [0, 10, 20, 30, 40, 50];
    let found = words(&vocabulary, &text, &starts, &levels, NANOS_PER_SECOND);
    let spans: Vec<_> = found
        .iter()
        .map(|word| {
            (
                word.span.start_nanos() / STEP_NANOS,
                word.span.end_nanos() / STEP_NANOS,
            )
        })
        .collect();
    // Two steps later than the alignment says, within 50 steps. The period is no part of the time
    // of its word, but sound behind the word is.
    assert_eq!(spans, [(0, 12), (12, 35), (42, 50)]);
    let names: Vec<&str> = found.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(names, ["Call", "John.", "Now"]);
    assert!((found[1].probability - (-2.0_f32).exp()).abs() < 1e-6);
    assert!(found.iter().all(|word| word.probability <= 1.0));
}

/// Goal: whatever the alignment is, spans are inside the sound, in order, and not empty.
#[test]
fn spans_are_never_empty_and_never_outside() {
    let vocabulary = vocabulary(&PIECES);
    for (starts, steps) in [
        ([0, 0, 0, 0, 0, 0], 5),
        ([9, 9, 9, 9, 9, 9], 5),
        ([0, 1, 1, 1, 1, 1], 1),
        ([3, 3, 3, 4, 4, 4], 4),
    ] {
        let length = steps * STEP_NANOS;
        let levels = vec![0.5; usize::try_from(steps).unwrap()];
        let found = words(&vocabulary, &text(&[0.0; 5]), &starts, &levels, length);
        assert_eq!(found.len(), 3);
        for word in &found {
            assert!(word.span.start_nanos() >= 0 && word.span.end_nanos() <= length);
            assert!(word.span.length_nanos() > 0);
        }
        assert!(found.is_sorted_by_key(|word| word.span.start_nanos()));
    }
}

#[test]
fn signs_without_speech_belong_to_the_word_before() {
    let vocabulary = vocabulary(&["\u{120}Well", "\u{120}...", "\u{120}-"]);
    let found = words(
        &vocabulary,
        &text(&[0.0; 3]),
        &[0, 10, 20, 30],
        &[0.0; 50],
        NANOS_PER_SECOND,
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text, "Well...-");
    assert!(words(&vocabulary, &text(&[]), &[], &[], NANOS_PER_SECOND).is_empty());
}

#[test]
fn a_word_ends_where_the_sound_gets_quiet() {
    let mut levels = vec![0.001; 100];
    levels[10..25].fill(0.4);
    levels[25..30].fill(0.03);
    assert_eq!(fade(&levels, 10, 20, 100), 30);
    // Neither in the next word, nor much later, nor outside.
    assert_eq!(fade(&levels, 10, 20, 24), 24);
    assert_eq!(fade(&[0.4; 100], 10, 20, 100), 20 + FADE_STEPS_MAX);
    assert_eq!(fade(&levels, 10, 20, 5), 20);
    assert_eq!(fade(&levels, 90, 100, 100), 100);
    assert_eq!(fade(&levels, 30, 30, 100), 30 + FADE_STEPS_MAX);
    let sound = [[0.5; STEP_SAMPLES], [0.0; STEP_SAMPLES]].concat();
    assert_eq!(super::levels(&sound[..400]), [0.5, 0.0]);
}

#[test]
fn repeated_text_has_a_high_compression_ratio() {
    assert_eq!(compression_ratio(b""), 0.0);
    let plain = "She was coming home from the store when she heard a noise behind the house.";
    assert!(compression_ratio(plain.as_bytes()) < 1.5);
    assert!(compression_ratio("thank you ".repeat(20).as_bytes()) > 2.4);
}

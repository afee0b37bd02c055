//! What is written is read back, and reveals nothing that is muted.

use proptest::prelude::*;
use redact_core::{CaptionWord, TimeSpan};

use super::{
    CaptionError, CaptionPiece, Captions, ReleaseSound, cut, parse, transcript_text, write,
};

const MS: i64 = 1_000_000;

fn span(start: i64, end: i64) -> TimeSpan {
    TimeSpan::new(start * MS, end * MS).unwrap()
}

fn word(start: i64, end: i64, text: &str) -> CaptionWord {
    CaptionWord {
        text: text.into(),
        span: span(start, end),
    }
}

fn sound(mutes: &[(i64, i64)], end: i64) -> ReleaseSound {
    ReleaseSound::new(mutes.iter().map(|m| span(m.0, m.1)).collect(), end * MS)
}

fn said() -> Vec<CaptionWord> {
    vec![
        word(500, 800, "My"),
        word(800, 1100, "name"),
        word(1100, 1250, "is"),
        word(1300, 1700, "Jane"),
        word(1700, 2200, "Roe."),
        word(2400, 2600, "I"),
        word(2600, 3000, "live"),
        word(3000, 3200, "here."),
        word(9000, 9400, "Thank"),
        word(9400, 9700, "you."),
    ]
}

/// Every piece as text, and the words with their times in milliseconds.
fn pieces(captions: &Captions) -> Vec<String> {
    let pieces = captions.cues.iter().flat_map(|cue| &cue.pieces);
    let text = pieces.map(|piece| match piece {
        CaptionPiece::Word { text, .. } => text.clone(),
        CaptionPiece::Redacted => "[redacted]".into(),
        CaptionPiece::Inaudible => "[inaudible]".into(),
    });
    text.collect()
}

/// Goal: the file is exactly this: a stock reader shows it, and each word is between its times.
#[test]
fn captions_are_webvtt_with_the_times_of_every_word() {
    let file = write(&said(), &sound(&[(1280, 2300)], 12_000), Some("en"));
    let expected = "WEBVTT

NOTE
Captions of a redacted recording, made by Redact.
[redacted] stands for sound that was withheld.
[inaudible] stands for speech that was not understood.
Speakers are not named.
Language: en

00:00:00.499 --> 00:00:03.201
<00:00:00.500>My <00:00:00.800>name <00:00:01.100>is<00:00:01.250> [redacted] \
<00:00:02.400>I <00:00:02.600>live <00:00:03.000>here.<00:00:03.200>

00:00:08.999 --> 00:00:09.999
<00:00:09.000>Thank <00:00:09.400>you.<00:00:09.700>
";
    assert_eq!(file, expected);
    let captions = parse(file.as_bytes()).unwrap();
    assert_eq!(captions.language.as_deref(), Some("en"));
    captions.check(&sound(&[(1280, 2300)], 12_000)).unwrap();
    // The control: any other mute that touches a word.
    let refused = captions.check(&sound(&[(3199, 3300)], 12_000)).unwrap_err();
    assert!(
        matches!(refused, CaptionError::MutedWord { .. }),
        "{refused}"
    );
    assert!(!refused.to_string().contains("here"), "{refused}");
    let refused = captions.check(&sound(&[], 9_500)).unwrap_err();
    assert!(
        matches!(refused, CaptionError::AfterEnd { .. }),
        "{refused}"
    );
}

/// Goal: a word that a mute touches by less than a millisecond is left out, and what was not
/// understood is a mark as far as it is heard.
#[test]
fn times_are_rounded_outward_before_they_are_compared() {
    let at = |start: i64, end: i64, text: &str| CaptionWord {
        text: text.into(),
        span: TimeSpan::new(start, end).unwrap(),
    };
    let words = [
        at(500_000_000, 900_000_001, "Jane"),
        at(2_000_000_000, 5_000_000_000, "[inaudible]"),
        at(6_000_000_000, 6_500_000_000, "yes"),
    ];
    let mutes = vec![
        TimeSpan::new(900_900_000, 1_000_000_000).unwrap(),
        span(4000, 5000),
    ];
    let sound = ReleaseSound::new(mutes, 8_000_000_000);
    let captions = parse(write(&words, &sound, None).as_bytes()).unwrap();
    let expected = ["[redacted]", "[inaudible]", "[redacted]", "yes"];
    assert_eq!(pieces(&captions), expected);
}

/// Goal: nothing but words between time stamps and marks is read: a comment, a setting or a bare
/// word could carry what was muted. Control: the same file without it.
#[test]
fn what_is_not_a_word_with_its_times_is_refused() {
    let good = write(&said(), &sound(&[], 12_000), None);
    parse(good.as_bytes()).unwrap();
    let edits = [
        ("NOTE\nCaptions", "NOTE\nJane Roe. Captions"),
        (
            "named.\n\n00:00:00.499",
            "named.\n\nNOTE Jane Roe\n\n00:00:00.499",
        ),
        ("named.\n\n00:00:00.499", "named.\n\nJane Roe\n00:00:00.499"),
        ("WEBVTT\n", "WEBVTT Jane Roe\n"),
        (".201\n", ".201 line:0\n"),
        ("<00:00:00.500>My", "Jane <00:00:00.500>My"),
        ("<00:00:00.500>My", "[Jane] <00:00:00.500>My"),
        ("<00:00:00.500>My", "<00:00:00.500>My Jane"),
        ("<00:00:00.500>My", "<v Jane><00:00:00.500>My"),
        ("<00:00:00.500>My", "<00:00:00.500>My<b>"),
        ("<00:00:00.500>My", "<0:00:00.500>My"),
        ("<00:00:00.500>My", "<00:00:00.400>My"),
        ("<00:00:00.500>My", "<00:00:00.500>M&#121;"),
        ("<00:00:00.500>My", "<00:00:00.500>M>y"),
        ("<00:00:00.500>My", "<00:00:00.500>M\u{202e}y"),
        ("<00:00:00.500>My", "<00:00:00.500>M\u{200b}y"),
        ("<00:00:00.500>My", "<00:00:00.500>My\u{e0042}"),
        ("<00:00:00.500>My", "<00:00:00.500>\u{3164}"),
        ("here.<00:00:03.200>", "here."),
        (
            "you.<00:00:09.700>\n",
            "you.<00:00:09.700>\n\n00:00:09.000 --> 00:00:10.000\n[redacted]\n",
        ),
        ("you.<00:00:09.700>\n", "you.<00:00:09.700>"),
        ("you.<00:00:09.700>\n", "you.<00:00:10.700>\n"),
        ("you.<00:00:09.700>\n", "you.<00:00:09.700>\n\n"),
        ("you.<00:00:09.700>\n", "you.<00:00:09.700>\nJane\n"),
    ];
    for (from, to) in edits {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from:?} is not in the file");
        let refused = parse(bad.as_bytes()).expect_err(to).to_string();
        assert!(!refused.contains("Jane"), "{refused}");
    }
    assert_eq!(parse(b"WEBVTT\xff"), Err(CaptionError::NotText));
}

/// Goal: cues are no longer than seven seconds, and shown for a second where there is room.
#[test]
fn long_speech_is_divided_into_cues_that_can_be_read() {
    let texts = ["so", "because", "we."].into_iter().cycle();
    let words = (0..600).zip(texts);
    let words = words.map(|(n, text)| word(n * 350, n * 350 + 300, text));
    let words: Vec<CaptionWord> = words.collect();
    let file = write(&words, &sound(&[(30_000, 31_000)], 300_000), None);
    let captions = parse(file.as_bytes()).unwrap();
    assert!(captions.words() > 590, "{}", captions.words());
    for cue in &captions.cues {
        let length = cue.span.length_nanos();
        assert!((900 * MS..=7000 * MS).contains(&length), "{:?}", cue.span);
    }
    let text = transcript_text(&captions);
    assert!(text.contains("\n00:00:00  so because we. so"), "{text}");
    assert!(text.contains(" [redacted] "), "{text}");
    assert!(!text.contains('<'), "{text}");
}

/// Goal: each word is in exactly one part, on the part's clock. Control: the words of the whole.
#[test]
fn parts_divide_the_words_between_them() {
    let whole = sound(&[(1280, 2300)], 12_000);
    let captions = parse(write(&said(), &whole, Some("en")).as_bytes()).unwrap();
    let part = |start: i64, end: i64, mutes: &[(i64, i64)]| {
        let own = sound(mutes, end - start);
        let text = cut(&captions, (start * MS, end * MS), &own);
        let part = parse(text.as_bytes()).unwrap();
        part.check(&own).unwrap();
        assert_eq!(part.language.as_deref(), Some("en"));
        part
    };
    let first = part(0, 2700, &[(1280, 2300)]);
    let second = part(2700, 12_000, &[]);
    assert_eq!(
        pieces(&first),
        ["My", "name", "is", "[redacted]", "I", "live"]
    );
    assert_eq!(pieces(&second), ["here.", "Thank", "you."]);
    assert_eq!(first.words() + second.words(), captions.words());
    let start = second.cues[0].span.start_nanos();
    assert_eq!(start, 299 * MS);
}

/// Words as a person or a recognizer may leave them, with times that overlap.
fn words() -> impl Strategy<Value = Vec<CaptionWord>> {
    let text = prop_oneof![
        "[a-z]{1,9}[.,?]?",
        Just("-->".to_owned()),
        Just("<00:00:01.000>&amp;".to_owned()),
        Just("[inaudible]".to_owned()),
        Just("[redacted]".to_owned()),
        Just("NOTE\n\nSTYLE\r\nx".to_owned()),
        "\\PC{0,120}",
        any::<String>(),
    ];
    let word = (
        -3_000_000_000_i64..40_000_000_000,
        1_i64..4_000_000_000,
        text,
    );
    let word = word.prop_map(|(start, length, text)| CaptionWord {
        text,
        span: TimeSpan::new(start, start + length).unwrap(),
    });
    proptest::collection::vec(word, 0..60).prop_map(|mut words| {
        words.sort_by_key(|word| word.span);
        words
    })
}

fn mutes() -> impl Strategy<Value = Vec<TimeSpan>> {
    let mute = (-2_000_000_000_i64..40_000_000_000, 1_i64..3_000_000_000);
    let mute = mute.prop_map(|(start, length)| TimeSpan::new(start, start + length).unwrap());
    proptest::collection::vec(mute, 0..8)
}

proptest! {
    /// Goal: whatever the words are, what is written is read back, no word of it is muted, lines
    /// have at most 42 characters, cues at most two, and cues do not overlap.
    #[test]
    fn hostile_words_cannot_break_the_format_or_leave_a_mute(
        words in words(),
        mutes in mutes(),
        end in 1_i64..45_000_000_000,
    ) {
        let sound = ReleaseSound::new(mutes.clone(), end);
        let file = write(&words, &sound, Some("en"));
        let captions = match parse(file.as_bytes()) {
            Ok(captions) => captions,
            Err(error) => return Err(TestCaseError::fail(format!("{error}\n{file}"))),
        };
        prop_assert_eq!(captions.check(&sound), Ok(()));
        // The same by another way: each word against each mute.
        for cue in &captions.cues {
            for piece in &cue.pieces {
                let CaptionPiece::Word { span, .. } = piece else { continue };
                let apart = |mute: &TimeSpan| {
                    mute.end_nanos() <= span.start_nanos() || span.end_nanos() <= mute.start_nanos()
                };
                prop_assert!(mutes.iter().all(apart));
            }
        }
        let body = file.split_once("Language: en\n").map_or("", |(_, body)| body);
        for cue in body.split("\n\n").filter(|cue| !cue.is_empty()) {
            let lines: Vec<&str> = cue.trim_start_matches('\n').lines().skip(1).collect();
            prop_assert!((1..=2).contains(&lines.len()));
            for line in lines {
                // Time stamps are the only text between `<` and `>`.
                let shown: String = line.split('<').map(|part| {
                    part.split_once('>').map_or(part, |(_, text)| text)
                }).collect();
                let shown = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
                prop_assert!(shown.chars().count() <= 42, "{}", line);
            }
        }
        let text = transcript_text(&captions);
        prop_assert!(parse(text.as_bytes()).is_err());
    }

    /// Goal: no text makes the reader panic; what it accepts can be checked.
    #[test]
    fn any_text_is_read_or_refused(tail in "([0-9:.<> a\n\\[\\]-]|-->|redacted){0,200}") {
        let mut file = write(&[], &sound(&[], 1000), None);
        file.push_str(&tail);
        if let Ok(captions) = parse(file.as_bytes()) {
            captions.check(&sound(&[(0, 1000)], 1000)).ok();
            prop_assert!(!transcript_text(&captions).contains('\r'));
        }
    }
}

//! What policies mute of what was said, and transcripts in files.

use redact_core::{
    Digest, MuteRegion, PersonalClass, PersonalItem, ReasonCode, TimeSpan, Transcript, Unclear,
    UnclearCause, Voice, Word,
};

use crate::policy::SpeechRule;
use crate::testing::{self, policy_with};
use crate::{RecordError, findings, plan};

const ALL_PERSONAL: &str = "mute = \"personal\"";
const TWO_CLASSES: &str = "mute = \"personal\"\n\
     [[audio.personal]]\nclass = \"phone-number\"\nreason = \"privacy-face\"\n\
     [[audio.personal]]\nclass = \"person-name\"\n[audio2]";

fn span(start: i64, end: i64) -> TimeSpan {
    TimeSpan::new(start * 1_000_000, end * 1_000_000).unwrap()
}

/// "Hello I am Jane Roe", then something that nobody understands.
fn transcript() -> Transcript {
    let word = |(text, start): (&str, i64)| Word {
        text: text.into(),
        span: span(start, start + 200),
        probability: 0.75,
    };
    let words = [
        ("Hello,", 0),
        ("I", 1000),
        ("am", 1300),
        ("Jane", 2000),
        ("Roe.", 2200),
    ];
    Transcript {
        language: "en".into(),
        voices: vec![Voice {
            sound_tracks: vec![0],
            words: words.into_iter().map(word).collect(),
            unclear: vec![Unclear {
                span: span(5000, 6000),
                cause: UnclearCause::Doubtful,
            }],
            personal: vec![
                PersonalItem {
                    class: PersonalClass::PersonName,
                    words: 3..5,
                    span: span(1900, 2500),
                },
                PersonalItem {
                    class: PersonalClass::PhoneNumber,
                    words: 0..1,
                    span: span(-100, 300),
                },
            ],
        }],
    }
}

fn spoken() -> redact_core::Findings {
    redact_core::Findings {
        speech: Some(vec![span(0, 2500), span(5000, 6000)]),
        transcript: Some(transcript()),
        ..testing::findings()
    }
}

/// The spans and reasons of the mutes that a policy with `rule` asks for.
fn mutes(rule: &str, found: &redact_core::Findings) -> Vec<(TimeSpan, String)> {
    let policy = policy_with("mute_speech = true", rule).unwrap();
    let mutes = plan::speech_mutes(found, &policy).into_iter();
    mutes
        .map(|mute: MuteRegion| (mute.span, mute.reason.0))
        .collect()
}

/// Goal: personal data and what was not understood is muted, nothing else; each class for its
/// reason. Control: the earlier rules mute all or nothing.
#[test]
fn a_policy_mutes_personal_data_and_what_is_unclear() {
    let speech = || "privacy-speech".to_owned();
    let padded = |start: i64, end: i64| span(start - 250, end + 250);
    let unclear = (padded(5000, 6000), speech());
    let name = (padded(1900, 2500), speech());
    let hello = |reason: &str| (padded(-100, 300), reason.to_owned());
    let found = spoken();
    let expected = [hello("privacy-speech"), name.clone(), unclear.clone()];
    assert_eq!(mutes(ALL_PERSONAL, &found), expected);
    let two = two_classes();
    let by_class = plan::speech_mutes(&found, &two).into_iter();
    let by_class: Vec<_> = by_class.map(|mute| (mute.span, mute.reason.0)).collect();
    assert_eq!(by_class, [hello("privacy-face"), name, unclear]);
    assert_eq!(mutes("mute = \"none\"", &found), []);
    assert_eq!(mutes("mute_speech = false", &found), []);
    let all = [(padded(0, 2500), speech()), (padded(5000, 6000), speech())];
    assert_eq!(mutes("mute = \"speech\"", &found), all);
    assert_eq!(mutes("mute_speech = true", &found), all);
}

/// A policy whose rule for sound names two classes.
fn two_classes() -> crate::policy::Policy {
    let rule = TWO_CLASSES.trim_end_matches("[audio2]");
    let whole = "mute_speech = true\nstyle = \"silence\"\npadding_ms = 250\n\
         reason = \"privacy-speech\"\n";
    let (first, classes) = rule.split_once('\n').unwrap();
    let moved = format!(
        "{first}\nstyle = \"silence\"\npadding_ms = 250\nreason = \"privacy-speech\"\n{classes}"
    );
    policy_with(whole, &moved).unwrap()
}

/// Goal: without a transcript or a speech detector, what might be personal is muted all the same.
#[test]
fn without_a_transcript_all_speech_is_muted() {
    let mut found = spoken();
    found.transcript = None;
    assert_eq!(mutes(ALL_PERSONAL, &found).len(), 2);
    found.transcript = Some(transcript());
    found.speech = None;
    let everything = mutes(ALL_PERSONAL, &found);
    assert_eq!(everything.len(), 1);
    assert!(everything[0].0.length_nanos() > 3_600_000_000_000);
}

#[test]
fn contradictory_rules_for_sound_are_refused() {
    let refused = |rule: &str| match policy_with("mute_speech = true", rule) {
        Err(RecordError::Field { field, .. }) => field,
        other => panic!("{rule}: {other:?}"),
    };
    assert_eq!(refused("mute = \"speech\"\nmute_speech = true"), "audio");
    assert_eq!(refused(""), "audio");
    assert_eq!(
        refused("mute = \"speech\"\npersonal = []"),
        "audio.personal"
    );
    assert_eq!(
        refused("mute = \"personal\"\npersonal = []"),
        "audio.personal"
    );
    let class = |name: &str| format!("mute = \"personal\"\npersonal = [{{ class = \"{name}\" }}]");
    assert_eq!(refused(&class("shoe-size")), "audio.personal, class");
    let unknown = "mute = \"personal\"\npersonal = [{ class = \"person-name\", reason = \"x\" }]";
    assert_eq!(refused(unknown), "audio.personal \"person-name\"");
    let policy = policy_with("mute_speech = true", &class("person-name")).unwrap();
    let SpeechRule::Personal(rules) = &policy.audio.mute else {
        panic!("{:?}", policy.audio.mute);
    };
    assert_eq!(rules[0].reason, ReasonCode("privacy-speech".into()));
}

/// Goal: a transcript survives its file, and a file that contradicts itself is refused.
#[test]
fn transcripts_survive_their_file() {
    let found = spoken();
    let bytes = findings::to_checked_bytes(&found).unwrap();
    assert_eq!(findings::from_bytes(&bytes).unwrap(), found);
    let text = String::from_utf8(bytes).unwrap();
    let damaged = |from: &str, to: &str| {
        assert!(text.contains(from), "{from:?} is in {text}");
        findings::from_bytes(text.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    let field = |error: RecordError| error.to_string();
    let range = field(damaged("\"person-name\",3,2,", "\"person-name\",3,3,"));
    assert!(range.contains("personal"), "{range}");
    assert!(field(damaged("\"person-name\"", "\"pet\"")).contains("pet"));
    assert!(field(damaged("\"doubtful\"", "\"dull\"")).contains("dull"));
    assert!(field(damaged("\"sound_tracks\": [0]", "\"sound_tracks\": [9]")).contains("[9]"));
    assert!(field(damaged("0.75", "1.75")).contains("probability"));
}

/// Goal: captions have what was understood, and say where something was not.
#[test]
fn captions_come_with_the_plan() {
    let mut found = spoken();
    let doubted = Unclear {
        span: span(900, 1350),
        cause: UnclearCause::Doubtful,
    };
    found.transcript.as_mut().unwrap().voices[0]
        .unclear
        .insert(0, doubted);
    let by = "policy public-release";
    let digest = Digest([0xc3; 32]);
    let policy = testing::policy();
    let made = plan::propose(&found, digest, &policy, by, testing::NOW).unwrap();
    let texts: Vec<&str> = made
        .captions
        .iter()
        .flatten()
        .map(|w| w.text.as_str())
        .collect();
    assert_eq!(
        texts,
        ["Hello,", plan::INAUDIBLE, "Jane", "Roe.", plan::INAUDIBLE]
    );
    let bytes = plan::to_bytes(&made);
    assert_eq!(plan::from_bytes(&bytes).unwrap().captions, made.captions);
    assert_eq!(plan::unclear_nanos(&found), Some(1_450_000_000));
}

/// Goal: a person may correct what captions say, and not when: a word with other times could lie
/// outside of the mute that withholds it. Control: a corrected text is accepted.
#[test]
fn captions_keep_the_times_of_the_findings() {
    let found = spoken();
    let bytes = findings::to_checked_bytes(&found).unwrap();
    let digest = crate::digest_bytes(&bytes);
    let policy = testing::policy();
    let made = plan::propose(&found, digest, &policy, "Ada", testing::NOW).unwrap();
    let check = |change: &dyn Fn(&mut Vec<redact_core::CaptionWord>)| {
        let mut edited = made.clone();
        change(edited.captions.as_mut().unwrap());
        plan::check_findings(&edited, &found, digest)
    };
    check(&|_| {}).unwrap();
    check(&|words| words[3].text = "Janet".into()).unwrap();
    check(&|words| words.truncate(1)).unwrap();
    let refused = |change: &dyn Fn(&mut Vec<redact_core::CaptionWord>)| {
        let error = check(change).unwrap_err().to_string();
        assert!(error.contains("captions, word at second"), "{error}");
        assert!(!error.contains("Jane"), "{error}");
    };
    refused(&|words| words[3].span = span(1990, 1995));
    refused(&|words| words.insert(3, words[3].clone()));
    // What was not understood cannot become words by itself.
    refused(&|words| words.last_mut().unwrap().text = "Jane".into());
}

/// Goal: one sound is withheld once, for the reason of the longer mute. Control: mutes that only
/// overlap stay two.
#[test]
fn a_mute_within_another_is_left_out() {
    let mut found = spoken();
    let voice = &mut found.transcript.as_mut().unwrap().voices[0];
    voice.unclear[0].span = span(2000, 2400);
    let two = two_classes();
    let spans = |found: &redact_core::Findings| -> Vec<TimeSpan> {
        plan::speech_mutes(found, &two)
            .into_iter()
            .map(|mute| mute.span)
            .collect()
    };
    voice.personal[1].span = span(1950, 2450);
    voice.personal[1].class = PersonalClass::PhoneNumber;
    assert_eq!(spans(&found), [span(1650, 2750)]);
    found.transcript.as_mut().unwrap().voices[0].personal[1].span = span(2300, 2900);
    assert_eq!(spans(&found), [span(1650, 2750), span(2050, 3150)]);
}

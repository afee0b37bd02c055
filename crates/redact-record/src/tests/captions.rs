//! Captions and the manifest of their release.

use redact_core::{CaptionWord, MuteRegion, TimeSpan, Transcript, Voice, Word};

use crate::captions::{CaptionError, transcript_text};
use crate::manifest::{OneLine, PublicManifest, Seconds, SpeechMuteName};
use crate::sign::{KeyPair, Signed, TrustStore};
use crate::testing::{self, Made, NOW};
use crate::{RecordError, digest_bytes, log, plan};

const MS: i64 = 1_000_000;

fn span(start: i64, end: i64) -> TimeSpan {
    TimeSpan::new(start * MS, end * MS).unwrap()
}

/// What becomes of a plan with captions, in which a name is muted.
fn made(change: impl FnOnce(&mut redact_core::Plan)) -> Made {
    let mut plan = testing::unapproved();
    let mute = MuteRegion {
        id: "name".into(),
        span: span(100, 200),
        ..plan.mutes[0].clone()
    };
    plan.mutes = vec![mute];
    let word = |start, end, text: &str| CaptionWord {
        text: text.into(),
        span: span(start, end),
    };
    plan.captions = Some(vec![
        word(10, 90, "hello,"),
        word(110, 190, "Quentin."),
        word(210, 330, "sit"),
        word(330, 395, "quietly."),
    ]);
    change(&mut plan);
    let heard = plan.captions.iter().flatten().map(|word| Word {
        text: word.text.clone(),
        span: word.span,
        probability: 1.0,
    });
    let heard = heard.collect();
    let plan = testing::approve(plan, "Approver Abel", NOW, "read it").unwrap();
    let mut made = Made::of(plan);
    made.findings.speech = Some(Vec::new());
    made.findings.transcript = Some(Transcript {
        language: "en".into(),
        voices: vec![Voice {
            words: heard,
            ..Voice::default()
        }],
    });
    made
}

/// Goal: the manifest names the captions, which have all words but the muted one, and no record
/// that is released has a word. Control: the plan has the muted word.
#[test]
fn captions_follow_the_mutes_and_the_manifest_names_them() {
    let made = made(|_| {});
    let built = made.build();
    let file = built.captions.clone().unwrap();
    let captions = built.public.captions_of(file.as_bytes()).unwrap();
    let text = transcript_text(&captions);
    assert!(
        text.ends_with("\n00:00:00  hello, [redacted] sit quietly.\n"),
        "{text}"
    );
    let OneLine(named) = built.public.captions.clone().unwrap();
    assert_eq!(named.sha256.0, digest_bytes(file.as_bytes()));
    assert_eq!(named.language.as_deref(), Some("en"));
    let OneLine(speech) = built.public.speech.unwrap();
    assert_eq!(speech.mute, SpeechMuteName::Speech);
    assert_eq!(speech.unclear_seconds, Some(Seconds(0)));
    let page = log::html(&built.public, digest_bytes(&built.public_bytes)).unwrap();
    assert!(
        page.contains("<dt>Captions</dt><dd>language en, "),
        "{page}"
    );
    assert!(page.contains("The policy mutes all speech."), "{page}");
    for word in ["hello", "Quentin", "quietly"] {
        let is_in = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(word);
        assert!(
            !is_in(&built.public_bytes) && !page.contains(word),
            "{word}"
        );
        let plan = String::from_utf8(plan::to_bytes(made.plan.plan())).unwrap();
        assert!(plan.contains(word), "{word}");
    }
}

/// Goal: captions with a muted word are refused even if the manifest names exactly them and is
/// signed with a trusted key. Controls: the captions as they were made; the same edit without a
/// new manifest, and one that reveals nothing.
#[test]
fn a_muted_word_is_found_whoever_signs() {
    let built = made(|_| {}).build();
    let file = built.captions.clone().unwrap();
    let pair = KeyPair::generate(None).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let mut trust = TrustStore::open(folder.path()).unwrap();
    trust.add("agency", &pair.public()).unwrap();
    let signed = |text: &str| {
        let mut public = built.public.clone();
        let named = &mut public.captions.as_mut().unwrap().0;
        named.sha256.0 = digest_bytes(text.as_bytes());
        named.bytes = text.len() as u64;
        let bytes = crate::json::pretty(&public);
        let signature = pair
            .sign_bytes(&bytes, Signed::PublicManifest, NOW)
            .unwrap();
        PublicManifest::open(&bytes, &signature, &trust).unwrap().0
    };
    signed(&file).captions_of(file.as_bytes()).unwrap();
    let edited = file.replace(
        ".090> [redacted] ",
        ".090> <00:00:00.110>Quentin.<00:00:00.190> ",
    );
    assert_ne!(edited, file);
    let other = built.public.captions_of(edited.as_bytes()).unwrap_err();
    assert!(matches!(other, RecordError::Mismatch { .. }), "{other}");
    let refused = signed(&edited).captions_of(edited.as_bytes()).unwrap_err();
    assert!(
        matches!(
            refused,
            RecordError::Captions(CaptionError::MutedWord { .. })
        ),
        "{refused}"
    );
    // Outside of the mute it is a claim about what is heard, not about what is muted.
    let elsewhere = file.replace(
        ".090> [redacted] ",
        ".090> [redacted] <00:00:00.201>Quentin.<00:00:00.209> ",
    );
    signed(&elsewhere)
        .captions_of(elsewhere.as_bytes())
        .unwrap();
}

/// Goal: a release for which captions are wanted is not made without a transcript.
#[test]
fn captions_without_a_transcript_are_refused() {
    let made = made(|plan| plan.captions = None);
    let mut input = made.input();
    assert!(crate::manifest::build(&input).unwrap().captions.is_none());
    input.captions = true;
    let refused = crate::manifest::build(&input).unwrap_err();
    assert!(matches!(refused, RecordError::Field { .. }), "{refused}");
}

/// Goal: a person's approval counts as a review, the policy's own does not.
#[test]
fn a_policy_has_not_read_the_words() {
    let mut plan = testing::plan();
    assert!(plan::is_approved_by_person(&plan));
    plan.approvals[0].by = format!("Policy {}", plan.policy.name);
    assert!(!plan::is_approved_by_person(&plan));
}

use super::*;

const CARD: &str = include_str!("../../../../models/centerface.toml");

#[track_caller]
fn refused(text: &str, word: &str) {
    let error = Card::parse("card.toml", text).unwrap_err();
    let chain = format!("{error}: {:?}", std::error::Error::source(&error));
    assert!(chain.contains(word), "{chain}");
}

#[test]
fn a_valid_card_is_read() {
    let card = Card::parse("card.toml", CARD).unwrap();
    assert_eq!(card.head, HeadKind::CenterFace);
    assert_eq!(card.classes(), [Class::Face]);
    assert_eq!(card.sources.len(), 2);
    assert_eq!(card.sources[0].digest, card.sources[1].digest);
}

/// Goal: every card that is shipped can be read.
#[test]
fn every_shipped_card_is_valid() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let mut cards = 0;
    for entry in std::fs::read_dir(models).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            Card::read(&path).unwrap();
            cards += 1;
        }
    }
    assert!(cards >= 6, "{cards} cards");
}

#[test]
fn an_unknown_key_is_refused() {
    refused(&format!("color = \"green\"\n{CARD}"), "color");
    refused(&CARD.replace("pad = 0", "pad = 0\nstride = 4"), "stride");
    refused(
        &CARD.replace("package = ", "mood = \"good\"\npackage = "),
        "mood",
    );
}

#[test]
fn an_invalid_value_is_refused() {
    refused(
        &CARD.replace("centerface.onnx\"\nlic", "../x.onnx\"\nlic"),
        "file",
    );
    refused(
        &CARD.replace("side_multiple = 32", "side_multiple = 0"),
        "side_multiple",
    );
    refused(&CARD.replace("09189dea", "zz189dea"), "SHA-256");
    refused(&CARD.replace("\"RGB\"", "\"PCM\""), "PCM");
    refused(
        &CARD.replace("head = \"centerface\"", "head = \"oracle\""),
        "oracle",
    );
}

const WORDS: &str = include_str!("../../../../models/whisper-base.toml");

#[test]
fn a_card_with_several_files_is_read() {
    let card = Card::parse("card.toml", WORDS).unwrap();
    assert_eq!(card.subjects, [Subject::Words]);
    assert_eq!((card.classes().len(), card.files.len()), (0, 4));
    assert!(card.optional && card.head.is_of_sound());
    let joined = |source: &CardSource| match &source.origin {
        SourceOrigin::Wheels(parts) => parts.len(),
        _ => 0,
    };
    let joined: Vec<usize> = card.sources.iter().map(joined).collect();
    assert_eq!(joined, [0, 2, 2]);
    assert!(!Card::parse("card.toml", CARD).unwrap().optional);
}

#[test]
fn invalid_further_files_are_refused() {
    refused(&WORDS.replace("\"settings\"", "\"manual\""), "manual");
    refused(&WORDS.replace("\"settings\"", "\"decoder\""), "extra files");
    refused(
        &WORDS.replace("\"whisper-base-decoder.onnx", "\"../decoder.onnx"),
        "file",
    );
    let cut = WORDS.split("[[extra]]").next().unwrap();
    refused(cut, "extra files");
    refused(&WORDS.replace("RGB", "PCM").replace("PCM", "RGB"), "PCM");
    refused(&WORDS.replace("cea09ccf", "zz"), "SHA-256");
}

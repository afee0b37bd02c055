use std::fs;
use std::io::Cursor;

use redact_check::records::lacks_only_trust;
use redact_core::UtcNanos;
use redact_record::sign::{KeyPair, Signed};

use super::*;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/v0.1.0");
const KEY: &str = "home/trusted/key-D41E40F1984A0D0E.pub";

fn read(name: &str) -> Vec<u8> {
    fs::read(format!("{FIXTURE}/{name}")).unwrap()
}

fn signed(name: &str) -> SignedFile {
    SignedFile {
        bytes: read(name),
        signature: read(&format!("{name}.minisig")),
    }
}

/// A checker that has the public records of the fixture and, if it is to, the agency's key.
fn checker(has_key: bool) -> Checker {
    let mut checker = Checker::default();
    if has_key {
        checker.add_key("key-D41E40F1984A0D0E.pub".to_owned(), read(KEY));
    }
    checker.set_manifest(signed("clip.redacted.manifest.json"));
    checker
}

fn release() -> Cursor<Vec<u8>> {
    Cursor::new(read("clip.redacted.mp4"))
}

fn failed(checked: &Checked) -> Vec<String> {
    let checks = checked.verdict.checks.iter();
    let wrong = checks.filter(|check| !check.passed);
    wrong
        .map(|check| format!("{}, {}", check.group, check.name))
        .collect()
}

/// Goal: a good release passes, and what was not measured is listed.
#[test]
fn a_good_release_passes_and_lists_what_is_left() {
    let mut checked = checker(true).check(release()).unwrap();
    assert_eq!(checked.signer, Signer::Trusted);
    checked.skip_audit("no decoder".to_owned());
    assert_eq!(failed(&checked), Vec::<String>::new());
    let text = checked.verdict.text();
    for part in [
        "ok    leak, leftover-bytes",
        "-     audit, every mask is opaque, every mute is silent: not checked: no decoder",
        "-     change, copied data",
        "verdict: ok (nothing was decoded)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Goal: a signature by a key that nobody vouched for fails, and the key is shown.
#[test]
fn an_unknown_key_is_shown_and_not_trusted() {
    let checked = checker(false).check(release()).unwrap();
    assert_eq!(failed(&checked), ["manifest, signature"]);
    assert!(lacks_only_trust(&checked.verdict));
    let Signer::Unknown(key) = &checked.signer else {
        panic!("{:?}", checked.signer);
    };
    assert!(String::from_utf8(read(KEY)).unwrap().contains(key.as_str()));
}

/// Goal: a decoder that refuses the release fails it; one that is missing does not.
#[test]
fn a_release_that_cannot_be_decoded_fails() {
    let mut checked = checker(true).check(release()).unwrap();
    checked.fail_audit("bad data".to_owned());
    assert_eq!(failed(&checked), ["audit, can be decoded"]);
}

/// Goal: pictures that are not masked, and frames that are missing, fail.
#[test]
fn frames_without_masks_fail() {
    let mut checked = checker(true).check(release()).unwrap();
    let tracks = Checker::tracks(release()).unwrap();
    let mut audit = checked.begin_audit(&tracks).unwrap();
    let size = redact_core::PixelSize::new(640, 360).unwrap();
    let range = redact_core::ColorRange::Limited;
    let gray = redact_core::Picture::filled(size, range, [128; 3]);
    audit.take(crate::AuditInput::Picture(gray));
    assert_eq!(audit.frames(), (1, 45));
    let no_sound = Some("no decoder for sound".to_owned());
    checked.finish_audit(audit, no_sound);
    assert_eq!(failed(&checked), ["audit, frames", "audit, masks"]);
    assert!(
        checked
            .verdict
            .text()
            .contains("-     audit, every mute is silent")
    );
}

/// The verdict on masks of the fixture, a black picture in place of each frame in `shown`.
fn shown(shown: impl Fn(u32) -> Option<u8>, decoded: Option<u32>) -> (Vec<String>, String) {
    let mut checked = checker(true).check(release()).unwrap();
    let tracks = Checker::tracks(release()).unwrap();
    let mut audit = checked.begin_audit(&tracks).unwrap();
    for index in audit.begin_shown(45) {
        let Some(level) = shown(index.get()) else {
            continue;
        };
        let pixels = [level, level, level, 255].repeat(640 * 360);
        let picture = crate::copy_shown((640, 360), &pixels).unwrap();
        audit.take(crate::AuditInput::Shown(index, picture));
    }
    if let Some(frames) = decoded {
        audit.note_decoded(frames);
    }
    checked.finish_audit(audit, Some("no decoder".to_owned()));
    (failed(&checked), checked.verdict.text())
}

/// Goal: what a screen shows is judged as far as a screen shows it: fills, in the frames that were
/// shown. The verdict says how many these are, and names what nobody measured.
#[test]
fn fills_that_a_screen_shows_are_measured() {
    let (failures, text) = shown(|_| Some(0), None);
    assert_eq!(failures, Vec::<String>::new());
    for part in [
        "ok    audit, frames: 45 of 45 frames in the file",
        "ok    audit, masks: fills measured in 45 of 45 frames that have some",
        "-     audit, 1 blurred or pixelated masks: not checked",
        "-     audit, data darker than black in fills: not checked",
        "-     audit, every mute is silent: not checked: no decoder",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // A picture at five levels, in a single frame.
    let (failures, text) = shown(|frame| Some(if frame == 7 { 5 } else { 0 }), None);
    assert_eq!(failures, ["audit, masks"]);
    assert!(text.contains("item-2 in frame 7"), "{text}");
    // Frames that were not shown are named, and those that were are judged.
    let (failures, text) = shown(|frame| (frame < 40).then_some(0), None);
    assert_eq!(failures, Vec::<String>::new());
    assert!(text.contains("fills measured in 40 of 45"), "{text}");
    assert!(
        text.contains("-     audit, fills in 5 frames: not checked"),
        "{text}"
    );
    // None at all: nothing was decoded.
    let (failures, text) = shown(|_| None, None);
    assert_eq!(failures, Vec::<String>::new());
    assert!(!text.contains("audit, masks"), "{text}");
    assert!(text.contains("verdict: ok (nothing was decoded)"), "{text}");
}

/// Goal: a decoder that hands over colors has handed over all frames, or the check fails.
#[test]
fn frames_that_a_decoder_leaves_out_fail() {
    let (failures, text) = shown(|_| Some(0), Some(45));
    assert_eq!(failures, Vec::<String>::new());
    assert!(
        text.contains("ok    audit, frames: 45 of 45 frames decoded"),
        "{text}"
    );
    let (failures, _) = shown(|_| Some(0), Some(44));
    assert_eq!(failures, ["audit, frames"]);
}

/// Goal: each kind of bad input has a check of its own that fails: another file, a record that was
/// changed, one that a newer version wrote. None of them is an error.
#[test]
fn bad_files_fail_by_name() {
    let other = checker(true);
    let mut bytes = read("clip.redacted.mp4");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let checked = other.check(Cursor::new(bytes)).unwrap();
    assert!(failed(&checked).contains(&"file, SHA-256".to_owned()));

    let mut changed = checker(true);
    let mut manifest = signed("clip.redacted.manifest.json");
    manifest.bytes.push(b'\n');
    changed.set_manifest(manifest.clone());
    let checked = changed.check(release()).unwrap();
    assert_eq!(failed(&checked), ["manifest, signature"]);
    assert_eq!(checked.signer, Signer::Nobody);
    assert!(checked.manifest().is_err());
    assert!(!lacks_only_trust(&checked.verdict));

    let pair = KeyPair::generate(None).unwrap();
    let text = String::from_utf8(read("clip.redacted.manifest.json")).unwrap();
    let text = text.replacen("\"schema_version\": \"1", "\"schema_version\": \"99", 1);
    let signature = pair.sign_bytes(text.as_bytes(), Signed::PublicManifest, UtcNanos(0));
    let mut newer = Checker::default();
    newer.set_manifest(SignedFile {
        bytes: text.into_bytes(),
        signature: signature.unwrap().into_bytes(),
    });
    let checked = newer.check(release()).unwrap();
    assert_eq!(failed(&checked), ["manifest, version"]);
}

/// Goal: a manifest that nothing names is no part of the chain of revisions.
#[test]
fn unrelated_manifests_are_left_out() {
    let mut checker = checker(true);
    checker.add_manifest(signed("clip.redacted.manifest.json"));
    checker.note_stamp();
    let checked = checker.check(release()).unwrap();
    assert_eq!(failed(&checked), Vec::<String>::new());
    let text = checked.verdict.text();
    assert!(!text.contains("previous manifest"), "{text}");
    assert!(text.contains("-     manifest, time stamp"), "{text}");
}

/// Goal: captions are compared with the manifest and its mutes here, too, whoever signs. Control:
/// captions without a word that is muted.
#[test]
fn captions_are_compared_with_the_mutes() {
    let pair = KeyPair::generate(None).unwrap();
    let check = |word: &str| {
        let span = redact_core::TimeSpan::new(100_000_000, 400_000_000).unwrap();
        let said = redact_core::CaptionWord {
            text: "hello".into(),
            span,
        };
        let sound = redact_record::captions::ReleaseSound::new(Vec::new(), 1_500_000_000);
        let text = redact_record::captions::write(&[said], &sound, None);
        let text = text.replace("hello<00:00:00.400>", word);
        let mut manifest: Value =
            serde_json::from_slice(&read("clip.redacted.manifest.json")).unwrap();
        manifest["captions"] = serde_json::json!({
            "bytes": text.len(), "language": null,
            "sha256": redact_record::digest_bytes(text.as_bytes()).to_string(),
        });
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let signature = pair.sign_bytes(&bytes, Signed::PublicManifest, UtcNanos(0));
        let mut checker = Checker::default();
        let signature = signature.unwrap().into_bytes();
        checker.set_manifest(SignedFile { bytes, signature });
        let missing = checker.check(release()).unwrap();
        assert!(missing.verdict.text().contains("-     captions, no word"));
        checker.set_captions(text.into_bytes());
        failed(&checker.check(release()).unwrap())
    };
    // The fixture is muted from 0.5 s on.
    let unknown = "manifest, signature".to_owned();
    assert_eq!(check("hello<00:00:00.499>"), std::slice::from_ref(&unknown));
    let muted = "captions, no word is muted".to_owned();
    assert_eq!(check("hello<00:00:00.501>"), [unknown, muted]);
}

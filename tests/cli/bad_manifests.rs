//! Manifests that are not what they should be: each has a verdict of its own, and none is "ok".

use std::fs;

use redact_record::sign::Signed;
use serde_json::{Value, json};

use crate::tamper::{MANIFEST, RELEASE, released};
use crate::work::Work;

const SEALED: &str = "clip.redacted.sealed.json";

/// The program says that `check` failed, with `words`, and nothing of it is "ok".
#[track_caller]
fn check(work: &Work, args: &[&str], check: &str, words: &str) {
    let run = work.redact(&[&["verify", RELEASE], args].concat());
    let said = run.stdout();
    assert_eq!(run.status(), Some(1), "{said}{}", run.stderr());
    let line = said
        .lines()
        .find(|line| line.starts_with(&format!("WRONG {check}: ")));
    let line = line.unwrap_or_else(|| panic!("{check} is not wrong: {said}"));
    assert!(line.contains(words), "{words:?} is not in: {line}");
    assert!(!said.contains("verdict: ok"), "{said}");
}

/// Goal: what a good signature covers is still read with suspicion.
/// Method: the manifest is damaged and signed with the agency's own key, so that the signature
/// holds; the untouched one, signed anew, is the control.
#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn signed_manifests_that_make_no_sense_have_a_verdict_each() {
    type Damage = fn(&mut Value);
    let table: &[(&str, Damage, &str, &str)] = &[
        (
            "a text in place of a number",
            |m| m["source"]["frames"] = json!("50"),
            "content",
            "source.frames",
        ),
        (
            "a number in place of a list",
            |m| m["masks"] = json!(7),
            "content",
            "masks",
        ),
        (
            "nothing in place of an object",
            |m| m["release"] = Value::Null,
            "content",
            "release",
        ),
        (
            "more than 64 bits",
            |m| m["release"]["bytes"] = json!(1e300),
            "content",
            "release.bytes",
        ),
        (
            "a negative length",
            |m| m["release"]["bytes"] = json!(-1),
            "content",
            "release.bytes",
        ),
        (
            "frames beyond the end",
            |m| m["masks"][0]["frames"][1] = json!(4_000_000_000_u32),
            "content",
            "frames",
        ),
        (
            "no frames at all",
            |m| m["totals"]["frames"] = json!(0),
            "content",
            "frames",
        ),
        (
            "an item that is not counted",
            |m| m["masks"][0]["item"] = json!(9),
            "content",
            "item",
        ),
        (
            "a box outside the picture",
            |m| m["masks"][0]["geometry"][0][3] = json!(7.5),
            "content",
            "item 1",
        ),
        (
            "an unknown key",
            |m| m["colour"] = json!("red"),
            "content",
            "colour",
        ),
        (
            "a key less",
            |m| {
                m.as_object_mut().unwrap().remove("checks");
            },
            "content",
            "checks",
        ),
        (
            "two people who are one",
            |m| m["approvals"]["second_person_required"] = json!(true),
            "content",
            "approvals.count",
        ),
        (
            "a newer version",
            |m| m["schema_version"] = json!("2.0"),
            "version",
            "newer than",
        ),
        (
            "an older version",
            |m| m["schema_version"] = json!("0.9"),
            "content",
            "schema_version",
        ),
        (
            "another kind",
            |m| m["schema"] = json!("redact-sealed-manifest"),
            "kind",
            "redact-sealed-manifest",
        ),
    ];
    let work = released();
    fs::remove_file(work.path(SEALED)).unwrap();
    let good = work.json(MANIFEST);
    let sign = |bytes: &[u8]| work.sign(MANIFEST, bytes, Signed::PublicManifest);
    sign(&serde_json::to_vec(&good).unwrap());
    work.redact(&["verify", RELEASE, "--no-media"])
        .expect_status(0);
    for (what, damage, name, words) in table {
        let mut bad = good.clone();
        damage(&mut bad);
        assert_ne!(bad, good, "{what} changes nothing");
        sign(&serde_json::to_vec(&bad).unwrap());
        check(&work, &["--no-media"], &format!("manifest, {name}"), words);
    }
    let text = serde_json::to_string(&good).unwrap();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let twice = text.replacen('{', "{\"schema\": \"redact-manifest\", ", 1);
    for bytes in [&text[..text.len() / 2], &deep, &twice, "", "\0\0", "null"] {
        sign(bytes.as_bytes());
        check(&work, &["--no-media"], "manifest, content", "");
    }
}

/// Goal: without the agency's key nothing about a manifest can be changed at all.
#[test]
fn a_manifest_cut_short_is_not_what_was_signed() {
    let work = released();
    let bytes = fs::read(work.path(MANIFEST)).unwrap();
    for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        fs::write(work.path(MANIFEST), &bytes[..length]).unwrap();
        check(
            &work,
            &["--no-media"],
            "manifest, signature",
            "not what was signed",
        );
    }
}

/// Goal: the records of one release do not vouch for another, though all are rightly signed.
#[test]
fn manifests_that_change_places_are_caught() {
    let work = released();
    let good = |name: &str| fs::read(work.path(name)).unwrap();
    let [first, sealed] = [good(MANIFEST), good(SEALED)];
    let other = [
        "render",
        "clip.mp4",
        "clip.plan.json",
        "--crf",
        "20",
        "--force",
    ];
    work.redact(&other).expect_status(0);
    let second = good(MANIFEST);
    work.sign(MANIFEST, &first, Signed::PublicManifest);
    check(&work, &["--no-media"], "file, SHA-256", "expected");
    let pair = "sealed manifest, belongs to the manifest";
    check(&work, &["--no-media"], pair, "as in the sealed manifest");
    work.sign(MANIFEST, &second, Signed::PublicManifest);
    work.redact(&["verify", RELEASE, "--no-media"])
        .expect_status(0);
    work.sign(SEALED, &sealed, Signed::SealedManifest);
    check(&work, &["--no-media"], pair, "as in the sealed manifest");
    // A sealed manifest is no public one, whoever signs it, nor the other way round.
    work.sign(MANIFEST, &sealed, Signed::SealedManifest);
    check(
        &work,
        &["--no-media"],
        "manifest, signature",
        "sealed-manifest",
    );
}

/// Goal: a manifest is not replayed for another recording.
#[test]
fn a_manifest_replayed_for_another_source_is_caught() {
    let work = released();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2 \
         -f lavfi -i sine=frequency=450:duration=2 -c:v libx264 -preset ultrafast -c:a aac o.mp4",
    );
    check(&work, &["--source", "o.mp4"], "source, SHA-256", "expected");
}

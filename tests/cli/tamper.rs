//! Every way we can think of to change a release after it was signed, each caught.

use std::fs;

use redact_record::manifest::PublicManifest;
use redact_record::sign::{TrustStore, TrustedKey};
use serde_json::json;

use crate::work::Work;

/// A folder with `clip.mp4` and a release of it that hides one region and one second of sound.
pub(crate) fn released() -> Work {
    let work = Work::new();
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut plan = work.approve_findings();
    plan["drawn"] = json!([{
        "id": "m", "effect": {"kind": "fill"}, "reason": "privacy-face",
        "frames": [10, 30], "keyframes": [[10, 0.25, 0.25, 0.5, 0.75]],
    }]);
    let mute = json!([{
        "id": "s", "start_seconds": 0.5, "end_seconds": 1.5, "sound_tracks": "all",
        "style": "silence", "reason": "privacy-speech",
    }]);
    Work::mute_only(&mut plan, mute);
    work.approve_edited(&plan);
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);
    work
}

pub(crate) const RELEASE: &str = "clip.redacted.mp4";
pub(crate) const MANIFEST: &str = "clip.redacted.manifest.json";
const SIGNATURE: &str = "clip.redacted.manifest.json.minisig";

/// Goal: each tampering is found; the untouched release before and after each one is the control.
#[test]
fn every_tampering_with_the_files_is_caught() {
    type Tamper = fn(&mut Vec<u8>);
    let table: &[(&str, &str, Tamper)] = &[
        ("first byte of the release", RELEASE, |b| b[0] ^= 1),
        ("middle byte of the release", RELEASE, |b| {
            let i = b.len() / 2;
            b[i] ^= 1
        }),
        ("last byte of the release", RELEASE, |b| {
            let i = b.len() - 1;
            b[i] ^= 0x80
        }),
        ("a byte after the release", RELEASE, |b| b.push(0)),
        ("the release cut short", RELEASE, |b| {
            b.truncate(b.len() - 1)
        }),
        ("an empty release", RELEASE, Vec::clear),
        ("first byte of the manifest", MANIFEST, |b| b[0] ^= 1),
        ("middle byte of the manifest", MANIFEST, |b| {
            let i = b.len() / 2;
            b[i] ^= 1
        }),
        ("white space after the manifest", MANIFEST, |b| {
            b.push(b'\n')
        }),
        ("an empty manifest", MANIFEST, Vec::clear),
        ("a changed signature", SIGNATURE, |b| {
            let i = b.len() / 2;
            b[i] ^= 1
        }),
        ("a signature cut short", SIGNATURE, |b| {
            b.truncate(b.len() / 2)
        }),
        ("an empty signature", SIGNATURE, Vec::clear),
    ];
    let work = released();
    work.redact(&["verify", RELEASE]).expect_status(0);
    for (what, file, tamper) in table {
        let good = fs::read(work.path(file)).unwrap();
        let mut bad = good.clone();
        tamper(&mut bad);
        assert_ne!(good, bad, "{what} changes nothing");
        fs::write(work.path(file), &bad).unwrap();
        let run = work.redact(&["verify", RELEASE]);
        let status = run.status();
        assert!(
            matches!(status, Some(1 | 2)),
            "{what}: {status:?}\n{}",
            run.stdout()
        );
        assert!(
            !run.stdout().to_lowercase().contains("verdict: ok"),
            "{what}: {}",
            run.stdout()
        );
        fs::write(work.path(file), &good).unwrap();
    }
    work.redact(&["verify", RELEASE]).expect_status(0);
}

/// Places at which `same` takes a copy of `good` with one byte changed for the same file. Each byte
/// is changed three times: its lowest bit, its highest, all of them.
fn missed(good: &[u8], same: impl Fn(&[u8], usize) -> bool) -> Vec<usize> {
    let mut bytes = good.to_vec();
    let mut places = Vec::new();
    for at in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            bytes[at] ^= change;
            if same(&bytes, at) {
                places.push(at);
            }
            bytes[at] ^= change;
        }
    }
    places
}

/// Goal: no byte of a release can be changed, whatever it means.
/// Method: each byte of a small release in turn, against what its signed manifest binds it to, as
/// `redact verify` does it; a few of them through the program. A check that looks at the length
/// alone, and one that looks at every other byte, are the controls: they miss all and half.
#[test]
fn no_changed_byte_of_a_release_is_missed() {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i color=gray:size=64x64:rate=25:duration=0.2 -c:v libx264 -preset ultrafast \
         clip.mp4",
    );
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    work.approve_findings();
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);
    let key = TrustedKey {
        name: "agency".into(),
        key: work.key().public(),
    };
    let trust = TrustStore::of(vec![key]).unwrap();
    let manifest = fs::read(work.path(MANIFEST)).unwrap();
    let signature = fs::read_to_string(work.path(SIGNATURE)).unwrap();
    let (manifest, _) = PublicManifest::open(&manifest, &signature, &trust).unwrap();
    let expected = manifest.release.binding();
    let good = fs::read(work.path(RELEASE)).unwrap();
    assert_eq!(work.binding(RELEASE), expected);

    let found = missed(&good, |bytes, at| {
        fs::write(work.path("x.mp4"), bytes).unwrap();
        let found = work.binding("x.mp4");
        let places = expected.differences(&found);
        let at = at as u64;
        assert!(places.iter().any(|place| place.contains(&at)), "byte {at}");
        found == expected
    });
    assert_eq!(found, Vec::<usize>::new());
    let length = missed(&good, |bytes, _| bytes.len() as u64 == expected.bytes);
    assert_eq!(length.len(), 3 * good.len());
    let even = |bytes: &[u8]| bytes.iter().step_by(2).copied().collect::<Vec<u8>>();
    let half = missed(&good, |bytes, _| even(bytes) == even(&good));
    assert_eq!(half.len(), 3 * (good.len() / 2));

    for part in 0..8 {
        let mut bad = good.clone();
        bad[good.len() * part / 8] ^= 1;
        fs::write(work.path(RELEASE), &bad).unwrap();
        let run = work.redact(&["verify", RELEASE]).expect_status(1);
        assert!(
            run.stdout().contains("WRONG file, SHA-256"),
            "{}",
            run.stdout()
        );
    }
    fs::write(work.path(RELEASE), &good).unwrap();
    work.redact(&["verify", RELEASE]).expect_status(0);
}

/// Goal: a good signature by a stranger is never "ok".
#[test]
fn a_release_signed_with_another_key_is_not_ok() {
    let work = released();
    let trusted = work.redact(&["key", "show"]).expect_status(0).stdout();
    fs::write(work.path("agency.pub"), trusted).unwrap();
    fs::rename(work.path("keys"), work.path("agency-keys")).unwrap();
    fs::remove_file(work.path(RELEASE)).unwrap();
    work.redact(&["render", "clip.mp4", "clip.plan.json", "--force"])
        .expect_status(0);
    let run = work
        .redact(&["verify", RELEASE, "--trust", "agency.pub"])
        .expect_status(1);
    assert!(run.stdout().contains("not trusted"), "{}", run.stdout());
}

#[test]
fn a_missing_manifest_or_signature_is_said() {
    for name in [MANIFEST, SIGNATURE] {
        let work = released();
        fs::remove_file(work.path(name)).unwrap();
        work.redact(&["verify", RELEASE]).expect_refusal(&[name]);
    }
}

/// Goal: verify looks at the pictures and the sound, not only at digests.
/// Method: somebody with the signing key releases the bare source under a manifest that claims a
/// mask and a mute; the digests are right, the content is not. The program never writes such a
/// manifest, so one is swapped in: the plan's mask is taken from a release whose file is replaced
/// before its digests are taken.
#[test]
fn the_manifest_of_another_release_is_caught() {
    let work = released();
    work.clip("other.mp4");
    let manifest = fs::read(work.path(MANIFEST)).unwrap();
    let signature = fs::read(work.path(SIGNATURE)).unwrap();
    fs::copy(work.path("other.mp4"), work.path("x.mp4")).unwrap();
    fs::write(work.path("x.manifest.json"), manifest).unwrap();
    fs::write(work.path("x.manifest.json.minisig"), signature).unwrap();
    let run = work.redact(&["verify", "x.mp4"]).expect_status(1);
    assert!(run.stdout().contains("SHA-256"), "{}", run.stdout());
}

/// Goal: the wrong source is said to be the wrong source.
#[test]
fn verify_against_another_source_is_not_ok() {
    let work = released();
    work.ffmpeg(
        "-f lavfi -i testsrc=size=320x240:rate=25:duration=2 -c:v libx264 -preset ultrafast o.mp4",
    );
    work.redact(&["verify", RELEASE, "--source", "o.mp4"])
        .expect_status(1);
    work.redact(&["verify", RELEASE, "--source", "clip.mp4"])
        .expect_status(0);
}

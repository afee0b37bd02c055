//! Releases that are cut into parts: nothing lost, nothing doubled, each verified by itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{INPUT, InProcess, Recording, clock, ports};
use redact_check::records::SignedBytes;
use redact_core::{
    Approval, ApprovedPlan, Class, Effect, FrameIndex, FrameSpan, Keyframe, MaskOrigin, MaskRegion,
    MuteRegion, MuteStreams, MuteStyle, NormRect, ReasonCode, TimeSpan, UtcNanos,
};
use redact_record::events::{Act, EventDraft};
use redact_record::manifest::PublicManifest;
use redact_record::release_paths;
use redact_record::sign::{KeyPair, TrustStore, TrustedKey};
use redact_release::ReleaseError;
use redact_release::approve::{PolicyDecision, read_policy};
use redact_release::cut::{PartLimit, ReleaseParts, WrittenPart};
use redact_release::files::read_signed;
use redact_release::scan::{ScanRequest, scan_recording};
use redact_release::verify::VerifyRequest;
use redact_testkit::{Quiet, Scene, Sound};

/// Frames of the recording: eight seconds, in GOPs of two seconds or less.
const FRAMES: u32 = 240;

/// A release with masks and mutes across several GOPs, and what signs and checks it.
struct Made {
    here: Recording,
    release: PathBuf,
    key: KeyPair,
    trust: TrustStore,
}

fn scene() -> Scene {
    let sound = |rate_hz, channels| Sound {
        rate_hz,
        channels,
        start: 0,
        speech: vec![TimeSpan::new(500_000_000, 7_500_000_000).unwrap()],
    };
    Scene {
        pan: [0.001, 0.0],
        sounds: vec![sound(48_000, 2), sound(16_000, 1)],
        ..Scene::new(320, 240, FRAMES)
    }
}

fn mask(id: &str, frames: (u32, u32), path: &[(u32, [f32; 4])], effect: Effect) -> MaskRegion {
    let keyframe = |&(frame, sides): &(u32, [f32; 4])| Keyframe {
        frame: FrameIndex::new(frame),
        rect: NormRect::new(sides).unwrap(),
    };
    MaskRegion::new(
        id.to_owned(),
        MaskOrigin::Drawn,
        effect,
        ReasonCode("privacy-face".to_owned()),
        FrameSpan::new(FrameIndex::new(frames.0), FrameIndex::new(frames.1)).unwrap(),
        path.iter().map(keyframe).collect(),
    )
    .unwrap()
}

/// The plan that a policy proposes, with a moving mask over most GOPs and two mutes instead of one
/// over everything.
fn edited(plan: &ApprovedPlan) -> ApprovedPlan {
    let mut plan = plan.plan().clone();
    let cells = redact_core::Cells::new(6).unwrap();
    plan.drawn = vec![
        mask(
            "moving",
            (20, 200),
            &[(20, [0.1, 0.1, 0.3, 0.4]), (199, [0.55, 0.33, 0.81, 0.77])],
            Effect::Fill,
        ),
        mask(
            "still",
            (100, 170),
            &[(100, [0.6, 0.05, 0.9, 0.3])],
            Effect::Pixelate(cells),
        ),
    ];
    let mute = |id: &str, start: i64, end: i64, streams| MuteRegion {
        id: id.to_owned(),
        span: TimeSpan::new(start, end).unwrap(),
        streams,
        style: MuteStyle::Silence,
        reason: ReasonCode("privacy-speech".to_owned()),
    };
    plan.mutes = vec![
        mute(
            "first",
            1_000_000_000,
            4_500_000_000,
            MuteStreams::Only(vec![1]),
        ),
        mute(
            "last",
            5_500_000_000,
            6_000_000_000,
            MuteStreams::Only(vec![1]),
        ),
    ];
    plan.approvals = Vec::new();
    plan.approvals = vec![Approval {
        by: "Ada Okafor".to_owned(),
        at: UtcNanos(0),
        statement: "For a test.".to_owned(),
        content: redact_record::plan::content(&plan),
        signature: None,
    }];
    let digest = plan.source.digest;
    redact_record::plan::approved(plan, digest).unwrap()
}

impl Made {
    fn new() -> Self {
        let here = Recording::of(&scene());
        let worker = InProcess { progress: &Quiet };
        let ports = ports(&worker);
        let (clip, models) = (here.path("clip.mp4"), here.models());
        let request = ScanRequest {
            clip: &clip,
            models: &models,
            input: &INPUT,
            transcript: None,
            acknowledged: Some(&Class::IDENTIFYING),
        };
        let (found, _) = scan_recording(&request, &ports).unwrap();
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
        let policy_file = policies.join("public-release.toml");
        let decision = PolicyDecision {
            clip: &clip,
            policy_file: &policy_file,
            policy: &read_policy(&policy_file).unwrap(),
            by: Some("Ada Okafor"),
            accept_missing: &Class::IDENTIFYING,
            accept_untranscribed: false,
        };
        let digest = redact_record::digest_bytes(b"findings");
        let mut draft = EventDraft::new(Act::Approval);
        let decided = decision.decide(&found, digest, clock(), &mut draft);
        let plan = edited(&decided.unwrap().0);
        let key = KeyPair::generate(None).unwrap();
        let trust = TrustStore::of(vec![TrustedKey {
            name: "agency".to_owned(),
            key: key.public(),
        }]);
        let trust = trust.unwrap();
        here.render(&plan, None, &key, &trust, &ports);
        let release = here.path("clip.redacted.mp4");
        Self {
            here,
            release,
            key,
            trust,
        }
    }

    fn record(&self) -> SignedBytes {
        read_signed(&release_paths(&self.release).manifest).unwrap()
    }

    fn plan(&self, bytes: u64) -> Result<ReleaseParts<'_>, ReleaseError> {
        let worker = InProcess { progress: &Quiet };
        let limit = PartLimit {
            bytes,
            other_records: 1000,
        };
        ReleaseParts::plan(
            &self.release,
            &self.record(),
            &self.trust,
            limit,
            &ports(&worker),
        )
    }

    /// Writes all parts, with their records, into a new folder.
    fn write(&self, parts: &ReleaseParts<'_>, folder: &str) -> Vec<WrittenPart> {
        let folder = self.here.path(folder);
        std::fs::create_dir(&folder).unwrap();
        let outputs = (1..=parts.count()).map(|number| folder.join(format!("part-{number}.mp4")));
        let outputs: Vec<PathBuf> = outputs.collect();
        let worker = InProcess { progress: &Quiet };
        let written = parts.write(&outputs, &self.key, &ports(&worker)).unwrap();
        for part in &written {
            let paths = release_paths(&part.path);
            std::fs::write(&paths.manifest, &part.manifest_bytes).unwrap();
            std::fs::write(&paths.manifest_signature, &part.signature).unwrap();
        }
        written
    }

    fn verify(&self, release: &Path, manifest: &Path) -> redact_check::Verdict {
        let worker = InProcess { progress: &Quiet };
        let request = VerifyRequest {
            release,
            manifest: manifest.to_owned(),
            source: None,
            policy: None,
            previous: &[],
            tsa: Vec::new(),
            trust: self.trust.clone(),
            no_media: false,
            second_look: None,
        };
        request.run(&ports(&worker)).unwrap().verdict
    }
}

/// Time and digest of each packet of a stream, as `ffprobe` prints them.
fn packets(path: &Path, stream: &str) -> Vec<(f64, String)> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", stream])
        .args(["-show_data_hash", "sha256", "-of", "json"])
        .args(["-show_entries", "packet=pts_time,data_hash"])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success());
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = found["packets"].as_array().unwrap().iter().map(|packet| {
        let text = |key: &str| packet[key].as_str().unwrap().to_owned();
        (text("pts_time").parse().unwrap(), text("data_hash"))
    });
    rows.collect()
}

/// Goal: the parts together have exactly the release's packets of pictures and sound, once, in
/// order and in sync; each is within the limit and verified by itself; the same release cut again
/// gives the same bytes. Controls: a part with another's manifest is not verified, and a missing
/// part is missing by number and frames.
#[test]
fn parts_have_each_packet_of_the_release_once_and_verify_alone() {
    let made = Made::new();
    let length = std::fs::metadata(&made.release).unwrap().len();
    let limit = length / 3 + made.record().bytes.len() as u64 + (110 << 10);
    let parts = made.plan(limit).unwrap();
    assert!(
        parts.count() >= 3,
        "{} parts of {length} bytes",
        parts.count()
    );
    let written = made.write(&parts, "one");
    for stream in ["v:0", "a:0", "a:1"] {
        let whole = packets(&made.release, stream);
        let mut joined = Vec::new();
        for part in &written {
            let seconds = part.manifest.part.as_ref().unwrap().release_seconds.0;
            #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
            let start = seconds.0.0 as f64 / 1e9;
            let own = packets(&part.path, stream);
            joined.extend(own.into_iter().map(|(at, hash)| (at + start, hash)));
        }
        let hashes = |all: &[(f64, String)]| all.iter().map(|p| p.1.clone()).collect::<Vec<_>>();
        assert_eq!(hashes(&joined), hashes(&whole), "{stream}");
        for (found, due) in joined.iter().zip(&whole) {
            assert!(
                (found.0 - due.0).abs() < 0.0003,
                "{stream}: {found:?} {due:?}"
            );
        }
    }
    let mut due = 0;
    for (at, part) in written.iter().enumerate() {
        let place = part.manifest.part.as_ref().unwrap();
        assert_eq!(
            (place.number as usize, place.count as usize),
            (at + 1, written.len())
        );
        assert_eq!(place.frames.0.0, due, "a missing part leaves a gap");
        due = place.frames.0.1;
        let bytes = std::fs::metadata(&part.path).unwrap().len();
        let records = part.manifest_bytes.len() + part.signature.len();
        assert!(bytes + records as u64 + 1000 <= limit);
        let verdict = made.verify(&part.path, &release_paths(&part.path).manifest);
        assert!(verdict.passed(), "part {}: {}", at + 1, verdict.text());
    }
    assert_eq!(due, FRAMES);
    let hidden = |part: &&WrittenPart| !part.manifest.masks.is_empty();
    assert!(
        written.iter().filter(hidden).count() >= 2,
        "a mask in two parts"
    );
    let other = release_paths(&written[1].path).manifest;
    assert!(!made.verify(&written[0].path, &other).passed());
    let again = made.write(&parts, "two");
    for (first, second) in written.iter().zip(&again) {
        assert_eq!(first.manifest_bytes, second.manifest_bytes);
        let read = |part: &WrittenPart| std::fs::read(&part.path).unwrap();
        assert!(read(first) == read(second), "the same bytes");
    }
}

/// Goal: what cannot be cut is refused with an error that says why, and leaves no file behind.
#[test]
fn what_cannot_be_cut_is_refused() {
    let made = Made::new();
    let refused = made.plan(200_000).err().unwrap();
    assert!(
        matches!(refused.cause(), ReleaseError::GopTooLarge { start: 0, .. }),
        "{}",
        refused.text()
    );
    let whole = made.plan(u64::MAX).unwrap();
    assert_eq!(whole.count(), 1);
    let part = made.write(&whole, "whole").remove(0);
    let again = SignedBytes {
        bytes: part.manifest_bytes.clone(),
        signature: part.signature.clone(),
    };
    let limit = PartLimit {
        bytes: u64::MAX,
        other_records: 0,
    };
    let worker = InProcess { progress: &Quiet };
    let ports = ports(&worker);
    let refused = ReleaseParts::plan(&part.path, &again, &made.trust, limit, &ports).err();
    assert!(matches!(
        refused.unwrap().cause(),
        ReleaseError::AlreadyPart { .. }
    ));
    let outputs = [made.here.path("new.mp4"), made.here.path("new.mp4")];
    assert!(whole.write(&outputs, &made.key, &ports).is_err());
    assert!(
        whole
            .write(std::slice::from_ref(&part.path), &made.key, &ports)
            .is_err()
    );
    assert!(!outputs[0].exists() && part.path.exists());
    let mut bytes = std::fs::read(&made.release).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&made.release, bytes).unwrap();
    let refused = made.plan(u64::MAX).err().unwrap();
    assert!(
        refused.text().contains("SHA-256 of the release"),
        "{}",
        refused.text()
    );
}

/// Goal: a manifest that gives a part another place is invalid.
#[test]
fn a_part_whose_place_contradicts_itself_is_refused() {
    let made = Made::new();
    let parts = made.plan(u64::MAX).unwrap();
    let part = made.write(&parts, "whole").remove(0);
    let text = String::from_utf8(part.manifest_bytes.clone()).unwrap();
    let open = |text: &str| {
        let signature = made.key.sign_bytes(
            text.as_bytes(),
            redact_record::sign::Signed::PublicManifest,
            clock(),
        );
        PublicManifest::open(text.as_bytes(), &signature.unwrap(), &made.trust).map(drop)
    };
    assert!(open(&text).is_ok(), "the control");
    for (from, to) in [
        ("\"number\": 1", "\"number\": 2"),
        ("\"count\": 1", "\"count\": 2"),
        ("\"frames\": [0,240]", "\"frames\": [0,239]"),
        ("\"release_frames\": 240", "\"release_frames\": 241"),
    ] {
        assert!(text.contains(from), "{from} in {text:.2000}");
        assert!(open(&text.replacen(from, to, 1)).is_err(), "{from}");
    }
}

//! Manifests and the log: complete, strict, and without anything that must not be released.

use redact_core::{
    Damage, DamageCause, DamagedPictures, DamagedSound, Digest, Effect, FrameIndex, FrameSpan,
    MaskLevels, MaskOrigin, TimeSpan,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::manifest::{
    CheckResult, Fresh, ManifestInput, Manifests, MaskOriginName, OneLine, PublicManifest,
    SealedManifest, ShapeFile, build,
};
use crate::sign::{KeyPair, SignatureVerdict, Signed, TrustStore};
use crate::testing::{self, Made, NOW, SENSITIVE};
use crate::{RecordError, digest_bytes, log};

/// A pair of manifests, signed, and a store that trusts the key.
pub(super) struct Case {
    pub(super) made: Manifests,
    pub(super) public_signature: String,
    pub(super) sealed_signature: String,
    pub(super) trust: TrustStore,
    pub(super) pair: KeyPair,
    _folder: TempDir,
}

impl Case {
    pub(super) fn new() -> Self {
        let made = Made::new().build();
        let pair = KeyPair::generate(None).unwrap();
        let folder = TempDir::new().unwrap();
        let mut trust = TrustStore::open(folder.path()).unwrap();
        trust.add("agency", &pair.public()).unwrap();
        let sign = |bytes: &[u8], kind| pair.sign_bytes(bytes, kind, NOW).unwrap();
        Self {
            public_signature: sign(&made.public_bytes, Signed::PublicManifest),
            sealed_signature: sign(&made.sealed_bytes, Signed::SealedManifest),
            made,
            trust,
            pair,
            _folder: folder,
        }
    }

    /// Signs `bytes` again, so that only their content is tested, and opens them.
    pub(super) fn open_public(&self, bytes: &[u8]) -> Result<PublicManifest, RecordError> {
        let signature = self.pair.sign_bytes(bytes, Signed::PublicManifest, NOW)?;
        PublicManifest::open(bytes, &signature, &self.trust).map(|(manifest, _)| manifest)
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn both_manifests_come_back_and_name_each_other() {
    let case = Case::new();
    let made = &case.made;
    let (public, verdict) =
        PublicManifest::open(&made.public_bytes, &case.public_signature, &case.trust).unwrap();
    assert!(matches!(verdict, SignatureVerdict::Trusted { .. }));
    assert_eq!(public, made.public);
    let (sealed, _) =
        SealedManifest::open(&made.sealed_bytes, &case.sealed_signature, &case.trust).unwrap();
    sealed.check_pair(&public, &made.public_bytes).unwrap();
    assert_eq!(sealed.body.approvals[0].by, "Approver Abel");
    assert_eq!(
        sealed.body.request.requester.as_deref(),
        Some("Requester Ray")
    );
    assert_eq!(sealed.body.kept.len(), 1);
}

#[test]
fn manifests_read_well() {
    let made = Made::new().build();
    insta::assert_snapshot!("public_manifest", text(&made.public_bytes));
    insta::assert_snapshot!("sealed_manifest", text(&made.sealed_bytes));
}

/// Goal: a verifier that has only the public manifest checks exactly what was rendered.
#[test]
fn masks_and_mutes_can_be_rebuilt_from_the_public_manifest_alone() {
    let made = Made::new();
    let rebuilt = made.build().public.redactions().unwrap();
    let planned = made.plan.redactions();
    assert_eq!(rebuilt.masks.len(), planned.masks.len());
    for (rebuilt, planned) in rebuilt.masks.iter().zip(&planned.masks) {
        assert_eq!(rebuilt.path(), planned.path());
        assert_eq!(rebuilt.span(), planned.span());
        assert_eq!(rebuilt.effect(), planned.effect());
        assert_eq!(rebuilt.reason(), planned.reason());
        let drawn = planned.origin() == MaskOrigin::Drawn;
        assert_eq!(rebuilt.origin() == MaskOrigin::Drawn, drawn);
    }
    for (rebuilt, planned) in rebuilt.mutes.iter().zip(&planned.mutes) {
        assert_eq!(
            (rebuilt.span, &rebuilt.streams, rebuilt.style),
            (planned.span, &planned.streams, planned.style)
        );
    }
    assert_eq!(rebuilt.mutes.len(), planned.mutes.len());
}

/// Goal: the levels of a blur or mosaic are declared, and invalid levels are rejected.
#[test]
fn levels_come_back_and_others_are_refused() {
    let levels = MaskLevels::new(2, 1, [vec![0, 15], vec![8, 8], vec![10, 3]]);
    let mut made = Made::new();
    let masks = made.plan.redactions().masks.len();
    made.plan = made.plan.with_levels(vec![levels.clone(); masks]);
    let built = made.build();
    let case = Case::new();
    let open = |old: &str, new: &str| {
        assert!(text(&built.public_bytes).contains(old), "{old}");
        let changed = text(&built.public_bytes).replacen(old, new, 1);
        case.open_public(changed.as_bytes())
    };
    let rebuilt = open("", "").unwrap().redactions().unwrap();
    for (mask, item) in rebuilt.masks.iter().zip(&built.public.masks) {
        let reduced = mask.effect() != Effect::Fill;
        assert_eq!(mask.levels(), levels.as_ref().filter(|_| reduced));
        let protection = if reduced { "reduced" } else { "removed" };
        assert_eq!(item.protection.unwrap().to_string(), protection);
    }
    for (old, new, at) in [
        ("\"luma\":\"0f\"", "\"luma\":\"0g\"", "levels"),
        ("\"luma\":\"0f\"", "\"luma\":\"0F\"", "levels"),
        ("\"luma\":\"0f\"", "\"luma\":\"0ff\"", "levels"),
        ("\"across\":2", "\"across\":9", "levels"),
        ("\"cells_across\":8", "\"cells_across\":1", "levels"),
        (
            "\"protection\": \"reduced\"",
            "\"protection\": \"removed\"",
            "protection",
        ),
        (
            "\"kind\":\"pixelate\",\"cells_across\":4",
            "\"kind\":\"fill\"",
            "protection",
        ),
    ] {
        let error = open(old, new).unwrap_err();
        assert!(error.to_string().contains(at), "{error}");
    }
}

/// Goal: the manifest alone says what is damaged, and that it is hidden whole.
#[test]
fn damaged_spans_are_declared_with_what_hides_them() {
    let damage = Damage {
        pictures: vec![DamagedPictures {
            frames: FrameSpan::new(FrameIndex::new(3), FrameIndex::new(6)).unwrap(),
            span: TimeSpan::new(100_100_000, 200_200_000).unwrap(),
            cause: DamageCause::Marked,
        }],
        sound: vec![DamagedSound {
            stream: 0,
            span: TimeSpan::new(50_000_000, 210_000_000).unwrap(),
            cause: DamageCause::Container,
        }],
    };
    let mut plan = crate::testing::unapproved();
    plan.reasons = crate::plan::with_own_reasons(plan.reasons, &damage);
    plan.damage = damage.clone();
    let plan = crate::testing::approve(plan, "Approver Abel", NOW, "I looked").unwrap();
    let made = Made::of(plan.clone()).build();
    assert_eq!(made.public.damage().unwrap().difference(&damage), None);
    let [OneLine(pictures), OneLine(sound)] = &made.public.damaged[..] else {
        panic!("{:?}", made.public.damaged);
    };
    let mask = &made.public.masks[pictures.item as usize - 1];
    assert_eq!(mask.origin, MaskOriginName::Damage);
    assert_eq!(mask.frames.0, (3, 6));
    assert_eq!(mask.reason, "damaged-recording");
    assert!(made.public.mutes.iter().any(|mute| mute.item == sound.item));
    // A part of the picture hides no damage.
    let mut part = made.public.clone();
    part.masks[pictures.item as usize - 1].shape = Some(OneLine(ShapeFile::Ellipse {}));
    let refused = Case::new()
        .open_public(&crate::json::pretty(&part))
        .unwrap_err();
    assert!(
        refused.to_string().contains("not hidden whole"),
        "{refused}"
    );
    let csv = String::from_utf8(log::csv(&made.public).unwrap()).unwrap();
    assert!(csv.contains("the decoder marks it as damaged"), "{csv}");
    // The approval covers it, and it survives the plan file.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    crate::plan::write(&path, &plan, crate::Overwrite::Never).unwrap();
    assert_eq!(crate::plan::read(&path).unwrap().0.damage, damage);
    let mut silent = plan;
    silent.damage = Damage::default();
    let refused = crate::plan::write(&path, &silent, crate::Overwrite::Replace);
    assert!(matches!(
        refused,
        Err(RecordError::ChangedAfterApproval { .. })
    ));
}

/// Goal: nothing sensitive is public. Control: all of it is in the sealed manifest.
#[test]
fn nothing_sensitive_is_in_the_public_manifest_or_the_log() {
    let made = Made::new().build();
    let page = log::html(&made.public, digest_bytes(&made.public_bytes)).unwrap();
    let sealed = text(&made.sealed_bytes);
    for value in SENSITIVE {
        assert!(
            !text(&made.public_bytes).contains(value),
            "{value} in the manifest"
        );
        assert!(!page.contains(value), "{value} in the log");
        assert!(sealed.contains(value), "{value} is sealed");
    }
}

#[test]
fn the_salt_prevents_guessing_the_sealed_body() {
    let made = Made::new();
    let other = ManifestInput {
        fresh: Fresh {
            salt: [0x23; 32],
            ..made.input().fresh
        },
        ..made.input()
    };
    let other = build(&other).unwrap().public.sealed_body_sha256;
    assert_ne!(other, made.build().public.sealed_body_sha256);
    assert_ne!(Fresh::random().unwrap(), Fresh::random().unwrap());
}

/// Method: every byte is changed; the unchanged file is the control.
#[test]
fn every_changed_byte_of_a_signed_manifest_is_refused() {
    let case = Case::new();
    let good = &case.made.public_bytes;
    assert!(PublicManifest::open(good, &case.public_signature, &case.trust).is_ok());
    let mut bytes = good.clone();
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        let opened = PublicManifest::open(&bytes, &case.public_signature, &case.trust);
        assert!(
            matches!(opened, Err(RecordError::Signature(_))),
            "byte {at}"
        );
        bytes[at] ^= 1;
    }
    let cut = &good[..good.len() - 1];
    assert!(PublicManifest::open(cut, &case.public_signature, &case.trust).is_err());
    let sealed = &case.made.sealed_bytes;
    let swapped = PublicManifest::open(sealed, &case.sealed_signature, &case.trust);
    assert!(
        matches!(swapped, Err(RecordError::Signature(_))),
        "one kind is not the other"
    );
}

#[test]
fn manifests_of_two_releases_do_not_pair() {
    let (one, mut other) = (Case::new(), Made::new());
    other.context.request.requester = Some("somebody else".into());
    let other = other.build();
    let (sealed, _) =
        SealedManifest::open(&one.made.sealed_bytes, &one.sealed_signature, &one.trust).unwrap();
    let refused = sealed
        .check_pair(&other.public, &other.public_bytes)
        .unwrap_err();
    assert!(matches!(refused, RecordError::Mismatch { .. }));
}

/// Goal: a valid signature does not make an impossible manifest acceptable.
#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn impossible_manifests_are_refused_with_the_place() {
    use std::error::Error as _;
    let case = Case::new();
    let good = text(&case.made.public_bytes).to_owned();
    assert!(case.open_public(good.as_bytes()).is_ok());
    let check = |from: &str, to: &str, expected: &str| {
        assert!(good.contains(from), "{from} is in {good}");
        let refused = case
            .open_public(good.replacen(from, to, 1).as_bytes())
            .unwrap_err();
        let cause = refused
            .source()
            .map(ToString::to_string)
            .unwrap_or_default();
        let error = format!("{refused}: {cause}");
        assert!(error.contains(expected), "{to}: {error}");
    };
    check(
        "\"redact-manifest\"",
        "\"redact-sealed-manifest\"",
        "expected \"redact-manifest\"",
    );
    check("\"1.0\"", "\"1.1\"", "1.1 is newer than 1.0");
    check("\"1.0\"", "\"2.0\"", "2.0 is newer");
    check("\"1.0\"", "\"0.9\"", "schema_version");
    check("\"1.0\"", "\"999999999999999999999.0\"", "schema_version");
    check("\"1.0\"", "1.0", "schema_version");
    check("\"created\"", "\"creation\"", "unknown field `creation`");
    check(
        "\"chapters\": 1",
        "\"chapters\": 1, \"chapters\": 1",
        "duplicate field `chapters`",
    );
    check("\"frames\": 12", "\"frames\": 13", "totals.frames");
    check("\"frames\": 12", "\"frames\": 1e99", "source.frames");
    check(
        "\"frames\": 12",
        "\"frames\": 99999999999999999999999",
        "source.frames",
    );
    check(
        "\"item\": 1,",
        "\"item\": 2,",
        "item 2, item: found 2; expected 1",
    );
    check(
        "\"medium\": \"picture\"",
        "\"medium\": \"sound\"",
        "item 1, medium",
    );
    check(
        "\"frames\": [0,7]",
        "\"frames\": [0,70]",
        "item 1, frames: found 70",
    );
    check("\"frames\": [0,7]", "\"frames\": [7,0]", "item 1, frames");
    check(
        "\"reason\": \"privacy-face\"",
        "\"reason\": \"because\"",
        "item 1, reason",
    );
    check(
        "\"cells_across\":8",
        "\"cells_across\":80",
        "cells_across: found 80",
    );
    check(
        "\"part_bytes\": 4096",
        "\"part_bytes\": 8192",
        "release: found parts",
    );
    check(
        "\"part_bytes\": 4096",
        "\"part_bytes\": 0",
        "release: found parts",
    );
    check(
        "\"bytes\": 10000,",
        "\"bytes\": 18446744073709551615,",
        "release: found parts",
    );
}

#[test]
fn no_manifest_vouches_for_a_release_that_failed() {
    let check = |change: &dyn Fn(&mut Made)| {
        let mut made = Made::new();
        change(&mut made);
        build(&made.input()).unwrap_err()
    };
    let failed = CheckResult {
        name: "mutes".into(),
        passed: false,
        evidence: "-12 dBFS".into(),
    };
    let lists: [fn(&mut Made) -> &mut Vec<CheckResult>; 3] = [
        |made| &mut made.audit,
        |made| &mut made.compare,
        |made| &mut made.leaks,
    ];
    for checks in lists {
        let refused = check(&|made| checks(made).push(failed.clone()));
        assert!(matches!(refused, RecordError::CheckFailed { .. }));
    }
    assert!(matches!(
        check(&|made| made.audit.clear()),
        RecordError::CheckFailed { .. }
    ));
    assert!(matches!(
        check(&|made| made.leaks.clear()),
        RecordError::CheckFailed { .. }
    ));
    assert!(matches!(
        check(&|made| made.render.frames = 11),
        RecordError::Mismatch { .. }
    ));
    let changed = |made: &mut Made| made.before.sha256 = Digest([0; 32]);
    assert!(matches!(check(&changed), RecordError::Mismatch { .. }));
    let made = Made::new();
    let after = ManifestInput {
        source_after: Digest([0; 32]),
        ..made.input()
    };
    assert!(matches!(build(&after), Err(RecordError::Mismatch { .. })));
}

/// Goal: the schemas in the repository describe the files, according to an independent validator.
#[test]
fn manifests_fit_the_schemas_in_the_repository() {
    let made = Made::new().build();
    let empty = Made::of(empty_plan()).build();
    check_schema::<PublicManifest>(
        "redact-manifest-1.0",
        &[&made.public_bytes, &empty.public_bytes],
    );
    check_schema::<SealedFileSchema>(
        "redact-sealed-manifest-1.0",
        &[&made.sealed_bytes, &empty.sealed_bytes],
    );
}

fn empty_plan() -> redact_core::Plan {
    let mut plan = testing::unapproved();
    plan.tracks.clear();
    plan.drawn.clear();
    plan.mutes.clear();
    crate::testing::approve(plan, "me", NOW, "ok").unwrap()
}

/// The sealed file as its schema describes it.
#[derive(schemars::JsonSchema)]
#[schemars(deny_unknown_fields, title = "SealedManifest")]
#[expect(dead_code, reason = "only its schema is used")]
struct SealedFileSchema {
    /// Always `redact-sealed-manifest`: the kind of the record.
    schema: String,
    /// Version of the schema.
    schema_version: String,
    /// SHA-256 of the public manifest's file.
    public_manifest_sha256: crate::manifest::Hex,
    /// The content, which stays with the agency; the public manifest has the SHA-256 of its bytes.
    body: crate::manifest::SealedBody,
}

/// Set this to update the schemas after changing the types.
const UPDATE: &str = "REDACT_UPDATE_SCHEMA";

fn check_schema<T: schemars::JsonSchema>(name: &str, files: &[&Vec<u8>]) {
    let path = format!("{}/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let described = schemars::schema_for!(T).to_value();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, crate::json::pretty(&described)).unwrap();
    }
    let committed: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(committed, described, "set {UPDATE}=1 to update {path}");
    let validator = jsonschema::validator_for(&committed).unwrap();
    for bytes in files {
        let good: Value = serde_json::from_slice(bytes).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&good)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        let mut more = good.clone();
        more["extra"] = Value::Null;
        assert!(!validator.is_valid(&more), "an unknown key is refused");
        let mut less = good;
        less.as_object_mut().unwrap().remove("schema");
        assert!(!validator.is_valid(&less), "a missing key is refused");
    }
}

#[test]
fn the_log_has_what_a_reader_needs_and_no_script() {
    let made = Made::new().build();
    let page = log::html(&made.public, digest_bytes(&made.public_bytes)).unwrap();
    for wanted in [
        "lang=\"en\"",
        "5 U.S.C. 552(b)(7)(C)",
        "Reduced, may be recovered in part: blurred, at most 8 cells across",
        "Reduced, may be recovered in part: pixelated, at most 4 cells across",
        "Replaced by silence",
        "Replaced by silence (the plan requested a tone)",
        "not legal advice",
        "12.35%",
        "0:00.2</b> of 0:00.4 muted on sound track 1",
        "No model ran for class plate",
        "<svg",
    ] {
        assert!(page.contains(wanted), "{wanted} in {page}");
    }
    for unwanted in [
        "<script", "<img", "http:", "https:", "<link", "{{", "onclick",
    ] {
        assert!(!page.contains(unwanted), "{unwanted}");
    }
}

/// Goal: a name that looks like markup stays text.
#[test]
fn markup_in_a_field_is_shown_as_text() {
    let mut made = Made::new();
    made.context.terms.agency = Some("<script>alert(1)</script>".into());
    let made = made.build();
    let page = log::html(&made.public, digest_bytes(&made.public_bytes)).unwrap();
    assert!(!page.contains("<script"));
    assert!(page.contains("alert(1)"));
}

#[test]
fn the_log_of_nothing_says_so() {
    let mut plan = testing::unapproved();
    plan.tracks.clear();
    plan.drawn.clear();
    plan.mutes.clear();
    plan.source.info.streams.retain(|stream| stream.included);
    plan.source.info.chapters = 0;
    let plan = crate::testing::approve(plan, "me", NOW, "ok").unwrap();
    let mut made = Made::of(plan);
    made.source_channels.clear();
    let made = made.build();
    let page = log::html(&made.public, digest_bytes(&made.public_bytes)).unwrap();
    assert!(page.contains("Nothing was withheld"));
}

/// Goal: the log names the request, the recording and local time where the manifest has them.
/// Control: a manifest without them has no such key, as those of earlier versions, and no such
/// line.
#[test]
fn the_log_names_the_request_the_recording_and_local_time() {
    let plain = Made::new().build();
    let text = String::from_utf8(plain.public_bytes.clone()).unwrap();
    for key in ["request_number", "\"recording\"", "time_zone", "utc_offset"] {
        assert!(!text.contains(key), "{key}");
    }
    let page = log::html(&plain.public, digest_bytes(&plain.public_bytes)).unwrap();
    assert!(!page.contains("<dt>Request</dt>") && !page.contains("local time"));

    let mut made = Made::new();
    let terms = &mut made.context.terms;
    terms.request_number = Some("2026-0417".into());
    terms.recording = Some("release-9883b853.redacted.mp4".into());
    terms.time_zone = Some("America/Chicago".into());
    terms.utc_offset = Some("-06:00".into());
    let made = made.build();
    let digest = digest_bytes(&made.public_bytes);
    let page = log::html(&made.public, digest).unwrap();
    let local = made.public.terms.local(made.public.created).unwrap();
    for wanted in [
        "<dt>Request</dt><dd>2026-0417</dd>",
        "<dt>Recording</dt><dd>release-9883b853.redacted.mp4</dd>",
        " UTC; local time ",
        &local,
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert!(local.ends_with("(America/Chicago, UTC-06:00)"), "{local}");
    assert!(log::pdf(&made.public, digest).unwrap().starts_with(b"%PDF"));
    let read: Value = serde_json::from_slice(&made.public_bytes).unwrap();
    assert_eq!(read["terms"]["request_number"], "2026-0417");
}

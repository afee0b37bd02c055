//! The whole pipeline without the program: a worker in this process, an event log in memory.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod common;

use std::path::Path;

use common::{INPUT, InProcess, Recording, clock, ports};
use redact_core::{Class, Progress};
use redact_record::events::{Act, EventDraft};
use redact_record::release_paths;
use redact_record::sign::{KeyPair, TrustStore, TrustedKey};
use redact_release::approve::{PolicyDecision, read_policy};
use redact_release::scan::{ScanRequest, scan_recording};
use redact_release::verify::VerifyRequest;
use redact_testkit::{Quiet, StopAfter};

/// Goal: a caller makes and verifies a release with nothing but this crate, and a release whose
/// bytes were changed is found out.
#[test]
fn a_release_is_made_and_verified_without_the_program() {
    let here = Recording::new();
    let (clip, release) = (here.path("clip.mp4"), here.path("clip.redacted.mp4"));
    let worker = InProcess { progress: &Quiet };
    let ports = ports(&worker);
    let models = here.models();
    let request = ScanRequest {
        clip: &clip,
        models: &models,
        input: &INPUT,
        transcript: None,
        acknowledged: Some(&Class::IDENTIFYING),
    };
    let (found, _) = scan_recording(&request, &ports).unwrap();
    assert_eq!(found.source.frames, 50);
    assert_eq!(found.missing, Class::IDENTIFYING);

    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let policy_file = policies.join("public-release.toml");
    let policy = read_policy(&policy_file).unwrap();
    let decision = PolicyDecision {
        clip: &clip,
        policy_file: &policy_file,
        policy: &policy,
        by: Some("Ada Okafor"),
        accept_missing: &Class::IDENTIFYING,
        accept_untranscribed: false,
    };
    let digest = redact_record::digest_bytes(b"findings");
    let mut draft = EventDraft::new(Act::Approval);
    let (plan, _) = decision
        .decide(&found, digest, clock(), &mut draft)
        .unwrap();

    let key = KeyPair::generate(None).unwrap();
    let trust = TrustStore::of(vec![TrustedKey {
        name: "agency".to_owned(),
        key: key.public(),
    }]);
    let trust = trust.unwrap();
    here.render(&plan, Some((&found, digest)), &key, &trust, &ports);

    let paths = release_paths(&release);
    let verify = || {
        let request = VerifyRequest {
            release: &release,
            manifest: paths.manifest.clone(),
            source: Some(&clip),
            policy: Some(policy.clone()),
            previous: &[],
            tsa: Vec::new(),
            trust: trust.clone(),
            no_media: false,
            second_look: None,
        };
        request.run(&ports).unwrap().verdict
    };
    let verdict = verify();
    assert!(verdict.passed(), "{}", verdict.text());
    let mut bytes = std::fs::read(&release).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&release, bytes).unwrap();
    assert!(!verify().passed());
}

/// Goal: a class without a detector stops a scan before anything is decoded, and a caller cancels.
#[test]
fn a_scan_is_refused_or_cancelled_with_a_typed_error() {
    let here = Recording::new();
    let (clip, models) = (here.path("clip.mp4"), here.models());
    let scan = |acknowledged: Option<&[Class]>, progress: &dyn Progress| {
        let request = ScanRequest {
            clip: &clip,
            models: &models,
            input: &INPUT,
            acknowledged,
        };
        let worker = InProcess { progress };
        scan_recording(&request, &ports(&worker)).map(drop)
    };
    let refused = scan(Some(&[]), &Quiet).unwrap_err();
    assert!(refused.is_refusal(), "{}", refused.text());
    assert!(
        refused
            .text()
            .contains("clip.mp4: no detector ran for class")
    );
    let cancelled = scan(None, &StopAfter::new(1)).unwrap_err();
    assert!(cancelled.is_cancelled(), "{}", cancelled.text());
    assert!(!cancelled.is_refusal());
}

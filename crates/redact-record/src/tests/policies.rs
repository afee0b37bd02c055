//! Policies: strict, complete, and never weaker by accident.

use redact_core::{Cells, Class, Effect, Verdict};

use crate::testing::{self, policy_with};
use crate::{RecordError, policy};

#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    use std::error::Error as _;
    let refused = policy_with(from, to).unwrap_err();
    let cause = refused
        .source()
        .map(ToString::to_string)
        .unwrap_or_default();
    let told = format!("{refused}: {cause}");
    assert!(told.contains(expected), "{to}: {told}");
}

#[test]
fn a_policy_reads_as_written() {
    let policy = testing::policy();
    assert_eq!(policy.rule(Class::Face).effect, Effect::Blur(Cells::MAX));
    assert_eq!(policy.rule(Class::Screen).verdict, Verdict::Keep);
    assert_eq!(policy.audio.padding_nanos, 250_000_000);
    assert_eq!(policy.reasons.len(), 3);
}

#[test]
fn the_projects_own_policies_are_valid() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let policy = policy::read(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
            assert_eq!(
                path.file_stem().unwrap().to_str(),
                Some(policy.name.as_str())
            );
            read += 1;
        }
    }
    assert!(read >= 3, "{read} policies");
}

#[test]
fn mistakes_are_refused_with_the_place() {
    check("format_version = 1", "format_version = 2", "newer");
    check(
        "format_version = 1",
        "format_version = \"1\"",
        "format_version",
    );
    check("title =", "titel =", "titel");
    check("name =", "name = \"x\"\nname =", "duplicate key");
    check(
        "name = \"public-release\"",
        "name = \" \"",
        "name: empty text",
    );
    check(
        "class = \"screen\"",
        "class = \"face\"",
        "class face: named 2 times",
    );
    check(
        "class = \"screen\"",
        "class = \"dog\"",
        "unknown variant `dog`",
    );
    check(
        "cells_across = 8",
        "cells_across = 12",
        "class face, effect.cells_across: 12",
    );
    check(
        "effect = { kind = \"fill\" }",
        "",
        "class plate, effect: missing",
    );
    check(
        "verdict = \"keep\"",
        "verdict = \"drop\"",
        "unknown variant `drop`",
    );
    check(
        "reason = \"privacy-speech\"",
        "reason = \"none\"",
        "audio.reason: \"none\"",
    );
    check("padding_ms = 250", "padding_ms = -1", "padding_ms");
    check(
        "padding_ms = 250",
        "padding_ms = 3600000",
        "padding_ms: 3600000",
    );
    check(
        "code = \"privacy-speech\"",
        "code = \"privacy-face\"",
        "used twice",
    );
    check(
        "[approval]\nsecond_person = false",
        "",
        "missing field `approval`",
    );
}

#[test]
fn weak_effects_on_plates_need_to_be_accepted() {
    let weak = "effect = { kind = \"blur\", cells_across = 4 }";
    check(
        "effect = { kind = \"fill\" }",
        weak,
        "too weak for class plate",
    );
    let accepted = format!("{weak}\naccept_weak_effect = true");
    let policy = policy_with("effect = { kind = \"fill\" }", &accepted).unwrap();
    assert!(policy.rule(Class::Plate).accept_weak_effect);
}

/// Goal: a plan edited by hand cannot get below its policy.
#[test]
fn a_plan_weaker_than_its_policy_is_found() {
    let policy = testing::policy();
    let plan = testing::unapproved();
    policy.check_plan(&plan).unwrap();
    let mut weak = plan.clone();
    let decision = weak.tracks[1].decision.as_mut().unwrap();
    decision.verdict = Verdict::Redact(Effect::Blur(Cells::MAX));
    assert!(matches!(
        policy.check_plan(&weak),
        Err(RecordError::WeakEffect { .. })
    ));
    let mut other = plan.clone();
    other.policy.digest = crate::digest_bytes(b"another");
    assert!(matches!(
        policy.check_plan(&other),
        Err(RecordError::Mismatch { .. })
    ));
    let strict = policy_with("second_person = false", "second_person = true").unwrap();
    let mut fewer = plan;
    fewer.policy.digest = strict.digest;
    assert!(matches!(
        strict.check_plan(&fewer),
        Err(RecordError::Mismatch { .. })
    ));
}

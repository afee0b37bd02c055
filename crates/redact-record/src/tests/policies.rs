//! Policies: strict, complete, and never weaker by accident.

use redact_core::{Cells, Class, Effect, Verdict};

use crate::testing::{self, policy_with};
use crate::{RecordError, plan, policy};

#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    use std::error::Error as _;
    let refused = policy_with(from, to).unwrap_err();
    let cause = refused
        .source()
        .map(ToString::to_string)
        .unwrap_or_default();
    let error = format!("{refused}: {cause}");
    assert!(error.contains(expected), "{to}: {error}");
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
        "name: found empty text",
    );
    check(
        "class = \"screen\"",
        "class = \"face\"",
        "class face: found 2 rules",
    );
    check(
        "class = \"screen\"",
        "class = \"dog\"",
        "unknown variant `dog`",
    );
    check(
        "cells_across = 8",
        "cells_across = 12",
        "class face, effect.cells_across: found 12",
    );
    check(
        "effect = { kind = \"fill\" }",
        "",
        "class plate, effect: found none",
    );
    check(
        "verdict = \"keep\"",
        "verdict = \"drop\"",
        "unknown variant `drop`",
    );
    check(
        "reason = \"privacy-speech\"",
        "reason = \"none\"",
        "audio.reason: found \"none\"",
    );
    check("padding_ms = 250", "padding_ms = -1", "padding_ms");
    check(
        "padding_ms = 250",
        "padding_ms = 3600000",
        "padding_ms: found 3600000",
    );
    check(
        "code = \"privacy-speech\"",
        "code = \"privacy-face\"",
        "the same code twice",
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

/// A folder with a policy that names `sets`, and one set beside it.
fn with_sets(sets: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policies", "reasons"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let set = |name: &str, code: &str| {
        format!(
            "format_version = 1\nname = \"{name}\"\ntitle = \"An act\"\n\
             jurisdiction = \"Here\"\nnote = \"Not legal advice.\"\n[[reason]]\n\
             code = \"{code}\"\nstatute = \"Act 1\"\ntext = \"Withheld.\"\n\
             source = \"https://example.org/act\"\nchecked = 2026-01-31\n"
        )
    };
    let write = |path: &str, text: String| std::fs::write(folder.path().join(path), text).unwrap();
    write("reasons/here.toml", set("here", "here-1"));
    write("policies/own.toml", set("own", "own-1"));
    write("reasons/clash.toml", set("clash", "privacy-face"));
    let policy = testing::POLICY.replacen("[approval]", &format!("{sets}\n[approval]"), 1);
    write("policies/p.toml", policy);
    let path = folder.path().join("policies/p.toml");
    (folder, path)
}

/// Goal: a policy that does not mention vehicles does not leave one without a found plate visible.
#[test]
fn vehicles_follow_plates_unless_they_are_named() {
    let unnamed = testing::policy();
    let (plate, vehicle) = (unnamed.rule(Class::Plate), unnamed.rule(Class::Vehicle));
    assert_eq!(
        (vehicle.verdict, &vehicle.reason),
        (plate.verdict, &plate.reason)
    );
    let named = "[[class]]\nclass = \"vehicle\"\nverdict = \"keep\"\nreason = \"nothing-private\"\n\n[audio]";
    let policy = policy_with("[audio]", named).unwrap();
    assert_eq!(policy.rule(Class::Vehicle).verdict, Verdict::Keep);
    assert_eq!(policy.rule(Class::Plate).verdict, plate.verdict);
    check(
        "[audio]",
        &named.replacen("[audio]", named, 1),
        "class vehicle: found 2 rules",
    );
}

#[test]
fn a_policy_names_reason_sets_by_name_and_by_path() {
    let (_folder, path) = with_sets("reasons_from = [\"here\", \"own.toml\"]");
    let policy = policy::read(&path).unwrap();
    let codes: Vec<&str> = policy.reasons.iter().map(|r| r.code.0.as_str()).collect();
    let own = ["privacy-face", "privacy-speech", "nothing-private"];
    assert_eq!(codes[..3], own);
    assert_eq!(codes[3..], ["here-1", "own-1"]);
    // What is in a set may be used; without the set, the same code is unknown.
    let text = std::fs::read_to_string(&path).unwrap();
    let used = text.replacen("reason = \"nothing-private\"", "reason = \"here-1\"", 1);
    std::fs::write(&path, &used).unwrap();
    let policy = policy::read(&path).unwrap();
    assert_eq!(policy.rule(Class::Screen).reason.0, "here-1");
    std::fs::write(&path, used.replacen("\"here\", ", "", 1)).unwrap();
    let refused = policy::read(&path).unwrap_err();
    assert!(refused.to_string().contains("here-1"), "{refused}");
}

#[test]
fn a_set_that_is_missing_or_clashes_is_named() {
    let (_folder, path) = with_sets("reasons_from = [\"nowhere\"]");
    let refused = policy::read(&path).unwrap_err();
    assert_eq!(refused.to_string(), "cannot use reason set \"nowhere\"");
    let (_folder, path) = with_sets("reasons_from = [\"clash\"]");
    let refused = policy::read(&path).unwrap_err();
    assert!(refused.to_string().contains("two definitions"), "{refused}");
}

/// Goal: the plan says what its policy accepts, and only then may a plate be blurred: an edited
/// plan is rejected without the policy file. Control: the unedited plan is approved.
#[test]
fn a_plan_carries_what_its_policy_accepts_and_nothing_weaker_is_approved() {
    let weak = "effect = { kind = \"blur\", cells_across = 4 }\naccept_weak_effect = true";
    let accepting = policy_with("effect = { kind = \"fill\" }", weak).unwrap();
    assert_eq!(accepting.weak_effects_accepted(), [Class::Plate]);
    assert_eq!(testing::policy().weak_effects_accepted(), []);
    let blur_plate = |policy: &policy::Policy| {
        let mut findings = testing::findings();
        findings.tracks = vec![testing::track(1, Class::Plate, 0, 3)];
        findings.missing.clear();
        let digest = redact_core::Digest([1; 32]);
        let by = "policy public-release";
        let mut plan = plan::propose(&findings, digest, policy, by, testing::NOW).unwrap();
        let source = plan.source.digest;
        let sound = testing::approve(plan.clone(), "Ada", testing::NOW, "ok").unwrap();
        plan::approved(sound, source).unwrap();
        let decision = plan.tracks[0].decision.as_mut().unwrap();
        decision.verdict = Verdict::Redact(Effect::Blur(Cells::MAX));
        let plan = testing::approve(plan, "Ada", testing::NOW, "ok")?;
        plan::approved(plan, source).map(drop)
    };
    blur_plate(&accepting).unwrap();
    let refused = blur_plate(&testing::policy()).unwrap_err();
    assert!(
        matches!(refused, RecordError::WeakEffect { .. }),
        "{refused}"
    );
}

/// Goal: a plan edited by hand cannot be weaker than its policy.
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
    let mut accepting = plan.clone();
    accepting.weak_effects_accepted = vec![Class::Screen];
    assert!(matches!(
        policy.check_plan(&accepting),
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

/// Goal: the policy's rules travel with the plan and cannot be weakened there, whoever approves it.
/// Control: the plan as proposed.
#[test]
fn the_text_of_the_policy_binds_the_plan() {
    let strict = policy_with("second_person = false", "second_person = true").unwrap();
    let digest = redact_core::Digest([1; 32]);
    let by = "policy public-release";
    let good = plan::propose(&testing::findings(), digest, &strict, by, testing::NOW).unwrap();
    plan::check_policy(&good).unwrap();
    let refused = |change: fn(&mut redact_core::Plan)| {
        let mut plan = good.clone();
        change(&mut plan);
        assert_ne!(plan, good);
        plan::check_policy(&plan).unwrap_err();
        testing::approve(plan, "Mallory", testing::NOW, "ok").unwrap_err()
    };
    let what = |refused: RecordError| match refused {
        RecordError::Mismatch { what, .. } => what,
        other => panic!("{other}"),
    };
    let text = "SHA-256 of the policy's text";
    assert_eq!(
        what(refused(|plan| plan.second_person = false)),
        "second_person"
    );
    let accept = |plan: &mut redact_core::Plan| plan.weak_effects_accepted = vec![Class::Plate];
    assert_eq!(what(refused(accept)), "weak_effects_accepted");
    assert_eq!(what(refused(|plan| plan.policy.rules.push(' '))), text);
    let other = |plan: &mut redact_core::Plan| plan.policy.digest = redact_core::Digest([2; 32]);
    assert_eq!(what(refused(other)), text);
    let name = |plan: &mut redact_core::Plan| plan.policy.name = "court".into();
    assert_eq!(what(refused(name)), "name of the policy");
}

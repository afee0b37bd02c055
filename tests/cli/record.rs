//! What was found and what was decided is on record, whoever edits and approves the plan.

use redact_core::UtcNanos;
use redact_record::{Overwrite, plan};
use serde_json::{Value, json};

use crate::work::{Work, policy};

const RENDER: [&str; 4] = ["render", "clip.mp4", "clip.plan.json", "--force"];
const APPROVE: [&str; 5] = ["approve", "clip.plan.json", "--by", "Ada", "--force"];

/// A clip with a face, a vehicle without a plate and speech, as a scan with models would find them.
fn found() -> Work {
    let work = Work::new();
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut findings = work.json("clip.findings.json");
    let track = |id: u32, class: &str, x: f64| {
        let boxes: Vec<Value> = (3..9)
            .map(|frame| json!([frame, x, 0.25, x + 0.125, 0.5, 0.9, "detected"]))
            .collect();
        json!({"id": id, "class": class, "boxes": boxes})
    };
    findings["tracks"] = json!([track(1, "face", 0.25), track(2, "vehicle", 0.625)]);
    findings["speech"] = json!([{"start_seconds": 0.5, "end_seconds": 1.0}]);
    work.write_json("clip.findings.json", &findings);
    work.approve_findings();
    work
}

/// Approves the plan as an older version or another program would: without the findings.
fn approve_past_the_check(work: &Work) {
    let path = work.path("clip.plan.json");
    let plan = plan::read_unapproved(&path).unwrap();
    let mut content = plan::PlanContent::new(plan).unwrap();
    content.approve("Ada", UtcNanos(0), "I looked").unwrap();
    let plan = content.into_plan();
    plan::write(&path, &plan, Overwrite::Replace).unwrap();
}

/// Goal: an edit that uncovers what was found is refused by `approve`, and by `render` where it was
/// approved another way. Control: without the comparison the very same plans are rendered, and the
/// untouched plan is rendered with it.
#[test]
fn an_edit_that_uncovers_a_finding_is_neither_approved_nor_rendered() {
    type Attack = fn(&mut Value);
    let attacks: &[(&str, Attack)] = &[
        ("face deleted", |plan| {
            drop(plan["tracks"].as_array_mut().unwrap().remove(0))
        }),
        ("vehicle fallback deleted", |plan| {
            drop(plan["tracks"].as_array_mut().unwrap().pop());
        }),
        ("shrunk to a corner", |plan| {
            for row in plan["tracks"][0]["boxes"].as_array_mut().unwrap() {
                *row = json!([row[0], 0.0, 0.0, 0.03, 0.03, row[5], row[6]]);
            }
        }),
        ("frames cut", |plan| {
            plan["tracks"][0]["boxes"]
                .as_array_mut()
                .unwrap()
                .truncate(4);
        }),
        ("class renamed", |plan| {
            plan["tracks"][0]["class"] = json!("screen")
        }),
        ("mute deleted", |plan| plan["mutes"] = json!([])),
        ("model made up", |plan| {
            plan["models"] = json!([{
                "name": "fbi-approved-face-9000", "sha256": "aa".repeat(32), "licence": "MIT",
                "classes": ["face"], "threshold": 0.5, "input_side": 640,
            }]);
        }),
        ("missing class hidden", |plan| {
            plan["missing"] = json!([]);
            plan["acknowledged"] = json!([]);
        }),
    ];
    let work = found();
    let good = work.json("clip.plan.json");
    for (what, attack) in attacks {
        let mut plan = good.clone();
        attack(&mut plan);
        assert_ne!(plan, good, "{what} changes nothing");
        work.write_json("clip.plan.json", &plan);
        let refused = work.redact(&APPROVE).expect_refusal(&["clip.plan.json"]);
        assert!(
            refused.stderr().contains("findings"),
            "{what}: {}",
            refused.stderr()
        );
        approve_past_the_check(&work);
        work.redact(&RENDER).expect_refusal(&["clip.plan.json"]);
        assert!(!work.path("clip.redacted.mp4").exists(), "{what}");
    }
    // The last of them goes through once it is declared that the findings are lost.
    let without = [&RENDER[..], &["--without-findings", "lost"]].concat();
    work.redact(&without).expect_status(0);
    let findings = &work.json("clip.redacted.manifest.json")["findings"];
    assert_eq!(findings, &json!({"compared": false, "why": "lost"}));
    work.write_json("clip.plan.json", &good);
    work.redact(&RENDER).expect_status(0);
    let findings = &work.json("clip.redacted.manifest.json")["findings"];
    assert_eq!(findings["compared"], true);
}

/// Goal: findings that were edited along with the plan are not those that it was made from.
#[test]
fn edited_findings_are_refused() {
    let work = found();
    let mut plan = work.json("clip.plan.json");
    plan["tracks"].as_array_mut().unwrap().remove(0);
    work.write_json("clip.plan.json", &plan);
    let mut findings = work.json("clip.findings.json");
    findings["tracks"].as_array_mut().unwrap().remove(0);
    work.write_json("clip.findings.json", &findings);
    work.redact(&APPROVE)
        .expect_refusal(&["SHA-256 of the findings"]);
}

/// Goal: keep, reject and kept speech are decisions with person, time and reason: counted in
/// public, told in the log, with all details in the sealed manifest. Control: nothing of the kind
/// without.
#[test]
fn keep_reject_and_kept_speech_are_on_record() {
    let work = found();
    work.redact(&RENDER).expect_status(0);
    let manifest = work.json("clip.redacted.manifest.json");
    assert_eq!(
        (
            &manifest["kept"],
            &manifest["rejected"],
            &manifest["kept_speech"]
        ),
        (&json!([]), &json!([]), &json!([]))
    );
    let mut plan = work.json("clip.plan.json");
    let decision = |verdict: &str| {
        json!({"verdict": verdict, "reason": "nothing-to-withhold", "by": "Olsen",
            "at": "2026-03-01T08:00:00Z"})
    };
    plan["tracks"][0]["decision"] = decision("reject");
    plan["tracks"][1]["decision"] = decision("keep");
    Work::mute_only(&mut plan, json!([]));
    work.write_json("clip.plan.json", &plan);
    work.redact(&APPROVE).expect_status(0);
    work.redact(&RENDER).expect_status(0);
    let manifest = work.json("clip.redacted.manifest.json");
    let count =
        |class: &str| json!([{"class": class, "reason": "nothing-to-withhold", "tracks": 1}]);
    assert_eq!(manifest["masks"], json!([]), "neither is masked");
    assert_eq!(manifest["rejected"], count("face"));
    assert_eq!(manifest["kept"], count("vehicle"));
    assert_eq!(manifest["kept_speech"][0]["spans"], 1);
    assert!(!manifest.to_string().contains("Olsen"));
    let sealed = work.json("clip.redacted.sealed.json");
    let rejected = &sealed["body"]["rejected"][0];
    assert_eq!(
        (&rejected["by"], &rejected["at"], &rejected["frames"]),
        (
            &json!("Olsen"),
            &json!("2026-03-01T08:00:00Z"),
            &json!([3, 9])
        )
    );
    assert_eq!(sealed["body"]["kept_speech"][0]["by"], "Ada");
    let log = std::fs::read_to_string(work.path("clip.redacted.log.html")).unwrap();
    assert!(
        log.contains("rejected by a reviewer") && log.contains("left audible"),
        "{log}"
    );
    let verify = ["verify", "clip.redacted.mp4", "--source", "clip.mp4"];
    work.redact(&verify).expect_status(0);
}

/// Goal: where a mask covers a person who was kept, the approver and the operator are warned, and
/// the sealed manifest has the frames and the mask. Control: beside the person, nothing is said.
#[test]
fn a_mask_over_a_person_who_was_kept_is_on_record() {
    let work = found();
    let decide = |x: f64| {
        let mut plan = work.json("clip.plan.json");
        plan["tracks"][0]["decision"] = json!({"verdict": "keep", "reason": "nothing-to-withhold",
            "by": "Olsen", "at": "2026-03-01T08:00:00Z"});
        plan["drawn"] = json!([{"id": "door", "effect": {"kind": "fill"},
            "reason": "privacy-face", "frames": [5, 8],
            "keyframes": [[5, x, 0.25, x + 0.125, 0.5]]}]);
        work.write_json("clip.plan.json", &plan);
        let approved = work.redact(&APPROVE).expect_status(0).stdout();
        let rendered = work.redact(&RENDER).expect_status(0).stdout();
        let sealed = work.json("clip.redacted.sealed.json");
        let kept = sealed["body"]["kept"][0].clone();
        (approved, rendered, kept)
    };
    let warning = "warning: face 1 is kept visible, but mask door covers it in 3 frames, up to \
                   100 % in frame 5";
    let (approved, rendered, kept) = decide(0.25);
    assert!(approved.contains(warning), "{approved}");
    assert!(rendered.contains(warning), "{rendered}");
    assert_eq!(
        kept["covered"],
        json!({"frames": 3, "worst_frame": 5, "share": 1.0, "plan_ids": ["door"]})
    );
    let verify = ["verify", "clip.redacted.mp4", "--source", "clip.mp4"];
    work.redact(&verify).expect_status(0);
    let (approved, rendered, kept) = decide(0.5);
    assert!(!approved.contains("warning") && !rendered.contains("warning"));
    assert_eq!(
        (&kept["track"], &kept["covered"]),
        (&json!(1), &Value::Null)
    );
}

/// Goal: the policy does not keep or reject what it hides, whatever a plan says; a person does.
#[test]
fn a_decision_against_the_policy_needs_a_person() {
    let work = found();
    let mut plan = work.json("clip.plan.json");
    plan["tracks"][0]["decision"] = json!({"verdict": "keep", "reason": "nothing-to-withhold",
        "by": "policy public-release", "at": "2026-03-01T08:00:00Z"});
    work.write_json("clip.plan.json", &plan);
    work.redact(&APPROVE)
        .expect_refusal(&["needs a person's name"]);
}

/// Goal: an effect that leaves more than the policy's is refused. Control: as strong as that.
#[test]
fn an_effect_below_the_policys_is_refused() {
    let work = found();
    let rules = std::fs::read_to_string(policy("public-release.toml")).unwrap();
    let rules = rules.replace(
        "{ kind = \"blur\", cells_across = 8 }",
        "{ kind = \"fill\" }",
    );
    std::fs::write(work.path("strict.toml"), rules).unwrap();
    std::fs::remove_file(work.path("clip.plan.json")).unwrap();
    let mut args = vec![
        "approve",
        "clip.findings.json",
        "--policy",
        "strict.toml",
        "--by",
        "Ada",
    ];
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    work.redact(&args).expect_status(0);
    work.redact(&APPROVE).expect_status(0);
    let mut plan = work.json("clip.plan.json");
    plan["tracks"][0]["decision"]["effect"] = json!({"kind": "blur", "cells_across": 1});
    work.write_json("clip.plan.json", &plan);
    work.redact(&APPROVE)
        .expect_refusal(&["track 1", "weaker than fill"]);
}

//! Approvals through the program: who may give them, and what voids them.

use serde_json::{Value, json};

use crate::work::{Work, policy};

/// Findings of a clip with one plate, as a scan with a model would write them.
fn plate_found(work: &Work) {
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut findings = work.json("clip.findings.json");
    findings["tracks"] = json!([{
        "id": 1, "class": "plate",
        "boxes": [[3, 0.25, 0.25, 0.5, 0.5, 0.9, "detected"]],
    }]);
    work.write_json("clip.findings.json", &findings);
}

fn propose(work: &Work, policy: &str, by: &str) {
    let mut args = vec!["approve", "clip.findings.json", "--policy", policy];
    args.extend(["--by", by]);
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    work.redact(&args).expect_status(0);
}

const RENDER: [&str; 3] = ["render", "clip.mp4", "clip.plan.json"];

fn approve_by(name: &str) -> [&str; 5] {
    ["approve", "clip.plan.json", "--by", name, "--force"]
}

/// Goal: a policy that asks for two people gets two people, and not one under two spellings.
#[test]
fn two_people_approve_and_one_person_cannot_be_both() {
    let work = Work::new();
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    propose(&work, &policy("court.toml"), "Ada Okafor");
    let alone = work.redact(&RENDER).expect_refusal(&["second approver"]);
    assert!(alone.stderr().contains("hint:"), "{}", alone.stderr());
    for same in ["Ada Okafor", " ada okafor "] {
        work.redact(&approve_by(same))
            .expect_refusal(&["another person"]);
    }
    work.redact(&RENDER).expect_refusal(&["second approver"]);
    work.redact(&approve_by("Ben Ruiz")).expect_status(0);
    work.redact(&RENDER).expect_status(0);
    work.redact(&["verify", "clip.redacted.mp4", "--source", "clip.mp4"])
        .expect_status(0);
    let sealed = work.json("clip.redacted.sealed.json");
    let names: Vec<&Value> = sealed["body"]["approvals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|approval| &approval["by"])
        .collect();
    assert_eq!(names, ["Ada Okafor", "Ben Ruiz"]);
}

/// Goal: an edit after two approvals voids both, and one new one is not enough.
#[test]
fn an_edit_voids_both_approvals() {
    let work = Work::new();
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    propose(&work, &policy("court.toml"), "Ada");
    work.redact(&approve_by("Ben")).expect_status(0);
    let mut plan = work.json("clip.plan.json");
    plan["mutes"] = json!([{
        "id": "s", "start_seconds": 0.5, "end_seconds": 1.5, "sound_tracks": "all",
        "style": "silence", "reason": plan["reasons"][0]["code"],
    }]);
    work.write_json("clip.plan.json", &plan);
    work.redact(&RENDER).expect_refusal(&["approved"]);
    work.redact(&approve_by("Ben")).expect_status(0);
    work.redact(&RENDER).expect_refusal(&["second approver"]);
    work.redact(&approve_by("Ada")).expect_status(0);
    work.redact(&RENDER).expect_status(0);
}

/// Goal: nobody gets a decision past an approval by editing the file that carries it.
/// Method: each attack on an approved plan; the approved plan itself is the control.
#[test]
fn every_attack_on_an_approval_is_refused() {
    type Attack = fn(&mut Value);
    let attacks: &[(&str, Attack)] = &[
        ("another approver's name", |plan| {
            plan["approvals"][0]["content_sha256"] = json!("00".repeat(32));
        }),
        ("no approval", |plan| plan["approvals"] = json!([])),
        ("a track less", |plan| plan["tracks"] = json!([])),
        ("a verdict turned", |plan| {
            let decision = &mut plan["tracks"][0]["decision"];
            decision["verdict"] = json!("keep");
            decision.as_object_mut().unwrap().remove("effect");
        }),
        ("another recording", |plan| {
            plan["source"]["sha256"] = json!("11".repeat(32));
        }),
        ("a rule that asks for fewer people", |plan| {
            plan["second_person"] = json!(!plan["second_person"].as_bool().unwrap());
        }),
        ("an accepted weak effect", |plan| {
            plan["weak_effects_accepted"] = json!(["plate"]);
        }),
        ("another policy", |plan| {
            plan["policy"]["sha256"] = json!("22".repeat(32));
        }),
    ];
    let work = Work::new();
    plate_found(&work);
    propose(&work, &policy("public-release.toml"), "Ada");
    let good = work.json("clip.plan.json");
    for (what, attack) in attacks {
        let mut plan = good.clone();
        attack(&mut plan);
        assert_ne!(plan, good, "{what} changes nothing");
        work.write_json("clip.plan.json", &plan);
        let run = work.redact(&RENDER).expect_status(2);
        assert!(!work.path("clip.redacted.mp4").exists(), "{what}");
        assert!(
            run.stderr().starts_with("redact: "),
            "{what}: {}",
            run.stderr()
        );
    }
    work.write_json("clip.plan.json", &good);
    work.redact(&RENDER).expect_status(0);
}

/// Goal: an approval of one plan is no approval of another.
#[test]
fn an_approval_cannot_be_used_for_another_plan() {
    let work = Work::new();
    plate_found(&work);
    propose(&work, &policy("public-release.toml"), "Ada");
    let hidden = work.json("clip.plan.json");
    let mut kept = hidden.clone();
    kept["tracks"][0]["decision"] = json!({
        "verdict": "keep", "reason": hidden["reasons"][0]["code"], "by": "Ada",
        "at": hidden["tracks"][0]["decision"]["at"],
    });
    work.write_json("clip.plan.json", &kept);
    work.redact(&approve_by("Ada")).expect_status(0);
    let approval_of_kept = work.json("clip.plan.json")["approvals"].clone();
    let mut forged = hidden.clone();
    forged["approvals"] = approval_of_kept;
    work.write_json("clip.plan.json", &forged);
    work.redact(&RENDER).expect_refusal(&["approve"]);
    work.write_json("clip.plan.json", &hidden);
    work.redact(&RENDER).expect_status(0);
}

/// Goal: a blur on a plate, put into the plan by hand, is refused by `approve` and by `render`
/// unless the policy accepts it. Control: the fill that the policy asked for is rendered.
#[test]
fn a_blur_on_a_plate_needs_a_policy_that_accepts_it() {
    let work = Work::new();
    plate_found(&work);
    let strict = policy("public-release.toml");
    propose(&work, &strict, "Ada");
    let good = work.json("clip.plan.json");
    let mut weak = good.clone();
    weak["tracks"][0]["decision"]["effect"] = json!({"kind": "blur", "cells_across": 8});
    work.write_json("clip.plan.json", &weak);
    let refused = work
        .redact(&approve_by("Ada"))
        .expect_refusal(&["blur is too weak for class plate"]);
    assert!(refused.stderr().contains("fill"), "{}", refused.stderr());
    work.write_json("clip.plan.json", &good);
    work.redact(&RENDER).expect_status(0);

    let accepting = std::fs::read_to_string(&strict).unwrap().replacen(
        "class = \"plate\"",
        "class = \"plate\"\naccept_weak_effect = true",
        1,
    );
    std::fs::write(work.path("own.toml"), accepting).unwrap();
    std::fs::remove_file(work.path("clip.plan.json")).unwrap();
    propose(&work, "own.toml", "Ada");
    let mut plan = work.json("clip.plan.json");
    plan["tracks"][0]["decision"]["effect"] = json!({"kind": "blur", "cells_across": 8});
    work.write_json("clip.plan.json", &plan);
    work.redact(&approve_by("Ada")).expect_status(0);
    let mut render = RENDER.to_vec();
    render.push("--force");
    work.redact(&render).expect_status(0);
    let manifest = work.json("clip.redacted.manifest.json");
    assert_eq!(manifest["masks"][0]["weak_effect_accepted"], true);
}

/// Goal: what a policy demands cannot be lowered in the plan, not even by approving it anew.
/// Method: each demand is lowered in a plan and the plan approved again; whoever also changes the
/// policy's text has another policy, which whoever knows the right one sees.
#[test]
fn the_policys_demands_cannot_be_edited_away() {
    let work = Work::new();
    plate_found(&work);
    let court = policy("court.toml");
    propose(&work, &court, "Ada");
    let good = work.json("clip.plan.json");
    assert_eq!(good["second_person"], true);
    type Attack = fn(&mut Value);
    let attacks: &[(Attack, &str)] = &[
        (|plan| plan["second_person"] = json!(false), "second_person"),
        (
            |plan| plan["weak_effects_accepted"] = json!(["plate"]),
            "weak_effects_accepted",
        ),
        (|plan| lower(plan, false), "SHA-256 of the policy's text"),
        (
            |plan| plan["policy"]["sha256"] = json!("22".repeat(32)),
            "SHA-256 of the policy's text",
        ),
        (
            |plan| plan["policy"]["name"] = json!("data-subject-copy"),
            "name of the policy",
        ),
        (
            |plan| plan["policy"]["rules"] = json!("format_version = 1"),
            "TOML parse error",
        ),
    ];
    for (attack, words) in attacks {
        let mut plan = good.clone();
        attack(&mut plan);
        work.write_json("clip.plan.json", &plan);
        work.redact(&approve_by("Mallory")).expect_refusal(&[words]);
    }

    let mut plan = good.clone();
    lower(&mut plan, true);
    work.write_json("clip.plan.json", &plan);
    work.redact(&approve_by("Mallory")).expect_status(0);
    work.redact(&[&RENDER[..], &["--policy", &court]].concat())
        .expect_refusal(&["SHA-256 of the plan's policy"]);
    work.redact(&RENDER).expect_status(0);
    let verify = ["verify", "clip.redacted.mp4", "--no-media"];
    work.redact(&verify).expect_status(0);
    let with_policy = [&verify[..], &["--policy", &court]].concat();
    let run = work.redact(&with_policy).expect_status(1);
    assert!(
        run.stdout().contains("WRONG manifest, policy"),
        "{}",
        run.stdout()
    );

    work.write_json("clip.plan.json", &good);
    work.redact(&approve_by("Ben")).expect_status(0);
    work.redact(&[&RENDER[..], &["--policy", &court, "--force"]].concat())
        .expect_status(0);
    work.redact(&with_policy).expect_status(0);
}

/// Lets the policy's text ask for one person, with or without the digest that goes with it.
fn lower(plan: &mut Value, digest: bool) {
    let rules = plan["policy"]["rules"].as_str().unwrap();
    let lowered = rules.replacen("second_person = true", "second_person = false", 1);
    assert_ne!(lowered, rules);
    if digest {
        let found = redact_record::digest_bytes(lowered.as_bytes());
        plan["policy"]["sha256"] = json!(found.to_string());
        plan["second_person"] = json!(false);
    }
    plan["policy"]["rules"] = json!(lowered);
}

/// Goal: two approvals by one person under two spellings, written by hand, are one.
/// Method: the second approval is forged with the right digest, without the first one's signature;
/// another name is the control, and shows what a policy that asks for signatures is for. With the
/// first one's signature the forgery does not hold under any name.
#[test]
fn a_second_approval_by_the_same_person_written_by_hand_is_refused() {
    let work = Work::new();
    plate_found(&work);
    propose(&work, &policy("court.toml"), "Ada Okafor");
    let good = work.json("clip.plan.json");
    for (name, signed, status) in [
        ("ADA  okafor", false, 2),
        (" Ada Okafor", false, 2),
        ("Ben Ruiz", true, 2),
        ("Ben Ruiz", false, 0),
    ] {
        let mut plan = good.clone();
        let mut second = plan["approvals"][0].clone();
        second["by"] = json!(name);
        if !signed {
            second.as_object_mut().unwrap().remove("signature");
        }
        plan["approvals"].as_array_mut().unwrap().push(second);
        work.write_json("clip.plan.json", &plan);
        work.redact(&RENDER).expect_status(status);
    }
}

/// Goal: a sealed manifest cannot claim fewer people than its policy demands, whoever signs it.
#[test]
fn a_sealed_manifest_that_lowers_the_demands_is_caught() {
    use redact_record::sign::Signed;
    let work = Work::new();
    plate_found(&work);
    propose(&work, &policy("court.toml"), "Ada");
    work.redact(&approve_by("Ben")).expect_status(0);
    work.redact(&RENDER).expect_status(0);
    let [public, sealed] = ["clip.redacted.manifest.json", "clip.redacted.sealed.json"];
    let verify = ["verify", "clip.redacted.mp4", "--no-media"];
    let run = work.redact(&verify).expect_status(0);
    assert!(
        run.stdout().contains("ok    sealed manifest, approvals"),
        "{}",
        run.stdout()
    );
    type Attack = fn(&mut Value);
    let attacks: &[(Attack, &str)] = &[
        (
            |body| {
                body["approvals"][1]["by"] = json!("ada");
                let approval = body["approvals"][1].as_object_mut().unwrap();
                approval.remove("signature");
            },
            "another person",
        ),
        (
            |body| body["approvals"][1]["by"] = json!("Cleo"),
            "the signature does not hold",
        ),
        (
            |body| body["approvals"][1]["content_sha256"] = json!("33".repeat(32)),
            "changed after",
        ),
        (
            |body| body["approvals"].as_array_mut().unwrap().truncate(1),
            "number of approvals",
        ),
        (
            |body| {
                let rules = body["policy_rules"].as_str().unwrap();
                let lowered = rules.replace("second_person = true", "second_person = false");
                body["policy_rules"] = json!(lowered);
            },
            "SHA-256 of the policy's text",
        ),
    ];
    let (good, good_public) = (work.json(sealed), work.json(public));
    for (attack, words) in attacks {
        // Both records are made to fit again and signed with the agency's key.
        let mut bad = good.clone();
        attack(&mut bad["body"]);
        let body = bad["body"].to_string();
        let mut manifest = good_public.clone();
        let digest = redact_record::digest_bytes(body.as_bytes());
        manifest["sealed_body_sha256"] = json!(digest.to_string());
        let manifest = serde_json::to_vec(&manifest).unwrap();
        bad["public_manifest_sha256"] = json!(redact_record::digest_bytes(&manifest).to_string());
        work.sign(public, &manifest, Signed::PublicManifest);
        work.sign(sealed, bad.to_string().as_bytes(), Signed::SealedManifest);
        let run = work.redact(&verify).expect_status(1);
        let said = run.stdout();
        let line = said.lines().find(|line| line.starts_with("WRONG")).unwrap();
        assert!(
            line.starts_with("WRONG sealed manifest, approvals"),
            "{said}"
        );
        assert!(line.contains(words), "{words:?} is not in {line}");
    }
}

/// Goal: where the policy asks for signatures, an approval is worth its key: typed by hand, with a
/// key that nobody trusts, or twice with one key under two names, it is refused, by `render` and in
/// the sealed manifest by `verify`. Control: two people with a key each.
#[test]
fn signed_approvals_cannot_be_typed() {
    let work = Work::new();
    plate_found(&work);
    let text = std::fs::read_to_string(policy("court.toml")).unwrap();
    let text = text.replacen(
        "second_person = true",
        "second_person = true\nsigned = true",
        1,
    );
    std::fs::write(work.path("own.toml"), text).unwrap();
    propose(&work, "own.toml", "Ada");
    let once = work.json("clip.plan.json");

    let mut typed = once.clone();
    let mut second = once["approvals"][0].clone();
    second["by"] = json!("Ben");
    second.as_object_mut().unwrap().remove("signature");
    typed["approvals"].as_array_mut().unwrap().push(second);
    work.write_json("clip.plan.json", &typed);
    work.redact(&RENDER).expect_refusal(&["Ben", "not signed"]);

    work.write_json("clip.plan.json", &once);
    work.redact(&approve_by("Ben")).expect_status(0);
    work.redact(&RENDER).expect_refusal(&["another person"]);

    work.redact(&["key", "new", "--output", "ben.key"])
        .expect_status(0);
    let shown = work.redact(&["key", "show", "--key", "ben.key"]).stdout();
    std::fs::write(work.path("ben.pub"), shown).unwrap();
    let with_key = [&approve_by("Ben")[..], &["--key", "ben.key"]].concat();
    work.write_json("clip.plan.json", &once);
    work.redact(&with_key).expect_status(0);
    work.redact(&RENDER).expect_status(0);
    let verify = ["verify", "clip.redacted.mp4", "--no-media"];
    work.redact(&verify).expect_status(0);
    work.redact(&["key", "revoke", "ben.pub"]).expect_status(0);
    let said = work.redact(&verify).expect_status(1).stdout();
    assert!(said.contains("WRONG sealed manifest, approvals"), "{said}");
    work.redact(&[&RENDER[..], &["--force"]].concat())
        .expect_refusal(&["revoked"]);
}

//! Approvals through the program: who may give them, and what voids them.

use redact_core::UtcNanos;
use redact_record::Overwrite;
use redact_record::plan::PlanContent;
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
            "the signature is not valid",
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

/// The folder `home` with a key of `name`'s own, whose public half is `NAME.pub`.
fn key_of(work: &Work, name: &str) {
    let home = [("REDACT_HOME", name)];
    let run = |args: &[&str]| work.redact_with_words(args, &home).expect_status(0);
    run(&["key", "new", "--approver"]);
    let secret = format!("{name}/approver.key");
    let shown = run(&["key", "show", "--key", &secret]).stdout();
    std::fs::write(work.path(&format!("{name}.pub")), shown).unwrap();
}

/// Approves with the key in the folder `home`.
fn approve_with(work: &Work, name: &str, home: &str) -> crate::work::Run {
    let key = format!("{home}/approver.key");
    work.redact(&[&approve_by(name)[..], &["--key", &key]].concat())
}

/// A plan by a policy that asks for two signed approvals, not approved yet.
fn two_signed(work: &Work) -> Value {
    plate_found(work);
    let text = std::fs::read_to_string(policy("court.toml")).unwrap();
    let text = text.replacen(
        "second_person = true",
        "second_person = true\nsigned = true",
        1,
    );
    std::fs::write(work.path("own.toml"), text).unwrap();
    propose(work, "own.toml", "Ada");
    let mut plan = work.json("clip.plan.json");
    plan["approvals"] = json!([]);
    plan
}

/// Goal: where the policy asks for signatures, an approval is worth its key: typed by hand, with a
/// key that nobody bound to the name, or twice with one key under two names, it is refused, by
/// `render` and in the sealed manifest by `verify`. Control: two people with a key each.
#[test]
fn signed_approvals_cannot_be_typed() {
    let work = Work::new();
    let none = two_signed(&work);
    for name in ["Ada", "Ben"] {
        key_of(&work, name);
        let file = format!("{name}.pub");
        work.redact(&["key", "trust", "--approver", name, &file])
            .expect_status(0);
    }
    work.write_json("clip.plan.json", &none);
    approve_with(&work, "Ada", "Ada").expect_status(0);
    let once = work.json("clip.plan.json");
    let mut typed = once.clone();
    let mut second = once["approvals"][0].clone();
    second["by"] = json!("Ben");
    second.as_object_mut().unwrap().remove("signature");
    typed["approvals"].as_array_mut().unwrap().push(second);
    work.write_json("clip.plan.json", &typed);
    work.redact(&RENDER).expect_refusal(&["Ben", "not signed"]);

    // Ada's key under Ben's name.
    work.write_json("clip.plan.json", &once);
    approve_with(&work, "Ben", "Ada").expect_status(0);
    work.redact(&RENDER).expect_refusal(&["Ben", "Ada"]);

    work.write_json("clip.plan.json", &once);
    approve_with(&work, "Ben", "Ben").expect_status(0);
    work.redact(&RENDER).expect_status(0);
    let verify = ["verify", "clip.redacted.mp4", "--no-media"];
    work.redact(&verify).expect_status(0);
    work.redact(&["key", "revoke", "Ben.pub"]).expect_status(0);
    let said = work.redact(&verify).expect_status(1).stdout();
    assert!(said.contains("WRONG sealed manifest, approvals"), "{said}");
    work.redact(&[&RENDER[..], &["--force"]].concat())
        .expect_refusal(&["revoked"]);
}

/// Goal: one person is not two, whatever keys they make. Each attack is one that went through when
/// every trusted key vouched for everything. Control: `signed_approvals_cannot_be_typed`.
#[test]
fn one_person_cannot_give_both_approvals() {
    let work = Work::new();
    let none = two_signed(&work);
    key_of(&work, "Ada");
    work.redact(&["key", "trust", "--approver", "Ada", "Ada.pub"])
        .expect_status(0);
    work.write_json("clip.plan.json", &none);
    approve_with(&work, "Ada", "Ada").expect_status(0);
    let once = work.json("clip.plan.json");

    // A second key, made and trusted for releases: it is no approver's.
    work.redact(&["key", "new", "--output", "second.key"])
        .expect_status(0);
    let second = [&approve_by("Second Person")[..], &["--key", "second.key"]].concat();
    work.redact(&second).expect_refusal(&["signs releases"]);
    // The agency's own neither, also where another program signed with it.
    let path = work.path("clip.plan.json");
    let (genuine, _) = redact_record::plan::read(&path).unwrap();
    let mut forged = PlanContent::new(genuine).unwrap();
    forged.approve("Second Person", UtcNanos(0), "ok").unwrap();
    forged.sign_newest(&work.key()).unwrap();
    redact_record::plan::write(&path, forged.plan(), Overwrite::Replace).unwrap();
    work.redact(&RENDER).expect_refusal(&["a release key"]);
    // An approver's key that nobody bound to a name.
    work.write_json("clip.plan.json", &once);
    key_of(&work, "second");
    approve_with(&work, "Second Person", "second").expect_status(0);
    work.redact(&RENDER)
        .expect_refusal(&["Second Person", "not signed"]);
    // One person binds a key of their own to another name.
    work.redact(&["key", "new", "--approver", "--output", "mine.key"])
        .expect_status(0);
    let mine = work.redact(&["key", "show", "--key", "mine.key"]).stdout();
    std::fs::write(work.path("mine.pub"), mine).unwrap();
    work.redact(&["key", "trust", "--approver", "Second Person", "mine.pub"])
        .expect_refusal(&["cannot vouch for a key of their own"]);
    // A second name for a key that has one, and a second key for a name that looks like hers.
    work.redact(&["key", "trust", "--approver", "Ben", "Ada.pub"])
        .expect_refusal(&["Ada.pub", "each key needs one name"]);
    // Homoglyphs and accents are one person, with and without signatures.
    for name in ["\u{410}da", "ADA", "A\u{301}da"] {
        work.write_json("clip.plan.json", &once);
        approve_with(&work, name, "second").expect_refusal(&["another person"]);
    }
}

/// Goal: an approver's key signs no release and no rotation, and a release key can be bound to no
/// approver. Control: the release key signs both.
#[test]
fn a_key_vouches_for_nothing_but_its_purpose() {
    use redact_record::sign::{KeyPair, Signed};
    let work = crate::tamper::released();
    key_of(&work, "Ada");
    work.redact(&["key", "trust", "--approver", "Ada", "Ada.pub"])
        .expect_status(0);
    let verify = ["verify", "clip.redacted.mp4", "--no-media"];
    work.redact(&verify).expect_status(0);
    let ada = KeyPair::load(&work.path("Ada/approver.key"), None).unwrap();
    let manifest = work.path("clip.redacted.manifest.json");
    let bytes = std::fs::read(&manifest).unwrap();
    let signature = ada
        .sign_bytes(&bytes, Signed::PublicManifest, UtcNanos(0))
        .unwrap();
    let beside = work.path("clip.redacted.manifest.json.minisig");
    let good = std::fs::read(&beside).unwrap();
    std::fs::write(&beside, signature).unwrap();
    let said = work.redact(&verify).expect_status(1).stdout();
    assert!(said.contains("an approver's key"), "{said}");
    std::fs::write(&beside, good).unwrap();
    work.redact(&verify).expect_status(0);

    let stranger = KeyPair::generate(None).unwrap();
    let rotation = ada.hand_over(&stranger.public(), UtcNanos(0)).unwrap();
    std::fs::write(work.path("x.rotation.json"), &rotation.bytes).unwrap();
    std::fs::write(work.path("x.rotation.json.minisig"), &rotation.signature).unwrap();
    work.redact(&["key", "trust", "x.rotation.json"])
        .expect_refusal(&["x.rotation.json", "an approver's key"]);
    work.redact(&["key", "trust", "Ada.pub"])
        .expect_refusal(&["belongs to approver"]);
    let shown = work.redact(&["key", "show"]).stdout();
    std::fs::write(work.path("agency.pub"), shown).unwrap();
    work.redact(&["key", "trust", "--approver", "Ben", "agency.pub"])
        .expect_status(2);
    // What renders keep on this machine has a key of its own, which nothing trusts.
    let segment = KeyPair::load(&work.path("keys/segment.key"), None).unwrap();
    assert_ne!(segment.public(), work.key().public());
    let listed = work.redact(&["key", "list", "--json"]).json();
    assert_eq!(listed["approvers"][0]["name"], "Ada");
    assert!(
        !listed
            .to_string()
            .contains(&segment.public().id().to_string())
    );
}

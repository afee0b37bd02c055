//! Recordings that are damaged in the middle: refused, or hidden where they are.

use std::path::Path;

use serde_json::{Value, json};

use crate::work::{Work, policy};

/// Makes `whole.mp4` and, with other bytes in its middle, `clip.mp4`.
fn damaged() -> Work {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=192x128:rate=25:duration=3 \
         -f lavfi -i sine=frequency=440:duration=3 -c:v libx264 -preset fast -g 25 -b:v 400k \
         -c:a aac -movflags +faststart whole.mp4",
    );
    hurt(&work.path("whole.mp4"), &work.path("clip.mp4"));
    work
}

fn hurt(whole: &Path, damaged: &Path) {
    let mut bytes = std::fs::read(whole).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2000]
        .iter_mut()
        .for_each(|byte| *byte ^= 0x5a);
    std::fs::write(damaged, bytes).unwrap();
}

fn run(work: &Work, more: &[&str]) -> crate::work::Run {
    let policy = policy("public-release.toml");
    let mut args = vec!["run", "clip.mp4", "--policy", &policy];
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    args.extend(more);
    work.redact(&args)
}

/// Goal: by default a damaged recording stops with its second and the way to go on; asked to, a
/// release is made that hides all of it, says so everywhere and verifies with and without source.
#[test]
fn damage_stops_or_is_hidden_whole_and_declared() {
    let work = damaged();
    let said = run(&work, &[])
        .expect_refusal(&["damaged data", "(second 1."])
        .stderr();
    assert!(said.contains("--damaged mask"), "{said}");
    assert!(!work.path("clip.redacted.mp4").exists());

    let said = run(&work, &["--damaged", "mask"]).expect_status(0).stdout();
    assert!(said.contains("damaged: 1."), "{said}");
    let findings = work.json("clip.findings.json");
    let [start, end] = [0, 1].map(|at| findings["damage"]["pictures"][0]["frames"][at].clone());
    let manifest = work.json("clip.redacted.manifest.json");
    let entry = &manifest["damaged"][0];
    assert_eq!(entry["frames"], json!([start, end]));
    let item = usize::try_from(entry["item"].as_u64().unwrap()).unwrap();
    let mask = &manifest["masks"][item - 1];
    assert_eq!(mask["origin"], "damage");
    assert_eq!(mask["frames"], entry["frames"]);
    assert_eq!(mask["geometry"][0], json!([start, 0.0, 0.0, 1.0, 1.0]));
    assert_eq!(
        manifest["coding"]["pictures_encoded_because"],
        "the recording is damaged"
    );
    for log in ["clip.redacted.log.html", "clip.redacted.log.csv"] {
        let text = std::fs::read_to_string(work.path(log)).unwrap();
        assert!(text.contains("Damaged picture"), "{log}");
        assert!(text.contains("The recording is damaged"), "{log}");
    }
    assert_eq!(work.ffmpeg_warnings("clip.redacted.mp4"), "");
    work.redact(&["verify", "clip.redacted.mp4"])
        .expect_status(0);
    let verified = work.redact(&["verify", "clip.redacted.mp4", "--source", "clip.mp4"]);
    let said = verified.expect_status(0).stdout();
    assert!(said.contains("damaged stretches"), "{said}");

    // The whole recording has another digest, and no damage where the manifest says.
    let verified = work.redact(&["verify", "clip.redacted.mp4", "--source", "whole.mp4"]);
    let said = verified.expect_status(1).stdout();
    assert!(said.contains("damaged pictures: frames"), "{said}");
}

/// Goal: nobody takes a damaged stretch out of a plan, or makes it longer or shorter. Method: the
/// plan is edited and approved anew, so that nothing is wrong with it but what it says.
#[test]
fn a_plan_that_is_silent_about_damage_is_not_rendered() {
    let work = damaged();
    work.redact(&["key", "new"]).expect_status(0);
    work.redact(&["scan", "clip.mp4", "--damaged", "mask"])
        .expect_status(0);
    let plan = work.approve_findings();
    let render = ["render", "clip.mp4", "clip.plan.json", "--no-cache"];
    // An edit of the damage is refused when it is approved, and where the findings are lost, when
    // the recording is read.
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut edited = plan.clone();
        edit(&mut edited);
        edited["approvals"] = json!([]);
        work.write_json("clip.plan.json", &edited);
        let approve = ["approve", "clip.plan.json", "--by", "Ada", "--force"];
        let lost = ["--without-findings", "lost"];
        if edited["damage"] != plan["damage"] {
            work.redact(&approve)
                .expect_refusal(&["damage of the plan"]);
        }
        work.redact(&[&approve[..], &lost].concat())
            .expect_status(0);
        work.redact(&[&render[..], &lost].concat())
    };
    let none = |plan: &mut Value| drop(plan.as_object_mut().unwrap().remove("damage"));
    edited(&none).expect_refusal(&["damaged data"]);
    let shorter = |plan: &mut Value| plan["damage"]["pictures"][0]["frames"][1] = json!(45);
    let said = edited(&shorter)
        .expect_refusal(&["not damaged as the plan says"])
        .stderr();
    assert!(said.contains("hint: "), "{said}");
    let longer = |plan: &mut Value| plan["damage"]["pictures"][0]["frames"][1] = json!(70);
    edited(&longer).expect_refusal(&["not damaged as the plan says"]);
    assert!(!work.path("clip.redacted.mp4").exists());
    edited(&|_| {}).expect_status(0);
}

/// Goal: a release that shows a damaged stretch is found wrong. Method: manifests that are signed
/// with the agency's own key and claim that what is shown is hidden, or hide less than is damaged.
#[test]
fn a_release_that_shows_what_is_damaged_does_not_verify() {
    let work = damaged();
    run(&work, &["--damaged", "mask"]).expect_status(0);
    std::fs::copy(work.path("clip.redacted.mp4"), work.path("forged.mp4")).unwrap();
    let verify = || work.redact(&["verify", "forged.mp4"]);
    let last = |m: &Value| m["masks"].as_array().unwrap().len() - 1;
    work.forge("forged.mp4", |_| {});
    verify().expect_status(0);
    work.forge("forged.mp4", |m| {
        let last = last(m);
        m["masks"][last]["frames"] = json!([2, 20]);
        m["masks"][last]["geometry"][0][0] = json!(2);
        let seconds = json!([0.08, 0.8]);
        m["masks"][last]["release_seconds"] = seconds.clone();
        m["damaged"][0]["frames"] = json!([2, 20]);
        m["damaged"][0]["release_seconds"] = seconds;
    });
    let said = verify().expect_status(1).stdout();
    assert!(said.contains("masks"), "{said}");
    for (edit, words) in [
        (
            (|m, at| m["masks"][at]["geometry"][0][3] = json!(0.5)) as fn(&mut Value, usize),
            "not hidden whole",
        ),
        (
            |m, at| {
                m["masks"][at]["effect"] = json!({"kind": "blur", "cells_across": 8});
                m["masks"][at]["protection"] = json!("reduced");
            },
            "not hidden whole",
        ),
        (
            |m, _| m["damaged"] = json!([]),
            "without an entry in damaged",
        ),
    ] {
        work.forge("forged.mp4", |m| {
            let at = last(m);
            edit(m, at);
        });
        let said = verify().expect_status(1).stdout();
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// Goal: pictures that change their size midway are released in the first one's size, which the
/// manifest declares; a plan that is silent about it is not rendered.
#[test]
fn a_change_of_size_is_declared() {
    let work = Work::new();
    for (name, size) in [("a.ts", "192x128"), ("b.ts", "320x240")] {
        work.ffmpeg(&format!(
            "-f lavfi -i testsrc2=size={size}:rate=25:duration=1 -c:v libx264 -g 25 {name}"
        ));
    }
    work.ffmpeg("-i concat:a.ts|b.ts -c copy clip.ts");
    work.redact(&["key", "new"]).expect_status(0);
    work.redact(&["scan", "clip.ts"]).expect_status(0);
    let mut plan = work.approve_findings();
    work.redact(&["render", "clip.ts", "clip.plan.json"])
        .expect_status(0);
    let manifest = work.json("clip.redacted.manifest.json");
    let declared = manifest["source"]["conversions"].as_array().unwrap();
    assert!(declared.contains(&json!(
        "later pictures scaled to the size and format of the first"
    )));
    let said = work
        .redact(&["verify", "clip.redacted.mp4", "--source", "clip.ts"])
        .expect_status(0)
        .stdout();
    assert!(
        said.contains("declared changes: as declared: later pictures scaled"),
        "{said}"
    );

    work.forge("clip.redacted.mp4", |m| {
        m["source"]["conversions"] = json!([])
    });
    let verify = ["verify", "clip.redacted.mp4", "--source", "clip.ts"];
    let said = work.redact(&verify).expect_status(1).stdout();
    assert!(
        said.contains("not declared: later pictures scaled"),
        "{said}"
    );

    plan["source"]["conversions"] = json!([]);
    plan["approvals"] = json!([]);
    work.write_json("clip.plan.json", &plan);
    let approve = ["approve", "clip.plan.json", "--by", "Ada", "--force"];
    let render = ["render", "clip.ts", "clip.plan.json", "--force"];
    let lost = ["--without-findings", "lost"];
    work.redact(&approve)
        .expect_refusal(&["source of the plan"]);
    work.redact(&[&approve[..], &lost].concat())
        .expect_status(0);
    work.redact(&[&render[..], &lost].concat())
        .expect_refusal(&["the plan does not declare what was found"]);
}

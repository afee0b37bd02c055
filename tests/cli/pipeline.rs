//! Scan, approve, edit, render, verify: the four verbs with a person in the middle.

use serde_json::{Value, json};

use crate::work::Work;

/// Scans `clip.mp4` without models and approves the findings by the public policy.
fn approved(work: &Work) -> Value {
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    work.approve_findings()
}

fn drawn_mask(effect: Value) -> Value {
    json!({
        "id": "door-number",
        "effect": effect,
        "reason": "privacy-face",
        "frames": [5, 40],
        "keyframes": [[5, 0.25, 0.25, 0.5, 0.5], [30, 0.5, 0.25, 0.75, 0.5]],
    })
}

fn mute() -> Value {
    json!({
        "id": "name", "start_seconds": 0.5, "end_seconds": 1.0, "sound_tracks": "all",
        "style": "silence", "reason": "privacy-speech",
    })
}

#[test]
fn a_drawn_mask_and_a_mute_are_rendered_and_proved() {
    let work = Work::new();
    let mut plan = approved(&work);
    plan["drawn"] = json!([drawn_mask(json!({"kind": "blur", "cells_across": 8}))]);
    Work::mute_only(&mut plan, json!([mute()]));
    work.write_json("clip.plan.json", &plan);

    // The edit voids the approval: nothing is rendered until somebody approves again.
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_refusal(&["clip.plan.json", "must be approved again"]);
    assert!(!work.path("clip.redacted.mp4").exists());
    work.redact(&["approve", "clip.plan.json", "--by", "Ada", "--force"])
        .expect_status(0);
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);

    let verdict = work
        .redact(&[
            "verify",
            "clip.redacted.mp4",
            "--source",
            "clip.mp4",
            "--json",
        ])
        .expect_status(0)
        .json();
    assert_eq!(verdict["verdict"], "ok", "{verdict:#}");
    for name in ["clip.redacted.manifest.json", "clip.redacted.log.html"] {
        assert!(work.path(name).exists(), "{name}: {:?}", work.files());
    }
    assert!(
        work.files().iter().all(|name| !name.contains("partial")),
        "{:?}",
        work.files()
    );
}

/// Goal: the release plays in stock players, and holds one video stream, the sound, nothing else.
#[test]
fn a_release_decodes_without_a_warning() {
    let work = Work::new();
    let mut plan = approved(&work);
    plan["drawn"] = json!([drawn_mask(json!({"kind": "fill"}))]);
    work.approve_edited(&plan);
    work.redact(&["render", "clip.mp4", "clip.plan.json", "-o", "out.mp4"])
        .expect_status(0);
    assert_eq!(work.ffmpeg_warnings("out.mp4"), "");
}

#[test]
fn a_plan_for_another_recording_is_refused() {
    let work = Work::new();
    approved(&work);
    work.ffmpeg(
        "-f lavfi -i testsrc=size=320x240:rate=25:duration=2 -c:v libx264 -preset ultrafast o.mp4",
    );
    work.redact(&["render", "o.mp4", "clip.plan.json"])
        .expect_refusal(&["SHA-256"]);
}

#[test]
fn a_plan_that_asks_for_the_impossible_is_refused_by_name() {
    let work = Work::new();
    let plan = approved(&work);
    let too_fine = drawn_mask(json!({"kind": "blur", "cells_across": 64}));
    let nowhere = json!({"id": "m", "effect": {"kind": "fill"}, "reason": "privacy-face",
        "frames": [0, 9], "keyframes": [[0, 0.5, 0.5, 0.4, 0.6]]});
    for (mask, words) in [(too_fine, "64"), (nowhere, "m")] {
        let mut plan = plan.clone();
        plan["drawn"] = json!([mask]);
        work.write_json("clip.plan.json", &plan);
        work.redact(&["approve", "clip.plan.json", "--by", "Ada", "--force"])
            .expect_refusal(&["clip.plan.json", words]);
    }
}

/// Goal: a full disk leaves no release and no clutter, and a next run simply works.
#[test]
fn a_full_disk_is_one_line_and_leaves_nothing() {
    let work = Work::new();
    approved(&work);
    std::fs::create_dir(work.path("full")).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=16k", "none"])
        .arg(work.path("full"))
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln!("SKIP: a small file system cannot be mounted here (needs root)");
        return;
    }
    let run = work.redact(&["render", "clip.mp4", "clip.plan.json", "-o", "full/out.mp4"]);
    let left: Vec<_> = std::fs::read_dir(work.path("full")).unwrap().collect();
    let unmounted = std::process::Command::new("umount")
        .arg(work.path("full"))
        .status()
        .unwrap();
    assert!(unmounted.success());
    run.expect_refusal(&["full/out.mp4"]);
    assert!(left.is_empty(), "{left:?}");
    work.redact(&["render", "clip.mp4", "clip.plan.json", "-o", "full/out.mp4"])
        .expect_status(0);
    work.redact(&["verify", "full/out.mp4"]).expect_status(0);
}

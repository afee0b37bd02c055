//! `redact score` through the command line: figures, the contact sheet, and files that do not
//! belong together.

use serde_json::{Value, json};

use crate::work::Work;

const MASKED_FRAMES: u64 = 20;

/// Scans `clip.mp4` without models, and gives its findings a track of one face: in the first 20 of
/// 50 frames, at 64..128 by 60..120 of 320x240.
fn findings(work: &Work) -> Value {
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut findings = work.json("clip.findings.json");
    let boxes: Vec<Value> = (0..MASKED_FRAMES)
        .map(|frame| json!([frame, 0.2, 0.25, 0.4, 0.5, 0.9, "detected"]))
        .collect();
    findings["tracks"] = json!([{"id": 1, "class": "face", "boxes": boxes}]);
    work.write_json("clip.findings.json", &findings);
    findings
}

/// A face under the mask for as long as there is one, bare in the rest of its 25 frames; a plate
/// that nothing hides in three frames, undecided in the last of them.
fn truth(findings: &Value) -> Value {
    let frames = findings["source"]["frames"].as_u64().unwrap();
    let boxes: Vec<Value> = (0..frames)
        .map(|frame| {
            let mut boxes = Vec::new();
            if frame < 25 {
                boxes.push(
                    json!({"class": "face", "track": 4, "x": 70.5, "y": 70, "w": 40,
                    "h": 40, "vis": "profile"}),
                );
            }
            if (40..43).contains(&frame) {
                boxes.push(
                    json!({"class": "plate", "track": "p", "x": 200, "y": 200, "w": 30,
                    "h": 11, "vis": "tiny", "ignore": frame == 42}),
                );
            }
            Value::Array(boxes)
        })
        .collect();
    json!({
        "clip": "clip.mp4", "sha256": findings["source"]["sha256"], "width": 320, "height": 240,
        "frames": frames, "boxes": boxes,
    })
}

#[test]
fn figures_and_the_sheet_say_what_was_not_hidden() {
    let work = Work::new();
    work.write_json("truth.json", &truth(&findings(&work)));
    let args = [
        "score",
        "clip.findings.json",
        "truth.json",
        "--clip",
        "clip.mp4",
        "--sheet",
    ];
    let args = [args.as_slice(), &["missed.png"]].concat();
    let text = work.redact(&args).expect_status(0).stdout();
    assert!(
        text.contains("longest exposure: face 4 for 5 frames from frame 20"),
        "{text}"
    );
    let png = std::fs::read(work.path("missed.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG"));

    let score = work
        .redact(&["score", "clip.findings.json", "truth.json", "--json"])
        .expect_status(0)
        .json();
    let face = &score["classes"]["face"];
    assert_eq!(
        (&face["boxes"], &face["hidden"]),
        (&json!(25), &json!(20)),
        "{score:#}"
    );
    assert_eq!(
        (&face["leak_rate"], &face["leaked_tracks"]),
        (&json!(1.0), &json!(["4"]))
    );
    assert_eq!(face["by_height"]["32-64"], json!({"n": 25, "recall": 0.8}));
    assert_eq!(face["tracks_per_truth_track"], json!(1.0));
    let plate = &score["classes"]["plate"];
    assert_eq!(
        (&plate["boxes"], &plate["longest_run"]),
        (&json!(2), &json!(2)),
        "{score:#}"
    );
    assert_eq!(plate["by_vis"]["tiny"], json!({"n": 2, "recall": 0.0}));
    // Of the mask, a margin around the grown face is left: some, and far below 2 %.
    let over = score["overmask_pct"].as_f64().unwrap();
    assert!(0.0 < over && over < 2.0, "{over}");

    work.redact(&args)
        .expect_refusal(&["missed.png", "exists already"]);
}

/// Goal: a plan hides what it says, not what was found. Method: the one track is kept, and a mask
/// is drawn over the plate.
#[test]
fn a_plan_is_scored_by_what_it_hides() {
    let work = Work::new();
    work.write_json("truth.json", &truth(&findings(&work)));
    work.approve_findings();
    let hidden = |class: &str| {
        let run = work.redact(&["score", "clip.plan.json", "truth.json", "--json"]);
        run.expect_status(0).json()["classes"][class]["hidden"]
            .as_u64()
            .unwrap()
    };
    assert_eq!((hidden("face"), hidden("plate")), (20, 0));
    let mut plan = work.json("clip.plan.json");
    plan["tracks"][0]["decision"]["verdict"] = json!("keep");
    plan["tracks"][0]["decision"]
        .as_object_mut()
        .unwrap()
        .remove("effect");
    plan["drawn"] = json!([{
        "id": "plate", "effect": {"kind": "fill"}, "reason": "privacy-face",
        "frames": [41, 50], "keyframes": [[41, 0.5, 0.75, 1.0, 1.0]],
    }]);
    work.write_json("clip.plan.json", &plan);
    assert_eq!((hidden("face"), hidden("plate")), (0, 1));
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let work = Work::new();
    let good = truth(&findings(&work));
    let mut fewer = good.clone();
    fewer["frames"] = json!(1);
    fewer["boxes"] = json!([[]]);
    let mut broken = good.clone();
    broken["boxes"][0][0]["class"] = json!("dog");
    let edits = [
        ("sha256", json!("0".repeat(64)), "SHA-256"),
        ("width", json!(640), "640x240"),
        ("frames", json!(3), "3 frames"),
    ];
    let refuse = |truth: &Value, word: &str| {
        work.write_json("other.json", truth);
        work.redact(&["score", "clip.findings.json", "other.json"])
            .expect_refusal(&["other.json", word]);
    };
    for (key, value, word) in edits {
        let mut truth = good.clone();
        truth[key] = value;
        refuse(&truth, word);
    }
    refuse(&fewer, "1 frames");
    refuse(&broken, "boxes[0][0].class");

    work.write_json("truth.json", &good);
    work.clip("other.mkv");
    let sheet = ["--clip", "other.mkv", "--sheet", "missed.png"];
    work.redact(
        &[
            ["score", "clip.findings.json", "truth.json"].as_slice(),
            &sheet,
        ]
        .concat(),
    )
    .expect_refusal(&["other.mkv", "SHA-256"]);
    work.redact(&[
        "score",
        "clip.findings.json",
        "truth.json",
        "--sheet",
        "missed.png",
    ])
    .expect_refusal(&["--clip"]);
    assert!(!work.path("missed.png").exists());
}

#[test]
fn a_set_that_is_not_one_and_a_set_without_detectors_are_refused() {
    let work = Work::new();
    work.redact(&["score", "--images", "nowhere"])
        .expect_refusal(&["boxes.json", "cannot read"]);
    std::fs::create_dir_all(work.path("set/images")).unwrap();
    let set = json!({
        "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]}],
        "categories": [{"id": 1, "name": "face"}],
    });
    work.write_json("set/boxes.json", &set);
    work.redact(&["score", "--images", "set"])
        .expect_refusal(&["no detector is installed"]);
    let mut outside = set;
    outside["images"][0]["file_name"] = json!("../../secret.png");
    work.write_json("set/boxes.json", &outside);
    work.redact(&["score", "--images", "set"])
        .expect_refusal(&["file_name", "inside"]);
}

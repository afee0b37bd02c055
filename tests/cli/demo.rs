//! The main job on the demo clip, with models.

use std::path::PathBuf;

use serde_json::Value;

use crate::work::{Work, policy, repository};

/// The folder with cards and weights, when a face model is there.
fn models() -> Option<PathBuf> {
    let folder = repository().join("models");
    let there = folder.join("yunet_n_dynamic.onnx").exists();
    if !there {
        eprintln!("SKIP: no face model in models/ (scripts/setup fetches it)");
    }
    there.then_some(folder)
}

/// Goal: one command turns the demo clip into a release that verifies, and hides in every frame
/// what the truth file says is there.
/// Method: the truth boxes come from the script that drew the clip, not from a detector.
#[test]
fn the_demo_clip_is_released_and_nothing_labelled_is_bare() {
    let Some(models) = models() else { return };
    let work = Work::new();
    let fixtures = repository().join("fixtures");
    let clip = fixtures.join("demo.mp4").display().to_string();
    let policy = policy("public-release.toml");
    let args = [
        "run",
        &clip,
        "--policy",
        &policy,
        "--out-dir",
        ".",
        "--json",
    ];
    let outcome = work
        .redact_with_models(&models, &args)
        .expect_status(0)
        .json();
    assert_eq!(outcome["verdict"], "ok", "{outcome:#}");

    let truth: Value =
        serde_json::from_slice(&std::fs::read(fixtures.join("demo.truth.json")).unwrap()).unwrap();
    let plan = work.json("demo.plan.json");
    let (boxes, bare) = bare_boxes(&truth, &plan);
    eprintln!("{bare} of {boxes} labelled boxes are not covered");
    assert!(boxes > 300, "the truth file holds {boxes} boxes");
    assert_eq!(bare, 0);
}

/// Counts truth boxes of which less than 95 % lies under the hull of one track's box, and all.
fn bare_boxes(truth: &Value, plan: &Value) -> (usize, usize) {
    let number = |value: &Value| value.as_f64().unwrap();
    let (width, height) = (number(&truth["width"]), number(&truth["height"]));
    let tracks: Vec<&Value> = plan["tracks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|track| &track["boxes"])
        .collect();
    let (mut all, mut bare) = (0, 0);
    for (frame, boxes) in truth["boxes"].as_array().unwrap().iter().enumerate() {
        let masks: Vec<[f64; 4]> = tracks
            .iter()
            .flat_map(|boxes| boxes.as_array().unwrap())
            .filter(|b| b[0].as_u64() == Some(frame as u64))
            .map(|b| [1, 2, 3, 4].map(|side| number(&b[side])))
            .collect();
        for b in boxes.as_array().unwrap() {
            if b["ignore"] == true {
                continue;
            }
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| number(&b[key]));
            let sides = [x / width, y / height, (x + w) / width, (y + h) / height];
            let covered = masks
                .iter()
                .map(|mask| share(sides, *mask))
                .fold(0.0, f64::max);
            all += 1;
            bare += usize::from(covered < 0.95);
        }
    }
    (all, bare)
}

/// The share of rectangle `a` that lies in `b`.
fn share(a: [f64; 4], b: [f64; 4]) -> f64 {
    let width = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let height = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    width * height / ((a[2] - a[0]) * (a[3] - a[1]))
}

//! The main job on the demo clip, with models.

use serde_json::Value;

use crate::shared::skip_without;
use crate::work::{Work, models, repository};

/// Goal: one command turns the demo clip into a release that verifies, and hides in every frame
/// what the truth file says is there.
/// Method: the truth boxes come from the script that drew the clip, not from a detector.
#[test]
fn the_demo_clip_is_released_and_nothing_labelled_is_bare() {
    let Some(models) = models() else { return };
    let work = Work::new();
    let fixtures = repository().join("fixtures");
    work.run_public(&models, &fixtures.join("demo.mp4"));

    let truth: Value =
        serde_json::from_slice(&std::fs::read(fixtures.join("demo.truth.json")).unwrap()).unwrap();
    let plan = work.json("demo.plan.json");
    let (boxes, bare) = bare_boxes(&truth, &plan);
    eprintln!("{bare} of {boxes} labelled boxes are not covered");
    assert!(boxes > 300, "the truth file holds {boxes} boxes");
    assert_eq!(bare, 0);
}

/// Goal: without any model that has to be fetched, faces, plate and screen are hidden in every
/// frame. Method: a folder with all cards, but only those weights that are committed. The control:
/// without the model of faces the face is bare, and it is said that nobody looked for it.
#[test]
fn the_shipped_weights_alone_hide_all_that_is_in_the_demo_clip() {
    let models = repository().join("models");
    let runtime = repository().join(".deps/onnxruntime/libonnxruntime.so");
    if !runtime.exists() {
        skip_without("ONNX Runtime");
        return;
    }
    let work = Work::new();
    let shipped = work.path("shipped");
    std::fs::create_dir(&shipped).unwrap();
    let weights = [
        "plate-screen.onnx",
        "objects.onnx",
        "faces.onnx",
        "faces-covered.onnx",
    ];
    for entry in std::fs::read_dir(&models).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if weights.iter().any(|it| name == *it) || path.extension().is_some_and(|e| e == "toml") {
            std::fs::copy(&path, shipped.join(name)).unwrap();
        }
    }
    let fixtures = repository().join("fixtures");
    let clip = fixtures.join("demo.mp4").display().to_string();
    let scan = ["scan", &clip, "-o", "f.json", "--force"];
    work.redact_with_models(&shipped, &scan).expect_status(0);
    let findings = work.json("f.json");
    assert_eq!(findings["missing"], serde_json::json!([]));
    let truth: Value =
        serde_json::from_slice(&std::fs::read(fixtures.join("demo.truth.json")).unwrap()).unwrap();
    for (class, least) in [("face", 300), ("plate", 200), ("screen", 190)] {
        let (boxes, bare) = bare_boxes(&only(&truth, class), &findings);
        assert!(boxes >= least, "the truth file holds {boxes} {class} boxes");
        assert_eq!(bare, 0, "{class}");
    }

    std::fs::remove_file(shipped.join("faces.onnx")).unwrap();
    std::fs::remove_file(shipped.join("faces-covered.onnx")).unwrap();
    let table = work
        .redact_with_models(&shipped, &scan)
        .expect_status(0)
        .stdout();
    assert!(table.contains("faces: no detector installed"), "{table}");
    let findings = work.json("f.json");
    assert_eq!(findings["missing"], serde_json::json!(["face"]));
    let (faces, bare) = bare_boxes(&only(&truth, "face"), &findings);
    assert!(bare * 2 > faces, "{bare} of {faces} faces are bare");
}

/// Goal: whichever model of a class is installed, the class is looked for.
/// Method: each model of faces alone finds the face of the clip.
#[test]
fn any_one_model_of_faces_is_used() {
    let Some(models) = models() else { return };
    let work = Work::new();
    let demo = repository().join("fixtures/demo.mp4").display().to_string();
    work.ffmpeg(&format!(
        "-i {demo} -t 1 -an -c:v libx264 -preset ultrafast clip.mp4"
    ));
    for (card, weights) in [
        ("faces", "faces.onnx"),
        ("faces-covered", "faces-covered.onnx"),
        ("centerface", "centerface.onnx"),
        ("retinaface-mnet025", "retinaface_mnet025.onnx"),
    ] {
        let alone = work.path(card);
        std::fs::create_dir(&alone).unwrap();
        for name in [&format!("{card}.toml"), weights] {
            std::fs::copy(models.join(name), alone.join(name)).unwrap();
        }
        for profile in ["fast", "standard", "thorough"] {
            let scan = [
                "scan",
                "clip.mp4",
                "-o",
                "f.json",
                "--force",
                "--profile",
                profile,
            ];
            work.redact_with_models(&alone, &scan).expect_status(0);
            let findings = work.json("f.json");
            assert_eq!(findings["missing"], serde_json::json!(["plate", "screen"]));
            let tracks = findings["tracks"].as_array().unwrap();
            assert!(
                tracks.iter().any(|track| track["class"] == "face"),
                "{card}, {profile}"
            );
        }
    }
}

/// The truth with the boxes of one class only.
fn only(truth: &Value, class: &str) -> Value {
    let mut truth = truth.clone();
    for boxes in truth["boxes"].as_array_mut().unwrap() {
        let boxes = boxes.as_array_mut().unwrap();
        boxes.retain(|found| found["class"] == class);
    }
    truth
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

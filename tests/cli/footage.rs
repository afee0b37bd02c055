//! Real recordings with labelled boxes, when they are there (see `tests/shared.rs`).

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::shared::shared;
use crate::work::{Work, models};

/// A clip with its labels, when clip, labels and models are there.
fn labelled(name: &str) -> Option<(PathBuf, PathBuf, PathBuf)> {
    let clip = shared(&format!("footage/{name}.mp4"))?;
    let truth = shared(&format!("gt/{name}.json"))?;
    Some((clip, truth, models()?))
}

/// Goal: a release of real footage verifies, decodes without a word from FFmpeg, hides at least
/// `share` of the labelled faces, and covers at most `over_mask` percent of the picture in vain; a
/// fall is a fault, not a matter of taste.
#[track_caller]
fn check(name: &str, share: f64, over_mask: f64) {
    let Some((clip, truth, models)) = labelled(name) else {
        return;
    };
    let work = Work::new();
    work.run_public(&models, &clip);
    let release = format!("{name}.redacted.mp4");
    every_reader_can_verify(&work, name, &clip.display().to_string());
    assert_eq!(work.ffmpeg_warnings(&release), "");

    let findings = format!("{name}.findings.json");
    let score = check_hidden(&work, &findings, &truth, "face", share);
    let over = score["overmask_pct"].as_f64().unwrap();
    assert!(over <= over_mask, "{over} % of the picture hidden in vain");
}

/// Masks of `findings` hide at least `share` of the labelled boxes of `class`; gives all figures.
#[track_caller]
fn check_hidden(work: &Work, findings: &str, truth: &Path, class: &str, share: f64) -> Value {
    let truth = truth.display().to_string();
    let score = work
        .redact(&["score", findings, &truth, "--json"])
        .expect_status(0)
        .json();
    let of_class = &score["classes"][class];
    let [hidden, boxes] = ["hidden", "boxes"].map(|key| of_class[key].as_f64().unwrap());
    assert!(
        hidden >= share * boxes,
        "{hidden} of {boxes} hidden, class {class}: {score:#}"
    );
    score
}

/// Goal: plates on the road are hidden, found or with their vehicle: at least `share` of the
/// labelled ones.
#[track_caller]
fn check_plates(name: &str, share: f64) {
    let Some((clip, truth, models)) = labelled(name) else {
        return;
    };
    let work = Work::new();
    let clip = clip.display().to_string();
    work.redact_with_models(&models, &["scan", &clip, "-o", "found.json"])
        .expect_status(0);
    check_hidden(&work, "found.json", &truth, "plate", share);
}

#[test]
fn plates_of_ten_pixels_on_the_road() {
    check_plates("udacity_test_video", 1.0);
}

#[test]
fn plates_in_a_car_park_through_a_fisheye() {
    check_plates("egoblur_gen2_lp", 1.0);
}

/// Images of a set that are looked at: enough to notice a fall, few enough for every test run.
const IMAGES: usize = 16;

/// Goal: the detectors do not get worse on single images. Method: the first images of a set that
/// have a label, and the least share of labelled boxes that masks must cover.
#[track_caller]
fn check_images(set: &str, class: &str, share: f64) {
    let (Some(folder), Some(models)) = (shared(&format!("eval/{set}")), models()) else {
        return;
    };
    let marked = std::fs::read(folder.join("boxes.json")).unwrap();
    let mut marked: Value = serde_json::from_slice(&marked).unwrap();
    let boxes = marked["annotations"].as_array().unwrap().clone();
    let images: Vec<Value> = marked["images"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|image| boxes.iter().any(|b| b["image_id"] == image["id"]))
        .take(IMAGES)
        .cloned()
        .collect();
    let taken = |b: &&Value| images.iter().any(|image| image["id"] == b["image_id"]);
    let work = Work::new();
    std::fs::create_dir_all(work.path("set/images")).unwrap();
    for image in &images {
        let name = image["file_name"].as_str().unwrap();
        let to = work.path("set/images").join(name);
        std::fs::copy(folder.join("images").join(name), to).unwrap();
    }
    marked["annotations"] = boxes.iter().filter(taken).cloned().collect();
    marked["images"] = images.into();
    work.write_json("set/boxes.json", &marked);
    let score = work
        .redact_with_models(&models, &["score", "--images", "set", "--json"])
        .expect_status(0)
        .json();
    let covered = score["classes"][class]["recall_cover95"].as_f64().unwrap();
    assert!(
        covered >= share,
        "{covered} of the boxes covered: {score:#}"
    );
}

#[test]
fn faces_in_single_images() {
    check_images("faces", "face", 0.90);
}

#[test]
fn plates_in_single_images() {
    check_images("cars", "plate", 0.80);
}

#[test]
fn plates_on_the_road_in_single_images() {
    check_images("ro-dashcam", "plate", 0.90);
}

#[test]
fn screens_in_single_images() {
    check_images("screens", "screen", 0.28);
}

/// Goal: a release verifies for an auditor with the source, for the agency with its sealed record,
/// and for a stranger with nothing but what went out.
#[track_caller]
fn every_reader_can_verify(work: &Work, name: &str, clip: &str) {
    let release = format!("{name}.redacted.mp4");
    let key = work.redact(&["key", "show"]).expect_status(0).stdout();
    std::fs::write(work.path("agency.pub"), key).unwrap();
    let open = |args: &[&str]| {
        let verify = ["verify", &release, "--trust", "agency.pub", "--json"];
        let run = work.redact(&[&verify[..], args].concat()).expect_status(0);
        let open = run.json()["not_checked"].as_array().unwrap().clone();
        let groups = open
            .iter()
            .map(|check| check["group"].as_str().unwrap().to_owned());
        groups.collect::<Vec<String>>()
    };
    // No policy and no second look are given, and coded values are nobody's to judge.
    assert_eq!(open(&["--source", clip]), ["manifest", "leak", "audit"]);
    let without_source = ["manifest", "source", "leak", "audit", "change", "audit"];
    assert_eq!(open(&[]), without_source);
    for end in ["json", "json.minisig"] {
        std::fs::remove_file(work.path(&format!("{name}.redacted.sealed.{end}"))).unwrap();
    }
    let mut without_sealed = without_source.to_vec();
    without_sealed.insert(1, "sealed manifest");
    assert_eq!(open(&[]), without_sealed);
}

#[test]
fn a_body_camera_indoors() {
    check("pvr_test_01", 0.99, 3.0);
}

#[test]
fn a_body_camera_outdoors() {
    check("pvr_test_02", 0.99, 2.5);
}

#[test]
fn a_film_with_mp3_sound() {
    check("moviepy_chaplin", 0.99, 5.6);
}

//! Past releases are checked again by the rules of today.

use serde_json::{Value, json};

use crate::tamper::{RELEASE, released};
use crate::work::Work;

fn recheck(work: &Work, status: i32, more: &[&str]) -> Value {
    let args = [&["recheck", ".", "--json", "--quiet"], more].concat();
    work.redact(&args).expect_status(status).json()
}

/// Goal: each past release that no longer holds is listed with the reason, and the exit status says
/// that there is one. Control: the same folder before, and releases beside it that hold.
#[test]
fn releases_that_no_longer_hold_are_listed() {
    let work = released();
    let good = recheck(&work, 0, &[]);
    assert_eq!((&good["checked"], &good["wrong"]), (&json!(1), &json!(0)));
    assert_eq!(good["releases"][0]["verdict"], "ok");

    std::fs::create_dir(work.path("old")).unwrap();
    for name in [
        RELEASE,
        "clip.redacted.manifest.json",
        "clip.redacted.manifest.json.minisig",
    ] {
        std::fs::copy(work.path(name), work.path(&format!("old/{name}"))).unwrap();
    }
    let sourced = recheck(&work, 0, &["--source-dir", "."]);
    assert_eq!(sourced["checked"], 2);
    let text = sourced["releases"].to_string();
    assert!(!text.contains("the original was not given"), "{text}");

    let mut bytes = std::fs::read(work.path(RELEASE)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(work.path(&format!("old/{RELEASE}")), bytes).unwrap();
    let found = recheck(&work, 1, &["--no-media"]);
    assert_eq!(found["wrong"], 1);
    let lines = found["releases"].as_array().unwrap();
    let bad = lines
        .iter()
        .find(|line| line["verdict"] == "wrong")
        .unwrap();
    assert!(bad["release"].as_str().unwrap().contains("old/"), "{bad}");
    assert!(bad["why"][0].as_str().unwrap().contains("SHA-256"), "{bad}");
    let said = work
        .redact(&["recheck", ".", "--no-media"])
        .expect_status(1);
    assert!(said.stdout().contains("WRONG"), "{}", said.stdout());
    assert!(said.stderr().contains("1/2"), "progress: {}", said.stderr());
    std::fs::remove_file(work.path(&format!("old/{RELEASE}"))).unwrap();
    assert_eq!(recheck(&work, 1, &["--no-media"])["failed"], 1);
}

/// Goal: a release that an earlier version made from a plan with a track taken out is found, where
/// plan and findings are still there. Method: such a release is made with the comparison declared
/// impossible. Control: the release of the whole plan.
#[test]
fn a_release_that_left_out_a_finding_is_found() {
    let work = Work::new();
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut findings = work.json("clip.findings.json");
    let boxes: Vec<Value> = (3..9)
        .map(|frame| json!([frame, 0.25, 0.25, 0.5, 0.5, 0.9, "detected"]))
        .collect();
    findings["tracks"] = json!([{"id": 1, "class": "face", "boxes": boxes}]);
    work.write_json("clip.findings.json", &findings);
    let mut plan = work.approve_findings();
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);
    recheck(&work, 0, &["--no-media"]);
    plan["tracks"] = json!([]);
    work.write_json("clip.plan.json", &plan);
    let lost = ["--force", "--without-findings", "lost"];
    work.redact(&[&["approve", "clip.plan.json", "--by", "Ada"], &lost[..]].concat())
        .expect_status(0);
    work.redact(&[&["render", "clip.mp4", "clip.plan.json"], &lost[..]].concat())
        .expect_status(0);
    let found = recheck(&work, 1, &["--no-media"]);
    let why = found["releases"][0]["why"].to_string();
    assert!(
        why.contains("plan against its findings: found track 1 (face)"),
        "{why}"
    );
}

/// Goal: what cannot be read is listed, the rest is checked all the same, and the exit status says
/// it. Method: folders nested deeper than is searched, a manifest that is none, and a folder where
/// a release should be. Control: the same folder without them holds.
#[test]
fn what_cannot_be_read_is_listed_and_the_rest_checked() {
    let work = released();
    recheck(&work, 0, &["--no-media"]);
    let mut deep = work.path("deep");
    for _ in 0..40 {
        deep.push("d");
    }
    std::fs::create_dir_all(&deep).unwrap();
    let found = recheck(&work, 1, &["--no-media"]);
    assert_eq!((&found["checked"], &found["wrong"]), (&json!(1), &json!(0)));
    assert_eq!(found["releases"][0]["verdict"], "ok");
    assert_eq!(found["unreadable"].as_array().unwrap().len(), 1);
    let said = work
        .redact(&["recheck", ".", "--no-media"])
        .expect_status(1);
    assert!(
        said.stdout().contains("1 paths unreadable"),
        "{}",
        said.stdout()
    );
    std::fs::remove_dir_all(work.path("deep")).unwrap();

    std::fs::write(work.path("a.manifest.json"), "no manifest").unwrap();
    std::fs::create_dir(work.path("a.mp4")).unwrap();
    let found = recheck(&work, 1, &["--no-media"]);
    assert_eq!(
        (&found["checked"], &found["failed"]),
        (&json!(2), &json!(1))
    );
    let lines = found["releases"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["verdict"] == "ok"), "{found}");
}

#[test]
fn a_folder_without_releases_is_refused() {
    let work = Work::new();
    work.redact(&["recheck", "."])
        .expect_refusal(&["no releases found"]);
}

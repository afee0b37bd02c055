//! The verdict as a page, the log in three forms, and a check that decodes nothing.

use std::fs;

use serde_json::Value;

use crate::tamper::{RELEASE, released};

#[test]
fn the_verdict_is_written_as_pdf_html_and_json() {
    let work = released();
    for (name, begins) in [("v.pdf", "%PDF-"), ("v.html", "<!"), ("v.JSON", "{")] {
        work.redact(&["verify", RELEASE, "--report", name])
            .expect_status(0);
        let bytes = fs::read(work.path(name)).unwrap();
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).to_lowercase();
        assert!(start.starts_with(&begins.to_lowercase()), "{name}: {start}");
    }
    let report = work.json("v.JSON");
    assert_eq!(report["verdict"], "verified");
    assert_eq!(report["scope"], "release");
    // What nothing can judge, and what nothing was given for.
    let always = ["policy", "coded values", "second look"];
    let with_source = [
        "SHA-256",
        "what lies under a mask, by its original",
        "nothing else differs from the original",
    ];
    let mut open = open_checks(&report);
    let mut expected: Vec<&str> = always.into_iter().chain(with_source).collect();
    open.sort_unstable();
    expected.sort_unstable();
    assert_eq!(open, expected);
    assert_eq!(report["timeline"].as_array().unwrap().len(), 2);

    work.redact(&["verify", RELEASE, "--report", "v.pdf"])
        .expect_refusal(&["v.pdf", "exists already"]);
    work.redact(&["verify", RELEASE, "--report", RELEASE, "--force"])
        .expect_refusal(&[RELEASE]);
    work.redact(&["verify", RELEASE, "--report", "v.docx"])
        .expect_refusal(&["v.docx", ".pdf, .html or .json"]);
    work.redact(&[
        "verify", RELEASE, "--source", "clip.mp4", "--report", "v.JSON", "--force",
    ])
    .expect_status(0);
    let report = work.json("v.JSON");
    let mut open = open_checks(&report);
    open.sort_unstable();
    assert_eq!(open, ["coded values", "policy", "second look"]);
    let checks = report["checks"].as_array().unwrap();
    let is_good = |check: &Value| check["outcome"] == "passed" || check["outcome"] == "not_checked";
    assert!(checks.iter().all(is_good));
}

/// Names of what a report says was not checked.
fn open_checks(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().unwrap().iter();
    let open = checks.filter(|check| check["outcome"] == "not_checked");
    open.map(|check| check["name"].as_str().unwrap()).collect()
}

/// Goal: a page never says other than the exit status.
#[test]
fn the_report_of_a_changed_release_says_so() {
    let work = released();
    let mut bytes = fs::read(work.path(RELEASE)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(work.path(RELEASE), bytes).unwrap();
    work.redact(&["verify", RELEASE, "--report", "v.json"])
        .expect_status(1);
    assert_eq!(work.json("v.json")["verdict"], "not_verified");
    fs::write(work.path("clip.redacted.manifest.json"), b"{}").unwrap();
    work.redact(&["verify", RELEASE, "--report", "w.json"])
        .expect_status(1);
    let report = work.json("w.json");
    assert_eq!(report["verdict"], "not_verified");
    assert_eq!(report["signature"]["outcome"], "failed");
}

#[test]
fn the_log_is_there_for_the_screen_the_spreadsheet_and_paper() {
    let work = released();
    let csv = fs::read_to_string(work.path("clip.redacted.log.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let pdf = fs::read(work.path("clip.redacted.log.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert!(work.path("clip.redacted.log.html").exists());
}

/// Goal: the name that a person gave a mask or a mute in the plan does not go out, in no record.
/// Control: the sealed manifest has it.
#[test]
fn names_in_the_plan_stay_with_the_agency() {
    let work = released();
    let mut plan = work.json("clip.plan.json");
    plan["drawn"][0]["id"] = "tattoo of Roe".into();
    plan["mutes"][0]["id"] = "Roe says her address".into();
    work.approve_edited(&plan);
    work.redact(&["render", "clip.mp4", "clip.plan.json", "--force"])
        .expect_status(0);
    for name in ["manifest.json", "log.html", "log.csv", "sealed.json"] {
        let text = fs::read_to_string(work.path(&format!("clip.redacted.{name}"))).unwrap();
        assert_eq!(
            text.contains("Roe"),
            name == "sealed.json",
            "{name}: {text}"
        );
    }
    let log = fs::read_to_string(work.path("keys/events.jsonl")).unwrap();
    assert!(!log.contains("Roe"), "{log}");
}

/// Goal: without decoding, every change of a byte still shows, and "ok" says what it is about.
#[test]
fn a_check_without_media_finds_changed_bytes_and_says_its_limits() {
    let work = released();
    let words = "verdict: ok (signature and digests only)";
    let check = ["verify", RELEASE, "--no-media"];
    let run = work.redact(&check).expect_status(0);
    assert!(run.stdout().contains(words), "{}", run.stdout());
    assert!(run.stdout().contains("not checked"), "{}", run.stdout());
    for file in [
        RELEASE,
        "clip.redacted.manifest.json",
        "clip.redacted.sealed.json",
    ] {
        let good = fs::read(work.path(file)).unwrap();
        let mut bad = good.clone();
        let last = bad.len() - 2;
        bad[last] ^= 1;
        fs::write(work.path(file), &bad).unwrap();
        let run = work.redact(&check).expect_status(1);
        assert!(!run.stdout().contains("verdict: ok"), "{}", run.stdout());
        fs::write(work.path(file), &good).unwrap();
    }
    work.redact(&["verify", RELEASE, "--no-media", "--source", "clip.mp4"])
        .expect_status(2);
    work.redact(&check).expect_status(0);
}

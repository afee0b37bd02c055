//! The event log: every act is in it, every change to it shows, and without it nothing goes out.

use std::fs;

use serde_json::Value;

use crate::work::{Work, policy};

const LOG: &str = "keys/events.jsonl";
const MANIFEST: &str = "clip.redacted.manifest.json";

fn approve(work: &Work) {
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let policy = policy("public-release.toml");
    let mut args = vec!["approve", "clip.findings.json", "--policy", &policy];
    args.extend(["--by", "Ada"]);
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    work.redact(&args).expect_status(0);
}

fn acts(work: &Work) -> Vec<(String, String)> {
    let shown = work.redact(&["events", "show", "--json"]).expect_status(0);
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    shown
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (word(&entry["what"]), word(&entry["outcome"])))
        .collect()
}

/// Goal: who did what with what outcome is in the log, refusals included, and in the manifest is
/// the entry that says that the release was rendered.
#[test]
fn every_act_is_recorded_and_the_manifest_names_the_render() {
    let work = Work::new();
    approve(&work);
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);
    work.redact(&["verify", "clip.redacted.mp4"])
        .expect_status(0);
    work.redact(&["render", "clip.plan.json", "clip.plan.json"])
        .expect_status(2);
    let expected = [
        ("scan", "success"),
        ("key", "success"),
        ("approval", "success"),
        // The key that signs releases is another than the approver's.
        ("key", "success"),
        ("render", "success"),
        ("export", "success"),
        ("verify", "success"),
        ("render", "failure"),
    ];
    let found = acts(&work);
    let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
    assert_eq!(found[..7], expected[..7], "{found:?}");
    assert_eq!(found[7].0, "render");
    assert_ne!(found[7].1, "success");

    let shown = work.redact(&["events", "show", "--json"]).json();
    assert_eq!(shown[2]["who"], "Ada");
    assert!(shown[3]["machine"].as_str().unwrap().contains('@'));
    let manifest = work.json(MANIFEST);
    assert_eq!(manifest["events_head"]["seq"], 4);
    let line = fs::read_to_string(work.path(LOG)).unwrap();
    assert!(line.lines().nth(4).unwrap().contains("\"what\":\"render\""));
    let lines = work.redact(&["events", "show"]).expect_status(0).stdout();
    assert_eq!(lines.lines().count(), 8);
    work.redact(&["events", "verify", "--manifest", MANIFEST])
        .expect_status(0);
}

/// Method: each way to change a log; the log as it was written is the control.
#[test]
fn every_change_to_the_log_is_found() {
    type Tamper = fn(&mut Vec<String>);
    let table: &[(&str, Tamper)] = &[
        ("an edit", |lines| {
            lines[1] = lines[1].replacen("Ada", "Bob", 1);
        }),
        ("a removal", |lines| {
            lines.remove(1);
        }),
        ("a change of order", |lines| lines.swap(1, 2)),
        ("an entry twice", |lines| lines.insert(1, lines[1].clone())),
        ("a cut", |lines| lines.truncate(2)),
        ("all of it gone", Vec::clear),
    ];
    let work = Work::new();
    approve(&work);
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);
    let good = fs::read_to_string(work.path(LOG)).unwrap();
    let verify = ["events", "verify", "--manifest", MANIFEST];
    work.redact(&verify).expect_status(0);
    for (what, tamper) in table {
        let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
        tamper(&mut lines);
        let bad: String = lines.iter().map(|line| format!("{line}\n")).collect();
        assert_ne!(bad, good, "{what} changes nothing");
        fs::write(work.path(LOG), bad).unwrap();
        let run = work.redact(&verify).expect_status(1);
        assert!(run.stdout().contains("WRONG"), "{what}: {}", run.stdout());
    }
    fs::write(work.path(LOG), good).unwrap();
    work.redact(&verify).expect_status(0);
}

/// Goal: nothing goes out that is not written down.
#[test]
fn a_log_that_cannot_be_written_blocks_the_render() {
    let work = Work::new();
    approve(&work);
    let render = ["render", "clip.mp4", "clip.plan.json", "--events"];
    let with = |log| [&render[..], &[log]].concat();
    fs::write(work.path("other.txt"), "no entry\n").unwrap();
    fs::create_dir(work.path("folder")).unwrap();
    for log in ["other.txt", "folder"] {
        work.redact(&with(log))
            .expect_refusal(&[log, "cannot write the event log"]);
        assert!(!work.path("clip.redacted.mp4").exists());
    }
    assert_eq!(fs::read(work.path("other.txt")).unwrap(), b"no entry\n");
    work.redact(&with("case.jsonl")).expect_status(0);
    work.redact(&["events", "verify", "case.jsonl"])
        .expect_status(0);
}

/// Goal: a stranger's manifest is no witness.
#[test]
fn a_manifest_that_is_not_trusted_is_refused() {
    let work = Work::new();
    approve(&work);
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);
    work.redact(&["key", "new", "-o", "other.key"])
        .expect_status(0);
    let other = work.redact(&["key", "show", "--key", "other.key"]).stdout();
    fs::write(work.path("other.pub"), other).unwrap();
    work.redact(&[
        "events",
        "verify",
        "--manifest",
        MANIFEST,
        "--trust",
        "other.pub",
    ])
    .expect_refusal(&[MANIFEST, "not trusted"]);
    work.redact(&["events", "verify", "nowhere.jsonl"])
        .expect_refusal(&["nowhere.jsonl"]);
}

/// Goal: keys and the log are in the folders of their kind, and a log that an earlier version put
/// beside the keys is continued.
#[test]
fn the_log_is_data_and_one_beside_the_keys_is_continued() {
    let work = Work::new();
    let home = format!("HOME={}", work.path("home").display());
    let mut env = vec!["env"];
    for name in ["REDACT_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        env.extend(["-u", name]);
    }
    env.push(&home);
    work.redact_under(&env, &["key", "new"]).expect_status(0);
    assert!(work.path("home/.config/redact/redact.key").exists());
    let log = work.path("home/.local/share/redact/events.jsonl");
    let earlier = work.path("home/.config/redact/events.jsonl");
    fs::rename(&log, &earlier).unwrap();
    work.redact_under(&env, &["key", "new", "--approver"])
        .expect_status(0);
    assert!(!log.exists());
    assert_eq!(fs::read_to_string(&earlier).unwrap().lines().count(), 2);
    work.redact_under(&env, &["events", "verify"])
        .expect_status(0);
}

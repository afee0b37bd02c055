//! The program is killed, or the disk fails, in the middle of its last steps.
//!
//! `strace` makes the system do that at a chosen call. `scripts/faults` does it at every call.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::shared::skip_without;
use crate::work::{Run, Work, policy};

/// What a run leaves beside the recording.
const RELEASED: [&str; 11] = [
    "clip.findings.json",
    "clip.mp4",
    "clip.plan.json",
    "clip.redacted.log.csv",
    "clip.redacted.log.html",
    "clip.redacted.log.pdf",
    "clip.redacted.manifest.json",
    "clip.redacted.manifest.json.minisig",
    "clip.redacted.mp4",
    "clip.redacted.sealed.json",
    "clip.redacted.sealed.json.minisig",
];

fn run_args(policy: &str) -> Vec<&str> {
    let mut args = vec!["run", "clip.mp4", "--policy", policy];
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    args
}

/// A folder with a recording, for a person who has a key.
fn with_clip_and_key() -> Work {
    let work = Work::new();
    work.clip("clip.mp4");
    work.redact(&["key", "new"]).expect_status(0);
    work
}

/// Whether programs can be traced here.
fn can_inject() -> bool {
    let traced = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let can = traced.is_ok_and(|status| status.success());
    if !can {
        skip_without("strace, or permission to trace,");
    }
    can
}

/// Runs `redact` with a fault at the `at`-th `call` of its first thread.
fn faulty(work: &Work, args: &[&str], call: &str, fault: &str, at: u32) -> Run {
    let inject = format!("inject={call}:{fault}:when={at}");
    let trace = format!("trace={call}");
    work.redact_under(
        &[
            "strace",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            &trace,
            "-e",
            &inject,
        ],
        args,
    )
}

/// Goal: wherever a run is killed, no release is there that does not verify, and the same command
/// then does the job without force and leaves nothing beside its files. Control: most of the kills
/// hit.
#[test]
fn a_killed_run_is_in_nobodys_way() {
    if !can_inject() {
        return;
    }
    let policy = policy("public-release.toml");
    let args = run_args(&policy);
    let mut hit = 0;
    let points = [
        ("/^rename", &[1, 2, 3, 6, 9, 10, 11][..]),
        ("fsync", &[2, 4, 7, 12, 17, 20, 22]),
        ("unlink", &[1, 2]),
    ];
    for (call, all) in points {
        for &at in all {
            let work = with_clip_and_key();
            let killed = faulty(&work, &args, call, "signal=KILL", at);
            if killed.status() == Some(0) {
                continue;
            }
            hit += 1;
            if work.path("clip.redacted.mp4").exists() {
                work.redact(&["verify", "clip.redacted.mp4"])
                    .expect_status(0);
            }
            work.redact(&args).expect_status(0);
            assert_eq!(work.files(), RELEASED, "{call} {at}");
            work.redact(&["events", "verify"]).expect_status(0);
        }
    }
    assert!(hit >= 10, "only {hit} were hit");
}

/// Goal: when the disk fails, either the run says that it is done and all is there, or nothing of
/// it is; then the same command does the job. Control: most of the faults hit.
#[test]
fn a_disk_that_fails_leaves_nothing_half_done() {
    if !can_inject() {
        return;
    }
    let policy = policy("public-release.toml");
    let args = run_args(&policy);
    let mut hit = 0;
    let points = [
        ("/^rename", "error=ENOSPC", &[1, 3, 7, 10][..]),
        ("fsync", "error=EIO", &[3, 5, 8, 14, 19, 21, 22, 23]),
        ("unlink", "error=EIO", &[1]),
    ];
    for (call, fault, all) in points {
        for &at in all {
            let work = with_clip_and_key();
            let failed = faulty(&work, &args, call, fault, at);
            if failed.status() == Some(0) {
                assert_eq!(work.files(), RELEASED, "{call} {at}");
                continue;
            }
            hit += 1;
            let said = failed.expect_status(2).stderr();
            let left: Vec<_> = work
                .files()
                .into_iter()
                .filter(|name| !name.starts_with('.'))
                .collect();
            assert_eq!(left, ["clip.mp4"], "{call} {at}: {said}");
            work.redact(&args).expect_status(0);
            assert_eq!(work.files(), RELEASED, "{call} {at}");
        }
    }
    assert!(hit >= 8, "only {hit} were hit");
}

/// Goal: what a person made of what a killed run left is not touched, nor is a finished release.
/// Control: unedited, it is replaced.
#[test]
fn what_a_person_made_stays() {
    if !can_inject() {
        return;
    }
    let policy = policy("public-release.toml");
    let args = run_args(&policy);
    let work = with_clip_and_key();
    let killed = faulty(&work, &args, "/^rename", "signal=KILL", 4);
    assert_eq!(killed.status(), None);
    let mut plan = work.json("clip.plan.json");
    plan["approvals"] = serde_json::json!([]);
    work.write_json("clip.plan.json", &plan);
    work.redact(&args)
        .expect_refusal(&["clip.plan.json", "exists already"]);
    assert_eq!(work.json("clip.plan.json"), plan);
    std::fs::remove_file(work.path("clip.plan.json")).unwrap();
    work.redact(&args).expect_status(0);
    let release = std::fs::read(work.path("clip.redacted.mp4")).unwrap();
    work.redact(&args).expect_refusal(&["exists already"]);
    // Killed with force, the finished release is what is left.
    let forced = [&args[..], &["--force", "--crf", "30"]].concat();
    let killed = faulty(&work, &forced, "/^link", "signal=KILL", 8);
    assert_eq!(killed.status(), None);
    work.redact(&args).expect_refusal(&["exists already"]);
    assert_eq!(
        std::fs::read(work.path("clip.redacted.mp4")).unwrap(),
        release
    );
    work.redact(&["verify", "clip.redacted.mp4"])
        .expect_status(0);
}

/// Goal: a pipe, a link, a folder or a device under a name that a run uses for itself neither
/// holds it up nor is written to. Control: without it the run does its job.
#[test]
fn odd_things_under_working_names_hold_nobody_up() {
    let policy = policy("public-release.toml");
    let args = run_args(&policy);
    let work = Work::new();
    work.clip("clip.mp4");
    std::fs::write(work.path("precious"), b"precious").unwrap();
    let make = |what: &str, at: &std::path::Path| match what {
        "pipe" => assert!(Command::new("mkfifo").arg(at).status().unwrap().success()),
        "link" => std::os::unix::fs::symlink(work.path("precious"), at).unwrap(),
        _ => std::fs::create_dir(at).unwrap(),
    };
    for name in [
        ".clip.redacted.mp4.partial",
        ".clip.redacted.mp4.unfinished",
        ".clip.findings.json.partial",
        ".clip.redacted.sealed.json.partial",
    ] {
        for what in ["pipe", "link", "folder"] {
            let path = work.path(name);
            make(what, &path);
            let began = Instant::now();
            work.redact(&args).expect_refusal(&["in the way"]);
            assert!(began.elapsed() < Duration::from_secs(60), "{what} {name}");
            std::fs::remove_file(&path).ok();
            std::fs::remove_dir(&path).ok();
            assert_eq!(work.files(), ["clip.mp4", "precious"], "{what} {name}");
        }
    }
    assert_eq!(std::fs::read(work.path("precious")).unwrap(), b"precious");
    work.redact(&args).expect_status(0);
}

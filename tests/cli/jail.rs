//! Recordings are decoded by a child that has nothing to steal, and that ends when it must.
//!
//! What that child can still do is attacked in `tests/jail`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::work::{Work, policy};

const SECRET: &str = "correct horse battery staple";

/// A clip whose render takes many seconds.
fn long_clip(work: &Work) {
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=1280x720:rate=30:duration=20 -c:v libx264 -preset ultrafast \
         clip.mp4",
    );
}

const ACCEPT: [&str; 6] = [
    "--accept-missing",
    "face",
    "--accept-missing",
    "plate",
    "--accept-missing",
    "screen",
];

/// Starts a slow `run` and waits until its child decodes.
fn start(work: &Work, more: &[&str], words: &[(&str, &str)]) -> (Child, PathBuf) {
    let policy = policy("public-release.toml");
    let mut args = vec!["run", "clip.mp4", "--policy", &policy, "--preset", "slow"];
    args.extend(["--reencode", "all"]);
    args.extend(ACCEPT);
    args.extend(more);
    let mut parent = work.spawn_with_words(&args, words);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        let decoding = child_of(parent.id()).filter(|child| is_sealed(child));
        if let Some(child) = decoding {
            return (parent, child);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    parent.kill().unwrap();
    parent.wait().unwrap();
    panic!("nothing decodes");
}

/// The folder of the system's facts about the child of a process.
fn child_of(parent: u32) -> Option<PathBuf> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).ok()?;
    let children = tasks.filter_map(|task| {
        let list = std::fs::read_to_string(task.ok()?.path().join("children")).ok()?;
        list.split_whitespace().next().map(str::to_owned)
    });
    let first = children.into_iter().next()?;
    Some(Path::new("/proc").join(first))
}

fn status(task: &Path) -> String {
    std::fs::read_to_string(task.join("status")).unwrap_or_default()
}

/// Threads are started behind the last step.
fn is_sealed(child: &Path) -> bool {
    let threads = std::fs::read_dir(child.join("task")).map_or(0, Iterator::count);
    threads > 3 && status(child).contains("Seccomp_filters:\t5")
}

fn signal(name: &str, process: &str) {
    let sent = Command::new("kill").args([name, process]).status().unwrap();
    assert!(sent.success());
}

fn number(child: &Path) -> String {
    child.file_name().unwrap().to_string_lossy().into_owned()
}

/// Waits at most `seconds` for the end of a process that is not ours.
fn is_gone_within(child: &Path, seconds: u64) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(seconds) {
        let state = status(child);
        if state.is_empty() || state.contains("State:\tZ") {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// Goal: every thread of the process that decodes is confined; it has no passphrase, no descriptor
/// but its pipes and its files. Control: its parent has the passphrase and no filter.
#[test]
fn every_thread_that_decodes_is_confined_and_holds_no_secret() {
    let work = Work::new();
    long_clip(&work);
    let (mut parent, child) = start(&work, &[], &[("REDACT_KEY_PASSPHRASE", SECRET)]);
    let read = |path: PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let above = PathBuf::from(format!("/proc/{}", parent.id()));
    assert!(read(above.join("environ")).contains(SECRET));
    assert!(status(&above).contains("Seccomp:\t0"));
    assert!(!read(child.join("environ")).contains(SECRET));
    let mut threads = 0;
    for task in std::fs::read_dir(child.join("task")).unwrap() {
        let found = status(&task.unwrap().path());
        if found.is_empty() {
            continue;
        }
        threads += 1;
        for line in [
            "Seccomp:\t2",
            "NoNewPrivs:\t1",
            "CapEff:\t0000000000000000",
            "CapPrm:\t0000000000000000",
        ] {
            assert!(found.contains(line), "{line} is missing in {found}");
        }
    }
    assert!(threads > 3, "{threads}");
    for entry in std::fs::read_dir(child.join("fd")).unwrap() {
        let entry = entry.unwrap();
        let Ok(target) = std::fs::read_link(entry.path()) else {
            continue;
        };
        let target = target.display().to_string();
        let known = target.starts_with("pipe:")
            || target.ends_with("/clip.mp4")
            || target.ends_with(".clip.redacted.mp4.partial");
        assert!(known, "{target} is open");
    }
    signal("-KILL", &parent.id().to_string());
    parent.wait().unwrap();
    assert!(is_gone_within(&child, 2), "it lives longer than its parent");
}

/// Goal: the process that decodes is confined when it comes into being, before its libraries are
/// loaded. Control: its parent is not.
#[test]
fn it_is_born_confined() {
    let work = Work::new();
    work.clip("clip.mp4");
    let mut parent = work.spawn(&["scan", "clip.mp4"]);
    let began = Instant::now();
    let child = loop {
        if let Some(child) = child_of(parent.id()) {
            break child;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no child");
        std::thread::yield_now();
    };
    let found = status(&child);
    let above = status(&PathBuf::from(format!("/proc/{}", parent.id())));
    // Landlock has no line there; its rules are set before those of seccomp.
    for (line, of_child) in [
        ("NoNewPrivs:\t1", true),
        ("Seccomp:\t2", true),
        ("Seccomp:\t0", false),
    ] {
        let found = if of_child { &found } else { &above };
        assert!(found.contains(line), "{line} is missing in {found}");
    }
    assert_eq!(parent.wait().unwrap().code(), Some(0));
}

/// Goal: who asks twice is obeyed at once, whatever the decoder does. Control: after the first word
/// a child that hangs still hangs.
#[test]
fn a_second_signal_kills_also_a_decoder_that_hangs() {
    let work = Work::new();
    long_clip(&work);
    let (mut parent, child) = start(&work, &[], &[]);
    signal("-STOP", &number(&child));
    signal("-TERM", &parent.id().to_string());
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        parent.try_wait().unwrap().is_none(),
        "the first one ended it"
    );
    let began = Instant::now();
    signal("-TERM", &parent.id().to_string());
    assert_eq!(parent.wait().unwrap().code(), Some(2));
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(is_gone_within(&child, 2));
}

/// Goal: a decoder that hangs is stopped at the limit of time, the message names the limit and how
/// to raise it, and nothing is left.
#[test]
fn a_decoder_that_hangs_is_stopped_at_its_limit() {
    let work = Work::new();
    long_clip(&work);
    let (parent, child) = start(&work, &["--time-max", "0.1"], &[]);
    signal("-STOP", &number(&child));
    let output = parent.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("stopped at a limit: 6 seconds"), "{said}");
    assert!(said.contains("--time-max N allows more"), "{said}");
    assert!(is_gone_within(&child, 2));
    assert_eq!(work.files(), ["clip.mp4"]);
}

/// Goal: where the system cannot confine, nothing is decoded unless somebody says so; manifest and
/// log then tell. Control: with one layer less than all, but the one that counts, it goes on.
#[test]
fn a_system_that_cannot_confine_is_refused_and_the_level_is_on_record() {
    let work = Work::new();
    work.clip("clip.mp4");
    let none = [("REDACT_LANDLOCK_MAX", "0")];
    let run = work.redact_with_words(&["scan", "clip.mp4"], &none);
    let said = run.expect_status(2).stderr();
    for words in ["no Landlock", "hint: ", "--allow-weak-jail"] {
        assert!(said.contains(words), "{words} is missing in {said}");
    }
    assert_eq!(work.files(), ["clip.mp4"]);
    let policy = policy("public-release.toml");
    let mut args = vec!["run", "clip.mp4", "--policy", &policy, "--force"];
    args.extend(ACCEPT);
    let level = |work: &Work| work.json("clip.redacted.manifest.json")["tool"]["jail"].clone();
    let jail = |abi: u32| {
        serde_json::json!({
            "landlock_abi": abi, "landlock_capped": true, "seccomp": true
        })
    };
    work.redact_with_words(&args, &[("REDACT_LANDLOCK_MAX", "1")])
        .expect_status(0);
    assert_eq!(level(&work), jail(1));
    args.push("--allow-weak-jail");
    work.redact_with_words(&args, &none).expect_status(0);
    assert_eq!(level(&work), jail(0));
    let log = work.redact(&["events", "show"]).expect_status(0).stdout();
    assert!(log.contains("landlock"), "{log}");
    args.pop();
    work.redact(&args).expect_status(0);
    let level: Value = level(&work);
    assert_eq!(level["landlock_capped"], false);
    assert!(level["landlock_abi"].as_u64() > Some(0), "{level}");
}

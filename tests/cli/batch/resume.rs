//! A batch that is interrupted, or run again with something changed.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::{batch_args, short_clip};
use crate::work::{Work, policy};

/// Three recordings: one that is released soon, and two that take some seconds.
fn three_clips(work: &Work) {
    std::fs::create_dir(work.path("in")).unwrap();
    short_clip(work, "in/a.mp4", "0.5");
    for name in ["b", "c"] {
        work.ffmpeg(&format!(
            "-f lavfi -i testsrc2=size=1280x720:rate=30:duration=8 -c:v libx264 \
             -preset ultrafast in/{name}.mp4"
        ));
    }
}

/// Waits until a file is there.
#[track_caller]
fn wait_for(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "{}",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Names in `out` that are neither a release nor one of its records.
fn leftovers(work: &Work) -> Vec<String> {
    let names = std::fs::read_dir(work.path("out")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.starts_with('.') && name != ".batch.jsonl")
        .collect()
}

/// Goal: after Ctrl-C a batch says what is done and what is not, and leaves nothing half done; the
/// same command then does the rest. Control: the rest is not empty.
#[test]
fn ctrl_c_stops_a_batch_and_the_same_command_continues() {
    let work = Work::new();
    three_clips(&work);
    let policy = policy("public-release.toml");
    let mut args = batch_args(&["in"], &policy);
    args.extend(["--reencode", "all", "--summary", "s.json"]);
    let child = work.spawn(&args);
    wait_for(&work.path("out/a.redacted.mp4"));
    wait_for(&work.path("out/.b.redacted.mp4.unfinished"));
    send("-INT", &child);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let counts = "3 recordings: 1 released, 0 wrong, 0 failed, 0 skipped, 2 not done";
    assert!(said.contains(counts), "{said}");
    assert_eq!(work.json("s.json")["totals"]["not_done"], 2);
    assert_eq!(leftovers(&work), Vec::<String>::new());
    assert!(!work.path("out/b.redacted.mp4").exists());

    let said = work.redact(&args).expect_status(0).stdout();
    let counts = "3 recordings: 2 released, 0 wrong, 0 failed, 1 skipped";
    assert!(said.contains(counts), "{said}");
    assert_eq!(work.json("s.json")["totals"]["not_done"], 0);
}

/// Goal: after SIGKILL in the middle of a recording, the processes of the batch end by themselves,
/// and the same command does the rest, each recording once; meanwhile a second batch on the folder
/// is told who is at it. Control: alone, it is not.
#[test]
fn a_killed_batch_continues_and_a_second_one_is_told() {
    let work = Work::new();
    three_clips(&work);
    let policy = policy("public-release.toml");
    let mut args = batch_args(&["in"], &policy);
    args.extend(["--reencode", "all"]);
    let mut child = work.spawn(&args);
    wait_for(&work.path("out/.b.redacted.mp4.unfinished"));
    let process = format!("process {}", child.id());
    work.redact(&args)
        .expect_refusal(&["another batch is writing to this folder", &process]);
    child.kill().unwrap();
    child.wait().unwrap();

    let said = work.redact(&args).expect_status(0).stdout();
    assert!(
        said.contains("3 recordings: 2 released, 0 wrong, 0 failed, 1 skipped"),
        "{said}"
    );
    assert_eq!(leftovers(&work), Vec::<String>::new());
    for name in ["a", "b", "c"] {
        work.redact(&["verify", &format!("out/{name}.redacted.mp4")])
            .expect_status(0);
    }
    work.redact(&["events", "verify"]).expect_status(0);
}

/// Goal: what was released with other options or another policy is neither skipped nor replaced
/// unasked, and the line says what differs; nor is a release that was cut short taken for whole.
/// Control: with the same options it is skipped, and `--force` replaces it.
#[test]
fn a_release_with_other_settings_is_not_taken_for_this_one() {
    let work = Work::new();
    std::fs::create_dir(work.path("in")).unwrap();
    short_clip(&work, "in/a.mp4", "0.5");
    let policy_file = work.path("public-release.toml");
    let text = std::fs::read_to_string(policy("public-release.toml")).unwrap();
    std::fs::write(&policy_file, &text).unwrap();
    let args = batch_args(&["in"], "public-release.toml");
    let with = |more: &[&str], status| {
        let args = [&args[..], more].concat();
        work.redact(&args).expect_status(status).stdout()
    };
    with(&[], 0);
    let release = || std::fs::read(work.path("out/a.redacted.mp4")).unwrap();
    let first = release();
    assert!(with(&["--threads", "1"], 0).contains("1 skipped"));
    // Also where the batch was killed before it could record the release.
    let journal = work.path("out/.batch.jsonl");
    let whole = std::fs::read_to_string(&journal).unwrap();
    let lines = whole.lines().filter(|line| !line.starts_with("{\"done\""));
    let cut: String = lines.map(|line| format!("{line}\n")).collect();
    assert!(cut.len() < whole.len());
    std::fs::write(&journal, cut).unwrap();
    with(&["--summary", "s.json"], 0);
    let summary = work.json("s.json");
    assert_eq!(summary["totals"]["skipped"], 1);
    let figures = &summary["recordings"][0]["figures"];
    assert_eq!(
        (&figures["frames"], &figures["video_seconds"]),
        (&5.into(), &0.5.into())
    );
    let said = with(&["--crf", "30"], 2);
    assert!(said.contains("crf: not given, now 30"), "{said}");
    let said = with(&["--request", "17"], 2);
    assert!(said.contains("another request"), "{said}");
    std::fs::write(&policy_file, format!("{text}\n# changed\n")).unwrap();
    let said = with(&[], 2);
    assert!(said.contains("another policy"), "{said}");
    assert!(said.contains("--force replaces it"), "{said}");
    assert_eq!(release(), first);
    assert!(with(&["--force"], 0).contains("1 released"));
    assert!(with(&[], 0).contains("1 skipped"));
    let whole = release();
    std::fs::write(work.path("out/a.redacted.mp4"), &whole[..whole.len() / 2]).unwrap();
    let said = with(&[], 2);
    assert!(
        said.contains("not the file that its manifest describes"),
        "{said}"
    );
}

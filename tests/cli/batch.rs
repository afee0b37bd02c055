//! A folder of recordings, one of them bad.

use crate::work::{Work, policy};

/// Goal: one bad clip never stops the others, each has its line, and a second run does only what
/// is left.
#[test]
fn a_bad_clip_does_not_stop_the_others() {
    let work = Work::new();
    std::fs::create_dir(work.path("in")).unwrap();
    work.clip("in/a.mp4");
    std::fs::write(work.path("in/b.mp4"), b"broken").unwrap();
    work.clip("in/c.mkv");
    std::fs::write(work.path("in/notes.txt"), b"not a clip").unwrap();
    let policy = policy("public-release.toml");
    let args = [
        "batch",
        "in",
        "--policy",
        &policy,
        "--out-dir",
        "out",
        "--accept-missing",
        "face",
        "--accept-missing",
        "plate",
        "--accept-missing",
        "screen",
    ];
    let first = work.redact(&args).expect_status(2).stdout();
    assert!(
        first.contains("3 recordings: 2 released, 0 wrong, 1 failed, 0 skipped"),
        "{first}"
    );
    assert!(
        first
            .lines()
            .any(|l| l.starts_with("FAILED") && l.contains("b.mp4")),
        "{first}"
    );
    for name in ["out/a.redacted.mp4", "out/c.redacted.mp4"] {
        work.redact(&["verify", name]).expect_status(0);
    }
    assert!(!work.path("out/b.redacted.mp4").exists());

    std::fs::remove_file(work.path("in/b.mp4")).unwrap();
    let second = work.redact(&args).expect_status(0).stdout();
    assert!(
        second.contains("2 recordings: 0 released, 0 wrong, 0 failed, 2 skipped"),
        "{second}"
    );
}

#[test]
fn a_folder_without_recordings_is_an_error() {
    let work = Work::new();
    std::fs::create_dir(work.path("in")).unwrap();
    let policy = policy("court.toml");
    work.redact(&["batch", "in", "--policy", &policy, "--out-dir", "out"])
        .expect_refusal(&["in", "no recording"]);
}

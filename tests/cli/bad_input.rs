//! Bad input gets one line that names the file and the cause, the right status, and loses nothing.

use crate::work::{Work, policy};

fn run_args(clip: &str) -> Vec<String> {
    let policy = policy("public-release.toml");
    let missing = ["face", "plate", "screen"].map(|class| ["--accept-missing", class]);
    let mut args = vec![
        "run".to_owned(),
        clip.to_owned(),
        "--policy".to_owned(),
        policy,
    ];
    args.extend(missing.into_iter().flatten().map(str::to_owned));
    args
}

/// `redact run` on a file that cannot be released leaves nothing beside it.
#[track_caller]
fn check(work: &Work, clip: &str, words: &[&str]) {
    let before = work.files();
    let args = run_args(clip);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut words = words.to_vec();
    let stem = clip.split('.').next().unwrap();
    words.push(stem);
    work.redact(&args).expect_refusal(&words);
    assert_eq!(work.files(), before, "something was left behind");
}

#[test]
fn a_missing_file() {
    check(&Work::new(), "nowhere.mp4", &["No such file"]);
}

#[test]
fn an_empty_file() {
    let work = Work::new();
    std::fs::write(work.path("empty.mp4"), b"").unwrap();
    check(&work, "empty.mp4", &["empty"]);
}

#[test]
fn a_text_file() {
    let work = Work::new();
    std::fs::write(work.path("notes.mp4"), "not a recording\n".repeat(500)).unwrap();
    check(&work, "notes.mp4", &["unknown or incomplete file format"]);
}

#[test]
fn a_folder() {
    let work = Work::new();
    std::fs::create_dir(work.path("folder.mp4")).unwrap();
    check(&work, "folder.mp4", &["directory"]);
}

/// Goal: nothing waits for a pipe's other end or reads a device without end.
#[test]
fn a_pipe_and_a_device() {
    let work = Work::new();
    let made = std::process::Command::new("mkfifo")
        .arg(work.path("pipe.mp4"))
        .status();
    assert!(made.unwrap().success());
    check(&work, "pipe.mp4", &["not a file"]);
    std::os::unix::fs::symlink("/dev/zero", work.path("zero.mp4")).unwrap();
    check(&work, "zero.mp4", &["not a file"]);
}

#[test]
fn sound_without_pictures() {
    let work = Work::new();
    work.ffmpeg("-f lavfi -i sine=duration=1 -c:a aac sound.mp4");
    check(&work, "sound.mp4", &["no video stream"]);
}

/// Goal: a file that ends before its index says is refused, not released in part.
#[test]
fn a_truncated_file() {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=4 -c:v libx264 -preset ultrafast \
         -movflags +faststart whole.mp4",
    );
    let bytes = std::fs::read(work.path("whole.mp4")).unwrap();
    std::fs::write(work.path("cut.mp4"), &bytes[..bytes.len() * 2 / 3]).unwrap();
    std::fs::remove_file(work.path("whole.mp4")).unwrap();
    check(&work, "cut.mp4", &[]);
}

#[test]
fn an_unknown_policy_key_is_named() {
    let work = Work::new();
    work.clip("clip.mp4");
    let text = std::fs::read_to_string(policy("public-release.toml")).unwrap();
    std::fs::write(work.path("mine.toml"), format!("colour = \"red\"\n{text}")).unwrap();
    work.redact(&["run", "clip.mp4", "--policy", "mine.toml"])
        .expect_refusal(&["mine.toml", "colour"]);
}

#[test]
fn a_missing_policy() {
    let work = Work::new();
    work.clip("clip.mp4");
    work.redact(&["run", "clip.mp4", "--policy", "none.toml"])
        .expect_refusal(&["none.toml"]);
}

#[test]
fn an_output_that_exists_is_kept() {
    let work = Work::new();
    work.clip("clip.mp4");
    std::fs::write(work.path("clip.redacted.mp4"), b"precious").unwrap();
    check(&work, "clip.mp4", &[]);
    assert_eq!(
        std::fs::read(work.path("clip.redacted.mp4")).unwrap(),
        b"precious"
    );
}

#[test]
fn an_output_that_is_the_input_is_refused() {
    let work = Work::new();
    work.clip("clip.mp4");
    let before = std::fs::read(work.path("clip.mp4")).unwrap();
    work.redact(&["scan", "clip.mp4", "-o", "./clip.mp4", "--force"])
        .expect_refusal(&["replace an input"]);
    assert_eq!(std::fs::read(work.path("clip.mp4")).unwrap(), before);
}

/// Goal: nothing is released without somebody knowing that a class was never looked for.
#[test]
fn a_class_without_a_detector_needs_a_word() {
    let work = Work::new();
    work.clip("clip.mp4");
    let scan = work.redact(&["scan", "clip.mp4"]).expect_status(0);
    assert!(
        scan.stdout().contains("plates: no detector installed"),
        "{}",
        scan.stdout()
    );
    let policy = policy("public-release.toml");
    work.redact(&[
        "approve",
        "clip.findings.json",
        "--policy",
        &policy,
        "--by",
        "A",
    ])
    .expect_refusal(&["face"]);
    assert!(!work.path("clip.plan.json").exists());
}

//! A person stops a job, or the system does.

use std::process::Command;
use std::time::Duration;

use crate::work::{Work, policy};

/// Goal: Ctrl-C ends a job with one line and status 2, leaves no release and no working file, and
/// the same command then does the job.
#[test]
fn ctrl_c_leaves_nothing_half_done() {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=1280x720:rate=30:duration=20 -c:v libx264 -preset ultrafast \
         clip.mp4",
    );
    let policy = policy("public-release.toml");
    let mut args = vec!["run", "clip.mp4", "--policy", &policy, "--preset", "slow"];
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    let mut child = work.spawn(&args);
    // Long enough to be in the middle of the encoding, which takes many seconds.
    std::thread::sleep(Duration::from_secs(2));
    assert!(
        child.try_wait().unwrap().is_none(),
        "the job ended before it could be stopped"
    );
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("redact: "), "{said}");
    assert!(said.contains("cancelled"), "{said}");
    assert_eq!(work.files(), ["clip.mp4"]);

    args[4..6].copy_from_slice(&["--preset", "ultrafast"]);
    work.redact(&args).expect_status(0);
}

/// Goal: where the system lets no file grow, a render says so, and leaves nothing.
#[test]
fn a_limit_of_file_sizes_is_an_error_like_any_other() {
    let work = Work::new();
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    work.approve_findings();
    let before = work.files();
    let args = ["render", "clip.mp4", "clip.plan.json", "--reencode", "all"];
    let said = work
        .redact_with_small_files(&args)
        .expect_status(2)
        .stderr();
    assert!(said.contains("File too large"), "{said}");
    assert!(said.contains("hint: free some space"), "{said}");
    assert_eq!(work.files(), before);
    work.redact(&args).expect_status(0);
}

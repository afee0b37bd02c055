//! What a batch would do, and what it would need.

use super::{batch_args, short_clip};
use crate::work::{Work, policy};

/// The documents on standard output, one in each line.
fn document(text: String) -> Vec<serde_json::Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn range(of: &serde_json::Value) -> (f64, f64) {
    (of["low"].as_f64().unwrap(), of["high"].as_f64().unwrap())
}

/// Goal: a dry run lists what would be done and estimates it, and writes nothing; after a release
/// the estimate follows from that. Control: what is released then is not counted again.
#[test]
fn a_dry_run_estimates_and_writes_nothing() {
    let work = Work::new();
    std::fs::create_dir(work.path("in")).unwrap();
    short_clip(&work, "in/a.mp4", "1.0");
    short_clip(&work, "in/b.mp4", "2.0");
    std::fs::write(work.path("in/bad.mp4"), b"broken").unwrap();
    let policy = policy("public-release.toml");
    let dry = ["--dry-run", "--cost-per-hour", "3600", "--json"];
    let args = [&batch_args(&["in"], &policy)[..], &dry].concat();
    let lines = document(work.redact(&args).expect_status(2).stdout());
    let [a, b, bad, total] = &lines[..] else {
        panic!("{lines:#?}");
    };
    assert_eq!(
        (&a["action"], &a["codec"]),
        (&"release".into(), &"h264".into())
    );
    assert_eq!((&a["width"], &b["height"]), (&96.into(), &64.into()));
    assert!(
        (1.9..2.2).contains(&b["video_seconds"].as_f64().unwrap()),
        "{b}"
    );
    assert_eq!(bad["action"], "fail");
    assert!(
        bad["detail"].as_str().is_some_and(|why| !why.is_empty()),
        "{bad}"
    );
    assert_eq!(
        (&total["to_release"], &total["cannot"]),
        (&2.into(), &1.into())
    );
    let (low, high) = range(&total["seconds"]);
    assert!(0.0 < low && low < high, "{total}");
    assert_eq!(range(&total["cost"]), (low, high), "one per second");
    assert!(
        total["from"].as_str().unwrap().contains("just now"),
        "{total}"
    );
    let (least, most) = range(&total["disk_bytes"]);
    assert!(0.0 < least && least < most, "{total}");
    assert!(total["free_bytes"].as_u64().unwrap() > 0);
    assert!(!work.path("out").exists());
    assert!(!work.path("keys").exists(), "no key, no event, no rate");

    std::fs::remove_file(work.path("in/bad.mp4")).unwrap();
    std::fs::rename(work.path("in/b.mp4"), work.path("b.mp4")).unwrap();
    work.redact(&batch_args(&["in"], &policy)).expect_status(0);
    std::fs::rename(work.path("b.mp4"), work.path("in/b.mp4")).unwrap();
    let lines = document(work.redact(&args).expect_status(0).stdout());
    let total = lines.last().unwrap();
    assert_eq!(
        (&total["to_release"], &total["released_already"]),
        (&1.into(), &1.into())
    );
    assert!(
        total["from"].as_str().unwrap().contains("1 releases"),
        "{total}"
    );
    let text = work.redact(&[&batch_args(&["in"], &policy)[..], &dry[..3]].concat());
    let text = text.expect_status(0).stdout();
    for words in [
        "1 to release, 1 released already",
        "video: 0:02",
        "disk:",
        "cost:",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!work.path("out/b.redacted.mp4").exists());
}

//! What the program says of itself.

use crate::work::Work;

#[test]
fn help_shows_every_verb_with_examples() {
    let work = Work::new();
    let help = work.redact(&["--help"]).expect_status(0).stdout();
    for verb in [
        "scan", "approve", "render", "verify", "recheck", "run", "batch", "score", "key", "events",
        "package", "chunks", "worker",
    ] {
        assert!(
            help.contains(&format!("\n  {verb}")),
            "{verb} is missing in:\n{help}"
        );
        let own = work.redact(&[verb, "--help"]).expect_status(0).stdout();
        assert!(own.contains("Usage: redact"), "{own}");
    }
    assert!(help.contains("Examples:"));
}

/// Goal: a person can tell which optional features a program has, and its short version is one
/// line.
#[test]
fn the_version_lists_the_features() {
    let work = Work::new();
    let long = work.redact(&["--version"]).expect_status(0).stdout();
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("redact {version}\nfeatures: queue, single-sign-on\n");
    assert_eq!(long, expected);
    let short = work.redact(&["-V"]).expect_status(0).stdout();
    assert_eq!(short, format!("redact {version}\n"));
}

#[test]
fn wrong_usage_is_status_2() {
    let work = Work::new();
    let run = work.redact(&["scan"]).expect_status(2);
    assert!(run.stderr().contains("<CLIP>"), "{}", run.stderr());
    work.redact(&["frobnicate"]).expect_status(2);
}

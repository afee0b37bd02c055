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

#[test]
fn wrong_usage_is_status_2() {
    let work = Work::new();
    let run = work.redact(&["scan"]).expect_status(2);
    assert!(run.stderr().contains("<CLIP>"), "{}", run.stderr());
    work.redact(&["frobnicate"]).expect_status(2);
}

//! What tests may use that is not part of the project: recordings, pictures and labels in a folder
//! `shared` beside the repository, or where `REDACT_SHARED` says. They show real people, so they
//! are never committed. This is the one place that knows where they are.

#![allow(clippy::print_stderr, reason = "tests say what they skip")]

use std::path::{Path, PathBuf};

/// The file or folder `name` of the shared folder, for tests of a crate in `crates/`. Without it
/// the test says that it is skipped.
#[allow(dead_code, reason = "each test file uses what it needs of this one")]
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("REDACT_SHARED").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    if !path.exists() {
        eprintln!("SKIP: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// Says that a test is skipped for want of `what`, which `scripts/setup` provides. Where
/// `REDACT_TESTS_COMPLETE` is set, as `.ci/run` does, nothing may be missing, and the test fails.
#[allow(dead_code, reason = "each test file uses what it needs of this one")]
#[track_caller]
pub(crate) fn skip_without(what: &str) {
    assert!(
        std::env::var_os("REDACT_TESTS_COMPLETE").is_none(),
        "{what} is missing, and REDACT_TESTS_COMPLETE is set"
    );
    eprintln!("SKIP: {what} is missing (scripts/setup provides it)");
}

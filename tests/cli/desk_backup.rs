//! `redact desk backup` and `redact desk restore`, beside a desk that runs.

use std::io::{BufRead as _, BufReader};

use crate::work::Work;

/// A desk that runs until it is dropped.
struct Serving(std::process::Child);

impl Serving {
    fn new(work: &Work) -> Self {
        let mut child = work.spawn(&["desk", "--data", "data", "--listen", "127.0.0.1:0"]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.next().unwrap().unwrap();
        assert!(said.contains("the desk is open"), "{said}");
        Self(child)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Goal: a backup is made while the desk runs, and restored; a full disk leaves nothing of it.
/// Controls: names that are taken, and a folder that is no backup.
#[test]
fn a_backup_is_made_and_restored() {
    let work = Work::new();
    let _serving = Serving::new(&work);
    let args = ["desk", "backup", "saved", "--data", "data"];
    let full = work.redact_with_small_files(&args).expect_status(2);
    assert!(
        full.stderr().contains("cannot make the backup"),
        "{}",
        full.stderr()
    );
    for name in ["saved", "saved.partial"] {
        assert!(!work.path(name).exists(), "{name}");
    }
    let made = work
        .redact(&[&args[..], &["--json"]].concat())
        .expect_status(0)
        .json();
    assert!(made["files"].as_u64().unwrap() >= 3, "{made}");
    assert!(work.path("saved/manifest.json").exists());
    work.redact(&args)
        .expect_refusal(&["there is something already"]);
    let restore = ["desk", "restore", "saved", "--data", "again", "--json"];
    let restored = work.redact(&restore).expect_status(0).json();
    assert_eq!(restored["files"], made["files"]);
    assert!(work.path("again/desk.sqlite").exists());
    work.redact(&restore)
        .expect_refusal(&["the folder is not empty"]);
    let none = ["desk", "restore", "data", "--data", "other"];
    work.redact(&none).expect_refusal(&["found no backup"]);
    let none = ["desk", "backup", "other", "--data", "keys"];
    work.redact(&none)
        .expect_refusal(&["found no data of a desk"]);
    let text = std::fs::read_to_string(work.path("data/desk.lock")).unwrap();
    assert_eq!(text, "", "the desk's own files are as they were");
}

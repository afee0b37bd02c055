//! What a batch takes: lists, patterns, files and folders, and what it makes of odd ones.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{batch_args, short_clip};
use crate::work::{Work, policy};

/// Rows of a CSV file without its header, by comma; no test here has a comma in a cell.
fn rows(text: &str) -> Vec<Vec<String>> {
    let lines = text.trim_start_matches('\u{feff}').lines().skip(1);
    lines
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

/// Goal: a list gives each recording its policy and its request, in the manifests and in the
/// summary, whose cells are no formulas; a second run says the same without doing it again.
#[test]
fn a_list_gives_each_recording_its_request() {
    let work = Work::new();
    std::fs::create_dir(work.path("in")).unwrap();
    short_clip(&work, "in/a.mp4", "0.5");
    short_clip(&work, "in/b.mp4", "0.6");
    std::fs::write(work.path("in/p.toml"), "no policy").unwrap();
    let list = "\u{feff}Path;Case number;evidence_id;requester;policy\r\n\
                a.mp4;26-1;=EV-1;R. Roe;p.toml\r\n\
                b.mp4;26-2;;;p.toml\r\n";
    std::fs::write(work.path("in/list.csv"), list).unwrap();
    let mut args = batch_args(&["--list", "in/list.csv"], "");
    args.extend([
        "--summary",
        "s.csv",
        "--summary",
        "s.json",
        "--requester",
        "All",
    ]);
    work.redact(&args).expect_refusal(&["p.toml"]);
    assert!(
        !work.path("out").exists(),
        "nothing is written for a wrong policy"
    );
    std::fs::copy(policy("public-release.toml"), work.path("in/p.toml")).unwrap();

    let said = work.redact(&args).expect_status(0).stdout();
    assert!(said.contains("2 recordings: 2 released"), "{said}");
    let sealed = work.json("out/a.redacted.sealed.json");
    assert_eq!(sealed["body"]["request"]["case_number"], "26-1");
    assert_eq!(sealed["body"]["request"]["evidence_id"], "=EV-1");
    assert_eq!(sealed["body"]["request"]["requester"], "R. Roe");
    let sealed = work.json("out/b.redacted.sealed.json");
    assert_eq!(sealed["body"]["request"]["requester"], "All");
    let csv = || std::fs::read_to_string(work.path("s.csv")).unwrap();
    let first = rows(&csv());
    assert_eq!(first.len(), 2);
    assert_eq!(
        first[0][..5],
        ["in/a.mp4", "", "26-1", "'=EV-1", "released"]
    );
    assert_eq!(first[0][8], "0.5", "seconds of video");
    let document = work.json("s.json");
    assert_eq!(document["totals"]["ok"], 2);
    assert_eq!(document["recordings"][1]["case_number"], "26-2");

    let said = work.redact(&args).expect_status(0).stdout();
    assert!(
        said.contains("2 recordings: 0 released, 0 wrong, 0 failed, 2 skipped"),
        "{said}"
    );
    let again = rows(&csv());
    assert_eq!(again[0][..4], first[0][..4]);
    assert_eq!(again[0][4], "released earlier");
    assert_eq!(
        again[0][8..20],
        first[0][8..20],
        "figures of the earlier run"
    );
}

/// Goal: everything that is wrong with lists is said at once, and nothing is done.
#[test]
fn wrong_lists_are_refused_before_any_work() {
    let work = Work::new();
    short_clip(&work, "a.mp4", "0.5");
    std::fs::write(
        work.path("one.csv"),
        "path,case_number\na.mp4,1\nno.mp4,2\na.mp4,3\n",
    )
    .unwrap();
    std::fs::write(work.path("two.csv"), b"path,requester\na.mp4,Mu\xf1oz\n").unwrap();
    let policy = policy("public-release.toml");
    let args = batch_args(&["--list", "one.csv", "--list", "two.csv"], &policy);
    let said = work.redact(&args).expect_refusal(&["2 problems"]).stderr();
    assert!(
        said.contains("one.csv, line 3, column 1: found \"no.mp4\""),
        "{said}"
    );
    assert!(
        said.contains("two.csv, line 2, column 9: found byte 0xF1"),
        "{said}"
    );
    assert!(!work.path("out").exists());
    // One at a time: the same recording twice, and no policy.
    std::fs::write(work.path("one.csv"), "path\na.mp4\n./a.mp4\n").unwrap();
    let args = batch_args(&["--list", "one.csv"], &policy);
    work.redact(&args)
        .expect_refusal(&["one.csv, line 3", "again", "line 2"]);
    std::fs::write(work.path("one.csv"), "path\na.mp4\n").unwrap();
    work.redact(&batch_args(&["--list", "one.csv"], ""))
        .expect_refusal(&["one.csv, line 2", "no policy"]);
    work.redact(&batch_args(&["a.mp4", "no/*.mp4"], &policy))
        .expect_refusal(&["no/*.mp4", "matches no file"]);
    work.redact(&batch_args(&["nowhere"], &policy))
        .expect_refusal(&["nowhere"]);
    work.redact(&batch_args(&["a.mp4"], &super::policy("court.toml")))
        .expect_refusal(&["court.toml", "two people"]);
    std::fs::write(work.path("s.csv"), "mine").unwrap();
    let args = [
        &batch_args(&["a.mp4"], &policy)[..],
        &["--summary", "s.csv"],
    ]
    .concat();
    work.redact(&args)
        .expect_refusal(&["s.csv", "not the summary"]);
    assert!(!work.path("out").exists());
    // Control: with nothing wrong it is done.
    work.redact(&batch_args(&["a.mp4"], &policy))
        .expect_status(0);
}

/// Goal: patterns that the shell did not expand, folders and files name each recording once.
#[test]
fn patterns_files_and_folders_name_each_recording_once() {
    let work = Work::new();
    std::fs::create_dir_all(work.path("card/deep/deeper")).unwrap();
    short_clip(&work, "card/a.mp4", "0.5");
    short_clip(&work, "card/deep/deeper/a.mp4", "0.6");
    short_clip(&work, "card/deep/b.mkv", "0.7");
    std::fs::write(work.path("card/deep/notes.txt"), b"x").unwrap();
    let policy = policy("public-release.toml");
    let inputs = ["card/**/*.mp4", "card/a.mp4", "card/deep", "--jobs", "3"];
    let said = work
        .redact(&batch_args(&inputs, &policy))
        .expect_status(0)
        .stdout();
    assert!(said.contains("3 recordings: 3 released"), "{said}");
    for name in ["a-mp4", "deep-deeper-a-mp4", "b"] {
        let name = format!("out/{name}.redacted.mp4");
        assert!(work.path(&name).exists(), "{name}: {said}");
    }
    // A recording that comes later does not rename the others.
    std::fs::create_dir(work.path("card/other")).unwrap();
    short_clip(&work, "card/other/b.mkv", "0.8");
    let said = work
        .redact(&batch_args(&["card"], &policy))
        .expect_status(0)
        .stdout();
    assert!(
        said.contains("4 recordings: 1 released, 0 wrong, 0 failed, 3 skipped"),
        "{said}"
    );
}

/// Goal: whatever lies in a folder, the recordings in it are released, and the rest has its line.
#[test]
fn odd_files_stop_nothing() {
    let work = Work::new();
    let dir = work.path("in");
    std::fs::create_dir_all(dir.join(".trash")).unwrap();
    std::fs::create_dir(dir.join("folder.mp4")).unwrap();
    short_clip(&work, "in/good.mp4", "0.5");
    let good = dir.join("good.mp4");
    let copy = |name: &std::path::Path| std::fs::copy(&good, dir.join(name)).unwrap();
    copy("line\nbreak 'and' \"quotes\" é.mp4".as_ref());
    copy(std::ffi::OsStr::from_bytes(b"not-utf8-\xff.mp4").as_ref());
    copy(".trash/gone.mp4".as_ref());
    symlink(&good, dir.join("link.mp4")).unwrap();
    symlink(&dir, dir.join("round")).unwrap();
    let fifo = Command::new("mkfifo").arg(dir.join("pipe.mp4")).status();
    assert!(fifo.unwrap().success());
    std::fs::write(dir.join("empty.mp4"), b"").unwrap();
    let policy = policy("public-release.toml");
    let args = batch_args(&["in"], &policy);
    let said = work.redact(&args).expect_status(2).stdout();
    assert!(
        said.contains("5 recordings: 2 released, 0 wrong, 3 failed"),
        "{said}"
    );
    assert!(said.contains("needs a person: 3"), "{said}");
    let line = |word: &str, words: &str| {
        let mut lines = said.lines();
        let is_it = |line: &&str| line.starts_with(word) && line.contains(words);
        assert!(lines.any(|line| is_it(&line)), "{word} {words}: {said}");
    };
    line("FAILED", "pipe or a device");
    line("FAILED", "not UTF-8");
    line("FAILED", "empty.mp4");
    line("ignored", "link.mp4: a symbolic link");
    line("ignored", "round: a symbolic link");
    line("ignored", ".trash: a hidden folder");
    line("ok", "line\\u{a}break");
    let release = "out/line_break 'and' \"quotes\" é.redacted.mp4";
    work.redact(&["verify", release]).expect_status(0);
    // Every line of the JSON form is a document, also those of odd names.
    let json = [&args[..], &["--json"]].concat();
    let said = work.redact(&json).expect_status(2).stdout();
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.last().unwrap()["skipped"], 2, "{said}");
    let is_it = |line: &serde_json::Value| {
        let clip = line["clip"].as_str();
        clip.is_some_and(|clip| clip.starts_with("in/line\nbreak"))
    };
    assert!(
        lines.iter().any(is_it),
        "programs get the name as it is: {said}"
    );
    let is_skipped = |line: &&serde_json::Value| line["end"] == "skipped";
    let skipped = lines.iter().find(is_skipped).unwrap();
    assert_eq!(skipped["figures"]["frames"], 5, "{said}");
}

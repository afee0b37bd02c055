//! Man pages and completions, as packages install them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::work::Work;

/// The verbs that a help lists; below `redact key`, those of `key`.
fn verbs(help: &str) -> BTreeSet<String> {
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let lines = list.lines().take_while(|line| !line.is_empty());
    // The continuation of a description has more spaces before it.
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

fn files(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

/// Goal: every verb that the help lists has a page, and no other has one. Control: the verb that
/// writes the pages is not listed.
#[test]
fn every_verb_has_a_man_page() {
    let work = Work::new();
    work.redact(&["generate", "man", "pages"]).expect_status(0);
    let help = work.redact(&["--help"]).expect_status(0).stdout();
    let mut expected = BTreeSet::from(["redact.1".to_owned()]);
    let found = verbs(&help);
    assert!(found.len() > 12, "{found:?} in:\n{help}");
    assert!(!found.contains("generate"));
    for verb in found {
        let help = work.redact(&[&verb, "--help"]).expect_status(0).stdout();
        for below in verbs(&help) {
            expected.insert(format!("redact-{verb}-{below}.1"));
        }
        expected.insert(format!("redact-{verb}.1"));
    }
    assert_eq!(files(&work.path("pages")), expected);
    for name in expected {
        let page = std::fs::read_to_string(work.path("pages").join(&name)).unwrap();
        assert!(page.contains("\n.TH redact"), "{name}: {page}");
        assert!(page.contains("\n.SH SYNOPSIS\n"), "{name}: {page}");
    }
}

/// Goal: the shells can read the completions, and these offer every verb. Control: bash rejects
/// what is cut off.
#[test]
fn completions_are_read_by_the_shells() {
    let work = Work::new();
    let folder = work.path("completions");
    work.redact(&["generate", "completions", "completions"])
        .expect_status(0);
    let names = ["_redact", "redact.bash", "redact.fish"].map(str::to_owned);
    assert_eq!(files(&folder), BTreeSet::from(names.clone()));
    let help = work.redact(&["--help"]).expect_status(0).stdout();
    for name in &names {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        for verb in verbs(&help) {
            assert!(text.contains(&verb), "{name} does not offer {verb}");
        }
        assert!(!text.contains("tethered"), "{name} offers a hidden option");
    }
    let parses = |path: &Path| {
        let status = Command::new("bash").arg("-n").arg(path).status();
        status.unwrap().success()
    };
    let bash = folder.join("redact.bash");
    assert!(parses(&bash));
    let text = std::fs::read_to_string(&bash).unwrap();
    let cut = work.path("cut.bash");
    std::fs::write(&cut, text.rsplit_once("esac").unwrap().0).unwrap();
    assert!(!parses(&cut));
}

/// Goal: a folder that cannot be written is an error that names it.
#[test]
fn a_folder_that_is_a_file_is_refused() {
    let work = Work::new();
    std::fs::write(work.path("file"), "").unwrap();
    let run = work.redact(&["generate", "man", "file"]).expect_status(2);
    assert!(run.stderr().contains("file: "), "{}", run.stderr());
}

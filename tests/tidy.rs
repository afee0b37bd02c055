//! The budgets of `crates/README.md` over the sources: 600 lines a file, 100 columns. Functions are
//! clippy's (`too_many_lines`, threshold in `.clippy.toml`).

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::path::{Path, PathBuf};

/// Lines of a file, at most.
const LINES_MAX: usize = 600;

/// Columns of a line, at most, in characters.
const COLUMNS_MAX: usize = 100;

/// Files that are longer, and the lines that they may have. The one file that may hold `unsafe`
/// stays one file.
const LONGER: [(&str, usize); 1] = [("redact-media/src/ffi.rs", 676)];

/// Where sources are, from the root of the repository. The page's are laid out by Prettier.
const FOLDERS: [&str; 6] = ["benches", "crates", "fixtures", "fuzz", "models", "tests"];

/// Sources of Rust and Python, and scripts, which have no ending.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), &["rs", "py"], &mut found);
    }
    for folder in [".ci", "deploy", "scripts"] {
        collect(&root.join(folder), &["", "py", "sh"], &mut found);
    }
    found
}

/// Files below `folder` with one of `endings`; nothing that is built or fetched.
fn collect(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ending = path.extension().unwrap_or_default().to_str().unwrap();
        if path.is_dir() {
            let name = path.file_name().unwrap();
            if name != "node_modules" && name != "dist" && name != "corpus" {
                collect(&path, endings, found);
            }
        } else if endings.contains(&ending) {
            found.push(path);
        }
    }
}

/// What of `text` breaks a budget: the line's number, from 1, and what is wrong.
fn faults(text: &str, lines_max: usize) -> Vec<(usize, String)> {
    let wide = text.lines().enumerate().filter_map(|(at, line)| {
        let columns = line.chars().count();
        // A text is searched for as a whole, and an address cannot be broken.
        let start = line.trim_start();
        let is_comment = start.starts_with("//") || start.starts_with("# ");
        let whole = line.contains("://") || !is_comment && line.contains('"');
        (columns > COLUMNS_MAX && !whole).then(|| (at + 1, format!("{columns} columns")))
    });
    let lines = text.lines().count();
    let long = (lines > lines_max).then(|| (lines, format!("{lines} lines")));
    wide.chain(long).collect()
}

/// Goal: every source keeps the budgets. Control: a text that breaks each of them is told apart.
#[test]
fn sources_keep_the_budgets() {
    let wide = format!("fn a() {{}}\n// {}\n", "é".repeat(98));
    assert_eq!(faults(&wide, LINES_MAX), [(2, "101 columns".to_owned())]);
    assert_eq!(faults(&wide.replacen('é', "", 1), LINES_MAX), []);
    let long = "x\n".repeat(LINES_MAX + 1);
    assert_eq!(
        faults(&long, LINES_MAX),
        [(LINES_MAX + 1, "601 lines".to_owned())]
    );

    let sources = sources();
    assert!(sources.len() > 300, "only {} sources found", sources.len());
    let mut broken = Vec::new();
    for path in sources {
        let longer = LONGER.iter().find(|(name, _)| path.ends_with(name));
        let lines_max = longer.map_or(LINES_MAX, |(_, lines)| *lines);
        for (line, fault) in faults(&std::fs::read_to_string(&path).unwrap(), lines_max) {
            broken.push(format!("{}:{line}: {fault}", path.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

//! A name of its own for the release of each recording, the same from run to run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a name is made of.
#[derive(Clone, Debug)]
pub(super) struct NameParts {
    /// The recording's path from the input that it was found through.
    pub(super) relative: PathBuf,
    /// The folder that this path starts from, which tells inputs apart.
    pub(super) folder: PathBuf,
    /// The name that an earlier run gave it.
    pub(super) known: Option<String>,
}

/// The name of each recording's release without its endings: the one of an earlier run, else the
/// recording's own where it is the only one, else with its ending, else with its folders in front.
/// Names that differ in case alone count as one.
pub(super) fn names(recordings: &[NameParts]) -> Vec<String> {
    let first = |parts: &NameParts| {
        parts
            .known
            .clone()
            .unwrap_or_else(|| stem_of(&parts.relative))
    };
    let mut names: Vec<String> = recordings.iter().map(first).collect();
    let with_folder = |parts: &NameParts| {
        let folder = parts.folder.file_name().unwrap_or_default();
        Path::new(folder).join(&parts.relative)
    };
    let longer: [&dyn Fn(&NameParts) -> String; 3] = [
        &|parts| joined(&parts.relative, 1),
        &|parts| joined(&parts.relative, usize::MAX),
        &|parts| joined(&with_folder(parts), usize::MAX),
    ];
    for make in longer {
        for place in repeated(&names) {
            if recordings[place].known.is_none() {
                names[place] = make(&recordings[place]);
            }
        }
    }
    // Folders and names that read alike once they are joined.
    let known = recordings.iter().filter_map(|parts| parts.known.as_ref());
    let mut taken: BTreeSet<String> = known.map(|name| name.to_lowercase()).collect();
    for (name, parts) in names.iter_mut().zip(recordings) {
        if parts.known.is_some() {
            continue;
        }
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut all = std::iter::once(name.clone()).chain(numbered);
        let free = all.find(|name| !taken.contains(&name.to_lowercase()));
        *name = free.unwrap_or_default();
        taken.insert(name.to_lowercase());
    }
    names
}

fn stem_of(path: &Path) -> String {
    plain(&path.file_stem().unwrap_or_default().to_string_lossy())
}

/// The last `parts` parts of a path as one name, the ending with a hyphen.
fn joined(path: &Path, parts: usize) -> String {
    let all: Vec<_> = path
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .filter(|part| ![".", "..", "/"].contains(&part.as_str()))
        .collect();
    let last = &all[all.len().saturating_sub(parts)..];
    plain(&last.join("-").replace('.', "-"))
}

/// A name that a person can type: control characters and line breaks become underscores.
fn plain(name: &str) -> String {
    let is_odd = |c: char| c.is_control() || redact_record::is_invisible(c);
    name.chars()
        .map(|c| if is_odd(c) { '_' } else { c })
        .collect()
}

/// Places of names that are there more than once.
fn repeated(names: &[String]) -> Vec<usize> {
    let mut counts = BTreeMap::<String, usize>::new();
    for name in names {
        *counts.entry(name.to_lowercase()).or_default() += 1;
    }
    let is_repeated = |name: &String| counts.get(&name.to_lowercase()) > Some(&1);
    (0..names.len())
        .filter(|&place| is_repeated(&names[place]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(folder: &str, relative: &str, known: Option<&str>) -> NameParts {
        NameParts {
            relative: relative.into(),
            folder: folder.into(),
            known: known.map(str::to_owned),
        }
    }

    /// Goal: every recording has a name of its own. Control: one that is alone has its own name.
    #[test]
    fn equal_names_are_told_apart() {
        let check = |all: &[(&str, &str)], expected: &[&str]| {
            let all: Vec<NameParts> = all.iter().map(|(f, r)| parts(f, r, None)).collect();
            assert_eq!(names(&all), expected);
        };
        check(&[("in", "a/x.mp4"), ("in", "y.mp4")], &["x", "y"]);
        check(&[("in", "x.mp4"), ("in", "x.mov")], &["x-mp4", "x-mov"]);
        check(
            &[("in", "a/x.mp4"), ("in", "b/X.mp4")],
            &["a-x-mp4", "b-X-mp4"],
        );
        check(
            &[("one", "x.mp4"), ("two", "x.mp4")],
            &["one-x-mp4", "two-x-mp4"],
        );
        check(
            &[("p/one", "x.mp4"), ("q/one", "x.mp4")],
            &["one-x-mp4", "one-x-mp4-2"],
        );
        check(&[("in", "a\nb.mp4")], &["a_b"]);
    }

    /// Goal: a recording that is added later does not rename the others.
    #[test]
    fn names_stay_from_run_to_run() {
        let all = [
            parts("in", "b/x.mp4", None),
            parts("in", "a/x.mp4", Some("x")),
            parts("in", "c/x.mp4", None),
            parts("in", "y.mp4", Some("x-2")),
        ];
        assert_eq!(names(&all), ["b-x-mp4", "x", "c-x-mp4", "x-2"]);
    }
}

//! Comparing the files of a package with its manifest, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use redact_core::Digest;
use redact_core::error::with_causes;
use redact_record::package::{
    PACKAGE_FILE, PACKAGE_SIGNATURE, PackageManifest, SUMS_FILE, parse_sums,
};
use redact_record::{FileBinding, RecordError};

use super::packaged::ReadFiles;
use super::port::{GROUP, PackageFiles};
use crate::Verdict;

/// How many files are named for each kind of problem.
const NAMED_MAX: usize = 100;

/// Reads every listed file that exists, and computes its digests.
pub(super) fn read_all<F: PackageFiles>(
    found: &BTreeMap<String, u64>,
    package: &PackageManifest,
    files: &mut F,
) -> Result<ReadFiles, F::Error> {
    let lengths = || package.files().filter_map(|file| found.get(&file.path));
    let total = lengths().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
    let mut done = 0_u64;
    let mut read = BTreeMap::new();
    for file in package.files() {
        let Some(&bytes) = found.get(&file.path) else {
            continue;
        };
        if files.advance(done, total).is_break() {
            return Err(RecordError::Cancelled.into());
        }
        let binding = {
            let reader = files.open(&file.path)?;
            FileBinding::of_reader(reader, bytes, &mut |_, _| ControlFlow::Continue(()))?
        };
        done = done.saturating_add(bytes);
        read.insert(file.path.clone(), binding);
    }
    Ok(read)
}

/// Adds one check for each kind of problem, or one failed check per file that has it.
pub(super) fn compare(
    verdict: &mut Verdict,
    package: &PackageManifest,
    found: &BTreeMap<String, u64>,
    read: &ReadFiles,
) {
    let listed: BTreeSet<&str> = package.files().map(|file| file.path.as_str()).collect();
    let own = [PACKAGE_FILE, PACKAGE_SIGNATURE, SUMS_FILE];
    let missing = listed.iter().filter(|path| !found.contains_key(**path));
    let added = found
        .keys()
        .filter(|path| !listed.contains(path.as_str()) && !own.contains(&path.as_str()));
    let mut owners: BTreeMap<Digest, &str> = BTreeMap::new();
    for file in package.files() {
        owners.entry(file.sha256.0).or_insert(&file.path);
    }
    let (mut changed, mut swapped) = (Vec::new(), Vec::new());
    for file in package.files() {
        let Some(binding) = read.get(&file.path) else {
            continue;
        };
        if binding.sha256 == file.sha256.0 && binding.bytes == file.bytes {
            continue;
        }
        match owners.get(&binding.sha256) {
            Some(owner) => swapped.push(format!("{} has the content of {owner}", file.path)),
            None => changed.push(format!(
                "{}: found SHA-256 {} ({} bytes), expected {} ({} bytes)",
                file.path, binding.sha256, binding.bytes, file.sha256.0, file.bytes
            )),
        }
    }
    let bytes: u64 = package
        .files()
        .fold(0, |sum, file| sum.saturating_add(file.bytes));
    let all = format!("{} files, {bytes} bytes", listed.len());
    let missing: Vec<String> = missing.map(|path| (*path).to_owned()).collect();
    let added: Vec<String> = added.map(|path| redact_record::visible(path)).collect();
    report(
        verdict,
        "missing file",
        &missing,
        format!("none: all of {all} exist"),
    );
    report(verdict, "added file", &added, "none".to_owned());
    report(verdict, "swapped file", &swapped, "none".to_owned());
    report(
        verdict,
        "changed file",
        &changed,
        format!("none of {}", read.len()),
    );
}

fn report(verdict: &mut Verdict, name: &'static str, problems: &[String], none: String) {
    if problems.is_empty() {
        return verdict.add(GROUP, name, true, none);
    }
    for problem in problems.iter().take(NAMED_MAX) {
        verdict.add(GROUP, name, false, problem.clone());
    }
    if problems.len() > NAMED_MAX {
        let more = format!("{} more", problems.len() - NAMED_MAX);
        verdict.add(GROUP, name, false, more);
    }
}

/// What `found` has in common with the list `expected`, or which names differ.
pub(super) fn sums_evidence(expected: &str, found: &[u8]) -> String {
    if found == expected.as_bytes() {
        let lines = expected.lines().count();
        return format!("agrees with the package manifest: {lines} files");
    }
    let (Ok(expected), found) = (parse_sums(expected.as_bytes()), parse_sums(found)) else {
        return "not a list of digests".to_owned();
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => return with_causes(&error),
    };
    let (expected, found): (BTreeSet<_>, BTreeSet<_>) =
        (expected.into_iter().collect(), found.into_iter().collect());
    let differ = expected
        .symmetric_difference(&found)
        .map(|(path, _)| path.as_str());
    let names: BTreeSet<&str> = differ.collect();
    match names.len() {
        0 => "has the right digests in another order or form".to_owned(),
        _ => {
            let first: Vec<String> = names
                .iter()
                .take(NAMED_MAX)
                .map(|name| redact_record::visible(name))
                .collect();
            format!("differs from the package manifest: {}", first.join(", "))
        }
    }
}

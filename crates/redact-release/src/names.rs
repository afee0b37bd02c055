//! Names of the files that jobs read and write, and which outputs are allowed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::error::{Context as _, ReleaseError, Result};

/// What a release's name adds to the recording's.
pub const RELEASE_SUFFIX: &str = ".redacted.mp4";

/// What follows a recording's name in the name of a release of an excerpt.
pub const EXCERPT_SUFFIX: &str = ".excerpt.redacted.mp4";

/// What the name of findings adds to the recording's.
pub const FINDINGS_SUFFIX: &str = ".findings.json";

/// What a plan's name adds to the recording's.
pub const PLAN_SUFFIX: &str = ".plan.json";

/// Most bytes of a file's name on the file systems of Linux. Source: `limits.h`, `NAME_MAX`.
const NAME_BYTES_MAX: usize = 255;

/// Bytes of a recording's name that the names of its records begin with. The longest ending is
/// that of a manifest's signature, of which a partial file is made.
const STEM_BYTES_MAX: usize = 200;

/// Bytes that the name of a partial file adds.
const PARTIAL_BYTES: usize = 20;

/// `clip.mp4` and `.findings.json` make `clip.findings.json`, in `dir` or beside the clip.
#[must_use]
pub fn beside(clip: &Path, suffix: &str, dir: Option<&Path>) -> PathBuf {
    let mut name = shortened(clip.file_stem().unwrap_or(OsStr::new("recording")));
    name.push(suffix);
    match dir {
        Some(dir) => dir.join(name),
        None => clip.with_file_name(name),
    }
}

/// `clip` and `.findings.json` make `clip.findings.json`, in `dir`.
#[must_use]
pub fn named(name: &str, suffix: &str, dir: &Path) -> PathBuf {
    let mut name = shortened(OsStr::new(name));
    name.push(suffix);
    dir.join(name)
}

/// A name to which every ending of a record can be added: one that is too long ends in eight
/// hexadecimal digits of its SHA-256 instead.
fn shortened(stem: &OsStr) -> OsString {
    if stem.len() <= STEM_BYTES_MAX {
        return stem.to_owned();
    }
    let digest = redact_record::digest_bytes(stem.as_encoded_bytes()).to_string();
    let text = stem.to_string_lossy();
    let mut end = STEM_BYTES_MAX - 9;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}-{}", &text[..end], &digest[..8]).into()
}

/// `clip.findings.json` makes `clip.plan.json`.
#[must_use]
pub fn plan_beside(findings: &Path) -> PathBuf {
    with_suffix(findings, FINDINGS_SUFFIX, PLAN_SUFFIX)
}

/// `clip.plan.json` was made of `clip.findings.json`.
#[must_use]
pub fn findings_beside(plan: &Path) -> PathBuf {
    with_suffix(plan, PLAN_SUFFIX, FINDINGS_SUFFIX)
}

fn with_suffix(path: &Path, old: &str, new: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(old).or(name.strip_suffix(".json"));
    path.with_file_name(format!("{}{new}", stem.unwrap_or(&name)))
}

/// The folder that `file` lies in.
#[must_use]
pub fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Refuses an output that is there already, or that is the input by any name.
///
/// # Errors
/// Which of these it is, with the name of the output or its folder.
pub fn check_output(output: &Path, inputs: &[&Path], force: bool) -> Result<()> {
    let same = |input: &&&Path| match (output.canonicalize(), input.canonicalize()) {
        (Ok(output), Ok(input)) => output == input,
        _ => false,
    };
    let length = output.file_name().map_or(0, OsStr::len);
    let max = NAME_BYTES_MAX - PARTIAL_BYTES;
    let folder = folder_of(output);
    let refused = if inputs.iter().any(|input| same(&input)) {
        Err(ReleaseError::ReplacesInput)
    } else if length > max {
        Err(ReleaseError::NameTooLong { length, max })
    } else if output.symlink_metadata().is_ok() && !force {
        Err(ReleaseError::Exists)
    } else if !folder.is_dir() {
        return Err(ReleaseError::NoFolder).in_file(&folder);
    } else {
        return Ok(());
    };
    refused.in_file(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_after_the_clip() {
        let clip = Path::new("in/clip.v2.mp4");
        assert_eq!(
            beside(clip, ".plan.json", None),
            Path::new("in/clip.v2.plan.json")
        );
        let dir = Some(Path::new("out"));
        assert_eq!(
            beside(clip, ".redacted.mp4", dir),
            Path::new("out/clip.v2.redacted.mp4")
        );
    }

    #[test]
    fn long_names_are_shortened_and_stay_apart() {
        let longest = ".redacted.manifest.json.minisig".len() + PARTIAL_BYTES;
        assert!(STEM_BYTES_MAX + longest <= NAME_BYTES_MAX);
        for letter in ["a", "é", "語", "😀"] {
            let long = letter.repeat(240 / letter.len());
            let [one, other] = ["1", "2"].map(|end| {
                let clip = format!("{long}{end}.mp4");
                beside(Path::new(&clip), "", None).into_os_string()
            });
            assert!(one.len() <= STEM_BYTES_MAX, "{}", one.len());
            assert!(one != other && one.to_string_lossy().starts_with(&letter.repeat(40)));
        }
        let long = format!("{}.mp4", "a".repeat(240));
        assert!(check_output(Path::new(&long), &[], false).is_err());
        assert!(check_output(Path::new(&"a".repeat(200)), &[], false).is_ok());
    }

    #[test]
    fn an_input_is_never_replaced_even_by_force() {
        let dir = tempfile::tempdir().unwrap();
        let clip = dir.path().join("clip.mp4");
        std::fs::write(&clip, b"x").unwrap();
        let detour = dir.path().join("./clip.mp4");
        assert!(check_output(&detour, &[&clip], true).is_err());
        assert!(check_output(&dir.path().join("other.mp4"), &[&clip], false).is_ok());
        assert!(check_output(&dir.path().join("no/such/other.mp4"), &[&clip], false).is_err());
    }
}

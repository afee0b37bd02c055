//! The recordings of a folder or memory card.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use redact_release::names::RELEASE_SUFFIX;

/// Folders within folders that are entered; a memory card has three or four.
const DEPTH_MAX: usize = 32;

/// First bytes of a companion file in which a Mac stores what other file systems have no place for.
/// Source: RFC 1740, 5 (AppleDouble).
const APPLE_DOUBLE: [u8; 4] = [0x00, 0x05, 0x16, 0x07];

/// Endings of what cameras write beside a recording, and what it is.
const CAMERA_FILES: [(&str, &str); 5] = [
    ("thm", "a still of a recording (camera preview)"),
    ("lrv", "a small copy of a recording (camera preview)"),
    ("lrf", "a small copy of a recording (camera preview)"),
    ("glv", "a small copy of a recording (camera preview)"),
    ("xmp", "settings beside a recording"),
];

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Card {
    /// Recordings, by path.
    pub(super) clips: Vec<PathBuf>,
    /// Files that belong to a recording and hold none of their own, and what they are.
    pub(super) companions: Vec<(PathBuf, &'static str)>,
    /// Symbolic links, which are not followed, and hidden folders, which are not searched.
    pub(super) passed_over: Vec<(PathBuf, &'static str)>,
    /// Folders that cannot be searched, and recordings that are none, and why.
    pub(super) unreadable: Vec<(PathBuf, String)>,
    /// Other files, counted by their ending in lower case.
    pub(super) others: BTreeMap<String, usize>,
}

impl Card {
    /// Searches `dir` and the folders in it, but not `out_dir`; releases of an earlier run are no
    /// recordings.
    ///
    /// # Errors
    /// When `dir` cannot be read.
    pub(super) fn read(dir: &Path, out_dir: &Path) -> Result<Self> {
        let mut card = Self::default();
        card.enter(dir, out_dir.canonicalize().ok().as_deref(), DEPTH_MAX)?;
        card.clips.sort();
        card.companions.sort();
        card.passed_over.sort();
        Ok(card)
    }

    fn enter(&mut self, dir: &Path, out_dir: Option<&Path>, depth: usize) -> Result<()> {
        let unreadable = || format!("{}: cannot read", dir.display());
        let is_out = |dir: &Path| dir.canonicalize().is_ok_and(|dir| Some(&*dir) == out_dir);
        let is_in_out = is_out(dir);
        for entry in std::fs::read_dir(dir).with_context(unreadable)? {
            let entry = entry.with_context(unreadable)?;
            let path = entry.path();
            let kind = entry.file_type().with_context(unreadable)?;
            if !kind.is_dir() {
                self.sort_in(path, kind, is_in_out);
                continue;
            }
            let entered = match depth.checked_sub(1) {
                _ if is_out(&path) => Ok(()),
                _ if is_hidden(&path) => {
                    self.passed_over
                        .push((path.clone(), "a hidden folder, not searched"));
                    Ok(())
                }
                Some(depth) => self.enter(&path, out_dir, depth),
                None => Err(anyhow!("more than {DEPTH_MAX} folders deep")),
            };
            if let Err(error) = entered {
                self.unreadable.push((path, format!("{error:#}")));
            }
        }
        Ok(())
    }

    /// `is_out`: whether the file lies where releases and their records go.
    fn sort_in(&mut self, path: PathBuf, kind: std::fs::FileType, is_out: bool) {
        let ending = path
            .extension()
            .map(|ext| ext.to_string_lossy().to_lowercase());
        let is_recording = redact_media::has_recording_extension(&path);
        if kind.is_symlink() {
            let is_of_interest = is_recording || path.is_dir();
            if is_of_interest {
                self.passed_over
                    .push((path, "a symbolic link, not followed"));
            }
        } else if !kind.is_file() {
            if is_recording {
                let why = "is a pipe or a device, not a file".to_owned();
                self.unreadable.push((path, why));
            }
        } else if is_release(&path) {
            // Its records are not counted either.
        } else if let Some(what) = companion(&path, ending.as_deref()) {
            self.companions.push((path, what));
        } else if is_recording {
            self.clips.push(path);
        } else if !is_out {
            *self.others.entry(ending.unwrap_or_default()).or_default() += 1;
        }
    }
}

/// Whether a file is a release, by its name.
pub(super) fn is_release(path: &Path) -> bool {
    path.to_string_lossy().ends_with(RELEASE_SUFFIX)
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

/// What a file is, if it belongs to a recording and holds none of its own.
fn companion(path: &Path, ending: Option<&str>) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy();
    if let Some(of) = name.strip_prefix("._")
        && (path.with_file_name(of).exists() || begins_with(path, APPLE_DOUBLE))
    {
        return Some("a companion file of a Mac");
    }
    let known = CAMERA_FILES.iter();
    known
        .clone()
        .find(|(known, _)| Some(*known) == ending)
        .map(|(_, what)| *what)
}

fn begins_with(path: &Path, expected: [u8; 4]) -> bool {
    let mut found = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut found));
    read.is_ok() && found == expected
}

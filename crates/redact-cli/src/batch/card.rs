//! The recordings of a folder or memory card, and a name for the release of each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use redact_release::files::digest;
use redact_release::names::{RELEASE_SUFFIX, named};
use serde_json::Value;

use crate::progress::TerminalProgress;

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
    /// Folders that cannot be searched, and why.
    pub(super) unreadable: Vec<(PathBuf, String)>,
    /// Other files, counted by their ending in lower case.
    pub(super) others: BTreeMap<String, usize>,
}

impl Card {
    /// Searches `dir` and the folders in it, but not `out_dir`; links to folders are not followed,
    /// and releases of an earlier run are no recordings.
    ///
    /// # Errors
    /// When `dir` cannot be read, or there is no recording in it.
    pub(super) fn read(dir: &Path, out_dir: &Path) -> Result<Self> {
        let mut card = Self::default();
        card.enter(dir, out_dir.canonicalize().ok().as_deref(), DEPTH_MAX)?;
        if card.clips.is_empty() {
            bail!(
                "{}: no recordings found; need files with one of the extensions .{}",
                dir.display(),
                redact_media::RECORDING_EXTENSIONS.join(", .")
            );
        }
        card.clips.sort();
        card.companions.sort();
        Ok(card)
    }

    fn enter(&mut self, dir: &Path, out_dir: Option<&Path>, depth: usize) -> Result<()> {
        let unreadable = || format!("{}: cannot read", dir.display());
        let is_out = |dir: &Path| dir.canonicalize().is_ok_and(|dir| Some(&*dir) == out_dir);
        let is_in_out = is_out(dir);
        for entry in std::fs::read_dir(dir).with_context(unreadable)? {
            let entry = entry.with_context(unreadable)?;
            let path = entry.path();
            if !entry.file_type().with_context(unreadable)?.is_dir() {
                if path.is_file() {
                    self.sort_in(path, is_in_out);
                }
                continue;
            }
            let entered = match depth.checked_sub(1) {
                _ if is_out(&path) => Ok(()),
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
    fn sort_in(&mut self, path: PathBuf, is_out: bool) {
        let ending = path
            .extension()
            .map(|ext| ext.to_string_lossy().to_lowercase());
        let is_ours = path.to_string_lossy().ends_with(RELEASE_SUFFIX);
        if let Some(what) = companion(&path, ending.as_deref()) {
            self.companions.push((path, what));
        } else if redact_media::has_recording_extension(&path) && !is_ours {
            self.clips.push(path);
        } else if !is_out && !is_ours {
            *self.others.entry(ending.unwrap_or_default()).or_default() += 1;
        }
    }
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

/// The name of each recording's release without its endings: the recording's own where it is the
/// only one, else with its ending, else with its folders in front. Names that differ in case alone
/// count as one.
pub(super) fn names(clips: &[PathBuf], dir: &Path) -> Vec<String> {
    let relative = |clip: &PathBuf| clip.strip_prefix(dir).unwrap_or(clip).to_owned();
    let clips: Vec<PathBuf> = clips.iter().map(relative).collect();
    let mut names: Vec<String> = clips.iter().map(|clip| stem_of(clip)).collect();
    for parts in [1, usize::MAX] {
        for place in repeated(&names) {
            names[place] = joined(&clips[place], parts);
        }
    }
    // Folders and names that read alike once they are joined.
    for place in repeated(&names).into_iter().skip(1) {
        let is_taken = |name: &str| names.iter().any(|known| known.to_lowercase() == name);
        let numbered = (2..).map(|number| format!("{}-{number}", names[place]));
        let free = numbered
            .into_iter()
            .find(|name| !is_taken(&name.to_lowercase()));
        names[place] = free.unwrap_or_default();
    }
    names
}

fn stem_of(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The last `parts` parts of a path as one name, the ending with a hyphen.
fn joined(path: &Path, parts: usize) -> String {
    let all: Vec<_> = path
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let last = &all[all.len().saturating_sub(parts)..];
    last.join("-").replace('.', "-")
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

/// A release that is there already.
pub(super) enum Earlier {
    /// It is of this recording, under this name.
    Same(String),
    /// It is of another one; this name is free.
    Other(String),
}

/// Compares the release that is there under `name` with `clip`: cameras use their names again.
///
/// # Errors
/// When the recording cannot be read.
pub(super) fn earlier(clip: &Path, name: &str, out_dir: &Path) -> Result<Option<Earlier>> {
    let release = |name: &str| named(name, RELEASE_SUFFIX, out_dir);
    if !release(name).exists() {
        return Ok(None);
    }
    // Without a manifest there is nothing to compare.
    let Some(source) = source_of(&release(name)) else {
        return Ok(Some(Earlier::Same(name.to_owned())));
    };
    let (digest, _) = digest(clip, &TerminalProgress::new(true))?;
    let digest = digest.to_string();
    if source == digest {
        return Ok(Some(Earlier::Same(name.to_owned())));
    }
    let other = format!("{name}-{}", &digest[..8]);
    Ok(Some(if release(&other).exists() {
        Earlier::Same(other)
    } else {
        Earlier::Other(other)
    }))
}

/// SHA-256 of the recording that a release was made of, as its manifest says, in hexadecimal
/// digits.
fn source_of(release: &Path) -> Option<String> {
    let manifest = redact_record::release_paths(release).manifest;
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).ok()?).ok()?;
    Some(manifest["source"]["sha256"].as_str()?.to_owned())
}

/// Endings of files that are no recordings, for people.
pub(super) fn endings(others: &BTreeMap<String, usize>) -> String {
    let named: BTreeSet<String> = others
        .keys()
        .map(|ending| {
            if ending.is_empty() {
                "no ending".to_owned()
            } else {
                format!(".{ending}")
            }
        })
        .collect();
    named.into_iter().collect::<Vec<_>>().join(", ")
}

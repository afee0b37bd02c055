//! What a batch is asked to process: folders, files, patterns and lists, each recording once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

use super::card::{self, Card};
use super::list::{self, ListRow};
use crate::args::BatchArgs;

/// One recording.
#[derive(Clone, Debug)]
pub(super) struct Recording {
    /// The file.
    pub(super) clip: PathBuf,
    /// Its path from the input that it was found through.
    pub(super) relative: PathBuf,
    /// The folder that this path starts from.
    pub(super) folder: PathBuf,
    /// Its row, if a list names it.
    pub(super) row: Option<ListRow>,
}

/// All recordings, and what lies beside them.
#[derive(Debug, Default)]
pub(super) struct BatchInputs {
    /// Recordings, those of lists first, each once.
    pub(super) recordings: Vec<Recording>,
    /// What was found in folders besides.
    pub(super) beside: Card,
    /// Files by their real path, for finding each once.
    seen: BTreeSet<PathBuf>,
    /// Folders that were searched, by their real path.
    searched: Vec<PathBuf>,
}

/// Reads lists, searches folders and expands patterns.
///
/// # Errors
/// Everything that is wrong with the lists, an input that is not there or matches nothing, or that
/// there is no recording at all.
pub(super) fn find(args: &BatchArgs) -> Result<BatchInputs> {
    let mut found = BatchInputs::default();
    found.add_lists(&args.list)?;
    for input in &args.inputs {
        found.add_input(input, &args.out_dir)?;
    }
    if found.recordings.is_empty() && found.beside.unreadable.is_empty() {
        let inputs: Vec<_> = args.inputs.iter().map(|input| shown(input)).collect();
        bail!(
            "{}: no recordings found; need files with one of the extensions .{}",
            inputs.join(", "),
            redact_media::RECORDING_EXTENSIONS.join(", .")
        );
    }
    Ok(found)
}

/// A path for a program, as it is.
pub(super) fn plain(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A path for display: control characters are escaped.
pub(super) fn shown(path: &Path) -> String {
    redact_record::visible(&plain(path))
}

impl BatchInputs {
    fn add_lists(&mut self, lists: &[PathBuf]) -> Result<()> {
        let mut rows = Vec::new();
        let mut faults = Vec::new();
        for list in lists {
            match list::read(list) {
                Ok(read) => rows.extend(read),
                Err(wrong) => faults.extend(wrong),
            }
        }
        faults.extend(list::duplicates(&rows));
        match &faults[..] {
            [] => {}
            [one] => bail!("{one}"),
            all => bail!(
                "{} problems in the lists:\n  {}",
                all.len(),
                all.join("\n  ")
            ),
        }
        for row in rows {
            let folder = row.clip.parent().map(Path::to_owned).unwrap_or_default();
            let relative = row.clip.file_name().map(PathBuf::from).unwrap_or_default();
            self.add(row.clip.clone(), relative, folder, Some(row));
        }
        Ok(())
    }

    /// Adds what `input` means: a file or folder of that name, else a pattern.
    fn add_input(&mut self, input: &Path, out_dir: &Path) -> Result<()> {
        let is_pattern = || {
            input
                .as_os_str()
                .as_encoded_bytes()
                .iter()
                .any(|b| b"*?[".contains(b))
        };
        match std::fs::metadata(input) {
            Ok(data) if data.is_dir() => self.add_folder(input, out_dir),
            Ok(_) => {
                self.add_file(input);
                Ok(())
            }
            Err(_) if is_pattern() => self.add_pattern(input, out_dir),
            Err(error) => Err(anyhow!(error).context(shown(input))),
        }
    }

    fn add_file(&mut self, file: &Path) {
        if card::is_release(file) {
            // A shell expands `*.mp4` to these, too.
            self.beside.passed_over.push((file.to_owned(), "a release"));
            return;
        }
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        let relative = file.file_name().map(PathBuf::from).unwrap_or_default();
        self.add(file.to_owned(), relative, folder, None);
    }

    fn add_folder(&mut self, dir: &Path, out_dir: &Path) -> Result<()> {
        let card = Card::read(dir, out_dir)?;
        self.searched.extend(dir.canonicalize().ok());
        for clip in card.clips {
            let relative = clip.strip_prefix(dir).unwrap_or(&clip).to_owned();
            self.add(clip, relative, dir.to_owned(), None);
        }
        self.beside.companions.extend(card.companions);
        self.beside.passed_over.extend(card.passed_over);
        self.beside.unreadable.extend(card.unreadable);
        for (ending, count) in card.others {
            *self.beside.others.entry(ending).or_default() += count;
        }
        Ok(())
    }

    /// Adds what a pattern matches, as a shell would: nothing hidden. Files that are no recordings
    /// by their extension are counted; folders are searched.
    fn add_pattern(&mut self, pattern: &Path, out_dir: &Path) -> Result<()> {
        let text = pattern.to_str();
        let text = text.with_context(|| format!("{}: a pattern must be UTF-8", shown(pattern)))?;
        let options = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let matches = glob::glob_with(text, options)
            .with_context(|| format!("{}: not a pattern", shown(pattern)))?;
        let out_dir_real = out_dir.canonicalize().ok();
        let (mut any, base) = (false, fixed_part(pattern));
        for entry in matches {
            any = true;
            let path = match entry {
                Ok(path) => path,
                Err(error) => {
                    let why = error.error().to_string();
                    self.beside.unreadable.push((error.path().to_owned(), why));
                    continue;
                }
            };
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            if out_dir_real
                .as_ref()
                .is_some_and(|out| real.starts_with(out))
            {
                continue;
            }
            if path.is_dir() {
                // `**` names every folder that it goes through.
                if !self.searched.iter().any(|known| real.starts_with(known)) {
                    self.add_folder(&path, out_dir)?;
                }
            } else {
                self.add_match(path, &base);
            }
        }
        match any {
            true => Ok(()),
            false => bail!("{}: the pattern matches no file or folder", shown(pattern)),
        }
    }

    fn add_match(&mut self, path: PathBuf, base: &Path) {
        let is_link = path.symlink_metadata().is_ok_and(|data| data.is_symlink());
        if card::is_release(&path) {
            return;
        }
        if is_link {
            self.beside
                .passed_over
                .push((path, "a symbolic link, not followed"));
        } else if !redact_media::has_recording_extension(&path) {
            let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
            *self
                .beside
                .others
                .entry(ending.unwrap_or_default())
                .or_default() += 1;
        } else {
            let relative = path.strip_prefix(base).unwrap_or(&path).to_owned();
            self.add(path, relative, base.to_owned(), None);
        }
    }

    fn add(&mut self, clip: PathBuf, relative: PathBuf, folder: PathBuf, row: Option<ListRow>) {
        let real = clip.canonicalize().unwrap_or_else(|_| clip.clone());
        let folder = folder.canonicalize().unwrap_or(folder);
        if self.seen.insert(real) {
            self.recordings.push(Recording {
                clip,
                relative,
                folder,
                row,
            });
        }
    }
}

/// The folders of a pattern before its first part with a placeholder.
fn fixed_part(pattern: &Path) -> PathBuf {
    let is_fixed = |part: &Component<'_>| {
        let bytes = part.as_os_str().as_encoded_bytes();
        !bytes.iter().any(|byte| b"*?[".contains(byte))
    };
    pattern.components().take_while(is_fixed).collect()
}

/// Endings of files that are no recordings, for people.
pub(super) fn endings(others: &BTreeMap<String, usize>) -> String {
    let named: BTreeSet<String> = others
        .keys()
        .map(|ending| match ending.as_str() {
            "" => "no ending".to_owned(),
            ending => format!(".{ending}"),
        })
        .collect();
    named.into_iter().collect::<Vec<_>>().join(", ")
}

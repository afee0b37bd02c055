//! What a batch has done in a folder: `.batch.jsonl`, a line each, for its owner alone.
//!
//! The file is locked while a batch writes to the folder, so that a second one can name the first.
//! A recording's name is in it before its release is made, and what it was released with once that
//! is done. A line that was cut short is ignored: that recording is done again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_record::manifest::Utc;
use serde::{Deserialize, Serialize};

use super::inputs::shown;
use crate::clock::now;
use crate::host;
use crate::run::Figures;

const FILE: &str = ".batch.jsonl";

/// The most that is read of it: more than 500,000 recordings.
const BYTES_MAX: u64 = 1 << 30;

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// A batch begins.
    Begin {
        who: String,
        process: u32,
        at: String,
    },
    /// A recording got its name.
    Name { clip: String, name: String },
    /// A release is about to be made.
    Started { name: String, settings: Vec<String> },
    /// It was made.
    Done(Box<Done>),
}

/// What a release was made from and with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Done {
    /// The recording, by its real path.
    pub(super) clip: String,
    /// The release's name without its endings.
    pub(super) name: String,
    /// The recording's file when it was read.
    pub(super) file: FileFacts,
    /// Policy and options.
    pub(super) settings: Vec<String>,
    pub(super) figures: Figures,
    pub(super) needs_person: Vec<String>,
}

/// What tells whether a file was changed without reading it. The system sets `changed` at every
/// write, and no program can set it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileFacts {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl FileFacts {
    /// Those of the file at `path`, behind links; `None` where the system refuses.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        Some(Self {
            device: data.dev(),
            inode: data.ino(),
            bytes: data.len(),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    }
}

/// What earlier runs did.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Names by recording.
    pub(super) names: BTreeMap<String, String>,
    /// Releases by name.
    pub(super) done: BTreeMap<String, Done>,
    /// Policy and options of releases that were begun last, by name.
    pub(super) started: BTreeMap<String, Vec<String>>,
    /// Who began last.
    last: Option<String>,
}

impl Past {
    /// What a journal says, without locking it; nothing if there is none.
    pub(super) fn read(out_dir: &Path) -> Self {
        let mut text = String::new();
        if let Ok(file) = open(&out_dir.join(FILE), File::options().read(true)) {
            // What could be read counts.
            file.take(BYTES_MAX).read_to_string(&mut text).ok();
        }
        Self::parse(&text)
    }

    fn parse(text: &str) -> Self {
        let mut past = Self::default();
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(Line::Begin { who, process, at }) => {
                    past.last = Some(format!("{who}, process {process}, since {at}"));
                }
                Ok(Line::Name { clip, name }) => {
                    past.names.insert(clip, name);
                }
                Ok(Line::Started { name, settings }) => {
                    past.started.insert(name, settings);
                }
                Ok(Line::Done(done)) => {
                    past.names.insert(done.clip.clone(), done.name.clone());
                    past.done.insert(done.name.clone(), *done);
                }
                Err(_) => {}
            }
        }
        past
    }
}

/// The journal of the batch that writes to a folder: this process has it alone until it is dropped.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal of `out_dir`, and begins it if there is none.
    ///
    /// # Errors
    /// When another batch has it, with who that is; when it is not a file of this user's, or the
    /// system refuses.
    pub(super) fn open(out_dir: &Path) -> Result<(Self, Past)> {
        let path = out_dir.join(FILE);
        let mut how = File::options();
        how.read(true).append(true).create(true).mode(0o600);
        let file = open(&path, &how).with_context(|| shown(&path))?;
        let data = file.metadata().with_context(|| shown(&path))?;
        if data.uid() != rustix::process::geteuid().as_raw() || data.nlink() > 1 {
            bail!(
                "{}: in the way: it is not a file of this user",
                shown(&path)
            );
        }
        if file.try_lock().is_err() {
            let who = Past::read(out_dir).last;
            bail!(
                "{}: another batch is writing to this folder ({}); wait until it has ended, or \
                 name another --out-dir",
                shown(out_dir),
                who.as_deref().unwrap_or("it has just begun")
            );
        }
        let mut text = String::new();
        (&file).take(BYTES_MAX).read_to_string(&mut text).ok();
        let journal = Self { path, file };
        if !text.is_empty() && !text.ends_with('\n') {
            // A line that was cut short stays alone.
            (&journal.file)
                .write_all(b"\n")
                .with_context(|| shown(&journal.path))?;
        }
        journal.write(&Line::Begin {
            who: host::user_at_machine(),
            process: std::process::id(),
            at: Utc(now()).to_string(),
        })?;
        Ok((journal, Past::parse(&text)))
    }

    /// Records the names of recordings, before anything is written under them.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn set_names<'a>(
        &self,
        names: impl Iterator<Item = (&'a Path, &'a str)>,
    ) -> Result<()> {
        let mut text = Vec::new();
        for (clip, name) in names {
            let line = Line::Name {
                clip: real(clip),
                name: name.to_owned(),
            };
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        self.append(&text)
    }

    /// Records with what a release is about to be made.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn set_started(&self, name: &str, settings: &[String]) -> Result<()> {
        self.write(&Line::Started {
            name: name.to_owned(),
            settings: settings.to_vec(),
        })
    }

    /// Records a release.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn set_done(&self, done: Done) -> Result<()> {
        self.write(&Line::Done(Box::new(done)))
    }

    fn write(&self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.append(&text)
    }

    /// Appends whole lines in one call, so that those of several threads do not mix.
    fn append(&self, text: &[u8]) -> Result<()> {
        let mut file = &self.file;
        let written = file.write_all(text).and_then(|()| file.sync_data());
        written.with_context(|| shown(&self.path))
    }
}

/// A recording as the journal names it.
pub(super) fn real(clip: &Path) -> String {
    let real = clip.canonicalize().unwrap_or_else(|_| clip.to_owned());
    real.to_string_lossy().into_owned()
}

/// Opens a regular file as itself, never behind a link, and without waiting, as for a pipe.
fn open(path: &Path, how: &std::fs::OpenOptions) -> Result<File> {
    use rustix::fs::OFlags;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = how
        .clone()
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => bail!("in the way: it is not a file of this program"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(name: &str) -> Done {
        Done {
            clip: format!("/in/{name}.mp4"),
            name: name.to_owned(),
            file: FileFacts {
                device: 1,
                inode: 2,
                bytes: 3,
                changed: (4, 5),
            },
            settings: vec!["crf=20".to_owned()],
            figures: Figures::default(),
            needs_person: Vec::new(),
        }
    }

    /// Goal: a journal that was cut short anywhere is read up to there, and goes on. Control:
    /// whole, it has everything.
    #[test]
    fn a_journal_that_was_cut_short_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, past) = Journal::open(folder.path()).unwrap();
        assert!(past.names.is_empty());
        journal
            .set_names([(Path::new("/in/b.mp4"), "b")].into_iter())
            .unwrap();
        journal.set_done(done("a")).unwrap();
        drop(journal);
        let path = folder.path().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let whole = std::fs::read(&path).unwrap();
        let past = Past::read(folder.path());
        assert_eq!(past.names["/in/b.mp4"], "b");
        assert_eq!(past.done["a"].settings, ["crf=20"]);
        for end in 0..whole.len() - 1 {
            std::fs::write(&path, &whole[..end]).unwrap();
            let (journal, past) = Journal::open(folder.path()).unwrap();
            assert!(past.done.is_empty(), "{end}");
            journal.set_done(done("c")).unwrap();
            drop(journal);
            assert!(Past::read(folder.path()).done.contains_key("c"), "{end}");
        }
    }

    /// Goal: of two batches on one folder, the second names the first. Control: later it continues.
    #[test]
    fn a_folder_has_one_batch_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(folder.path()).unwrap();
        let refused = Journal::open(folder.path()).unwrap_err().to_string();
        let process = format!("process {}", std::process::id());
        assert!(refused.contains(&process), "{refused}");
        assert!(refused.contains("another batch"), "{refused}");
        drop(journal);
        Journal::open(folder.path()).unwrap();
    }

    /// Goal: nothing is written behind a link or into a pipe.
    #[test]
    fn odd_things_in_place_of_a_journal_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let other = folder.path().join("other");
        std::fs::write(&other, b"").unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(Journal::open(folder.path()).is_err());
        assert_eq!(std::fs::read(&other).unwrap(), b"");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(Journal::open(folder.path()).is_err());
    }
}

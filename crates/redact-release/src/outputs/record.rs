//! The list of what an unfinished command has given its name: `.NAME.unfinished`, a line each.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use redact_core::Digest;
use redact_record::manifest::Hex;
use serde::{Deserialize, Serialize};

use super::partial::{self, hidden};
use crate::error::Result;
use crate::names::folder_of;

/// The inputs of a command, to recognize the one that was interrupted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs(pub Vec<Digest>);

/// More than all files of a release, with the longest names.
const BYTES_MAX: u64 = 1 << 20;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name, in the list's folder.
    pub(super) name: OsString,
    /// SHA-256 of its bytes.
    pub(super) digest: Digest,
    /// Whether a file with that name was there.
    pub(super) replaces: bool,
    /// Whether this process gave it its name; `None` where another one may have.
    pub(super) placed: Option<bool>,
}

/// One line.
#[derive(Serialize, Deserialize)]
struct Line {
    /// Bytes of the file's name.
    name: Vec<u8>,
    sha256: Hex,
    replaces: bool,
    /// The command's inputs.
    inputs: Vec<Hex>,
}

/// What an interrupted command has left.
#[derive(Default)]
pub(super) struct Left {
    pub(super) inputs: Inputs,
    pub(super) entries: Vec<Entry>,
}

/// The list, for this process alone until it is dropped.
pub(super) struct Record {
    path: PathBuf,
    folder: PathBuf,
    file: File,
}

impl Record {
    /// Opens the list of the command that writes `main`, and gives what is in it.
    ///
    /// # Errors
    /// When another process has it, or the system refuses.
    pub(super) fn open(main: &Path, wait: Duration) -> Result<(Self, Left)> {
        let path = hidden(main, "unfinished");
        let file = partial::lock(&path, main, wait)?;
        let mut text = String::new();
        // Anything else than such a list is ignored.
        (&file).take(BYTES_MAX).read_to_string(&mut text).ok();
        let record = Self {
            path,
            folder: folder_of(main),
            file,
        };
        Ok((record, read(&text)))
    }

    /// The folder that the files are in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Forgets what is in it.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn clear(&self) -> Result<()> {
        self.file.set_len(0)?;
        Ok(())
    }

    /// Adds files, on the disk before it returns.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn append(&mut self, inputs: &Inputs, entries: &[Entry]) -> Result<()> {
        let mut text = Vec::new();
        for entry in entries {
            let line = Line {
                name: entry.name.as_bytes().to_vec(),
                sha256: Hex(entry.digest),
                replaces: entry.replaces,
                inputs: inputs.0.iter().copied().map(Hex).collect(),
            };
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        self.file.write_all(&text)?;
        self.file.sync_all()?;
        Ok(())
    }

    /// Removes the list.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn remove(&self) -> Result<()> {
        std::fs::remove_file(&self.path)?;
        Ok(())
    }
}

/// The whole lines; a last one that was cut short names a file that did not get its name.
fn read(text: &str) -> Left {
    let mut left = Left::default();
    for line in text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            return Left::default();
        };
        let name = OsString::from_vec(line.name);
        // A name alone: nothing leads out of the folder.
        if Path::new(&name).file_name() != Some(name.as_os_str()) {
            return Left::default();
        }
        left.inputs = Inputs(line.inputs.iter().map(|hex| hex.0).collect());
        left.entries.push(Entry {
            name,
            digest: line.sha256.0,
            replaces: line.replaces,
            placed: None,
        });
    }
    left
}

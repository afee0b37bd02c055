//! The files that one command writes: all of them appear, or none.
//!
//! Files are written under partial names and renamed once all of them are on the disk. What has its
//! name already is in a list beside them (`.NAME.unfinished`), with its SHA-256, until the command
//! has come to its end. When the command fails it takes those files away again. When it is killed,
//! the next one on the same inputs does so before it begins, and so needs no `--force`. A file that
//! was changed since, and one that is not in the list, stays.
//!
//! What `--force` replaces is set aside under another name (`.NAME.replaced`) until then, and put
//! back where the command does not come to its end.

mod partial;
mod record;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use redact_core::Digest;
use redact_record::Overwrite;

use crate::error::{Context as _, ReleaseError, Result};
use crate::names::{check_output, folder_of};
pub(crate) use partial::hidden;
pub use partial::{Partial, sync_folder};
pub use record::Inputs;
use record::{Entry, Record};

/// What outputs may replace, and how long they wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutputOptions {
    /// Whether files that are there are replaced.
    pub force: bool,
    /// How long to wait for another process that writes the same file.
    pub wait: Duration,
}

/// The files of one command.
pub struct Outputs {
    record: Record,
    /// What has its final name, or is about to get it.
    entries: Vec<Entry>,
    inputs: Inputs,
    options: OutputOptions,
    /// Whether everything stays as it is.
    finished: bool,
}

impl Outputs {
    /// Refuses what is in the way, and takes away what an interrupted command on the same inputs
    /// has left. Of two commands on the same file, one stops here.
    ///
    /// - `files`: everything that is written, in one folder; the last one is what the others are
    ///   records of.
    /// - `sources`: files that are read, which none of it may replace.
    /// - `inputs`: asked only where an interrupted command left something.
    ///
    /// # Errors
    /// When a file is in the way or another process writes it, or the system refuses.
    pub fn begin(
        files: &[&Path],
        sources: &[&Path],
        options: OutputOptions,
        inputs: impl FnOnce() -> Result<Inputs>,
    ) -> Result<Self> {
        let main = files.last().ok_or(ReleaseError::NoOutputs)?;
        for file in files {
            check_output(file, sources, true)?;
        }
        redact_record::remove_leftovers(&folder_of(main));
        let (record, left) = Record::open(main, options.wait)?;
        let mut outputs = Self {
            record,
            entries: left.entries,
            inputs: Inputs::default(),
            options,
            // The list is another command's until it is known that nothing is in the way.
            finished: true,
        };
        match outputs.settle(files, sources, &left.inputs, inputs) {
            Ok(()) => {
                outputs.finished = false;
                Ok(outputs)
            }
            Err(error) => {
                if outputs.entries.is_empty() {
                    outputs.record.remove().ok();
                }
                Err(error)
            }
        }
    }

    /// Undoes an interrupted command on the same inputs, unless its files were changed since, and
    /// refuses what is then in the way.
    fn settle(
        &mut self,
        files: &[&Path],
        sources: &[&Path],
        left_inputs: &Inputs,
        inputs: impl FnOnce() -> Result<Inputs>,
    ) -> Result<()> {
        if !self.entries.iter().any(|entry| self.is_left(entry)) {
            self.entries.clear();
        } else if *left_inputs == inputs()? {
            for file in files {
                let is_it = |entry: &&Entry| file.file_name() == Some(&entry.name);
                let entry = self.entries.iter().find(is_it);
                let ours =
                    entry.is_some_and(|entry| entry.replaces || is_file_with(file, entry.digest));
                if !ours {
                    check_output(file, sources, self.options.force)?;
                }
            }
            self.roll_back();
            self.entries.clear();
        }
        for file in files {
            check_output(file, sources, self.options.force)?;
        }
        self.entries.clear();
        for file in files {
            fs::remove_file(aside(file)).ok();
        }
        self.record.clear()
    }

    /// Sets the command's inputs, once they are known; before anything is written.
    pub fn set_inputs(&mut self, inputs: Inputs) {
        self.inputs = inputs;
    }

    /// A partial file for `target`, which is one of the files.
    ///
    /// # Errors
    /// Those of [`Partial::beside`].
    pub fn partial(&self, target: &Path) -> Result<Partial> {
        Partial::beside(target, self.options.wait)
    }

    /// Writes one file that its owner alone may read, and gives it its name.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        let partial = self.partial(path)?.for_owner()?;
        partial.fill(bytes).in_file(path)?;
        let digest = redact_record::digest_bytes(bytes);
        self.place(vec![(partial, path, digest)])
    }

    /// Gives finished files their names, one after the other; each with its SHA-256.
    ///
    /// # Errors
    /// When the system refuses; dropping this then takes away those that have their names.
    pub fn place(&mut self, files: Vec<(Partial, &Path, Digest)>) -> Result<()> {
        let first = self.entries.len();
        for (_, path, digest) in &files {
            let name = path.file_name().unwrap_or_default().to_owned();
            let replaces = self.options.force && path.symlink_metadata().is_ok();
            self.entries.push(Entry {
                name,
                digest: *digest,
                replaces,
                placed: Some(false),
            });
        }
        self.record.append(&self.inputs, &self.entries[first..])?;
        // What the others are records of goes first: it is never there with records of another.
        for (_, path, _) in files.iter().rev() {
            if self.options.force {
                set_aside(path, files.len() > 1).in_file(path)?;
            }
        }
        let overwrite = match self.options.force {
            true => Overwrite::Replace,
            false => Overwrite::Never,
        };
        for (at, (partial, path, _)) in files.into_iter().enumerate() {
            partial.rename(path, overwrite)?;
            if let Some(entry) = self.entries.get_mut(first + at) {
                entry.placed = Some(true);
            }
        }
        sync_folder(self.record.folder())
    }

    /// Takes a file away that an earlier command made and this one does not: it is set aside like
    /// one that is replaced. Nothing happens if there is none, or nothing may be replaced.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn remove(&mut self, path: &Path) -> Result<()> {
        if !self.options.force || path.symlink_metadata().is_err() {
            return Ok(());
        }
        self.entries.push(Entry {
            name: path.file_name().unwrap_or_default().to_owned(),
            // There will be no file of this name to compare it with.
            digest: redact_record::digest_bytes(&[]),
            replaces: true,
            placed: Some(false),
        });
        let last = self.entries.len() - 1;
        self.record.append(&self.inputs, &self.entries[last..])?;
        set_aside(path, true).in_file(path)
    }

    /// The command has come to its end: everything stays.
    ///
    /// # Errors
    /// When the list cannot be removed; everything is then taken away.
    pub fn finish(mut self) -> Result<()> {
        self.record.remove()?;
        self.finished = true;
        for entry in self.entries.iter().filter(|entry| entry.replaces) {
            // What it replaced. Where it stays, the next command removes it.
            fs::remove_file(aside(&self.path(entry))).ok();
        }
        Ok(())
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.record.folder().join(&entry.name)
    }

    /// Whether an interrupted command has left something of a file.
    fn is_left(&self, entry: &Entry) -> bool {
        let path = self.path(entry);
        aside(&path).symlink_metadata().is_ok() || is_file_with(&path, entry.digest)
    }

    /// Takes away what has its name already, the last file first, and puts back what it replaced.
    fn roll_back(&mut self) {
        for entry in self.entries.iter().rev() {
            let path = self.path(entry);
            let replaced = aside(&path).symlink_metadata().is_ok();
            // Without it, a file that was to be replaced is still the one that was there.
            let ours = || (replaced || !entry.replaces) && is_file_with(&path, entry.digest);
            if entry.placed.unwrap_or_else(ours) {
                fs::remove_file(&path).ok();
            }
        }
        for entry in &self.entries {
            let path = self.path(entry);
            let free = path.symlink_metadata().is_err();
            if free {
                fs::rename(aside(&path), &path).ok();
            } else {
                // Another file, or the replaced one itself.
                fs::remove_file(aside(&path)).ok();
            }
        }
        sync_folder(self.record.folder()).ok();
    }
}

impl Drop for Outputs {
    fn drop(&mut self) {
        if !self.finished {
            self.roll_back();
            // A list that stays names nothing that is there.
            self.record.remove().ok();
        }
    }
}

/// Where a file that is to be replaced waits.
fn aside(path: &Path) -> PathBuf {
    hidden(path, "replaced")
}

/// Sets a file aside. It also stays under its name, unless it is one of several: until the new one
/// takes its place.
fn set_aside(path: &Path, of_several: bool) -> std::io::Result<()> {
    match path.symlink_metadata() {
        Err(_) => return Ok(()),
        Ok(data) if data.is_dir() => return Err(std::io::ErrorKind::IsADirectory.into()),
        Ok(_) => {}
    }
    match fs::hard_link(path, aside(path)) {
        Ok(()) if of_several => fs::remove_file(path),
        Ok(()) => Ok(()),
        // No links on this disk.
        Err(_) => fs::rename(path, aside(path)),
    }
}

/// Whether `path` is a regular file with these bytes.
fn is_file_with(path: &Path, digest: Digest) -> bool {
    let regular = path.symlink_metadata().is_ok_and(|data| data.is_file());
    let go = &mut |_, _| std::ops::ControlFlow::Continue(());
    regular && redact_record::digest_file(path, go).is_ok_and(|(found, _)| found == digest)
}

#[cfg(test)]
mod tests;

//! The folder of a chunk plan: the plan, the outputs of tasks, and which tasks are done.
//!
//! A task's output is written to a partial file, flushed, renamed to its SHA-256 and committed by a
//! small file that is made once: of two machines that do one task, the first one counts.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use redact_core::Digest;
use redact_record::{Overwrite, RecordError, manifest::Hex};
use serde::{Deserialize, Serialize};

use super::error::ChunkError;
use super::plan::{ChunkPlan, check_format};
use crate::error::{Context as _, ReleaseError, Result};
use crate::outputs::sync_folder;

/// The plan's file.
const PLAN: &str = "chunks.json";

/// The format of the files that say that a task is done.
const FORMAT: &str = "redact-chunk-done/1";

/// Most bytes of such a file.
const DONE_BYTES_MAX: u64 = 4096;

/// Tasks that are listed in an error.
const LISTED_MAX: usize = 20;

/// A folder with a chunk plan or its outputs.
#[derive(Clone, Debug)]
pub struct ChunkFolder {
    path: PathBuf,
}

/// A task that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoneChunk {
    format: String,
    /// SHA-256 of the chunk plan.
    pub plan: Hex,
    /// The task.
    pub task: u32,
    /// SHA-256 of its output, and the output's name.
    pub output: Hex,
    /// Bytes of its output.
    pub bytes: u64,
}

/// An output that is not finished; it is removed unless it is committed.
pub struct PartialChunk {
    file: tempfile::NamedTempFile,
}

impl PartialChunk {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Writes the next bytes of it.
    ///
    /// # Errors
    /// When the system refuses, as on a full disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let path = self.file.path().to_owned();
        self.file.write_all(bytes).in_file(&path)
    }
}

impl ChunkFolder {
    /// The folder at `path`, which need not be there.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Where the plan is.
    #[must_use]
    pub fn plan_path(&self) -> PathBuf {
        self.path.join(PLAN)
    }

    /// Where the output with this SHA-256 is.
    #[must_use]
    pub fn object_path(&self, output: Digest) -> PathBuf {
        self.objects().join(output.to_string())
    }

    fn objects(&self) -> PathBuf {
        self.path.join("objects")
    }

    fn done_path(&self, task: u32) -> PathBuf {
        self.path.join("done").join(task.to_string())
    }

    /// Writes the plan into the folder, which is created if missing. The same plan may already be
    /// there: dividing can be repeated.
    ///
    /// # Errors
    /// [`ChunkError::OtherPlan`], or when the system refuses.
    pub fn write_plan(&self, plan: &ChunkPlan) -> Result<()> {
        let path = self.plan_path();
        let bytes = plan.to_bytes()?;
        std::fs::create_dir_all(&self.path).in_file(&self.path)?;
        match redact_record::write(&path, &bytes, Overwrite::Never) {
            Ok(()) => Ok(()),
            Err(RecordError::Exists) => {
                let is_same = redact_record::read(&path, bytes.len() as u64)
                    .is_ok_and(|found| found == bytes);
                match is_same {
                    true => Ok(()),
                    false => Err(ChunkError::OtherPlan).in_file(&path),
                }
            }
            Err(error) => Err(error).in_file(&path),
        }
    }

    /// What was committed for a task; `None` if it was not done.
    ///
    /// - `plan`: SHA-256 of the chunk plan.
    ///
    /// # Errors
    /// When the file cannot be read, or is about another plan or task.
    pub fn done(&self, plan: Digest, task: u32) -> Result<Option<DoneChunk>> {
        let path = self.done_path(task);
        let bytes = match redact_record::read(&path, DONE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(RecordError::Read { source }) if source.kind() == ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(error).in_file(&path),
        };
        let done = DoneChunk::from_bytes(&bytes).in_file(&path)?;
        if done.plan.0 != plan {
            let found = done.plan.0;
            let error = ChunkError::OtherPlanOutput {
                task,
                found,
                expected: plan,
            };
            return Err(error).in_file(&path);
        }
        if done.task != task {
            return Err(ChunkError::value("task", done.task, task.to_string())).in_file(&path);
        }
        Ok(Some(done))
    }

    /// As [`ChunkFolder::done`], and `None` if the storage lost the output or a part of it: what
    /// was committed is then withdrawn, so that the task can be done again.
    ///
    /// # Errors
    /// As [`ChunkFolder::done`], or when the file cannot be removed.
    pub fn done_with_output(&self, plan: Digest, task: u32) -> Result<Option<DoneChunk>> {
        let Some(done) = self.done(plan, task)? else {
            return Ok(None);
        };
        let object = std::fs::metadata(self.object_path(done.output.0));
        if object.is_ok_and(|data| data.len() == done.bytes) {
            return Ok(Some(done));
        }
        let path = self.done_path(task);
        std::fs::remove_file(&path).in_file(&path)?;
        Ok(None)
    }

    /// Begins the output of a task.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn begin(&self) -> Result<PartialChunk> {
        let objects = self.objects();
        std::fs::create_dir_all(&objects).in_file(&objects)?;
        redact_record::remove_leftovers(&objects);
        let file = tempfile::Builder::new()
            .prefix(".redact-")
            .suffix(".partial")
            .permissions(std::fs::Permissions::from_mode(0o666))
            .tempfile_in(&objects)
            .in_file(&objects)?;
        // The lock tells other processes that this file is not abandoned.
        file.as_file().lock().in_file(file.path())?;
        Ok(PartialChunk { file })
    }

    /// Renames a task's output and commits it, unless the task was done meanwhile; returns the
    /// output that counts.
    ///
    /// - `plan`: SHA-256 of the chunk plan.
    ///
    /// # Errors
    /// When the system refuses; the task then counts as not done.
    pub fn commit(&self, plan: Digest, task: u32, partial: PartialChunk) -> Result<DoneChunk> {
        let path = partial.path().to_owned();
        partial.file.as_file().sync_all().in_file(&path)?;
        let (output, bytes) =
            redact_record::digest_file(&path, &mut |_, _| std::ops::ControlFlow::Continue(()))
                .in_file(&path)?;
        let object = self.object_path(output);
        partial
            .file
            .persist(&object)
            .map_err(|refused| refused.error)
            .in_file(&object)?;
        sync_folder(&self.objects())?;
        let done = DoneChunk {
            format: FORMAT.to_owned(),
            plan: Hex(plan),
            task,
            output: Hex(output),
            bytes,
        };
        let path = self.done_path(task);
        let folder = self.path.join("done");
        std::fs::create_dir_all(&folder).in_file(&folder)?;
        let text = serde_json::to_vec(&done)?;
        match redact_record::write(&path, &text, Overwrite::Never) {
            Ok(()) => {
                sync_folder(&self.path)?;
                Ok(done)
            }
            Err(RecordError::Exists) => {
                let first = self.done(plan, task)?;
                first.ok_or(ReleaseError::Exists).in_file(&path)
            }
            Err(error) => Err(error).in_file(&path),
        }
    }

    /// What was committed for each task of a plan.
    ///
    /// - `plan`: SHA-256 of the chunk plan.
    ///
    /// # Errors
    /// [`ChunkError::Missing`] with the tasks that are not done.
    pub fn all_done(&self, plan: Digest, tasks: u32) -> Result<Vec<DoneChunk>> {
        let mut all = Vec::new();
        let mut missing = Vec::new();
        for task in 0..tasks {
            match self.done(plan, task)? {
                Some(done) => all.push(done),
                None => missing.push(task),
            }
        }
        if missing.is_empty() {
            return Ok(all);
        }
        let count = missing.len();
        let mut list: Vec<String> = missing
            .iter()
            .take(LISTED_MAX)
            .map(u32::to_string)
            .collect();
        if count > LISTED_MAX {
            list.push(format!("and {} more", count - LISTED_MAX));
        }
        let list = list.join(", ");
        Err(ChunkError::Missing { count, tasks, list }).in_file(&self.path)
    }

    /// The output of a task, compared with what was committed.
    ///
    /// - `max`: most bytes that it may have.
    ///
    /// # Errors
    /// [`ChunkError::ChangedOutput`]; when the file cannot be read or is too large.
    pub fn read(&self, done: &DoneChunk, max: u64) -> Result<Vec<u8>> {
        let path = self.object_path(done.output.0);
        if done.bytes > max {
            let error = RecordError::TooLarge {
                found: done.bytes,
                max,
            };
            return Err(error).in_file(&path);
        }
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(done.bytes + 1).read_to_end(&mut bytes))
            .in_file(&path)?;
        let (found, found_bytes) = (redact_record::digest_bytes(&bytes), bytes.len() as u64);
        if (found, found_bytes) == (done.output.0, done.bytes) {
            return Ok(bytes);
        }
        let error = ChunkError::ChangedOutput {
            task: done.task,
            found,
            found_bytes,
            expected: done.output.0,
            bytes: done.bytes,
        };
        Err(error).in_file(&path)
    }
}

impl DoneChunk {
    fn from_bytes(bytes: &[u8]) -> Result<Self, ChunkError> {
        check_format(bytes, FORMAT)?;
        let what = "file of a task that is done";
        serde_json::from_slice(bytes).map_err(|source| ChunkError::Syntax { what, source })
    }
}

//! The event log: who did what, when, where and with what outcome, as a tamper-evident chain.
//!
//! The log has one JSON object per line. Each line contains the SHA-256 of its own bytes and of the
//! previous line, so any edit, insertion, removal or reordering is detected at its entry. Removing
//! whole lines from the end leaves a shorter, consistent chain: only a [`Checkpoint`] detects that,
//! which is why every signed manifest contains one.
//!
//! Limits: anyone who can write the file can replace it with an entirely different chain. Such a
//! chain contradicts the signed checkpoints in released manifests.
//!
//! This module reads no clock: the caller supplies the time. Fields follow NIST SP 800-53 AU-3
//! (what, when, where, source, outcome, identity) and AU-8 (UTC, hundredths of a second, explicit
//! offset).

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::json::Hex;
use crate::{Overwrite, RecordError, digest_bytes, store};

mod chain;
mod draft;
mod entry;
mod event;
#[cfg(test)]
mod tests;

pub use chain::{ChainProblem, ChainReport, check, verify, verify_with_checkpoints};
pub use draft::{Circumstances, EventDraft, fit_name};
pub use entry::Recorded;
pub use event::{Act, Detail, Event, Label, Outcome};

/// Maximum length of an entry, including its line break.
pub(crate) const LINE_BYTES_MAX: usize = 8192;

/// Identifies one entry of a log, so that the log can be compared with it later.
///
/// A manifest contains the newest one: a log that was truncated or rewritten at or before that
/// entry no longer has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The entry's number, counted from 0.
    pub seq: u64,
    /// SHA-256 of the entry's line without its line break.
    pub digest: Hex,
}

/// Reads a log line by line and passes each entry, or why the line is not one, to `each`.
///
/// It checks single lines, not the chain; see [`verify`]. An incomplete last line is skipped.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::NotAFile`].
pub fn read(
    path: &Path,
    each: &mut dyn FnMut(Result<Recorded, RecordError>),
) -> Result<(), RecordError> {
    read_on(path, &mut LogPlace::default(), each)
}

/// A place in a log, after a complete line, from which [`read_on`] goes on. The default is its
/// start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPlace {
    /// Bytes before it.
    offset: u64,
    /// The line before it, with its line break. Its hash depends on all lines before.
    line: Vec<u8>,
}

impl LogPlace {
    /// Whether the log at `path` still has the line before this place there. The start is in every
    /// log.
    ///
    /// # Errors
    /// [`RecordError::Read`], [`RecordError::NotAFile`].
    pub fn is_in(&self, path: &Path) -> Result<bool, RecordError> {
        if self.offset == 0 {
            return Ok(true);
        }
        let failed = |source| RecordError::Read { source };
        let (mut file, _) = store::open(path)?;
        let start = self.offset.saturating_sub(self.line.len() as u64);
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        let mut found = Vec::with_capacity(self.line.len());
        file.take(self.line.len() as u64)
            .read_to_end(&mut found)
            .map_err(failed)?;
        Ok(found == self.line)
    }
}

/// Reads a log from `place` on as [`read`] does, and moves `place` behind the last complete line.
/// Whoever goes on in a log first asks [`LogPlace::is_in`].
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::NotAFile`].
pub fn read_on(
    path: &Path,
    place: &mut LogPlace,
    each: &mut dyn FnMut(Result<Recorded, RecordError>),
) -> Result<(), RecordError> {
    use std::io::BufRead as _;
    let failed = |source| RecordError::Read { source };
    let (mut file, _) = store::open(path)?;
    file.seek(SeekFrom::Start(place.offset)).map_err(failed)?;
    let mut reader = std::io::BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A longer line is not an entry: it is read in pieces, each of which is an error.
        Read::by_ref(&mut reader)
            .take(LINE_BYTES_MAX as u64)
            .read_until(b'\n', &mut line)
            .map_err(failed)?;
        match line.strip_suffix(b"\n") {
            Some(whole) => each(entry::read(whole).map(Recorded::from)),
            None if line.len() < LINE_BYTES_MAX => return Ok(()),
            None => each(Err(not_a_log(format!(
                "a line of more than {LINE_BYTES_MAX} bytes"
            )))),
        }
        place.offset += line.len() as u64;
        std::mem::swap(&mut place.line, &mut line);
    }
}

/// How long to wait for another process, which needs only milliseconds to append.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// Interval between attempts to lock the log.
const LOCK_RETRY: Duration = Duration::from_millis(5);

/// A log on disk. It keeps no file open, so every call sees what other processes appended.
#[derive(Clone, Debug)]
pub struct EventLog {
    path: PathBuf,
}

impl EventLog {
    /// Opens the log at `path`, or creates one that only its owner may read (mode 0600).
    ///
    /// # Errors
    /// [`RecordError::NotAFile`]; [`RecordError::Read`], [`RecordError::Write`];
    /// [`RecordError::Mismatch`] or [`RecordError::Syntax`] if the last complete line is not an
    /// entry, because this is another file or the log is damaged.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let log = Self {
            path: path.to_owned(),
        };
        let fresh = !path.exists();
        let mut file = log.locked()?;
        Tail::read(&mut file)?;
        if fresh {
            sync_folder(path)?;
        }
        Ok(log)
    }

    /// Path of the log.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest entry; `None` if there is none yet. An incomplete line is not an entry.
    ///
    /// # Errors
    /// Those of [`EventLog::open`].
    pub fn head(&self) -> Result<Option<Checkpoint>, RecordError> {
        Ok(Tail::read(&mut self.locked()?)?.head)
    }

    /// Appends one event, flushes it to the disk and returns the log's new head.
    ///
    /// It waits while another process appends. An incomplete line that a crash left is first moved
    /// to a file beside the log (`NAME.torn-DIGEST`), and an [`Act::Repair`] entry with the digest
    /// of its bytes takes its place.
    ///
    /// # Errors
    /// [`RecordError::Field`] for an event that is too long; those of [`EventLog::open`]. After
    /// [`RecordError::Write`] the event may or may not be in the log.
    pub fn append(&self, event: &Event) -> Result<Checkpoint, RecordError> {
        event.check()?;
        let mut file = self.locked()?;
        let head = self.repaired_head(&mut file, event)?;
        write_entry(&mut file, event, head)
    }

    /// Repairs an incomplete line now instead of in the next [`EventLog::append`], on behalf of
    /// the actor of `next`. Afterwards, appending accesses no file except the log.
    ///
    /// # Errors
    /// Those of [`EventLog::append`].
    pub fn mend(&self, next: &Event) -> Result<(), RecordError> {
        next.check()?;
        self.repaired_head(&mut self.locked()?, next).map(drop)
    }

    /// The head of the log, after an incomplete last line was repaired.
    fn repaired_head(
        &self,
        file: &mut File,
        next: &Event,
    ) -> Result<Option<Checkpoint>, RecordError> {
        let tail = Tail::read(file)?;
        if tail.torn.is_empty() {
            return Ok(tail.head);
        }
        self.move_aside(file, &tail)?;
        write_entry(file, &repair(next, &tail.torn), tail.head).map(Some)
    }

    /// The log file, created if necessary, locked until it is dropped.
    fn locked(&self) -> Result<File, RecordError> {
        let failed = |source| RecordError::Write { source };
        let file = store::open_to_append(&self.path);
        let file = match file {
            Ok(file) if file.metadata().map_err(failed)?.is_file() => file,
            Err(error) if self.path.metadata().is_err() => return Err(failed(error)),
            Err(error) if self.path.is_file() => return Err(failed(error)),
            Ok(_) | Err(_) => return Err(RecordError::NotAFile),
        };
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_TIMEOUT => {
                    std::thread::sleep(LOCK_RETRY);
                }
                Err(TryLockError::WouldBlock) => {
                    let held = std::io::Error::other("another process does not release its lock");
                    return Err(failed(held));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// Saves an incomplete line to a file of its own, then removes it from the log.
    fn move_aside(&self, file: &File, tail: &Tail) -> Result<(), RecordError> {
        let failed = |source| RecordError::Write { source };
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".torn-{}", digest_bytes(&tail.torn)));
        // The name follows from the bytes, so an existing file has the same content.
        match store::write(
            &self.path.with_file_name(name),
            &tail.torn,
            Overwrite::Never,
        ) {
            Ok(()) | Err(RecordError::Exists) => {}
            Err(refused) => return Err(refused),
        }
        file.set_len(tail.whole_bytes).map_err(failed)?;
        file.sync_all().map_err(failed)
    }
}

/// The event that records the repair of `torn`, on behalf of the next actor.
fn repair(next: &Event, torn: &[u8]) -> Event {
    let label = |text| Label::new(text).expect("a valid constant");
    Event {
        what: Act::Repair,
        outcome: Outcome::Success,
        subjects: vec![(label("torn"), digest_bytes(torn))],
        details: vec![(label("bytes"), Detail::Count(torn.len() as u64))],
        ..next.clone()
    }
}

fn write_entry(
    file: &mut File,
    event: &Event,
    head: Option<Checkpoint>,
) -> Result<Checkpoint, RecordError> {
    let (seq, prev) = match head {
        Some(head) => {
            let next = head.seq.checked_add(1);
            (
                next.ok_or_else(|| not_a_log("the largest number".to_owned()))?,
                head.digest.0,
            )
        }
        None => (0, entry::NO_ENTRY),
    };
    let mut line = entry::line(event, seq, prev);
    let digest = Hex(digest_bytes(&line));
    line.push(b'\n');
    if line.len() > LINE_BYTES_MAX {
        let expected = format!("at most {LINE_BYTES_MAX}");
        return Err(RecordError::field(
            "bytes of the entry",
            line.len(),
            expected,
        ));
    }
    let failed = |source| RecordError::Write { source };
    file.write_all(&line).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(Checkpoint { seq, digest })
}

/// Flushes the folder, without which a new file's name is not durable.
fn sync_folder(path: &Path) -> Result<(), RecordError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| RecordError::Write { source })
}

/// The end of a log.
struct Tail {
    /// The last complete entry.
    head: Option<Checkpoint>,
    /// Bytes of all complete lines.
    whole_bytes: u64,
    /// The bytes after the last line break: none, unless a write was interrupted.
    torn: Vec<u8>,
}

impl Tail {
    /// Reads only the maximum length of the last two lines.
    fn read(file: &mut File) -> Result<Self, RecordError> {
        let failed = |source| RecordError::Read { source };
        let length = file.metadata().map_err(failed)?.len();
        let start = length.saturating_sub(2 * LINE_BYTES_MAX as u64);
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        let mut end = Vec::new();
        Read::by_ref(file)
            .take(length - start)
            .read_to_end(&mut end)
            .map_err(failed)?;
        let whole = end
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let torn = end.split_off(whole);
        if torn.len() >= LINE_BYTES_MAX {
            let found = format!("a last line of more than {LINE_BYTES_MAX} bytes");
            return Err(not_a_log(found));
        }
        let whole_bytes = length - torn.len() as u64;
        let Some(lines) = end.strip_suffix(b"\n") else {
            return Ok(Self {
                head: None,
                whole_bytes,
                torn,
            });
        };
        let break_before = lines.iter().rposition(|&byte| byte == b'\n');
        if break_before.is_none() && start > 0 {
            return Err(not_a_log("a line without a beginning".to_owned()));
        }
        let line = &lines[break_before.map_or(0, |at| at + 1)..];
        let seq = entry::read(line)?.seq;
        let head = Some(Checkpoint {
            seq,
            digest: Hex(digest_bytes(line)),
        });
        Ok(Self {
            head,
            whole_bytes,
            torn,
        })
    }
}

fn not_a_log(found: String) -> RecordError {
    RecordError::Mismatch {
        what: "the event log",
        found,
        expected: "one entry per line".to_owned(),
    }
}

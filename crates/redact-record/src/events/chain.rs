//! Checking a whole log.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use redact_core::Digest;
use redact_core::error::with_causes;

use super::{Checkpoint, LINE_BYTES_MAX, entry};
use crate::json::Hex;
use crate::{RecordError, digest_bytes, store};

/// Maximum number of listed problems: one removed line is one problem, so more indicate another
/// file.
const PROBLEMS_MAX: usize = 100;

/// A sign that a log was modified. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainProblem {
    /// The line was edited, or is not an entry.
    #[error("line {line} was changed: {why}")]
    Changed {
        /// Its number.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// Entries were removed, inserted or moved.
    #[error("line {line}: found entry {found}, expected entry {expected}")]
    Number {
        /// Its number.
        line: u64,
        /// The entry's number.
        found: u64,
        /// The next number.
        expected: u64,
    },
    /// The line does not continue the previous one.
    #[error("line {line} does not continue the previous line")]
    Link {
        /// Its number.
        line: u64,
    },
    /// The last line is incomplete.
    #[error("the last line is incomplete: found {bytes} bytes without a line break")]
    Torn {
        /// Length of the incomplete line.
        bytes: u64,
    },
    /// A checkpoint names an entry that the log no longer has: the log was truncated.
    #[error("entry {seq} is missing, although a checkpoint names it")]
    Cut {
        /// The entry's number.
        seq: u64,
    },
    /// A checkpoint names another entry of this number: the log was rewritten.
    #[error("entry {seq} is not the one that a checkpoint names")]
    Rewritten {
        /// The entry's number.
        seq: u64,
    },
}

/// The result of checking a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a report with problems is not an error"]
pub struct ChainReport {
    /// Number of complete lines.
    pub entries: u64,
    /// The last complete entry, if it could be read.
    pub head: Option<Checkpoint>,
    /// Number of entries with an earlier time than the previous one, because a clock was set or
    /// wrong. That is not a problem of the chain, which does not depend on clocks.
    pub clock_steps_back: u64,
    /// All problems in order; at most 100 are listed.
    pub problems: Vec<ChainProblem>,
}

impl ChainReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.problems.is_empty()
    }

    fn add(&mut self, problem: ChainProblem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

/// Checks a log by itself. It detects any edit, removal, insertion and reordering, and an
/// incomplete last line. Detecting removed last lines needs [`verify_with_checkpoints`].
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::NotAFile`]. Problems of the log are in the report.
pub fn verify(path: &Path) -> Result<ChainReport, RecordError> {
    verify_with_checkpoints(path, &[])
}

/// Checks a log like [`verify`], and that it still has every entry that `checkpoints` name.
///
/// # Errors
/// Those of [`verify`].
pub fn verify_with_checkpoints(
    path: &Path,
    checkpoints: &[Checkpoint],
) -> Result<ChainReport, RecordError> {
    let (file, _) = store::open(path)?;
    // Waits for a writer to finish its line. A copy on a file system without locks has no writer.
    match file.lock_shared() {
        Err(refused) if refused.kind() != std::io::ErrorKind::Unsupported => {
            return Err(RecordError::Read { source: refused });
        }
        _ => {}
    }
    check(&file, checkpoints)
}

/// Checks the rest of `log`, like [`verify_with_checkpoints`].
///
/// # Errors
/// [`RecordError::Read`].
pub fn check(log: impl Read, checkpoints: &[Checkpoint]) -> Result<ChainReport, RecordError> {
    Checker::new(checkpoints).run(BufReader::new(log))
}

struct Checker<'a> {
    checkpoints: &'a [Checkpoint],
    report: ChainReport,
    /// The number and the previous digest that the next line must have.
    next_seq: u64,
    next_prev: Digest,
    last_at: i64,
}

impl<'a> Checker<'a> {
    fn new(checkpoints: &'a [Checkpoint]) -> Self {
        Self {
            checkpoints,
            report: ChainReport::default(),
            next_seq: 0,
            next_prev: entry::NO_ENTRY,
            last_at: i64::MIN,
        }
    }

    fn run(mut self, mut reader: impl BufRead) -> Result<ChainReport, RecordError> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader
                .by_ref()
                .take(LINE_BYTES_MAX as u64 + 1)
                .read_until(b'\n', &mut line)
                .map_err(|source| RecordError::Read { source })?;
            if read == 0 {
                break;
            }
            let Some(whole) = line.strip_suffix(b"\n") else {
                let rest = std::io::copy(&mut reader, &mut std::io::sink())
                    .map_err(|source| RecordError::Read { source })?;
                self.report.add(ChainProblem::Torn {
                    bytes: read as u64 + rest,
                });
                break;
            };
            self.line(whole);
        }
        self.check_truncated();
        Ok(self.report)
    }

    fn line(&mut self, line: &[u8]) {
        self.report.entries += 1;
        let number = self.report.entries;
        let digest = digest_bytes(line);
        match entry::read(line) {
            Ok(entry) => {
                self.entry(number, &entry);
                let head = Checkpoint {
                    seq: entry.seq,
                    digest: Hex(digest),
                };
                self.check_rewritten(head);
                self.report.head = Some(head);
                self.next_seq = entry.seq.saturating_add(1);
            }
            Err(refused) => {
                let why = with_causes(&refused);
                self.report.add(ChainProblem::Changed { line: number, why });
                self.report.head = None;
                self.next_seq = self.next_seq.saturating_add(1);
            }
        }
        self.next_prev = digest;
    }

    fn entry(&mut self, line: u64, entry: &entry::Entry) {
        let (found, expected) = (entry.seq, self.next_seq);
        if found != expected {
            self.report.add(ChainProblem::Number {
                line,
                found,
                expected,
            });
        }
        if entry.prev != self.next_prev {
            self.report.add(ChainProblem::Link { line });
        }
        if entry.at < self.last_at {
            self.report.clock_steps_back += 1;
        }
        self.last_at = entry.at;
    }

    fn check_rewritten(&mut self, found: Checkpoint) {
        let seq = found.seq;
        let other = |named: &&Checkpoint| named.seq == seq && **named != found;
        if self.checkpoints.iter().any(|named| other(&named)) {
            self.report.add(ChainProblem::Rewritten { seq });
        }
    }

    /// An unreadable entry counts as present: its change was already reported.
    fn check_truncated(&mut self) {
        let end = self.next_seq.max(self.report.entries);
        let mut cut: Vec<u64> = self.checkpoints.iter().map(|named| named.seq).collect();
        cut.retain(|&seq| seq >= end);
        cut.sort_unstable();
        cut.dedup();
        for seq in cut {
            self.report.add(ChainProblem::Cut { seq });
        }
    }
}

//! Jobs and chunks as values.

use std::path::PathBuf;

use redact_core::Digest;

use crate::error::QueueError;
use crate::files::digest_bytes;
use crate::pool::PoolKey;

/// Chunks of one job, at most.
const CHUNKS_MAX: u32 = 1_000_000;

/// What a job's chunks are, as far as the queue must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// The same chunk gives the same bytes on every machine of a pool: another digest is an alarm.
    Scan,
    /// Encoders are not deterministic: the first output that is committed counts.
    Render,
}

impl JobKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Render => "render",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Scan, Self::Render]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Chunks wait or are being done.
    Running,
    /// Every chunk has an output.
    Done,
    /// A chunk failed in every attempt that it gets.
    NeedsPerson,
    /// A person cancelled it.
    Cancelled,
}

impl JobState {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "running" => Self::Running,
            "done" => Self::Done,
            "needs_person" => Self::NeedsPerson,
            "cancelled" => Self::Cancelled,
            _ => return None,
        })
    }
}

/// The recording that a job's chunks read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its absolute path on the submitter's machine, and perhaps on the workers'.
    pub path: PathBuf,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// Its length.
    pub bytes: u64,
}

/// What is submitted: one chunk plan.
#[derive(Clone, Debug)]
pub struct Job {
    /// What its chunks are.
    pub kind: JobKind,
    /// What people read in lists, such as the recording's path.
    pub label: String,
    /// The chunk plan's bytes.
    pub plan: Vec<u8>,
    /// How many chunks it has, at least 1.
    pub chunks: u32,
    /// The recording.
    pub source: Option<SourceFile>,
    /// The pool whose workers do it.
    pub pool: PoolKey,
}

impl Job {
    /// What makes it the same job as another: kind, plan and pool. Two submitters of one job share
    /// its chunks.
    #[must_use]
    pub fn key(&self) -> Digest {
        let plan = digest_bytes(&self.plan);
        let text = format!("{}\n{plan}\n{}", self.kind.name(), self.pool.id());
        digest_bytes(text.as_bytes())
    }

    pub(crate) fn check(&self) -> Result<(), QueueError> {
        if self.chunks == 0 || self.chunks > CHUNKS_MAX {
            return Err(QueueError::BadJob(format!(
                "it has {} chunks; expected 1 to {CHUNKS_MAX}",
                self.chunks
            )));
        }
        Ok(())
    }
}

/// The committed output of one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkOutput {
    /// The chunk, from 0.
    pub index: u32,
    /// The digest of its bytes, which names it in the store.
    pub sha256: Digest,
    /// Its length.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::{Job, JobKind};
    use crate::pool::PoolKey;

    /// Goal: the same work is the same job, whatever it is called and wherever the recording is;
    /// other work, or the same for other machines, is another.
    #[test]
    fn the_key_follows_kind_plan_and_pool() {
        let job = Job {
            kind: JobKind::Scan,
            label: "a".to_owned(),
            plan: b"plan".to_vec(),
            chunks: 2,
            source: None,
            pool: PoolKey {
                version: "1".to_owned(),
                models: "m".to_owned(),
                cpu: "c".to_owned(),
            },
        };
        let with = |change: fn(&mut Job)| {
            let mut job = job.clone();
            change(&mut job);
            job.key()
        };
        assert_eq!(with(|job| job.label = "b".to_owned()), job.key());
        assert_ne!(with(|job| job.kind = JobKind::Render), job.key());
        assert_ne!(with(|job| job.plan.push(0)), job.key());
        assert_ne!(with(|job| job.pool.cpu = "d".to_owned()), job.key());
    }

    /// Goal: a job without chunks would never be done; it is refused.
    #[test]
    fn a_job_has_chunks() {
        let mut job = Job {
            kind: JobKind::Render,
            label: String::new(),
            plan: Vec::new(),
            chunks: 0,
            source: None,
            pool: PoolKey {
                version: String::new(),
                models: String::new(),
                cpu: String::new(),
            },
        };
        assert!(job.check().is_err());
        job.chunks = 1;
        assert!(job.check().is_ok());
    }
}

//! The options of a worker, its chunks, and its reports.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use redact_core::Digest;
use tokio::sync::watch;

use crate::job::JobKind;
use crate::job_id::JobId;
use crate::pool::PoolKey;

/// How a worker works.
pub struct WorkerOptions {
    /// Its name, for people.
    pub name: String,
    /// The machine, for people.
    pub host: String,
    /// Which chunks it can do.
    pub pool: PoolKey,
    /// The public key that it signs segments with, if it has one.
    pub segment_key: Option<String>,
    /// How many chunks it does at a time, at least 1.
    pub slots: usize,
    /// How long this worker holds a chunk without a heartbeat, at least a second. Heartbeats are
    /// sent four times as often.
    pub lease: Duration,
    /// How long running chunks may take to end after the worker is asked to stop.
    pub grace: Duration,
    /// How long it claims nothing after its disk was full.
    pub pause: Duration,
    /// A folder for temporary files of its own.
    pub scratch: PathBuf,
    /// Receives how each attempt ended.
    pub on_report: Arc<dyn Fn(ChunkReport) + Send + Sync>,
}

/// One attempt at a chunk, for [`ChunkRunner`].
#[derive(Clone, Debug)]
pub struct ChunkTask {
    /// The job.
    pub job: JobId,
    /// The chunk, from 0.
    pub index: u32,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What the job's chunks are.
    pub kind: JobKind,
    /// What people call the job.
    pub label: String,
    /// The chunk plan, a verified file.
    pub plan: PathBuf,
    /// The recording, a verified file, with its digest.
    pub source: Option<(PathBuf, Digest)>,
    /// An empty folder for this attempt, removed afterward.
    pub folder: PathBuf,
}

/// The output of an attempt.
#[derive(Clone, Debug)]
pub struct RunOutput {
    /// The file.
    pub file: PathBuf,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// Its length.
    pub bytes: u64,
}

/// Why an attempt has no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFailure {
    /// What failed, for people.
    pub message: String,
    /// Whether the machine's disk is full: no fault of the chunk.
    pub is_full: bool,
}

/// Does one chunk, such as in a process with limits.
pub trait ChunkRunner: Send + Sync + 'static {
    /// Does the chunk. When `cancel` is done, ends whatever was started and returns any failure.
    fn run(
        &self,
        task: ChunkTask,
        cancel: Cancel,
    ) -> impl Future<Output = Result<RunOutput, RunFailure>> + Send;
}

/// Signals that a chunk is no longer wanted.
#[derive(Clone, Debug)]
pub struct Cancel(pub(super) watch::Receiver<bool>);

impl Cancel {
    /// Done when the chunk is no longer wanted.
    pub async fn cancelled(&mut self) {
        // Once the sender is dropped, nobody can cancel.
        if self.0.wait_for(|is_cancelled| *is_cancelled).await.is_err() {
            std::future::pending().await
        }
    }
}

/// How one attempt ended.
#[derive(Clone, Debug)]
pub struct ChunkReport {
    /// The job.
    pub job: JobId,
    /// The chunk, from 0.
    pub index: u32,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What people call the job.
    pub label: String,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub outcome: ChunkOutcome,
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkOutcome {
    /// Its output is the chunk's.
    Committed {
        /// The output.
        sha256: Digest,
    },
    /// Another worker was faster, or the chunk was cancelled; the output is discarded.
    Superseded,
    /// A machine in the same pool had a different output for the same chunk: an alarm was recorded.
    Differs,
    /// It failed, and will be tried again.
    Failed {
        /// Why.
        message: String,
    },
    /// It failed in every attempt that it gets.
    NeedsPerson {
        /// Why.
        message: String,
    },
    /// It was returned to the queue because the worker stops.
    GivenBack,
}

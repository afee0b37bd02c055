//! The traits through which jobs reach the confined worker, the event log and the clock.
//!
//! Whatever decodes runs in a confined worker. A job's two sides meet here: the caller's side
//! builds a job as JSON and hands it to a [`Worker`]; in the worker, [`crate::confined::run`] does
//! it with [`JobPorts`].

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use redact_core::{Phase, Progress, UtcNanos};
use redact_jail::JailLevel;
use redact_record::events::{Checkpoint, EventDraft};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Result, WorkerError};
use crate::options::ModelOptions;

/// What a job may use, and whom it notifies.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Runs what decodes.
    pub worker: &'a dyn Worker,
    /// Receives progress, and may cancel the job.
    pub progress: &'a dyn Progress,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Threads to use.
    pub threads: usize,
}

/// The time in UTC.
pub trait Clock: Send + Sync {
    /// Nanoseconds since 1970.
    fn now(&self) -> UtcNanos;
}

impl<F: Fn() -> UtcNanos + Send + Sync> Clock for F {
    fn now(&self) -> UtcNanos {
        self()
    }
}

/// The event log, with one event under way at a time.
pub trait Events {
    /// The event under way, to add to.
    fn draft(&mut self) -> &mut EventDraft;

    /// Starts the next event.
    fn begin(&mut self, draft: EventDraft);

    /// Records that the event under way succeeded.
    ///
    /// # Errors
    /// When the log cannot be written; what was done is then not to take effect.
    fn succeeded(&mut self) -> Result<Checkpoint>;
}

/// Runs jobs where hostile files can do no harm.
pub trait Worker: Sync {
    /// Does `job` to its end; gives its result and how well the worker was confined.
    ///
    /// # Errors
    /// Why the job failed, or why there is no result.
    fn run(
        &self,
        job: Box<RawValue>,
        access: &Access,
        listener: &dyn Listener,
    ) -> Result<(Value, JailLevel), WorkerError>;
}

/// What a worker may reach.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Files and folders that it reads.
    pub read: Vec<PathBuf>,
    /// Files that are there already and that it writes.
    pub write: Vec<PathBuf>,
    /// Folders of its own.
    pub folders: Vec<PathBuf>,
    /// Models and the model runtime, if it runs any.
    pub models: Option<ModelOptions>,
}

/// Receives what a worker sends.
pub trait Listener {
    /// `done` of `total` steps of `phase` are done. Called from time to time also where nothing is
    /// new; `Break` cancels the job.
    fn progress(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()>;

    /// The worker requests something of the segment cache; gives whether it was done.
    fn cache_request(&self, request: CacheRequest) -> bool {
        let _ = request;
        false
    }
}

/// The name of a phase between a worker and its caller.
#[must_use]
pub const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Digest => "digest",
        Phase::Scan => "scan",
        Phase::Transcribe => "transcribe",
        Phase::Render => "render",
        Phase::Audit => "audit",
        Phase::Compare => "compare",
    }
}

/// Passes a worker's progress on.
pub struct ProgressListener<'a>(pub &'a dyn Progress);

impl Listener for ProgressListener<'_> {
    fn progress(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()> {
        const PHASES: [Phase; 6] = [
            Phase::Digest,
            Phase::Scan,
            Phase::Transcribe,
            Phase::Render,
            Phase::Audit,
            Phase::Compare,
        ];
        match PHASES.into_iter().find(|known| phase_name(*known) == phase) {
            Some(phase) => self.0.advance(phase, done, total),
            // Nothing to show yet. A worker watches for cancellation by itself.
            None => ControlFlow::Continue(()),
        }
    }
}

/// What a job in a worker reaches of its caller.
#[derive(Clone)]
pub struct JobPorts<'a> {
    /// Receives progress, and may cancel the job.
    pub progress: &'a dyn Progress,
    /// The caller's segment cache.
    pub cache: Arc<dyn CacheLink>,
}

/// A worker's way to its caller's segment cache.
pub trait CacheLink: Send + Sync {
    /// Sends a request; gives whether it was done.
    fn request(&self, request: CacheRequest) -> bool;
}

/// What a worker requests of the segment cache.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheRequest {
    /// Whether a segment is in the cache.
    Has(SegmentId),
    /// Put a segment of the cache into the worker's folder.
    Load(SegmentId),
    /// Sign what is in the worker's folder and put it into the cache.
    Store(SegmentId),
    /// Put the GOPs that are known to be accounted for into the worker's folder.
    LoadProofs,
    /// Sign those that are in the worker's folder and put them into the cache.
    StoreProofs,
    /// Remove what is old or too much in the cache.
    MakeRoom,
}

/// An entry of the segment cache. The caller names it after the plan that it holds itself, so a
/// worker can request nothing but segments of its own job.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SegmentId {
    /// First frame.
    pub start: u32,
    /// First frame after.
    pub end: u32,
    /// What of it.
    pub kind: SegmentKind,
}

/// What the cache holds of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// Coded pictures.
    Pictures,
    /// What audit and comparison found in them.
    Evidence,
    /// Which GOPs of the recording are accounted for; not of a segment.
    Proofs,
}

/// Which job it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobKind {
    Scan,
    DivideScan,
    ScanPictures,
    ScanSound,
    Transcribe,
    Render,
    DivideRender,
    EncodeSegments,
    Cut,
    Verify,
}

/// A job as JSON.
///
/// # Errors
/// When it cannot be written as JSON.
pub(crate) fn job(kind: JobKind, work: &impl Serialize) -> Result<Box<RawValue>> {
    Ok(serde_json::value::to_raw_value(&(kind, work))?)
}

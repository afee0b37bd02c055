//! What parent and child send each other: lines of JSON.
//!
//! The parent writes [`redact_jail::Bounds`], then a [`JobLine`], then any number of
//! [`FromParent`]; the child writes [`FromChild`].

use redact_jail::JailLevel;
use redact_release::Remedy;
use redact_release::ports::CacheRequest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The first argument of a child.
pub(super) const VERB: &str = "confined-job";

/// What a child does.
#[derive(Serialize, Deserialize)]
pub(super) struct JobLine {
    pub(super) kind: WorkKind,
    pub(super) work: Box<RawValue>,
}

/// Who reads a job.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WorkKind {
    /// `redact_release::confined`.
    Release,
    /// Findings or detectors are measured against labels.
    Score,
    /// A job of the desk.
    Desk,
    /// A recording is opened for an estimate.
    Probe,
}

/// What a child sends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromChild {
    /// It is confined, so far.
    Confined(JailLevel),
    /// How far it is.
    Progress {
        phase: String,
        done: u64,
        total: Option<u64>,
    },
    /// It needs something of the segment cache.
    Request(CacheRequest),
    /// It is done.
    Done(serde_json::Value),
    /// It could not do it.
    Failed(Failure),
}

/// What a parent sends after the job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromParent {
    /// Stop, and clean up.
    Cancel,
    /// Whether what was requested is done.
    Answer(bool),
}

/// Why a child could not do its job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// Whether a rule forbids it.
    pub(super) is_refused: bool,
    /// Whether it was cancelled.
    pub(super) is_cancelled: bool,
    /// What a person can do about the recording.
    pub(super) remedy: Option<Remedy>,
}

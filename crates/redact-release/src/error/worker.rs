//! Why a confined worker gave no result.

use redact_jail::JailError;

use super::remedy::Remedy;

/// Why a job could not do what it was started for, as the confined worker reported it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JobFailure {
    /// The error and its causes on one line.
    pub message: String,
    /// What a person can do about it.
    pub hint: Option<String>,
    /// Whether a rule forbids what was asked.
    pub is_refused: bool,
    /// Whether the job was cancelled.
    pub is_cancelled: bool,
    /// What a person can do about the recording.
    pub remedy: Option<Remedy>,
    /// The limit in bytes, where memory ran out.
    pub out_of_memory: Option<u64>,
}

/// Why a confined worker gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The job failed.
    #[error(transparent)]
    Failed(#[from] JobFailure),
    /// The job took more than it may.
    #[error("stopped at a limit: {what}")]
    Limit {
        /// The limit.
        what: String,
        /// The option that raises it.
        option: &'static str,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The worker could not be confined or started.
    #[error(transparent)]
    Jail(#[from] JailError),
    /// The worker ended without a result.
    #[error("the process that decodes {what}; nothing of it was used")]
    NoResult {
        /// How it ended.
        what: String,
    },
    /// The worker's result is not one of this version.
    #[error("the decoding process returned an unreadable result")]
    InvalidResult,
    /// The worker could not be started or reached.
    #[error("cannot {what}")]
    Unreachable {
        /// What was tried.
        what: &'static str,
        /// What the system answered.
        #[source]
        source: std::io::Error,
    },
}

//! stub
use crate::Check;
use redact_core::{Progress, Redactions, Source, SourceError};

/// What a comparison found.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareReport {
    /// One entry per check, always all of them.
    pub checks: Vec<Check>,
}

impl CompareReport {
    /// Whether every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

/// Why a comparison could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The source could not be read to its end.
    #[error("cannot read the source")]
    Source(#[source] SourceError),
    /// The release could not be read to its end.
    #[error("cannot read the release")]
    Release(#[source] SourceError),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("stopped as asked")]
    Cancelled,
}

/// Walks source and release in step and proves that they differ in nothing but `redactions`.
///
/// # Errors
pub fn compare(
    _source: Box<dyn Source>,
    _release: Box<dyn Source>,
    _redactions: &Redactions,
    _progress: &dyn Progress,
) -> Result<CompareReport, CompareError> {
    unimplemented!()
}

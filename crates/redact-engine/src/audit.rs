//! stub
use crate::Check;
use redact_core::{Progress, Redactions, Source, SourceError};

/// What a release must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Frames.
    pub frames: u32,
    /// Sound tracks.
    pub audio_tracks: usize,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditReport {
    /// One entry per check, always all of them.
    pub checks: Vec<Check>,
}

impl AuditReport {
    /// Whether every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

/// Why an audit could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The release could not be read to its end.
    #[error("cannot read the release")]
    Source(#[from] SourceError),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("stopped as asked")]
    Cancelled,
}

/// Decodes a written release and proves every mask and mute in it.
///
/// # Errors
pub fn audit(
    _release: Box<dyn Source>,
    _redactions: &Redactions,
    _expected: &Expected,
    _progress: &dyn Progress,
) -> Result<AuditReport, AuditError> {
    unimplemented!()
}

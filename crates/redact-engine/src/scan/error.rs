//! Why a scan stopped.

use redact_core::{DetectError, FrameIndex, SourceError};

/// Why a scan stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The recording could not be read to its end.
    #[error("cannot read the recording")]
    Source(#[from] SourceError),
    /// A model failed.
    #[error("cannot detect faces, plates and screens")]
    Detect(#[from] DetectError),
    /// A detector returned results for another number of frames than it was given.
    #[error("a detector returned results for {found} frames, expected {expected}")]
    ResultCount {
        /// Results.
        found: usize,
        /// Frames.
        expected: usize,
    },
    /// No set of detectors was given.
    #[error("no detectors configured")]
    NoWorkers,
    /// The source did not number its frames one by one.
    #[error("frames out of order: found frame {found}, expected frame {expected}")]
    FrameOrder {
        /// The frame that came.
        found: FrameIndex,
        /// The frame that was expected.
        expected: FrameIndex,
    },
    /// A detector has no time of its last run, or there is one without its detector.
    #[error("found times of the last runs of {found} detectors, expected {expected}")]
    LastRuns {
        /// Times.
        found: usize,
        /// Detectors.
        expected: usize,
    },
    /// There is sound or nothing, but no picture.
    #[error("the recording has no video frames")]
    NoFrames,
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

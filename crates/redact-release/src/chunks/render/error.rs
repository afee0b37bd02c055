//! Errors of segments that workers encoded.

use redact_record::sign::PublicKey;

/// Why a render stops at the segments of workers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// A segment is signed with a key that is not trusted.
    #[error(
        "the segment of frames {first} to {last} (task {task}) is signed with worker key {}, which \
         is not trusted here", key.id()
    )]
    UntrustedWorker {
        /// The task.
        task: u32,
        /// First frame.
        first: u32,
        /// Last frame.
        last: u32,
        /// The key.
        key: Box<PublicKey>,
    },
}

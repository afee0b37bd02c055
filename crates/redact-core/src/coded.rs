//! Media that a render copies without decoding it (stream copy).
//!
//! What no decision touches is copied in its coded form, and digests prove that it is unchanged.
//! The coded bytes are opaque to this crate: a sink understands those of its own source.

use std::any::Any;

use crate::{Digest, FrameSpan, Timestamp};

/// Consecutive frames in their coded form: closed GOPs, or the rest of a GOP whose first pictures
/// were decoded.
pub struct CodedPictures {
    /// The frames.
    pub frames: FrameSpan,
    /// Presentation time and duration of each frame, in ticks of the video stream and in
    /// presentation order.
    pub times: Vec<(Timestamp, i64)>,
    /// SHA-256 of the coded pictures and of the parameter sets that they are decoded with. All
    /// zeros for an earlier render's pictures, which are checked while they are written.
    pub digest: Digest,
    /// Whether an earlier render encoded them under the same decisions; otherwise they are the
    /// source's own.
    pub is_earlier: bool,
    /// Length of the coded form in bytes.
    pub bytes: usize,
    /// The coded form.
    pub content: Box<dyn Any + Send>,
}

impl std::fmt::Debug for CodedPictures {
    // Content is left out: debug output may reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodedPictures")
            .field("frames", &self.frames)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// A packet of sound in its coded form.
pub struct CodedSound {
    /// Index into [`crate::SourceInfo::audio`].
    pub stream: usize,
    /// First audible sample per channel, counted from the recording's zero; may be negative.
    pub start: i64,
    /// Audible samples per channel.
    pub samples: u64,
    /// Length of the coded form in bytes.
    pub bytes: usize,
    /// The coded form.
    pub content: Box<dyn Any + Send>,
}

impl std::fmt::Debug for CodedSound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodedSound")
            .field("stream", &self.stream)
            .field("start", &self.start)
            .field("samples", &self.samples)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

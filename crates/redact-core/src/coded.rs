//! Media that a render hands on as the source has it coded.
//!
//! What no decision touches need not be decoded: its coded form is copied, and that it is the same
//! is proved by digests. The coded bytes themselves are opaque here; a sink knows the kind that its
//! source makes.

use std::any::Any;

use crate::{Digest, FrameSpan, Timestamp};

/// Consecutive frames in their coded form: closed groups of pictures, or the rest of one whose
/// first pictures were decoded.
pub struct CodedPictures {
    /// The frames.
    pub frames: FrameSpan,
    /// When each is shown and for how long, ticks of the video stream, in order of presentation.
    pub times: Vec<(Timestamp, i64)>,
    /// SHA-256 over the coded pictures and the parameters that they are decoded with; of an earlier
    /// render's pictures it is zero, because they are checked while they are written.
    pub digest: Digest,
    /// Whether they are not the source's own, but what an earlier render made of these frames under
    /// the same decisions.
    pub is_earlier: bool,
    /// Length of the coded form.
    pub bytes: usize,
    /// The coded form.
    pub content: Box<dyn Any + Send>,
}

impl std::fmt::Debug for CodedPictures {
    // Content stays out: a debug line may end in a log.
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
    /// First audible sample, per channel, since the recording's zero; may be negative.
    pub start: i64,
    /// Audible samples per channel.
    pub samples: u64,
    /// Length of the coded form.
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

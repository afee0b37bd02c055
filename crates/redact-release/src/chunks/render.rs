//! A render in chunks: segments that other machines encode, for the machine that signs.
//!
//! - [`divide_render`] analyzes the recording once and divides what is re-encoded into tasks;
//! - [`encode_chunk`] encodes the segments of one task, and signs each with the worker's own key;
//! - [`SuppliedSegments`] are the outputs of all tasks, for the render that makes the release.
//!
//! A segment counts only as coded pictures, without evidence. The machine that signs the release
//! analyzes the recording itself, derives from its own plan what each segment must contain, and
//! decodes, audits and compares every segment like one that it encoded: whichever key signed a
//! segment, a wrong one never becomes part of a release. The signature shows which worker encoded
//! it; a segment that anyone else put into a shared folder stops the render.

mod divide;
mod encode;
mod error;
mod file;
mod header;
mod supplied;
mod times;

pub(crate) use divide::RenderDivisionWork;
pub use divide::{RenderDivision, divide_render};
pub(crate) use encode::SegmentWork;
pub use encode::{ChunkSegments, SegmentChunk, encode_chunk};
pub use error::SegmentError;
pub(crate) use supplied::AcceptedSegments;
pub use supplied::{SegmentsUsed, SuppliedSegments, TaskOutput};
pub use times::RunFile;

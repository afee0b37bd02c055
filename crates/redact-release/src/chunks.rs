//! One scan or render of a recording in chunks that any machine can do.
//!
//! A chunk plan ([`ChunkPlan`]) says how the work is divided into tasks. Each task's output is one
//! file, named after its SHA-256 ([`ChunkFolder`]); the machine that divided the work puts the
//! outputs of all tasks together. The findings of a scan are the same as without chunks.
//!
//! [`render`] has what is particular to a render.

mod cut_points;
mod divide;
mod error;
mod folder;
mod link;
mod machine;
mod models;
mod observe;
mod output;
mod pictures;
mod plan;
pub mod render;
mod scan_chunks;
mod task;

pub(crate) use divide::DivideWork;
pub use divide::{DivideRequest, divide_scan};
pub use error::ChunkError;
pub use folder::{ChunkFolder, DoneChunk, PartialChunk};
pub use link::{ReadOutput, link_scan};
pub use machine::Machine;
pub(crate) use models::check_models;
pub(crate) use observe::{PicturesWork, SoundWork};
pub use output::{ChunkContent, ChunkOutput, OUTPUT_BYTES_MAX};
pub use pictures::{FrameRow, PicturesOutput, VideoForm};
pub use plan::{ChunkPlan, ChunkSource, ChunkWork, PROGRAM, TASKS_MAX};
pub use scan_chunks::{
    ChunkModel, Division, FrameTime, LastRun, ModelSet, PictureChunk, ScanChunks, ScanParts,
    ScanTask, WholeScan,
};
pub use task::{TaskRequest, run_scan_task};

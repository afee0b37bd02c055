//! Synthetic recordings with known ground truth, and ports that live in memory.
//!
//! For tests only. Everything is made from whole numbers and a fixed hash: the same scene is the
//! same bytes on every machine, and it is known where everything in it is and when it sounds.
//!
//! - [`Scene`]: textured boxes that move over a textured background that moves, and sound with
//!   speech-like noise at known times;
//! - [`MemorySource`], [`MemorySink`]: a recording and a release without a file;
//! - [`TruthDetector`], [`PanMotion`], [`TruthSpeech`]: eyes and ears that know the scene;
//! - [`approved`]: an approved plan for hand-made masks and mutes.

mod eyes;
mod memory;
mod plan;
mod scene;

pub use eyes::{PanMotion, Quiet, StopAfter, TruthDetector, TruthSpeech};
pub use memory::{MemorySink, MemorySource, Written, copy_frame, copy_item};
pub use plan::{approved, drawn_mask, identity, mute, shaped_mask};
pub use scene::{Actor, Scene, Sound};

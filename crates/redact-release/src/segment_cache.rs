//! The segment cache: GOPs that a render encoded, for the next render of the same recording.
//!
//! A render that was stopped goes on from them, and a correction encodes only what it touches. In
//! the folder each segment has two files, both named after the SHA-256 of all that it depends on
//! (recording, frames, masks, encoder settings, the program):
//!
//! - `NAME.pictures`: the coded pictures, with the masks in them;
//! - `NAME.found`: what audit and comparison found in them, and the digests of the coded pictures
//!   that this was found in, and of their neighbors.
//!
//! A third kind of file, one a recording, lists the GOPs that are accounted for to their last bit
//! and may be copied (`proofs.rs`).
//!
//! All are signed with a key of their own, never with the one that signs releases: what was
//! changed is not used. Pictures without evidence are decoded, audited and compared as fresh ones
//! are; with it, the written file must have the very same coded pictures. The files are readable by
//! their owner alone, and are removed when they are old or many.

mod client;
mod evidence;
mod folder;
mod proofs;
mod store;

pub(crate) use client::SegmentCacheClient;
pub(crate) use evidence::{Evidence, KnownSegments};
pub(crate) use folder::RenderSettings;
pub use folder::SegmentCacheFolder;
pub(crate) use proofs::ProofClient;
pub(crate) use store::exchange_in;

/// The one file of an exchange folder.
const SEGMENT_FILE: &str = "segment";

/// Takes the segment that a worker put into an exchange folder; `None` where there is none.
pub(crate) fn read_segment(exchange: &std::path::Path) -> Option<Vec<u8>> {
    let file = exchange.join(SEGMENT_FILE);
    let bytes = store::read_foreign(&file);
    std::fs::remove_file(&file).ok();
    bytes
}

/// Puts a segment into an exchange folder; gives whether it is there.
pub(crate) fn write_segment(exchange: &std::path::Path, bytes: &[u8]) -> bool {
    store::write(&exchange.join(SEGMENT_FILE), &[bytes]).is_ok()
}

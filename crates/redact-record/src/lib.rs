//! The files on disk, and what makes them evidence.
//!
//! - [`findings`], [`plan`], [`policy`]: working files, strict both ways: a file is either valid
//!   core data or an error that says which value is wrong and what would be right;
//! - [`FileBinding`]: digests of recordings and releases;
//! - [`sign`]: keys and signatures that a stock tool can check;
//! - [`manifest`]: what was done to a release, public and sealed;
//! - [`log`]: the same as a page to read;
//! - [`events`]: who did what when, as a chain that shows any change;
//! - [`report`]: the verdict of a check, as a page and as data;
//! - [`timeline`]: what is hidden and muted when, as log and report draw it;
//! - [`reasons`]: what may be withheld under which law, by jurisdiction;
//! - [`timestamp`]: stamps of time-stamping authorities, asked for and checked offline;
//! - [`person`]: whether two spellings of a name are one person;
//! - [`naming`]: names of the files beside a release.
//!
//! Nothing here decodes a recording or runs a model, so a third party can build a checker from
//! this crate alone. No clock is read: times come from the caller. It compiles for
//! `wasm32-unknown-unknown`, without pages, time stamps and backups of keys, which need fonts or C
//! code; records come in as bytes there, and whatever names a path is refused.

mod access;
#[cfg(test)]
mod counts;
mod digest;
mod error;
pub mod events;
mod file;
pub mod findings;
mod json;
#[cfg(not(target_family = "wasm"))]
pub mod log;
pub mod manifest;
pub mod naming;
#[cfg(not(target_family = "wasm"))]
mod paper;
#[cfg(not(target_family = "wasm"))]
mod pdf;
pub mod person;
pub mod plan;
pub mod policy;
pub mod reasons;
#[cfg(not(target_family = "wasm"))]
pub mod report;
pub mod sign;
#[cfg_attr(target_family = "wasm", path = "store_none.rs")]
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(not(target_family = "wasm"))]
pub mod timeline;
#[cfg(not(target_family = "wasm"))]
pub mod timestamp;
mod toml_file;
pub mod truth;

pub use digest::{Advance, FileBinding, LEAF_BYTES, digest_bytes, digest_file};
pub use error::RecordError;
pub use json::{is_unseen, visible};
pub use naming::{ReleasePaths, release_paths};
pub use store::{Overwrite, read, remove_leftovers, write, write_for_owner};

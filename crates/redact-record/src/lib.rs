//! Redact's files, and what makes them evidence.
//!
//! - [`findings`], [`plan`], [`policy`]: working files. Reading is strict: a file is either valid
//!   or an error that names the wrong value and what is needed;
//! - [`FileBinding`]: digests of recordings and releases;
//! - [`sign`]: keys, and signatures that the minisign program can check;
//! - [`manifest`]: what was done to a release, public and sealed;
//! - [`captions`]: captions and transcripts of releases;
//! - [`log`]: the redaction log, for people;
//! - [`events`]: the event log: who did what when, as a tamper-evident chain;
//! - [`report`]: the verification report, for people and as data;
//! - [`timeline`]: the timeline of masks and mutes in the redaction log and the report;
//! - [`reasons`]: exemptions by jurisdiction; [`appeals`]: what a requester may do about a denial;
//! - [`letters`], [`office`], [`papers`]: letters from templates, the agency's letterhead, and the
//!   index and letters of a package;
//! - [`timestamp`]: time stamps, requested from an authority and checked offline;
//! - [`person`]: whether two names may be the same person's;
//! - [`naming`]: names of the files that belong to a release;
//! - [`package`]: transmittal packages and their profiles.
//!
//! This crate decodes no recordings and runs no models, so that a third party can build a checker
//! from it. It reads no clock: times come from the caller. It compiles for
//! `wasm32-unknown-unknown`, without reports, papers, time stamps and key backups, which need fonts
//! or C code; there, records are passed as bytes and functions that take a path return an error.

mod access;
#[cfg(not(target_family = "wasm"))]
pub mod appeals;
pub mod captions;
#[cfg(test)]
mod counts;
mod digest;
mod error;
pub mod events;
mod file;
pub mod findings;
mod json;
#[cfg(not(target_family = "wasm"))]
pub mod letters;
#[cfg(not(target_family = "wasm"))]
pub mod log;
pub mod manifest;
#[cfg(not(target_family = "wasm"))]
pub mod manual;
pub mod naming;
#[cfg(not(target_family = "wasm"))]
pub mod office;
pub mod package;
#[cfg(not(target_family = "wasm"))]
mod paper;
#[cfg(not(target_family = "wasm"))]
pub mod papers;
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

pub use digest::{Advance, FileBinding, Hasher, LEAF_BYTES, digest_bytes, digest_file};
pub use error::RecordError;
pub use json::{is_invisible, visible};
pub use naming::{ReleasePaths, release_paths};
pub use store::{Overwrite, read, read_start, remove_leftovers, write, write_for_owner};

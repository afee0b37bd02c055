//! The checks of a release that need no decoder, and the verdict.
//!
//! - [`records`]: signatures, manifests, approvals, the chain of revisions;
//! - [`files`]: digests of the release and of the original;
//! - [`captions`]: captions, and the transcript that is made of them;
//! - [`events`]: the event log;
//! - [`leaks`]: the leak scan, channel by channel;
//! - [`undecoded`]: all of these, in their order;
//! - [`package`]: a package of releases, and each release in it;
//! - [`Verdict`]: what was checked and what was not, as text and as JSON.
//!
//! `redact verify` and `redact-verify` share this crate and therefore its wording. It reads no
//! clock, and opens no files: bytes and readers come from the caller, except for packages on a disk
//! (`package::PackageOnDisk`). It compiles for
//! `wasm32-unknown-unknown`, without reports (`report`) and time stamps (`stamp`), which need a
//! file system or C code.

pub mod captions;
pub mod events;
pub mod files;
pub mod leaks;
pub mod package;
pub mod records;
#[cfg(not(target_family = "wasm"))]
pub mod report;
#[cfg(not(target_family = "wasm"))]
pub mod stamp;
pub mod undecoded;
mod verdict;

pub use verdict::{Check, NotChecked, Scope, Second, Verdict, Word};

//! Checks a release in a browser, which has neither a file system nor threads.
//!
//! - [`Checker`]: the checks of `redact-verify`, over files that the page hands in;
//! - [`SliceReader`]: the release, read in slices;
//! - [`Audit`]: masks and mutes, measured in pictures and sound that the browser decodes;
//! - `browser`: what JavaScript calls, in the build for WebAssembly.
//!
//! `crates/redact-desk/web/checker` is the page around it, and `scripts/checker` builds both into
//! one file, `verify.html`.

mod audit;
#[cfg(target_family = "wasm")]
mod browser;
mod check;
mod picture;
mod slices;
mod sound;

pub use audit::{Audit, AuditInput};
pub use check::{Checked, Checker, CheckerError, SignedFile, Signer};
pub use picture::{PictureError, PixelLayout, PlaneLayout, copy_picture};
pub use slices::{SliceReader, Slices};
pub use sound::{DecodedSound, place_sound};

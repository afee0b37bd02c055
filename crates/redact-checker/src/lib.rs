//! Checks a release or a package in a browser, which has neither a file system nor threads.
//!
//! - [`Checker`]: the checks of `redact-verify` of a release, over files that the page hands in;
//! - [`PackageChecker`]: its checks of a package, one release after the other;
//! - [`SliceReader`]: the release, read in slices;
//! - [`Audit`]: masks and mutes, measured in pictures and sound that the browser decodes, or fills
//!   alone in pictures that it shows;
//! - `browser`: what JavaScript calls, in the build for WebAssembly.
//!
//! `crates/redact-desk/web/checker` is the page around it, and `scripts/checker` builds both into
//! one file, `verify.html`.

mod audit;
#[cfg(target_family = "wasm")]
mod browser;
mod check;
mod checked;
mod error;
mod package;
mod picture;
mod slices;
mod sound;

pub use audit::{Audit, AuditFindings, AuditInput};
pub use check::{Checker, SignedFile};
pub use checked::{Checked, Signer};
pub use error::CheckerError;
pub use package::{BegunRelease, PackageChecker, PackageInHand, SlicedFile, VideoPlace};
pub use picture::{PictureError, PixelLayout, PlaneLayout, copy_picture, copy_shown};
pub use slices::{SliceReader, Slices};
pub use sound::{DecodedSound, place_sound};

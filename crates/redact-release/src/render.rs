//! Making a release: from an approved plan to a file that was checked and signed.
//!
//! - [`ReleaseJob`]: what a release is made of;
//! - [`make_release`]: a confined worker renders and checks, then this process signs and gives the
//!   files their names, the release last;
//! - `work`: the worker's side.
//!
//! Everything is written under partial names: whatever happens before the end, no file has the
//! release's name.

mod checks;
mod clocked;
mod context;
mod copy_choice;
mod excerpt;
mod job;
mod levels;
mod make;
mod manifests;
mod result;
mod second_look;
mod work;

pub use context::RequestOptions;
pub(crate) use copy_choice::{analyze, choose, why_nothing_is_copied};
pub use excerpt::ExcerptRequest;
pub(crate) use job::crf_of;
pub use job::{MadeRelease, ReleaseJob, files_of};
pub(crate) use levels::{open_options, with_levels};
pub use make::make_release;
pub use result::RenderResult;
pub(crate) use work::{RenderWork, encode_options};

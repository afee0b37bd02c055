//! MP4 (ISO/IEC 14496-12, the ISO base media file format): boxes, sample tables, forms of boxes.
//!
//! - [`boxes`] walks boxes, strictly: every byte belongs to one;
//! - [`samples`] says where samples lie and when they are shown;
//! - [`coded_tracks`] lists the samples of a release for a decoder;
//! - [`sample_descriptions`] counts descriptions, without which nothing can be copied;
//! - [`forms`] knows the boxes in whose fields a release has little choice.

pub mod boxes;
pub mod coded_tracks;
pub(crate) mod forms;
mod reading;
pub mod sample_descriptions;
pub(crate) mod samples;

pub use boxes::Malformed;
pub(crate) use reading::{length, read_at};

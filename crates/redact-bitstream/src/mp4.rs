//! MP4 (ISO/IEC 14496-12, the ISO base media file format): boxes, sample tables, forms of boxes.
//!
//! - [`boxes`] parses boxes strictly: every byte belongs to one;
//! - [`samples`] locates samples and their times;
//! - [`coded_tracks`] lists the samples of a release for a decoder;
//! - [`sample_descriptions`] counts the sample descriptions of a track;
//! - [`forms`] checks boxes whose fields have fixed values in a release.

pub mod boxes;
pub mod coded_tracks;
pub(crate) mod forms;
mod reading;
pub mod sample_descriptions;
pub(crate) mod samples;

pub use boxes::Malformed;
pub(crate) use reading::{length, read_at};

//! H.264 (ITU-T Rec. H.264): NAL units, parameter sets, and slices to their last bit.
//!
//! - [`nal`] splits a sample into NAL units, [`annex_b`] a byte stream;
//! - [`avcc`] parses the AVC configuration record and decides which samples can be copied;
//! - [`slice_header`] parses slice headers, [`slice_data`] parses a slice to its last bit;
//! - [`gop_digest`] identifies a GOP, [`frame_num`] finds missing pictures, [`picture_order`] the
//!   order in which pictures are shown.

pub mod annex_b;
pub mod avcc;
mod cabac;
mod cabac_contexts;
mod cabac_elements;
mod cavlc_elements;
mod cavlc_tables;
pub mod frame_num;
pub mod free_fields;
pub mod gop_digest;
mod macroblock;
pub mod nal;
pub(crate) mod parameter_sets;
pub mod picture_order;
mod rbsp;
pub mod slice_data;
pub mod slice_header;
pub mod x264_end_bits;

pub use rbsp::Unaccounted;

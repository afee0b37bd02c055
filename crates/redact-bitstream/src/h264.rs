//! H.264 (ITU-T Rec. H.264): NAL units, parameter sets, slices down to their last bit.
//!
//! - [`nal`] splits a sample into NAL units, [`annex_b`] a byte stream;
//! - [`avcc`] reads the AVC configuration record and says which samples can be copied;
//! - [`slice_header`] reads slice headers, [`slice_data`] walks a slice to its last bit;
//! - [`gop_digest`] is what a GOP is recognized by, [`frame_num`] finds missing pictures.

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
mod rbsp;
pub mod slice_data;
pub mod slice_header;
pub mod x264_end_bits;

pub use rbsp::Unaccounted;

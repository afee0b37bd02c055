//! AAC-LC (ISO/IEC 14496-3): the decoder configuration, and packets to their last bit.

pub mod adts;
mod codebooks;
mod raw_data_block;
mod scale_factor_bands;

pub use raw_data_block::{Odd, Walker};

//! Reads H.264, AAC and MP4 bit by bit, and looks for what a release may leak.
//!
//! - [`h264`]: NAL units, the AVC configuration record, slices down to their last bit;
//! - [`aac`]: packets of AAC-LC down to their last bit;
//! - [`mp4`]: boxes and sample tables;
//! - [`leak::scan`] checks a finished release byte by byte.
//!
//! Nothing is decoded: no pictures and no samples are made. Every parser reads untrusted bytes
//! through [`std::io::Read`] and [`std::io::Seek`], panics on none of them and opens no file.

pub mod aac;
pub mod h264;
pub mod leak;
pub mod mp4;

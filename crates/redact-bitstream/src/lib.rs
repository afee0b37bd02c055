//! Parses H.264, AAC and MP4 bit by bit, and scans a release for leaks.
//!
//! - [`h264`]: NAL units, the AVC configuration record, slices down to their last bit;
//! - [`aac`]: packets of AAC-LC down to their last bit;
//! - [`mp4`]: boxes and sample tables;
//! - [`leak::scan`] checks a finished release byte by byte.
//!
//! Nothing is decoded to pictures or sound. Every parser reads untrusted bytes
//! through [`std::io::Read`] and [`std::io::Seek`], panics on none of them and opens no file.

pub mod aac;
pub mod h264;
pub mod leak;
pub mod mp4;

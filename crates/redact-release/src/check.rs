//! Checks of a written release that need its bytes or its decoded pictures and sound.
//!
//! A render makes them before it signs, and a verification makes them again.

mod copies;
mod examine;
mod leaks;
mod second_look;

pub(crate) use copies::CopyClaims;
pub(crate) use examine::{Declared, Examined, audit, damage_mode, open, within};
pub(crate) use leaks::{cropped_edges, leaks, source_channels};
pub(crate) use second_look::{detect_uncovered, first_few, load_detectors};

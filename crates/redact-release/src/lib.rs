//! Scans recordings, approves plans, makes releases and verifies them.
//!
//! - [`scan`]: what may have to be hidden, as findings;
//! - [`approve`]: from findings or an edited plan to an approved plan;
//! - [`render`]: from an approved plan to a release that was checked and signed;
//! - [`chunks`]: a scan or a render in parts that any machine can do;
//! - [`cut`]: from a release to parts that are no larger than a limit;
//! - [`verify`]: whether a release is what its manifest says;
//! - [`transcript`]: the words of a release's captions as a text to read or print;
//! - [`package`]: releases of one request for one recipient;
//! - [`segment_cache`]: what a render encoded, for the next one;
//! - [`detectors`]: which models run, at which size and how often;
//! - [`outputs`]: the files that one command writes: all of them appear, or none;
//! - [`options`]: what a caller chooses, as plain values;
//! - [`ports`]: the traits through which jobs reach the confined worker, the event log, the clock;
//! - [`confined`]: the worker's side of every job;
//! - [`installed`]: which models a machine has;
//! - [`names`], [`files`]: names of the files that jobs read and write, and their digests.
//!
//! Nothing here reads the environment, prints or starts a process: paths, keys and the clock come
//! from the caller.

pub mod approve;
mod check;
pub mod chunks;
pub mod confined;
pub mod cut;
pub mod detectors;
mod error;
pub mod events;
pub mod files;
pub mod installed;
pub mod names;
pub mod options;
pub mod outputs;
pub mod package;
pub mod ports;
mod profiles;
pub mod render;
pub mod scan;
pub mod segment_cache;
pub mod transcribe;
pub mod transcript;
pub mod verify;

pub use error::{JobFailure, ReleaseError, Remedy, WorkerError, is_refused_record};

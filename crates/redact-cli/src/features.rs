//! What this program was built with.

use std::fmt;

/// Features that a build may leave out; `redact --version` lists those that are there.
#[cfg(all(feature = "queue", feature = "single-sign-on"))]
macro_rules! features {
    () => {
        "queue, single-sign-on"
    };
}
#[cfg(all(feature = "queue", not(feature = "single-sign-on")))]
macro_rules! features {
    () => {
        "queue; without single-sign-on"
    };
}
#[cfg(all(not(feature = "queue"), feature = "single-sign-on"))]
macro_rules! features {
    () => {
        "single-sign-on; without queue"
    };
}
#[cfg(not(any(feature = "queue", feature = "single-sign-on")))]
macro_rules! features {
    () => {
        "without queue, single-sign-on"
    };
}

/// The version and the features, for `redact --version`.
pub(crate) const LONG_VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), "\nfeatures: ", features!());

/// The queue is needed, and this program was built without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WithoutQueue;

impl fmt::Display for WithoutQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is not available: this program was built without it")
    }
}

impl std::error::Error for WithoutQueue {}

/// What to do where a feature is missing.
pub(crate) const WITHOUT_FEATURE: &str = "`make build` builds a program with all features, and the package redact has them; \
     `redact --version` lists the features of a program";

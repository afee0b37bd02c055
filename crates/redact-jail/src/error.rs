//! Why a process could not be confined.

use crate::level::JailLevel;

/// Why a process is not confined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JailError {
    /// The process that started it has ended.
    #[error("the process that started this job is gone")]
    Orphan,
    /// It is not known which descriptors are open.
    #[error("cannot list open descriptors")]
    Descriptors(#[source] std::io::Error),
    /// A limit was refused.
    #[error("cannot limit {what}")]
    Limit {
        /// The system's name of it.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Privileges could not be dropped.
    #[error("cannot drop privileges")]
    Privileges(#[source] std::io::Error),
    /// A file that it is to reach is not there.
    #[error("{path}: cannot be made reachable for the process that decodes")]
    Path {
        /// The file.
        path: String,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The kernel refused rules for files.
    #[error("cannot confine the process's files")]
    Files(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The kernel refused the list of system calls.
    #[error("cannot confine the process's system calls")]
    Calls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system lacks a layer without which nothing is decoded.
    #[error("cannot confine the process that decodes: this system has {level}")]
    Weak {
        /// What it has.
        level: JailLevel,
    },
    /// The process could not be started.
    #[error("cannot start the process that decodes")]
    Start(#[source] std::io::Error),
    /// Threads that run already would keep what they may do.
    #[error("cannot confine the process that decodes: it has {threads} threads; one is allowed")]
    Threads {
        /// How many it has.
        threads: usize,
    },
}

//! Errors of confining a process.

use crate::level::JailLevel;

/// Why a process is not confined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JailError {
    /// The parent process has ended.
    #[error("the parent process of this job has ended")]
    Orphan,
    /// The open file descriptors cannot be listed.
    #[error("cannot list open file descriptors")]
    Descriptors(#[source] std::io::Error),
    /// A resource limit cannot be set.
    #[error("cannot set the resource limit {what}")]
    Limit {
        /// The system's name for the resource.
        what: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// Privileges could not be dropped.
    #[error("cannot drop privileges")]
    Privileges(#[source] std::io::Error),
    /// A file that the process needs is not accessible.
    #[error("{path}: cannot give the decoding process access to it")]
    Path {
        /// The file.
        path: String,
        /// The system's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The kernel rejected the rules for files.
    #[error("cannot restrict the files of the decoding process")]
    Files(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The kernel rejected the filter for system calls.
    #[error("cannot restrict the system calls of the decoding process")]
    Calls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system lacks a required layer of confinement.
    #[error("cannot confine the decoding process: found {level}; Landlock and seccomp are needed")]
    Weak {
        /// What the system has.
        level: JailLevel,
    },
    /// The process could not be started.
    #[error("cannot start the decoding process")]
    Start(#[source] std::io::Error),
    /// There are other threads, which would not be confined.
    #[error("cannot confine the decoding process: found {threads} threads; only one is allowed")]
    Threads {
        /// The number of threads.
        threads: usize,
    },
}

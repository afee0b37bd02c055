//! Errors of the queue and of the store.

use std::path::PathBuf;

use redact_core::Digest;

use crate::job_id::JobId;

/// Errors of the queue. No message contains a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The address of the database is invalid.
    #[error("invalid address of the queue: {0}; expected postgres://USER@HOST/DATABASE")]
    BadAddress(String),
    /// The connection would not be encrypted and verified.
    #[error(
        "the connection to {host} is not protected: found sslmode {found}; a database on another \
         machine needs sslmode=verify-full"
    )]
    Unprotected {
        /// The database's host.
        host: String,
        /// The mode that the address or the environment gives.
        found: String,
    },
    /// The database answered with an error, or not at all.
    #[error("queue at {place}: cannot {what}: {error}")]
    Database {
        /// Host and database, without a password.
        place: String,
        /// What was to be done.
        what: &'static str,
        /// The error, which names its own causes.
        error: Box<sqlx::Error>,
    },
    /// The engine's own tables could not be made or used.
    #[error("queue at {place}: cannot {what}: {error}")]
    Engine {
        /// Host and database, without a password.
        place: String,
        /// What was to be done.
        what: &'static str,
        /// The error, which names its own causes.
        error: Box<apalis_postgres::Error>,
    },
    /// The tables are missing, and this role may not create them.
    #[error(
        "queue at {place}: found no tables; the owner of the database must run `redact queue \
         migrate`"
    )]
    NoSchema {
        /// Host and database.
        place: String,
    },
    /// The tables belong to an earlier version.
    #[error(
        "queue at {place}: found schema version {found}; this program needs {needed}: when no \
         program of the earlier version works with it anymore, the owner of the database must run \
         `redact queue migrate`"
    )]
    OlderSchema {
        /// Host and database.
        place: String,
        /// The version found.
        found: i32,
        /// This program's version.
        needed: i32,
    },
    /// The tables belong to a later version.
    #[error(
        "queue at {place}: found schema version {found}; this program supports up to {known}: a \
         newer version of the program is needed"
    )]
    NewerSchema {
        /// Host and database.
        place: String,
        /// The version found.
        found: i32,
        /// The newest version that this program supports.
        known: i32,
    },
    /// No job has this number.
    #[error("there is no job {0} in the queue")]
    NoJob(JobId),
    /// A role's name that cannot be one.
    #[error("invalid role name {0:?}: expected 1 to 63 characters without control characters")]
    BadRole(String),
    /// A job that cannot be submitted.
    #[error("invalid job: {0}")]
    BadJob(String),
    /// A chunk failed in every attempt that it gets.
    #[error("job {job}, chunk {index}: failed {attempts} times and needs a person: {failure}")]
    NeedsPerson {
        /// The job.
        job: JobId,
        /// The chunk, from 0.
        index: u32,
        /// How often it was tried.
        attempts: u32,
        /// What the last attempt said.
        failure: String,
    },
    /// A person cancelled the job.
    #[error("job {0} was cancelled")]
    Cancelled(JobId),
    /// The caller of a waiting function asked it to stop.
    #[error("cancelled")]
    Interrupted,
    /// A file could not be stored or fetched.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Errors of the store and its files. Every message names the file or the object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The name of a store is invalid.
    #[error("invalid store {given:?}: {why}; expected a folder or s3://BUCKET/PREFIX")]
    BadAddress {
        /// What was given.
        given: String,
        /// What is wrong with it.
        why: String,
    },
    /// An object that should be there is not.
    #[error("object {object} is not in the store {store}")]
    Missing {
        /// The digest that names it.
        object: Digest,
        /// The store.
        store: String,
    },
    /// The content of an object does not match its name.
    #[error(
        "object {object} in the store {store} is damaged: found SHA-256 {found} ({bytes} bytes); \
         expected the SHA-256 in its name"
    )]
    Damaged {
        /// The digest that names it.
        object: Digest,
        /// The store.
        store: String,
        /// Its length.
        bytes: u64,
        /// The digest of its bytes.
        found: Digest,
    },
    /// A file is not the one that is needed.
    #[error("{}: its SHA-256 is {found}, expected {expected}", .path.display())]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// The digest that is needed.
        expected: Digest,
        /// The digest of its bytes.
        found: Digest,
    },
    /// An operation on a file failed.
    #[error("{}: cannot {what}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was to be done.
        what: &'static str,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// The object store returned an error.
    #[error("object {object} in the store {store}: cannot {what}")]
    Remote {
        /// The object.
        object: Digest,
        /// The store.
        store: String,
        /// What was to be done.
        what: &'static str,
        /// Its answer.
        #[source]
        source: Box<object_store::Error>,
    },
    /// The object store cannot be used as configured.
    #[error("store {store}: invalid configuration")]
    Config {
        /// The store.
        store: String,
        /// What is wrong.
        #[source]
        source: Box<object_store::Error>,
    },
}

impl StoreError {
    /// Whether a disk is full: waiting or another machine may help.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(
                source.kind(),
                std::io::ErrorKind::StorageFull
                    | std::io::ErrorKind::QuotaExceeded
                    | std::io::ErrorKind::FileTooLarge
            ),
            _ => false,
        }
    }

    /// The object that is missing or damaged, if that is the error.
    #[must_use]
    pub fn lost_object(&self) -> Option<Digest> {
        match self {
            Self::Missing { object, .. } | Self::Damaged { object, .. } => Some(*object),
            _ => None,
        }
    }
}

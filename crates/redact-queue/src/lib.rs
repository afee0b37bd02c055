//! Work that is shared among machines: the queue in PostgreSQL, and the store of its files.
//!
//! A [`Job`] is one chunk plan; each of its chunks is done once, by any worker of the job's
//! [`PoolKey`]. This crate does not read plans: plans, recordings and outputs are files with a
//! digest. A submitter uses [`Client`], a worker [`run_worker`] with a [`ChunkRunner`] that
//! does one chunk; both need a [`Database`] and a [`Store`].
//!
//! No decision here depends on this machine's clock: leases follow the database's.

mod clean;
mod client;
mod database;
mod engine;
mod error;
mod files;
mod grant;
mod job;
mod job_id;
mod listing;
mod pool;
mod schema;
mod store;
mod wait;
mod worker;

pub use clean::Cleaned;
pub use client::Client;
pub use database::{Access, Database};
pub use error::{QueueError, StoreError};
pub use files::{VerifiedFiles, digest_bytes, digest_file};
pub use grant::{grant_sql, grant_worker};
pub use job::{ChunkOutput, Job, JobKind, JobState, SourceFile};
pub use job_id::JobId;
pub use listing::{Alarm, ChunkRow, JobRow, WorkerRow};
pub use pool::{OtherPool, PoolChoice, PoolKey};
pub use schema::SCHEMA_VERSION;
pub use store::{FolderStore, S3Options, S3Store, Store};
pub use wait::{WaitProgress, Waiter};
pub use worker::{
    Cancel, ChunkOutcome, ChunkReport, ChunkRunner, ChunkTask, RunFailure, RunOutput,
    WorkerOptions, run_worker,
};

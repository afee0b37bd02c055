//! The engine that carries messages to workers, behind five calls.
//!
//! A message says only that a chunk may be waiting. The engine delivers it at least once, to
//! workers of its pool, and again when its worker dies; everything else is decided by the tables of
//! `redact`, in the same transaction. Messages that are delivered twice, late, endlessly or never
//! therefore do no harm.

mod apalis;

use std::future::Future;
use std::time::Duration;

use sqlx::PgConnection;

use crate::database::CallError;

pub(crate) use apalis::Apalis;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Notice {
    /// The job's number.
    pub job: i64,
    /// The chunk, from 0.
    pub index: i32,
    /// Numbers the messages about one chunk, so that none is sent twice.
    pub dispatch: i32,
}

/// A message that a worker has.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// What it is about; `None` if it cannot be read.
    pub notice: Option<Notice>,
    /// The engine's name for it.
    pub token: String,
}

/// What is asked of an engine. Everything happens in the caller's transaction.
pub(crate) trait Engine {
    /// Sends messages to a pool.
    fn push(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        notices: &[Notice],
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Takes the next message for a worker of that pool.
    fn take(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        worker: &str,
    ) -> impl Future<Output = Result<Option<Taken>, CallError>> + Send;

    /// Settles a message: it needs no further work.
    fn settle(
        &self,
        connection: &mut PgConnection,
        worker: &str,
        taken: &Taken,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Returns a message to its pool.
    fn put_back(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        worker: &str,
        taken: &Taken,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Sends a worker's heartbeat, including its first, and returns the messages of workers in its
    /// pool that sent none for `dead_for` to the pool.
    fn beat(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        worker: &str,
        dead_for: Duration,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}

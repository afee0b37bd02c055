//! The engine that carries messages to workers, behind five calls.
//!
//! A message says only that a chunk may be waiting. The engine delivers it at least once, to
//! workers of its pool, and again when its worker dies; everything else is decided by the tables of
//! `redact`, in the same transaction. That makes harmless what engines do wrong: messages that come
//! twice, late, for ever, or never.

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

    /// A message is settled: nothing is to be done about it any more.
    fn settle(
        &self,
        connection: &mut PgConnection,
        worker: &str,
        taken: &Taken,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// A message goes back to its pool.
    fn put_back(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        worker: &str,
        taken: &Taken,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Says that a worker is alive, the first time too, and puts back the messages of workers of
    /// its pool that did not say so for as long as `dead_for`.
    fn beat(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        worker: &str,
        dead_for: Duration,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}

//! The engine apalis, through the queries of `apalis-postgres`.
//!
//! Not through its worker, whose calls have transactions of their own and whose acknowledgements
//! are lost when the database goes away.

use std::time::Duration;

use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::status::Status;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use apalis_postgres::{Config, Error, PgTask, queries};
use sqlx::PgConnection;

use super::{Engine, Notice, Taken};
use crate::database::CallError;

/// Messages that one statement sends.
const PUSH_AT_ONCE: usize = 1000;

/// Sends and takes messages through the tables of `apalis`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Apalis;

impl Engine for Apalis {
    async fn push(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        notices: &[Notice],
    ) -> Result<(), CallError> {
        for notices in notices.chunks(PUSH_AT_ONCE) {
            let tasks = notices.iter().map(task).collect::<Result<Vec<_>, _>>()?;
            queries::push_tasks(connection, pool, tasks).await?;
        }
        Ok(())
    }

    async fn take(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        worker: &str,
    ) -> Result<Option<Taken>, CallError> {
        let config = Config::default().queue(pool).batch_size(1);
        let context = WorkerContext::new(worker);
        let tasks = queries::fetch_next(connection, &config, &context).await?;
        Ok(tasks.into_iter().next().map(|task| Taken {
            token: task.task_id().map(ToString::to_string).unwrap_or_default(),
            notice: serde_json::from_slice(&task.args).ok(),
        }))
    }

    async fn settle(
        &self,
        connection: &mut PgConnection,
        worker: &str,
        taken: &Taken,
    ) -> Result<(), CallError> {
        let task_id = taken.token.parse::<TaskId>().map_err(Error::TaskIdError)?;
        let result = queries::ResultPayload {
            task_id,
            attempt: 1,
            status: Status::Done,
            result: Ok(serde_json::Value::Null),
        };
        // No row: the engine gave the message to another worker, who will find the chunk done.
        queries::handle_results(connection, &[&result], worker).await?;
        Ok(())
    }

    async fn put_back(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        worker: &str,
        taken: &Taken,
    ) -> Result<(), CallError> {
        let tokens = [taken.token.clone()];
        queries::reenqueue_abandoned(connection, pool, worker, &tokens).await?;
        Ok(())
    }

    async fn beat(
        &self,
        connection: &mut PgConnection,
        pool: &str,
        worker: &str,
        dead_for: Duration,
    ) -> Result<(), CallError> {
        let context = WorkerContext::new(worker);
        match queries::keep_alive(connection, pool, &context).await {
            Err(Error::WorkerOutOfSync) => {
                // The time given here is this machine's, so that the database's follows at once.
                queries::register_worker(connection, pool, &context, &0.into(), "redact").await?;
                queries::keep_alive(connection, pool, &context).await?;
            }
            other => other?,
        }
        let dead_for = dead_for.as_secs().max(1);
        queries::reenqueue_orphaned(connection, pool, dead_for).await?;
        Ok(())
    }
}

/// A message. apalis takes those with the earliest time first and none that is in the future, by
/// the clock of the machine that sends it: so the time is the job's number, and no clock matters.
fn task(notice: &Notice) -> Result<PgTask, Error> {
    let bytes = serde_json::to_vec(notice).map_err(Error::JsonError)?;
    let order = u64::try_from(notice.job).unwrap_or_default();
    let key = format!("{}/{}/{}", notice.job, notice.index, notice.dispatch);
    let task = TaskBuilder::new(bytes).run_at_timestamp(order);
    Ok(task.idempotency_key(key).build())
}

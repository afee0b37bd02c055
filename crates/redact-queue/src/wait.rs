//! Waiting for a job, with the time left over all workers.

use std::time::Duration;

use sqlx::FromRow;

use crate::database::Database;
use crate::error::QueueError;
use crate::job::JobState;
use crate::job_id::JobId;
use crate::worker::sweep;

/// How often the state is read.
const EVERY: Duration = Duration::from_millis(500);

/// The progress of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitProgress {
    /// Chunks of the job.
    pub chunks: u32,
    /// Chunks with an output.
    pub done: u32,
    /// Chunks that workers have.
    pub running: u32,
    /// Attempts that failed so far, of chunks that are not done.
    pub failed: u32,
    /// Live workers of the job's pool; with none, the job waits.
    pub workers: u32,
    /// Chunks of earlier jobs that the same workers do first.
    pub ahead: u32,
    /// Seconds left, estimated from the chunks done so far; `None` before the first is done.
    pub seconds_left: Option<f64>,
}

#[derive(FromRow)]
struct StateRow {
    state: String,
    pool: String,
    chunks: i32,
    done: i64,
    running: i64,
    failed: i64,
    workers: i64,
    slots: i64,
    ahead: i64,
    chunk_seconds: Option<f64>,
}

const STATE: &str = "SELECT j.state, j.pool, j.chunks,
    (SELECT count(*) FROM redact.chunk c WHERE c.job = j.id AND c.state = 'done') AS done,
    (SELECT count(*) FROM redact.chunk c WHERE c.job = j.id AND c.state = 'running') AS running,
    (SELECT coalesce(sum(c.attempts - CASE WHEN c.state = 'running' THEN 1 ELSE 0 END), 0)
        FROM redact.chunk c WHERE c.job = j.id AND c.state <> 'done') AS failed,
    (SELECT count(*) FROM redact.worker w WHERE w.pool = j.pool
        AND redact.is_live(w)) AS workers,
    (SELECT coalesce(sum(w.slots), 0) FROM redact.worker w WHERE w.pool = j.pool
        AND redact.is_live(w)) AS slots,
    (SELECT count(*) FROM redact.chunk c JOIN redact.job e ON e.id = c.job
        WHERE c.state IN ('queued', 'running') AND e.pool = j.pool AND e.id < j.id) AS ahead,
    (SELECT avg(extract(epoch FROM c.ended - c.started))::float8 FROM redact.chunk c
        WHERE c.job = j.id AND c.state = 'done') AS chunk_seconds
    FROM redact.job j WHERE j.id = $1";

const FAILED: &str = "SELECT index, attempts, coalesce(failure, '') FROM redact.chunk
    WHERE job = $1 AND state = 'needs_person' ORDER BY index LIMIT 1";

/// Follows one job.
#[derive(Debug)]
pub struct Waiter {
    database: Database,
    job: JobId,
    is_first: bool,
}

impl Waiter {
    /// Follows that job.
    #[must_use]
    pub const fn new(database: Database, job: JobId) -> Self {
        Self {
            database,
            job,
            is_first: true,
        }
    }

    /// The progress of the job, after half a second; `None` once it is done. Leases of dead workers
    /// end here, too, so that a job whose workers all died is not forgotten.
    ///
    /// # Errors
    /// [`QueueError::NeedsPerson`], [`QueueError::Cancelled`], [`QueueError::NoJob`], and what the
    /// queue refuses. If the database cannot be reached, this waits.
    pub async fn next(&mut self) -> Result<Option<WaitProgress>, QueueError> {
        if !self.is_first {
            tokio::time::sleep(EVERY).await;
        }
        self.is_first = false;
        let ask = || async {
            let row: Option<StateRow> = sqlx::query_as(STATE)
                .bind(self.job.0)
                .fetch_optional(self.database.pool())
                .await?;
            if let Some(row) = &row {
                sweep(&self.database, &row.pool).await?;
            }
            Ok(row)
        };
        let row = self.database.retry("follow a job", || false, ask).await?;
        let row = row.ok_or(QueueError::NoJob(self.job))?;
        match JobState::from_name(&row.state) {
            Some(JobState::Done) => Ok(None),
            Some(JobState::Cancelled) => Err(QueueError::Cancelled(self.job)),
            Some(JobState::NeedsPerson) => Err(self.failure().await?),
            Some(JobState::Running) | None => Ok(Some(row.progress())),
        }
    }

    async fn failure(&self) -> Result<QueueError, QueueError> {
        let ask = || async {
            let row: Option<(i32, i32, String)> = sqlx::query_as(FAILED)
                .bind(self.job.0)
                .fetch_optional(self.database.pool())
                .await?;
            Ok(row)
        };
        let row = self.database.retry("read a failure", || false, ask).await?;
        let (index, attempts, failure) = row.unwrap_or_default();
        Ok(QueueError::NeedsPerson {
            job: self.job,
            index: u32::try_from(index).unwrap_or_default(),
            attempts: u32::try_from(attempts).unwrap_or_default(),
            failure,
        })
    }
}

impl StateRow {
    fn progress(self) -> WaitProgress {
        let count = |number: i64| u32::try_from(number).unwrap_or_default();
        let chunks = u32::try_from(self.chunks).unwrap_or_default();
        let (done, running) = (count(self.done), count(self.running));
        let (ahead, slots) = (count(self.ahead), count(self.slots));
        let seconds_left = self.chunk_seconds.filter(|_| slots > 0).map(|seconds| {
            let waiting = chunks.saturating_sub(done + running) + ahead;
            // Running chunks are half done, on average.
            seconds * (f64::from(waiting) + 0.5 * f64::from(running)) / f64::from(slots)
        });
        WaitProgress {
            chunks,
            done,
            running,
            failed: count(self.failed),
            workers: count(self.workers),
            ahead,
            seconds_left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StateRow;

    fn row(slots: i64, chunk_seconds: Option<f64>) -> StateRow {
        StateRow {
            state: "running".to_owned(),
            pool: String::new(),
            chunks: 10,
            done: 4,
            running: 2,
            failed: 1,
            workers: 1,
            slots,
            ahead: 3,
            chunk_seconds,
        }
    }

    /// Goal: the time left counts all workers, and what they do first. Controls: without a worker,
    /// or before anything is done, there is none.
    #[test]
    fn the_time_left_is_over_all_workers() {
        // 4 of this job wait, 3 are ahead, 2 are half done: 8 chunks of 6 s.
        assert_eq!(row(1, Some(6.0)).progress().seconds_left, Some(48.0));
        assert_eq!(row(4, Some(6.0)).progress().seconds_left, Some(12.0));
        assert_eq!(row(0, Some(6.0)).progress().seconds_left, None);
        assert_eq!(row(4, None).progress().seconds_left, None);
    }
}

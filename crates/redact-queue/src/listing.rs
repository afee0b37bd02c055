//! Lists of jobs, chunks, workers and alarms, for display.

use redact_core::Digest;
use serde::Serialize;
use sqlx::FromRow;

use crate::client;
use crate::database::Database;
use crate::error::QueueError;
use crate::job_id::JobId;

/// A job with its counts. Times are in UTC, as RFC 3339.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct JobRow {
    /// Its number.
    #[sqlx(rename = "id")]
    pub job: i64,
    /// `scan` or `render`.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// `running`, `done`, `needs_person` or `cancelled`.
    pub state: String,
    /// Who submitted it.
    pub submitter: String,
    /// When.
    pub submitted: String,
    /// When it ended.
    pub ended: Option<String>,
    /// The pool's number.
    pub pool: String,
    /// Its chunks.
    pub chunks: i32,
    /// Chunks with an output.
    pub done: i64,
    /// Chunks that workers have.
    pub running: i64,
    /// Chunks that wait for a worker.
    pub queued: i64,
    /// Chunks that need a person.
    pub needs_person: i64,
    /// Alarms: two outputs of one scan chunk.
    pub alarms: i64,
    /// Live workers of its pool.
    pub workers: i64,
}

/// A chunk.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct ChunkRow {
    /// Its number in its job, from 0.
    pub index: i32,
    /// `queued`, `running`, `done`, `needs_person` or `cancelled`.
    pub state: String,
    /// Attempts so far.
    pub attempts: i32,
    /// The worker that has it, or had it last.
    pub worker: Option<String>,
    /// How long it took, or runs, in seconds.
    pub seconds: Option<f64>,
    /// Its output.
    pub output_sha256: Option<String>,
    /// The output's length.
    pub bytes: Option<i64>,
    /// What the last attempt failed with.
    pub failure: Option<String>,
}

/// A worker.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct WorkerRow {
    /// Its name.
    pub name: String,
    /// Its machine.
    pub host: String,
    /// `live`, `silent` or `stopped`.
    pub state: String,
    /// The pool's number.
    pub pool: String,
    /// The program's version.
    pub version: String,
    /// The set of models.
    pub models: String,
    /// The processor's features.
    pub cpu: String,
    /// Chunks that it does at a time.
    pub slots: i32,
    /// Chunks that it has.
    pub running: i64,
    /// Chunks that it did.
    pub done: i64,
    /// The public key that it signs segments with.
    pub segment_key: Option<String>,
    /// When it started.
    pub started: String,
    /// Seconds since its last heartbeat.
    pub silent_seconds: f64,
}

/// Two outputs of one scan chunk, from machines that should give the same bytes.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct Alarm {
    /// The chunk, from 0.
    pub index: i32,
    /// The output that counts.
    pub committed: String,
    /// The other.
    pub other: String,
    /// Whose the other is.
    pub worker: String,
    /// When.
    pub raised: String,
}

const JOBS: &str = r#"SELECT j.id, j.kind, j.label, j.state, j.submitter, j.pool, j.chunks,
    to_char(j.submitted AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS submitted,
    to_char(j.ended AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended,
    count(*) FILTER (WHERE c.state = 'done') AS done,
    count(*) FILTER (WHERE c.state = 'running') AS running,
    count(*) FILTER (WHERE c.state = 'queued') AS queued,
    count(*) FILTER (WHERE c.state = 'needs_person') AS needs_person,
    (SELECT count(*) FROM redact.alarm a WHERE a.job = j.id) AS alarms,
    (SELECT count(*) FROM redact.worker w WHERE w.pool = j.pool
        AND redact.is_live(w)) AS workers
    FROM redact.job j JOIN redact.chunk c ON c.job = j.id
    WHERE j.id = $1 OR ($1 IS NULL AND ($2 OR j.ended IS NULL
        OR j.ended > now() - interval '1 day'))
    GROUP BY j.id ORDER BY j.id"#;

const CHUNKS: &str = "SELECT c.index, c.state, c.attempts, w.name AS worker,
    extract(epoch FROM coalesce(c.ended, now()) - c.started)::float8 AS seconds,
    c.output_sha256, c.bytes, c.failure
    FROM redact.chunk c LEFT JOIN redact.worker w ON w.id = c.worker
    WHERE c.job = $1 ORDER BY c.index";

const WORKERS: &str = r#"SELECT w.name, w.host, w.pool, p.version, p.models, p.cpu, w.slots,
    w.segment_key,
    CASE WHEN w.stopped IS NOT NULL THEN 'stopped'
        WHEN redact.is_live(w) THEN 'live' ELSE 'silent' END AS state,
    (SELECT count(*) FROM redact.chunk c WHERE c.worker = w.id AND c.state = 'running') AS running,
    (SELECT count(*) FROM redact.chunk c WHERE c.worker = w.id AND c.state = 'done') AS done,
    to_char(w.started AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started,
    extract(epoch FROM now() - w.seen)::float8 AS silent_seconds
    FROM redact.worker w JOIN redact.pool p ON p.id = w.pool
    WHERE $1 OR (w.stopped IS NULL AND w.seen > now() - interval '1 day')
    ORDER BY w.started, w.id"#;

const ALARMS: &str = r#"SELECT a.index, a.committed, a.other, w.name AS worker,
    to_char(a.raised AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS raised
    FROM redact.alarm a JOIN redact.worker w ON w.id = a.worker
    WHERE a.job = $1 ORDER BY a.id"#;

impl Database {
    /// Jobs in order: those that are not over, and those of the last day; or `all`.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn jobs(&self, all: bool) -> Result<Vec<JobRow>, QueueError> {
        let rows = sqlx::query_as(JOBS).bind(None::<i64>).bind(all);
        let rows = async { Ok(rows.fetch_all(self.pool()).await?) };
        self.once("list jobs", rows).await
    }

    /// One job.
    ///
    /// # Errors
    /// [`QueueError::NoJob`], [`QueueError::Database`].
    pub async fn job(&self, id: JobId) -> Result<JobRow, QueueError> {
        let row = sqlx::query_as(JOBS).bind(Some(id.0)).bind(false);
        let row = async { Ok(row.fetch_optional(self.pool()).await?) };
        let row = self.once("read a job", row).await?;
        row.ok_or(QueueError::NoJob(id))
    }

    /// The chunks of a job, in order.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn chunks(&self, id: JobId) -> Result<Vec<ChunkRow>, QueueError> {
        let rows = sqlx::query_as(CHUNKS).bind(id.0);
        let rows = async { Ok(rows.fetch_all(self.pool()).await?) };
        self.once("list chunks", rows).await
    }

    /// Workers that were heard of in the last day; or `all`, also those that stopped.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn workers(&self, all: bool) -> Result<Vec<WorkerRow>, QueueError> {
        let rows = sqlx::query_as(WORKERS).bind(all);
        let rows = async { Ok(rows.fetch_all(self.pool()).await?) };
        self.once("list workers", rows).await
    }

    /// The alarms of a job.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn alarms(&self, id: JobId) -> Result<Vec<Alarm>, QueueError> {
        let rows = sqlx::query_as(ALARMS).bind(id.0);
        let rows = async { Ok(rows.fetch_all(self.pool()).await?) };
        self.once("list alarms", rows).await
    }

    /// Cancels a job: waiting chunks are not started, and running chunks are stopped.
    ///
    /// # Errors
    /// [`QueueError::NoJob`], [`QueueError::Database`].
    pub async fn cancel(&self, id: JobId) -> Result<(), QueueError> {
        client::cancel(self, id).await
    }

    /// Has the chunks of a job that needs a person, or was cancelled, done again; returns how many.
    ///
    /// # Errors
    /// [`QueueError::NoJob`], [`QueueError::Database`].
    pub async fn retry_job(&self, id: JobId) -> Result<u32, QueueError> {
        client::retry(self, id).await
    }

    /// The public keys that live workers of a pool sign segments with.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn segment_keys(&self, pool: Digest) -> Result<Vec<String>, QueueError> {
        const KEYS: &str = "SELECT DISTINCT segment_key FROM redact.worker
            WHERE pool = $1 AND segment_key IS NOT NULL ORDER BY 1";
        let rows = sqlx::query_scalar(KEYS).bind(pool.to_string());
        let rows = async { Ok(rows.fetch_all(self.pool()).await?) };
        self.once("list segment keys", rows).await
    }
}

//! A worker's calls to the queue: each is one transaction.

use std::path::PathBuf;
use std::time::Duration;

use redact_core::Digest;
use sqlx::{FromRow, PgConnection};

use super::types::WorkerOptions;
use crate::database::{CallError, Database};
use crate::engine::{Apalis, Engine as _, Notice, Taken};
use crate::error::QueueError;
use crate::job::{JobKind, SourceFile};
use crate::job_id::JobId;

/// Messages that are settled in one call because nothing is to be done about them.
const SETTLED_AT_ONCE: u32 = 32;
/// Chunks for which a message is sent again in one call.
const REPAIRED_AT_ONCE: i32 = 1000;

/// One worker's row, and its connection to the queue.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    database: Database,
    worker: String,
    pool: String,
    lease: Duration,
}

/// One attempt at one chunk.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) job: JobId,
    pub(crate) index: u32,
    pub(crate) generation: i32,
    pub(crate) attempt: u32,
    pub(crate) kind: JobKind,
    pub(crate) label: String,
    pub(crate) plan: Digest,
    pub(crate) source: Option<SourceFile>,
    taken: Taken,
}

impl Claim {
    fn index_in_table(&self) -> i32 {
        i32::try_from(self.index).unwrap_or(i32::MAX)
    }
}

/// The answer to a request for work.
pub(crate) enum Next {
    /// A chunk to do.
    Chunk(Box<Claim>),
    /// Messages about which nothing was to be done; there may be more.
    Settled,
    /// No message, or one whose chunk must wait until this worker has nothing else to do.
    Nothing,
}

/// How an attempt that gave no output counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    /// As an attempt.
    Failed,
    /// Not at all: the worker stops.
    Stopped,
    /// Not, three times: the machine cannot work at present.
    Excused,
}

#[derive(FromRow)]
struct ClaimRow {
    outcome: String,
    generation: i32,
    attempts: i32,
    kind: Option<String>,
    label: Option<String>,
    plan: Option<String>,
    source_path: Option<String>,
    source_sha256: Option<String>,
    source_bytes: Option<i64>,
}

/// A claim as the database names it: job, chunk, generation.
pub(crate) type ClaimKey = (i64, i32, i32);

impl Session {
    /// Registers a worker.
    pub(crate) async fn register(
        database: Database,
        options: &WorkerOptions,
    ) -> Result<Self, QueueError> {
        let new_id = || async {
            let id: String = sqlx::query_scalar("SELECT gen_random_uuid()::text")
                .fetch_one(database.pool())
                .await?;
            Ok(id)
        };
        let never = || false;
        let worker = database.retry("register the worker", never, new_id).await?;
        let pool = &options.pool;
        let lease = options.lease;
        let register = || async {
            let mut transaction = database.pool().begin().await?;
            let name: String = sqlx::query_scalar(
                "SELECT redact.register($1, $2, $3, $4, $5, $6, $7, $8, make_interval(secs => $9))",
            )
            .bind(&worker)
            .bind(&options.name)
            .bind(&pool.version)
            .bind(&pool.models)
            .bind(&pool.cpu)
            .bind(&options.host)
            .bind(&options.segment_key)
            .bind(i32::try_from(options.slots).unwrap_or(i32::MAX))
            .bind(lease.as_secs_f64())
            .fetch_one(&mut *transaction)
            .await?;
            Apalis.beat(&mut transaction, &name, &worker, lease).await?;
            transaction.commit().await?;
            Ok(name)
        };
        let pool = database
            .retry("register the worker", never, register)
            .await?;
        Ok(Self {
            database,
            worker,
            pool,
            lease,
        })
    }

    /// The worker's number in the queue.
    pub(crate) fn worker(&self) -> &str {
        &self.worker
    }

    /// Asks for a chunk; waits while the database is down, until `give_up`.
    pub(crate) async fn claim(&self, give_up: impl Fn() -> bool) -> Result<Next, QueueError> {
        self.database
            .retry("ask for a chunk", give_up, || self.try_claim())
            .await
    }

    async fn try_claim(&self) -> Result<Next, CallError> {
        let mut transaction = self.database.pool().begin().await?;
        for _ in 0..SETTLED_AT_ONCE {
            let taken = Apalis
                .take(&mut transaction, &self.pool, &self.worker)
                .await?;
            let Some(taken) = taken else {
                transaction.commit().await?;
                return Ok(Next::Nothing);
            };
            let next = self.claim_of(&mut transaction, taken).await?;
            if !matches!(next, Next::Settled) {
                transaction.commit().await?;
                return Ok(next);
            }
        }
        transaction.commit().await?;
        Ok(Next::Settled)
    }

    /// The claim that a message gives. Without one, the message is settled; or put back, if its
    /// chunk, or one that this worker has, must be done alone.
    async fn claim_of(
        &self,
        connection: &mut PgConnection,
        taken: Taken,
    ) -> Result<Next, CallError> {
        if let Some(notice) = taken.notice {
            let row: ClaimRow = sqlx::query_as("SELECT * FROM redact.claim($1, $2, $3)")
                .bind(&self.worker)
                .bind(notice.job)
                .bind(notice.index)
                .fetch_one(&mut *connection)
                .await?;
            if row.outcome == "later" {
                let (pool, worker) = (&self.pool, &self.worker);
                Apalis.put_back(connection, pool, worker, &taken).await?;
                return Ok(Next::Nothing);
            }
            if let Some(claim) = row.claim(notice, &taken) {
                return Ok(Next::Chunk(Box::new(claim)));
            }
        }
        Apalis.settle(connection, &self.worker, &taken).await?;
        Ok(Next::Settled)
    }

    /// Commits an output, and returns what became of it: `committed`, `superseded` or `differs`.
    pub(crate) async fn commit(
        &self,
        claim: &Claim,
        (sha256, bytes): (Digest, u64),
        give_up: impl Fn() -> bool,
    ) -> Result<String, QueueError> {
        let commit = || async {
            let mut transaction = self.database.pool().begin().await?;
            let outcome: String =
                sqlx::query_scalar("SELECT redact.commit_output($1, $2, $3, $4, $5, $6)")
                    .bind(&self.worker)
                    .bind(claim.job.0)
                    .bind(claim.index_in_table())
                    .bind(claim.generation)
                    .bind(sha256.to_string())
                    .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
                    .fetch_one(&mut *transaction)
                    .await?;
            Apalis
                .settle(&mut transaction, &self.worker, &claim.taken)
                .await?;
            transaction.commit().await?;
            Ok(outcome)
        };
        self.database.retry("commit a chunk", give_up, commit).await
    }

    /// Ends an attempt without an output, and returns the chunk's state, or `superseded`.
    pub(crate) async fn fail(
        &self,
        claim: &Claim,
        (counts, why): (Counts, &str),
        give_up: impl Fn() -> bool,
    ) -> Result<String, QueueError> {
        let how = match counts {
            Counts::Failed => "failed",
            Counts::Stopped => "stopped",
            Counts::Excused => "excused",
        };
        let fail = || async {
            let mut transaction = self.database.pool().begin().await?;
            let state: String = sqlx::query_scalar("SELECT redact.fail($1, $2, $3, $4, $5, $6)")
                .bind(&self.worker)
                .bind(claim.job.0)
                .bind(claim.index_in_table())
                .bind(claim.generation)
                .bind(how)
                .bind(why)
                .fetch_one(&mut *transaction)
                .await?;
            let taken = &claim.taken;
            if state == "queued" {
                let (pool, worker) = (&self.pool, &self.worker);
                Apalis
                    .put_back(&mut transaction, pool, worker, taken)
                    .await?;
            } else {
                Apalis.settle(&mut transaction, &self.worker, taken).await?;
            }
            transaction.commit().await?;
            Ok(state)
        };
        self.database.retry("return a chunk", give_up, fail).await
    }

    /// A claim that the worker lost: its message is settled, the chunk has another one.
    pub(crate) async fn drop_message(
        &self,
        claim: &Claim,
        give_up: impl Fn() -> bool,
    ) -> Result<(), QueueError> {
        let settle = || async {
            let mut connection = self.database.pool().acquire().await?;
            Apalis
                .settle(&mut connection, &self.worker, &claim.taken)
                .await
        };
        self.database
            .retry("settle a message", give_up, settle)
            .await
    }

    /// Renews the leases of `claims`, ends those of others that lapsed, and sends messages that got
    /// lost. Returns the claims that this worker lost.
    pub(crate) async fn beat(&self, claims: &[ClaimKey]) -> Result<Vec<ClaimKey>, QueueError> {
        let beat = async {
            let jobs: Vec<i64> = claims.iter().map(|claim| claim.0).collect();
            let indexes: Vec<i32> = claims.iter().map(|claim| claim.1).collect();
            let generations: Vec<i32> = claims.iter().map(|claim| claim.2).collect();
            let lost = sqlx::query_as("SELECT * FROM redact.beat($1, $2, $3, $4)")
                .bind(&self.worker)
                .bind(jobs)
                .bind(indexes)
                .bind(generations)
                .fetch_all(self.database.pool())
                .await?;
            let mut connection = self.database.pool().acquire().await?;
            Apalis
                .beat(&mut connection, &self.pool, &self.worker, self.lease)
                .await?;
            Ok(lost)
        };
        let lost = self.database.once("renew its leases", beat).await?;
        let swept = sweep(&self.database, &self.pool);
        self.database.once("repair messages", swept).await?;
        Ok(lost)
    }

    /// Records that the worker stopped.
    pub(crate) async fn leave(&self) -> Result<(), QueueError> {
        let leave = async {
            sqlx::query("SELECT redact.leave($1)")
                .bind(&self.worker)
                .execute(self.database.pool())
                .await?;
            Ok(())
        };
        self.database
            .once("record that the worker stopped", leave)
            .await
    }
}

/// Ends lapsed leases of a pool, and sends messages for chunks that wait without one.
pub(crate) async fn sweep(database: &Database, pool: &str) -> Result<(), CallError> {
    let mut transaction = database.pool().begin().await?;
    let lost: Vec<(i64, i32, i32)> = sqlx::query_as("SELECT * FROM redact.sweep($1, $2)")
        .bind(pool)
        .bind(REPAIRED_AT_ONCE)
        .fetch_all(&mut *transaction)
        .await?;
    let notices: Vec<Notice> = lost
        .into_iter()
        .map(|(job, index, dispatch)| Notice {
            job,
            index,
            dispatch,
        })
        .collect();
    Apalis.push(&mut transaction, pool, &notices).await?;
    transaction.commit().await?;
    Ok(())
}

impl ClaimRow {
    fn claim(self, notice: Notice, taken: &Taken) -> Option<Claim> {
        if self.outcome != "claimed" {
            return None;
        }
        let source = match (self.source_path, self.source_sha256, self.source_bytes) {
            (Some(path), Some(sha256), Some(bytes)) => Some(SourceFile {
                path: PathBuf::from(path),
                sha256: Digest::from_hex(&sha256)?,
                bytes: u64::try_from(bytes).ok()?,
            }),
            _ => None,
        };
        Some(Claim {
            job: JobId(notice.job),
            index: u32::try_from(notice.index).ok()?,
            generation: self.generation,
            attempt: u32::try_from(self.attempts).ok()?,
            kind: JobKind::from_name(&self.kind?)?,
            label: self.label.unwrap_or_default(),
            plan: Digest::from_hex(&self.plan?)?,
            source,
            taken: taken.clone(),
        })
    }
}

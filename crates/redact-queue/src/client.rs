//! The calls of submitters and administrators to the queue.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use redact_core::Digest;
use sqlx::PgConnection;

use crate::database::{CallError, Database};
use crate::engine::{Apalis, Engine as _, Notice};
use crate::error::{QueueError, StoreError};
use crate::files::{OBJECTS, digest_bytes, io};
use crate::job::{ChunkOutput, Job};
use crate::job_id::JobId;
use crate::pool::{PoolChoice, PoolKey};
use crate::store::Store;
use crate::wait::{WaitProgress, Waiter};

/// Messages of the engine that are settled are removed after this many days.
const SETTLED_DAYS: i32 = 7;
/// How often outputs that the store lost are made again before that is an error.
const REDONE_MAX: u32 = 2;

/// Submits jobs and waits for them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    database: Database,
    store: Store,
}

impl Client {
    /// A client of that queue and that store.
    #[must_use]
    pub const fn new(database: Database, store: Store) -> Self {
        Self { database, store }
    }

    /// The queue.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Chooses the pool for jobs of a submitter: the one with most live workers of those that have
    /// its version and its models.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn choose_pool(&self, own: &PoolKey) -> Result<PoolChoice, QueueError> {
        const LIVE: &str = "SELECT p.version, p.models, p.cpu, count(*)
            FROM redact.worker w JOIN redact.pool p ON p.id = w.pool
            WHERE redact.is_live(w)
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
        let ask = || async {
            let rows: Vec<(String, String, String, i64)> =
                sqlx::query_as(LIVE).fetch_all(self.database.pool()).await?;
            Ok(rows)
        };
        let rows = self
            .database
            .retry("list its workers", || false, ask)
            .await?;
        let live = rows.into_iter().map(|(version, models, cpu, workers)| {
            let key = PoolKey {
                version,
                models,
                cpu,
            };
            (key, u32::try_from(workers).unwrap_or(u32::MAX))
        });
        Ok(PoolChoice::among(own, live.collect()))
    }

    /// Puts a file into the store and returns its digest: a recording that workers cannot open by
    /// its path.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upload(&self, file: &Path, sha256: Digest) -> Result<(), QueueError> {
        Ok(self.store.put(file, sha256).await?)
    }

    /// Submits a job, or finds the same one that was submitted before. A cancelled one continues;
    /// one that needs a person continues only after [`Client::retry`].
    ///
    /// `submitter` is who asks, for people. `scratch` is a folder for a temporary file.
    ///
    /// # Errors
    /// [`QueueError::BadJob`], and what the queue or the store refuses.
    pub async fn submit(
        &self,
        job: &Job,
        submitter: &str,
        scratch: &Path,
    ) -> Result<JobId, QueueError> {
        job.check()?;
        let plan = digest_bytes(&job.plan);
        let file = scratch.join(format!("{plan}.plan"));
        std::fs::write(&file, &job.plan).map_err(io(&file, "write it"))?;
        let put = self.store.put(&file, plan).await;
        std::fs::remove_file(&file).ok();
        put?;
        let submit = || self.try_submit(job, plan, submitter);
        self.database.retry("submit a job", || false, submit).await
    }

    async fn try_submit(
        &self,
        job: &Job,
        plan: Digest,
        submitter: &str,
    ) -> Result<JobId, CallError> {
        const INSERT: &str = "INSERT INTO redact.job (key, kind, label, plan, source_path,
                source_sha256, source_bytes, pool, chunks, submitter)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (key) DO NOTHING RETURNING id";
        let mut transaction = self.database.pool().begin().await?;
        let pool: String = sqlx::query_scalar("SELECT redact.add_pool($1, $2, $3)")
            .bind(&job.pool.version)
            .bind(&job.pool.models)
            .bind(&job.pool.cpu)
            .fetch_one(&mut *transaction)
            .await?;
        let source = job.source.as_ref();
        let chunks = i32::try_from(job.chunks).unwrap_or(i32::MAX);
        let id: Option<i64> = sqlx::query_scalar(INSERT)
            .bind(job.key().to_string())
            .bind(job.kind.name())
            .bind(&job.label)
            .bind(plan.to_string())
            .bind(source.map(|source| source.path.to_string_lossy().into_owned()))
            .bind(source.map(|source| source.sha256.to_string()))
            .bind(source.map(|source| i64::try_from(source.bytes).unwrap_or(i64::MAX)))
            .bind(&pool)
            .bind(chunks)
            .bind(submitter)
            .fetch_optional(&mut *transaction)
            .await?;
        let id = match id {
            Some(id) => {
                insert_chunks(&mut transaction, id, &pool, chunks).await?;
                id
            }
            None => {
                let (id, state): (i64, String) =
                    sqlx::query_as("SELECT id, state FROM redact.job WHERE key = $1 FOR UPDATE")
                        .bind(job.key().to_string())
                        .fetch_one(&mut *transaction)
                        .await?;
                if state == "cancelled" {
                    reopen(&mut transaction, id).await?;
                }
                id
            }
        };
        transaction.commit().await?;
        Ok(JobId(id))
    }

    /// Submits a job, waits until it is done, and returns its outputs, in order. `progress` is
    /// called about twice a second; `Break` ends the waiting, not the job.
    ///
    /// # Errors
    /// As [`Client::submit`] and [`Waiter::next`]; [`QueueError::Interrupted`] after `Break`.
    pub async fn do_job(
        &self,
        job: &Job,
        (submitter, scratch): (&str, &Path),
        mut progress: impl FnMut(JobId, &WaitProgress) -> ControlFlow<()>,
    ) -> Result<(JobId, Vec<ChunkOutput>), QueueError> {
        let id = self.submit(job, submitter, scratch).await?;
        let outputs = self.wait(id, &mut progress).await?;
        Ok((id, outputs))
    }

    async fn wait(
        &self,
        id: JobId,
        progress: &mut impl FnMut(JobId, &WaitProgress) -> ControlFlow<()>,
    ) -> Result<Vec<ChunkOutput>, QueueError> {
        let mut waiter = Waiter::new(self.database.clone(), id);
        while let Some(state) = waiter.next().await? {
            if progress(id, &state).is_break() {
                return Err(QueueError::Interrupted);
            }
        }
        self.outputs(id).await
    }

    /// Does a job as [`Client::do_job`], and fetches its outputs to `FOLDER/objects/SHA256`. An
    /// output that the store lost or damaged is made again, twice at most.
    ///
    /// # Errors
    /// As [`Client::do_job`], and what fetching fails with.
    pub async fn collect(
        &self,
        job: &Job,
        (submitter, folder): (&str, &Path),
        mut progress: impl FnMut(JobId, &WaitProgress) -> ControlFlow<()>,
    ) -> Result<(JobId, Vec<ChunkOutput>), QueueError> {
        let objects = folder.join(OBJECTS);
        std::fs::create_dir_all(&objects).map_err(io(&objects, "make the folder"))?;
        let mut id = self.submit(job, submitter, folder).await?;
        let (mut rounds, mut is_again) = (0, false);
        loop {
            let outputs = match self.wait(id, &mut progress).await {
                // It had ended long ago, and was removed as such since it was found.
                Err(QueueError::NoJob(_)) if !is_again => {
                    is_again = true;
                    id = self.submit(job, submitter, folder).await?;
                    continue;
                }
                outputs => outputs?,
            };
            let lost = self.fetch_all(&outputs, &objects).await?;
            let indexes: Vec<u32> = lost.iter().map(|(index, _)| *index).collect();
            match lost.into_iter().next() {
                None => return Ok((id, outputs)),
                Some((_, error)) if rounds == REDONE_MAX => return Err(error.into()),
                Some((_, error)) => {
                    tracing::warn!("{error}; {} chunks will be done again", indexes.len());
                }
            }
            for index in indexes {
                self.redo(id, index).await?;
            }
            rounds += 1;
        }
    }

    /// Fetches what is not there yet; gives the outputs that the store lost.
    async fn fetch_all(
        &self,
        outputs: &[ChunkOutput],
        objects: &Path,
    ) -> Result<Vec<(u32, StoreError)>, StoreError> {
        let mut lost = Vec::new();
        for output in outputs {
            let file = objects.join(output.sha256.to_string());
            let is_there =
                matches!(crate::digest_file(&file), Ok((found, _)) if found == output.sha256);
            if is_there {
                continue;
            }
            std::fs::remove_file(&file).ok();
            match self.store.get(output.sha256, &file).await {
                Ok(()) => {}
                Err(error) if error.lost_object().is_some() => lost.push((output.index, error)),
                Err(error) => return Err(error),
            }
        }
        Ok(lost)
    }

    /// The committed outputs of a job, by chunk.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn outputs(&self, id: JobId) -> Result<Vec<ChunkOutput>, QueueError> {
        const OUTPUTS: &str = "SELECT index, output_sha256, bytes FROM redact.chunk
            WHERE job = $1 AND state = 'done' ORDER BY index";
        let ask = || async {
            let rows: Vec<(i32, String, i64)> = sqlx::query_as(OUTPUTS)
                .bind(id.0)
                .fetch_all(self.database.pool())
                .await?;
            Ok(rows)
        };
        let rows = self.database.retry("list outputs", || false, ask).await?;
        let outputs = rows.into_iter().filter_map(|(index, sha256, bytes)| {
            Some(ChunkOutput {
                index: u32::try_from(index).ok()?,
                sha256: Digest::from_hex(&sha256)?,
                bytes: u64::try_from(bytes).ok()?,
            })
        });
        Ok(outputs.collect())
    }

    /// Where a job's plan is put, for people who look at it.
    ///
    /// # Errors
    /// What the store refuses.
    pub async fn fetch(&self, object: Digest, file: PathBuf) -> Result<(), QueueError> {
        Ok(self.store.get(object, &file).await?)
    }

    /// Cancels a job: waiting chunks are not started, and running chunks are stopped.
    ///
    /// # Errors
    /// [`QueueError::NoJob`], [`QueueError::Database`].
    pub async fn cancel(&self, id: JobId) -> Result<(), QueueError> {
        cancel(&self.database, id).await
    }

    /// Has the chunks of a job that needs a person, or was cancelled, done again.
    ///
    /// # Errors
    /// [`QueueError::NoJob`], [`QueueError::Database`].
    pub async fn retry(&self, id: JobId) -> Result<u32, QueueError> {
        retry(&self.database, id).await
    }

    /// Has a chunk done again although it has an output: the store lost it.
    async fn redo(&self, id: JobId, index: u32) -> Result<(), QueueError> {
        const REDO: &str = "UPDATE redact.chunk SET state = 'cancelled', output_sha256 = NULL,
                bytes = NULL, generation = generation + 1
            WHERE job = $1 AND index = $2 AND state = 'done'";
        let index = i32::try_from(index).unwrap_or(i32::MAX);
        let redo = || async {
            let mut transaction = self.database.pool().begin().await?;
            lock(&mut transaction, id.0).await?;
            sqlx::query(REDO)
                .bind(id.0)
                .bind(index)
                .execute(&mut *transaction)
                .await?;
            reopen(&mut transaction, id.0).await?;
            transaction.commit().await?;
            Ok(())
        };
        self.database
            .retry("queue a chunk again", || false, redo)
            .await
    }
}

pub(crate) async fn cancel(database: &Database, id: JobId) -> Result<(), QueueError> {
    const CHUNKS: &str = "UPDATE redact.chunk SET state = 'cancelled', generation = generation + 1,
            deadline = NULL, ended = now()
        WHERE job = $1 AND state IN ('queued', 'running', 'needs_person')";
    const JOB: &str = "UPDATE redact.job SET state = 'cancelled', ended = now()
        WHERE id = $1 AND state IN ('running', 'needs_person')";
    let cancel = || async {
        let mut transaction = database.pool().begin().await?;
        let is_there = lock(&mut transaction, id.0).await?;
        for sql in [CHUNKS, JOB] {
            sqlx::query(sql)
                .bind(id.0)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(is_there)
    };
    match database.retry("cancel a job", || false, cancel).await? {
        true => Ok(()),
        false => Err(QueueError::NoJob(id)),
    }
}

pub(crate) async fn retry(database: &Database, id: JobId) -> Result<u32, QueueError> {
    let retry = || async {
        let mut transaction = database.pool().begin().await?;
        if !lock(&mut transaction, id.0).await? {
            return Ok(None);
        }
        let count = reopen(&mut transaction, id.0).await?;
        transaction.commit().await?;
        Ok(Some(count))
    };
    let count = database.retry("retry a job", || false, retry).await?;
    count.ok_or(QueueError::NoJob(id))
}

/// Locks a job as every function does that changes its chunks; `false` if there is none.
async fn lock(connection: &mut PgConnection, job: i64) -> Result<bool, CallError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT id FROM redact.job WHERE id = $1 FOR UPDATE")
            .bind(job)
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

async fn insert_chunks(
    connection: &mut PgConnection,
    job: i64,
    pool: &str,
    chunks: i32,
) -> Result<(), CallError> {
    const INSERT: &str = "INSERT INTO redact.chunk (job, index)
        SELECT $1, g FROM generate_series(0, $2 - 1) g";
    const TIDY: &str = "DELETE FROM apalis.jobs
        WHERE status = 'Done' AND done_at < now() - make_interval(days => $1)";
    sqlx::query(INSERT)
        .bind(job)
        .bind(chunks)
        .execute(&mut *connection)
        .await?;
    sqlx::query(TIDY)
        .bind(SETTLED_DAYS)
        .execute(&mut *connection)
        .await?;
    let notices: Vec<Notice> = (0..chunks)
        .map(|index| Notice {
            job,
            index,
            dispatch: 0,
        })
        .collect();
    Apalis.push(connection, pool, &notices).await
}

/// Queues the chunks of a locked job that were cancelled or need a person; returns their number.
async fn reopen(connection: &mut PgConnection, job: i64) -> Result<u32, CallError> {
    const CHUNKS: &str =
        "UPDATE redact.chunk SET state = 'queued', attempts = 0, excused = 0, deaths = 0,
            generation = generation + 1, dispatch = dispatch + 1, worker = NULL, started = NULL,
            ended = NULL
        WHERE job = $1 AND state IN ('needs_person', 'cancelled')
        RETURNING index, dispatch";
    const JOB: &str = "UPDATE redact.job SET
            state = CASE WHEN EXISTS (
                SELECT FROM redact.chunk WHERE job = $1 AND state <> 'done')
                THEN 'running' ELSE 'done' END,
            ended = CASE WHEN EXISTS (
                SELECT FROM redact.chunk WHERE job = $1 AND state <> 'done')
                THEN NULL ELSE ended END
        WHERE id = $1 RETURNING pool";
    let rows: Vec<(i32, i32)> = sqlx::query_as(CHUNKS)
        .bind(job)
        .fetch_all(&mut *connection)
        .await?;
    let pool: String = sqlx::query_scalar(JOB)
        .bind(job)
        .fetch_one(&mut *connection)
        .await?;
    let notices: Vec<Notice> = rows
        .into_iter()
        .map(|(index, dispatch)| Notice {
            job,
            index,
            dispatch,
        })
        .collect();
    Apalis.push(connection, &pool, &notices).await?;
    Ok(u32::try_from(notices.len()).unwrap_or(u32::MAX))
}

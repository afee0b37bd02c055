//! The queue whose workers scan and encode for the desk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use redact_core::port::BoxError;
use redact_desk::{Machine, MachineJob, MachineList, Machines};
use redact_queue::{Database, JobId, JobRow, WorkerRow};

use crate::args::{OnQueueArgs, QueueAddressArgs, QueuePlaceArgs};
use crate::queue::{block_on, database};

/// A page waits no longer for the queue.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The queue that the desk was started with.
struct Queue(QueueAddressArgs);

/// The queue, if one was given.
///
/// # Errors
/// Only in a program that was built without the queue.
pub(super) fn machines(args: &OnQueueArgs) -> Result<Option<Arc<dyn Machines>>> {
    let queue = |place: QueuePlaceArgs| Arc::new(Queue(place.address)) as Arc<dyn Machines>;
    Ok(args.place().map(queue))
}

impl Queue {
    async fn listed(&self) -> Result<MachineList, BoxError> {
        let database = database(&self.0, 1).await?;
        let mut jobs = Vec::new();
        for row in database.jobs(false).await? {
            jobs.push(job(&database, row).await?);
        }
        jobs.reverse();
        let workers = database.workers(false).await?;
        let workers = workers.into_iter().map(machine).collect();
        Ok(MachineList { jobs, workers })
    }
}

impl Machines for Queue {
    fn list(&self) -> Result<MachineList, BoxError> {
        block_on(async {
            let listed = tokio::time::timeout(WAIT_MAX, self.listed()).await;
            listed.map_err(|_| "no answer in time")?
        })?
    }
}

async fn job(database: &Database, row: JobRow) -> Result<MachineJob, BoxError> {
    let mut failure = None;
    if row.needs_person > 0 {
        let chunks = database.chunks(JobId(row.job)).await?.into_iter();
        let mut failures = chunks.filter(|chunk| chunk.state == "needs_person");
        failure = failures.find_map(|chunk| chunk.failure);
    }
    let name = Path::new(&row.label).file_name();
    let name = name.map(|name| name.to_string_lossy().into_owned());
    Ok(MachineJob {
        job: row.job,
        kind: row.kind,
        recording: name.unwrap_or(row.label),
        state: row.state,
        done: row.done,
        running: row.running,
        failed: row.needs_person,
        chunks: row.chunks.into(),
        workers: row.workers,
        failure,
    })
}

fn machine(row: WorkerRow) -> Machine {
    Machine {
        name: row.name,
        state: row.state,
        running: row.running,
        done: row.done,
        silent_seconds: row.silent_seconds,
    }
}

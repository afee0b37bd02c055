//! One slot: one chunk after another.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redact_core::error::with_causes;
use tokio::sync::watch;

use super::session::{Claim, Counts, Next};
use super::shared::{Running, Shared};
use super::types::{
    Cancel, ChunkOutcome, ChunkReport, ChunkRunner, ChunkTask, RunFailure, RunOutput,
};
use crate::error::{QueueError, StoreError};

/// How long an idle slot waits before it asks again; doubles up to [`IDLE_MAX`].
const IDLE_MIN: Duration = Duration::from_millis(50);
const IDLE_MAX: Duration = Duration::from_secs(1);
/// How often a store that does not answer is asked, with growing pauses from [`STORE_PAUSE`].
const STORE_TRIES: u32 = 6;
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Works until the worker stops.
pub(super) async fn work<R: ChunkRunner>(shared: Arc<Shared<R>>) -> Result<(), QueueError> {
    let mut idle = IDLE_MIN;
    while !shared.is_stopping() {
        let next = match shared.session.claim(|| shared.is_stopping()).await {
            Err(QueueError::Interrupted) => break,
            other => other?,
        };
        match next {
            Next::Chunk(claim) => {
                idle = IDLE_MIN;
                let is_full = attempt(&shared, &claim).await?;
                if is_full {
                    rest(&shared, shared.options.pause).await;
                }
            }
            Next::Settled => idle = IDLE_MIN,
            Next::Nothing => {
                rest(&shared, idle).await;
                idle = (idle * 2).min(IDLE_MAX);
            }
        }
    }
    Ok(())
}

/// Waits, unless the worker stops.
async fn rest<R>(shared: &Shared<R>, pause: Duration) {
    let mut stopping = shared.stopping.subscribe();
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        // The sender lives as long as `shared`.
        _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
    }
}

/// Makes one attempt, and returns whether the machine cannot work at present.
async fn attempt<R: ChunkRunner>(shared: &Shared<R>, claim: &Claim) -> Result<bool, QueueError> {
    let started = Instant::now();
    let (cancel, is_cancelled) = watch::channel(false);
    let key = (claim.job.0, index_in_table(claim), claim.generation);
    shared.running().push(Running {
        key,
        cancel,
        is_ending: false,
    });
    let done = make_output(shared, claim, Cancel(is_cancelled.clone())).await;
    shared.mark_ending(key);
    let cancelled = *is_cancelled.borrow();
    let ended = settle(shared, claim, done, cancelled).await;
    shared.running().retain(|running| running.key != key);
    let (outcome, is_full) = match ended {
        // The worker stops without the database: the lease ends by itself.
        Err(QueueError::Interrupted) => (ChunkOutcome::GivenBack, false),
        other => other?,
    };
    (shared.options.on_report)(ChunkReport {
        job: claim.job,
        index: claim.index,
        attempt: claim.attempt,
        label: claim.label.clone(),
        took: started.elapsed(),
        outcome,
    });
    Ok(is_full)
}

fn index_in_table(claim: &Claim) -> i32 {
    i32::try_from(claim.index).unwrap_or(i32::MAX)
}

/// Why there is no output.
enum NoOutput {
    Run(RunFailure),
    Store(StoreError),
}

/// Does the chunk, and puts its output into the store.
async fn make_output<R: ChunkRunner>(
    shared: &Shared<R>,
    claim: &Claim,
    mut cancel: Cancel,
) -> Result<RunOutput, NoOutput> {
    let folder = ScratchFolder::new(&shared.options.scratch, claim).map_err(NoOutput::Store)?;
    let store = &shared.store;
    let plan = patiently(|| shared.files.fetch(store, claim.plan));
    let (plan, _plan_held) = tokio::select! {
        plan = plan => plan.map_err(NoOutput::Store)?,
        () = cancel.cancelled() => return Err(no_longer_wanted()),
    };
    let mut task = ChunkTask {
        job: claim.job,
        index: claim.index,
        attempt: claim.attempt,
        kind: claim.kind,
        label: claim.label.clone(),
        plan,
        source: None,
        folder: folder.0.clone(),
    };
    let mut _source_held = None;
    if let Some(source) = &claim.source {
        let found = patiently(|| shared.files.source(store, source));
        let (path, held) = tokio::select! {
            found = found => found.map_err(NoOutput::Store)?,
            () = cancel.cancelled() => return Err(no_longer_wanted()),
        };
        _source_held = held;
        task.source = Some((path, source.sha256));
    }
    let output = shared.runner.run(task, cancel.clone()).await;
    let output = output.map_err(NoOutput::Run)?;
    let put = patiently(|| store.put(&output.file, output.sha256));
    tokio::select! {
        put = put => put.map_err(NoOutput::Store)?,
        () = cancel.cancelled() => return Err(no_longer_wanted()),
    }
    Ok(output)
}

fn no_longer_wanted() -> NoOutput {
    NoOutput::Run(RunFailure {
        message: "cancelled".to_owned(),
        is_full: false,
    })
}

/// Asks a store again while it does not answer. A full disk, a file that is missing and one that is
/// not what it should be stay so.
async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(
    ask: impl Fn() -> F,
) -> Result<T, StoreError> {
    let mut pause = STORE_PAUSE;
    for _ in 1..STORE_TRIES {
        match ask().await {
            Err(error @ (StoreError::Io { .. } | StoreError::Remote { .. }))
                if !error.is_full() =>
            {
                tracing::warn!("{}; trying again", with_causes(&error));
            }
            other => return other,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    ask().await
}

/// Commits an output, or gives the chunk back; returns the outcome, and whether the machine cannot
/// work at present.
async fn settle<R>(
    shared: &Shared<R>,
    claim: &Claim,
    done: Result<RunOutput, NoOutput>,
    is_cancelled: bool,
) -> Result<(ChunkOutcome, bool), QueueError> {
    let session = &shared.session;
    let give_up = || shared.is_over();
    let failure = match done {
        Ok(output) => {
            let sha256 = output.sha256;
            let outcome = session
                .commit(claim, (sha256, output.bytes), give_up)
                .await?;
            let outcome = match outcome.as_str() {
                "committed" => ChunkOutcome::Committed { sha256 },
                "differs" => ChunkOutcome::Differs,
                _ => ChunkOutcome::Superseded,
            };
            return Ok((outcome, false));
        }
        Err(failure) => failure,
    };
    if is_cancelled && !shared.is_stopping() {
        session.drop_message(claim, give_up).await?;
        return Ok((ChunkOutcome::Superseded, false));
    }
    let (message, counts) = match failure {
        _ if is_cancelled => ("the worker was stopped".to_owned(), Counts::Stopped),
        NoOutput::Run(failure) if failure.is_full => (failure.message, Counts::Excused),
        NoOutput::Run(failure) => (failure.message, Counts::Failed),
        NoOutput::Store(error) => {
            let is_machines = matches!(error, StoreError::Io { .. } | StoreError::Remote { .. });
            let counts = match is_machines {
                true => Counts::Excused,
                false => Counts::Failed,
            };
            (with_causes(&error), counts)
        }
    };
    let state = session.fail(claim, (counts, &message), give_up).await?;
    let outcome = match state.as_str() {
        "queued" if counts == Counts::Stopped => ChunkOutcome::GivenBack,
        "queued" => ChunkOutcome::Failed { message },
        "needs_person" => ChunkOutcome::NeedsPerson { message },
        _ => ChunkOutcome::Superseded,
    };
    Ok((outcome, counts == Counts::Excused))
}

/// The folder of one attempt; removed with everything in it.
struct ScratchFolder(PathBuf);

impl ScratchFolder {
    fn new(scratch: &Path, claim: &Claim) -> Result<Self, StoreError> {
        let name = format!("{}-{}-{}", claim.job, claim.index, claim.generation);
        let folder = scratch.join(name);
        std::fs::create_dir_all(&folder).map_err(crate::files::io(&folder, "make the folder"))?;
        Ok(Self(folder))
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("{}: cannot remove it: {error}", self.0.display());
        }
    }
}

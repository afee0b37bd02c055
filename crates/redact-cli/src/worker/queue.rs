//! `redact worker --queue`: does chunks until it is asked to stop.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use redact_queue::{ChunkOutcome, ChunkReport, WorkerOptions, run_worker};
use redact_release::installed::installed_models;

use super::child::ChildRunner;
use crate::args::{GlobalArgs, WorkerArgs};
use crate::outcome::Outcome;
use crate::queue::{block_on, database, interrupted, own_pool, store};
use crate::terminal::say;
use crate::{host, limits, paths};

/// How the names of workers' folders begin.
const RUN: &str = "run-";
/// The file in it that its worker has locked.
const LOCK: &str = "lock";

/// How long nothing is claimed after the disk was full.
const PAUSE: Duration = Duration::from_secs(30);

/// Works for a queue.
///
/// # Errors
/// When no queue is named, it refuses this worker, or the store cannot be used.
pub(super) fn work(args: &WorkerArgs, global: &GlobalArgs) -> Result<Outcome> {
    if args.place.address.queue.is_none() && !paths::has_queue() {
        bail!("nothing to do: give --plan FILE for one task, or --queue URL for chunks of a queue");
    }
    limits::write_for_owner_alone();
    let pool = own_pool(args.models.as_deref())?;
    if installed_models(&paths::models_dir(args.models.as_deref())?)?.is_empty() {
        bail!("no model is installed: run scripts/setup, or give --models DIR");
    }
    let store = store(&args.place)?;
    let folder = match &args.work.scratch {
        Some(folder) => folder.clone(),
        None => paths::worker_scratch()?,
    };
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{}: cannot make the folder", folder.display()))?;
    remove_left(&folder);
    // Of this process alone; removed at its end.
    let scratch = tempfile::Builder::new()
        .prefix(RUN)
        .tempdir_in(&folder)
        .with_context(|| format!("{}: cannot make a folder", folder.display()))?;
    let _in_use = lock(&scratch.path().join(LOCK), true)
        .with_context(|| format!("{}: cannot lock it", scratch.path().display()))?;
    let is_json = global.json;
    let options = WorkerOptions {
        name: args.work.name.clone().unwrap_or_else(host::user_at_machine),
        host: host::machine(),
        pool,
        segment_key: segment_key(),
        slots: usize::from(args.work.concurrency),
        lease: Duration::from_secs(args.work.lease),
        grace: Duration::from_secs(args.work.grace),
        pause: PAUSE,
        scratch: scratch.path().to_owned(),
        on_report: Arc::new(move |report| show(&report, is_json)),
    };
    let runner = ChildRunner::new(args.models.as_deref(), global)?;
    let connections = u32::from(args.work.concurrency) + 2;
    block_on(async {
        let database = database(&args.place.address, connections).await?;
        run_worker(database, store, runner, options, interrupted()).await?;
        Ok::<_, anyhow::Error>(())
    })??;
    Ok(Outcome::Done)
}

/// Locks a file; makes it if asked to.
fn lock(path: &Path, make: bool) -> std::io::Result<File> {
    let file = File::options().write(true).create(make).open(path)?;
    file.try_lock()?;
    Ok(file)
}

/// Removes folders of workers that were killed: copies of recordings may be in them. One that a
/// worker has locked, or is just making, stays.
fn remove_left(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_run = entry.file_name().to_string_lossy().starts_with(RUN);
        if is_run && lock(&entry.path().join(LOCK), false).is_ok() {
            // What cannot be removed is tried again by the next worker.
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// The public key that verifies this machine's segments, if it has one; shown in lists.
fn segment_key() -> Option<String> {
    let secret = paths::secret_key(redact_record::sign::Purpose::Segment).ok()?;
    let public = std::fs::read_to_string(secret.with_extension("pub")).ok()?;
    let key = public.lines().find(|line| !line.starts_with("untrusted"))?;
    Some(key.trim().to_owned())
}

fn show(report: &ChunkReport, is_json: bool) {
    let seconds = report.took.as_secs_f64();
    let (outcome, detail) = match &report.outcome {
        ChunkOutcome::Committed { sha256 } => ("committed", sha256.to_string()),
        ChunkOutcome::Superseded => ("superseded", String::new()),
        ChunkOutcome::Differs => ("differs", String::new()),
        ChunkOutcome::Failed { message } => ("failed", message.clone()),
        ChunkOutcome::NeedsPerson { message } => ("needs_person", message.clone()),
        ChunkOutcome::GivenBack => ("given_back", String::new()),
    };
    if is_json {
        let document = serde_json::json!({
            "job": report.job, "chunk": report.index, "attempt": report.attempt,
            "label": report.label, "outcome": outcome, "detail": detail, "seconds": seconds,
        });
        say(&document.to_string());
        return;
    }
    let words = match &report.outcome {
        ChunkOutcome::Committed { .. } => "done".to_owned(),
        ChunkOutcome::Superseded => {
            "discarded: another worker was faster, or the chunk was cancelled".into()
        }
        ChunkOutcome::Differs => "ALARM: the output differs from another machine's".to_owned(),
        ChunkOutcome::Failed { message } => format!("FAILED, will be tried again: {message}"),
        ChunkOutcome::NeedsPerson { message } => format!("FAILED, needs a person: {message}"),
        ChunkOutcome::GivenBack => "returned to the queue".to_owned(),
    };
    say(&format!(
        "job {}, chunk {} ({}): {words} ({seconds:.1} s)",
        report.job, report.index, report.label
    ));
}

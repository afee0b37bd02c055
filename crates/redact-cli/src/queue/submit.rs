//! Jobs of this machine that workers do: submitted, waited for, and fetched.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use redact_queue::{
    ChunkOutput, Client, Job, JobId, JobKind, PoolChoice, PoolKey, SourceFile, WaitProgress,
};
use redact_release::chunks::ChunkFolder;

use super::place::{block_on, database, interrupted, own_pool, store};
use crate::args::QueuePlaceArgs;
use crate::terminal::warn_line;
use crate::{host, progress};

/// How often the same is shown to a waiting person.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Reaches the queue for one command.
pub(crate) struct Submitter<'a> {
    place: &'a QueuePlaceArgs,
    models: Option<&'a Path>,
    quiet: bool,
}

/// One chunk plan to be done.
pub(crate) struct ChunkJob<'a> {
    /// What its chunks are.
    pub(crate) kind: JobKind,
    /// The plan's bytes.
    pub(crate) plan: &'a [u8],
    /// How many tasks it has.
    pub(crate) tasks: u32,
    /// The recording, by its absolute path.
    pub(crate) source: SourceFile,
}

impl<'a> Submitter<'a> {
    /// For the queue and the store that were given.
    ///
    /// - `models`: the folder with models, as for a scan on this machine;
    /// - `quiet`: no progress on the terminal.
    pub(crate) const fn new(
        place: &'a QueuePlaceArgs,
        models: Option<&'a Path>,
        quiet: bool,
    ) -> Self {
        Self {
            place,
            models,
            quiet,
        }
    }

    /// Has a plan's tasks done by workers, and puts their outputs into `folder`, as `redact worker
    /// --plan` would have. Ctrl-C ends the waiting; the job goes on, and the same command finds it
    /// again.
    ///
    /// # Errors
    /// When the queue or the store cannot be used, a chunk needs a person, the job was cancelled,
    /// or a person asked this command to stop.
    pub(crate) fn do_job(&self, job: &ChunkJob<'_>, folder: &Path) -> Result<JobId> {
        block_on(async {
            tokio::select! {
                done = self.run(job, folder) => done,
                () = interrupted() => Err(redact_release::ReleaseError::Cancelled.into()),
            }
        })?
    }

    async fn run(&self, job: &ChunkJob<'_>, folder: &Path) -> Result<JobId> {
        let client = Client::new(database(&self.place.address, 4).await?, store(self.place)?);
        let pool = self.wait_for_pool(&client).await?;
        if !client.store().shares(&job.source.path) {
            // Other machines may not be able to open it by its path.
            client.upload(&job.source.path, job.source.sha256).await?;
        }
        let submitted = Job {
            kind: job.kind,
            label: job.source.path.display().to_string(),
            plan: job.plan.to_vec(),
            chunks: job.tasks,
            source: Some(job.source.clone()),
            pool,
        };
        let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
        let mut shown = Shown::new(self.quiet);
        let submitter = host::user_at_machine();
        let (id, outputs) = client
            .collect(&submitted, (&submitter, scratch.path()), |id, state| {
                shown.show(id, state);
                match progress::interrupted() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            })
            .await?;
        shown.clear();
        commit_all(job, &outputs, (scratch.path(), folder))?;
        Ok(id)
    }

    /// The pool with most workers that can do this machine's jobs; waits until there is one.
    async fn wait_for_pool(&self, client: &Client) -> Result<PoolKey> {
        let own = own_pool(self.models)?;
        let mut said: Option<Instant> = None;
        loop {
            let choice = client.choose_pool(&own).await?;
            let is_due = said.is_none_or(|said| said.elapsed() >= SAY_EVERY);
            if is_due && !self.quiet {
                said = Some(Instant::now());
                say_choice(&choice);
            }
            if let Some((pool, _)) = choice.pool {
                return Ok(pool);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

fn say_choice(choice: &PoolChoice) {
    if choice.pool.is_none() {
        warn_line("waiting for a worker with this program's version and models");
    }
    for other in &choice.others {
        warn_line(&format!(
            "not used: {} workers with {}: {}",
            other.workers,
            other.key.version,
            other.reasons.join(", ")
        ));
    }
}

/// Commits fetched outputs in the folder of a chunk plan.
fn commit_all(
    job: &ChunkJob<'_>,
    outputs: &[ChunkOutput],
    (from, folder): (&Path, &Path),
) -> Result<()> {
    let plan = redact_queue::digest_bytes(job.plan);
    let folder = ChunkFolder::new(folder);
    for output in outputs {
        if folder.done(plan, output.index)?.is_some() {
            continue;
        }
        let object = from.join("objects").join(output.sha256.to_string());
        let bytes = std::fs::read(&object).with_context(|| object.display().to_string())?;
        let mut partial = folder.begin()?;
        partial.write(&bytes)?;
        folder.commit(plan, output.index, partial)?;
    }
    Ok(())
}

/// The progress of a job, on the terminal or for the process that shows it.
struct Shown {
    quiet: bool,
    bar: Option<indicatif::ProgressBar>,
    has_warned: bool,
}

impl Shown {
    const fn new(quiet: bool) -> Self {
        Self {
            quiet,
            bar: None,
            has_warned: false,
        }
    }

    fn show(&mut self, id: JobId, state: &WaitProgress) {
        let (done, chunks) = (u64::from(state.done), u64::from(state.chunks));
        progress::report("queue", done, Some(chunks));
        if self.quiet || progress::is_tethered() {
            return;
        }
        if state.workers == 0 && !self.has_warned {
            warn_line(&format!("job {id} is waiting: its pool has no live worker"));
        }
        self.has_warned = state.workers == 0;
        let bar = self.bar.get_or_insert_with(|| new_bar(chunks));
        bar.set_position(done);
        bar.set_message(message(id, state));
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn new_bar(chunks: u64) -> indicatif::ProgressBar {
    let target = indicatif::ProgressDrawTarget::stderr();
    let bar = indicatif::ProgressBar::with_draw_target(Some(chunks), target);
    // The template is a constant; should it ever be wrong, the default bar is shown.
    if let Ok(style) =
        indicatif::ProgressStyle::with_template("    queue {wide_bar} {pos}/{len} chunks {msg}")
    {
        bar.set_style(style);
    }
    bar
}

fn message(id: JobId, state: &WaitProgress) -> String {
    let mut text = format!("job {id}, {} workers", state.workers);
    if state.failed > 0 {
        text.push_str(&format!(", {} failed attempts", state.failed));
    }
    if let Some(seconds) = state.seconds_left {
        let left = Duration::from_secs_f64(seconds.clamp(0.0, 1e9)).as_secs();
        text.push_str(&format!(", {}:{:02} min left", left / 60, left % 60));
    }
    text
}

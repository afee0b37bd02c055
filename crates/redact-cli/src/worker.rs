//! `redact worker`: does a task of a chunk plan, or the chunks of a queue.

#[cfg(feature = "queue")]
mod child;
#[cfg_attr(not(feature = "queue"), path = "worker/queue_none.rs")]
mod queue;

use std::path::Path;

use anyhow::{Context as _, Result};
use redact_core::Digest;
use redact_release::chunks::render::{SegmentChunk, encode_chunk};
use redact_release::chunks::{
    ChunkFolder, ChunkPlan, ChunkWork, DoneChunk, TaskRequest, run_scan_task,
};
use redact_release::files::{check_recording, digest};
use redact_release::names::folder_of;
use redact_release::options::Profile;

use crate::args::{GlobalArgs, ModelArgs, ProfileArg, WorkerArgs, WorkerCommand};
use crate::jail::Process;
use crate::outcome::Outcome;
use crate::progress::TerminalProgress;
use crate::terminal::say;
use crate::{jobs, key, paths};

/// Does one task, unless it was done before, or works for a queue.
///
/// # Errors
/// When the plan, the recording or the models are not those that are needed, or the task fails;
/// when the queue refuses this worker.
pub(crate) fn worker(args: &WorkerArgs, global: &GlobalArgs) -> Result<Outcome> {
    if let Some(WorkerCommand::Key) = args.command {
        key::show_worker_key(global)?;
        return Ok(Outcome::Done);
    }
    match &args.plan {
        Some(plan) => do_task(plan, args, global),
        None => queue::work(args, global),
    }
}

fn do_task(path: &Path, args: &WorkerArgs, global: &GlobalArgs) -> Result<Outcome> {
    let task = match args.task {
        Some(task) => task,
        None => paths::array_task()?,
    };
    let (plan, digest) = ChunkPlan::read(path)?;
    let beside = folder_of(path);
    let folder = ChunkFolder::new(args.out_dir.as_deref().unwrap_or(&beside));
    let clip = args.clip.as_deref().unwrap_or(&plan.source.path);
    let done = match folder.done_with_output(digest, task)? {
        Some(done) => done,
        None => {
            check_recording(clip)?;
            let request = Task {
                args,
                plan: &plan,
                digest,
                task,
                clip,
                folder: &folder,
            };
            request.run(global)?
        }
    };
    report(&done, &folder, global);
    Ok(Outcome::Done)
}

/// A task that was not done yet.
struct Task<'a> {
    args: &'a WorkerArgs,
    plan: &'a ChunkPlan,
    /// SHA-256 of the plan.
    digest: Digest,
    task: u32,
    clip: &'a Path,
    folder: &'a ChunkFolder,
}

impl Task<'_> {
    fn run(&self, global: &GlobalArgs) -> Result<DoneChunk> {
        let progress = TerminalProgress::new(global.quiet);
        let worker = Process::new(global);
        let ports = jobs::ports(global, &worker, &progress);
        let mut partial = self.folder.begin()?;
        match &self.plan.work {
            ChunkWork::Scan(scan) => {
                let models = model_options(self.args.models.as_deref(), scan.profile)?;
                let request = TaskRequest {
                    plan: self.plan,
                    plan_digest: self.digest,
                    task: self.task,
                    clip: self.clip,
                    models: &models,
                };
                partial.write(&run_scan_task(&request, &ports)?)?;
            }
            ChunkWork::Render(division) => {
                self.check_render(&progress)?;
                let key = key::segment_key()?;
                let chunk = SegmentChunk {
                    clip: self.clip,
                    source: self.plan.source.sha256.0,
                    division,
                    task: self.task,
                    key: &key,
                    folder: &paths::segment_cache()?,
                };
                let made = encode_chunk(&chunk, &ports, &mut |bytes| partial.write(bytes))?;
                if made.left > 0 {
                    let left = made.left;
                    tracing::warn!(
                        "{left} runs are too large for segments; the machine that makes the \
                         release encodes them"
                    );
                }
            }
        }
        progress.clear();
        Ok(self.folder.commit(self.digest, self.task, partial)?)
    }

    /// Checks that this version of the program can do the task, and that the recording is the one
    /// that was divided.
    fn check_render(&self, progress: &TerminalProgress) -> Result<()> {
        self.plan.check_program()?;
        if self.args.clip_is_verified {
            return Ok(());
        }
        let found = digest(self.clip, progress)?;
        self.plan
            .check_source(found)
            .with_context(|| self.clip.display().to_string())
    }
}

fn model_options(
    models: Option<&Path>,
    profile: Profile,
) -> Result<redact_release::options::ModelOptions> {
    paths::model_options(&ModelArgs {
        models: models.map(Path::to_owned),
        profile: ProfileArg(profile),
    })
}

fn report(done: &DoneChunk, folder: &ChunkFolder, global: &GlobalArgs) {
    let (task, output) = (done.task, done.output.0);
    if global.json {
        let output = output.to_string();
        let document = serde_json::json!({ "task": task, "output": output, "bytes": done.bytes });
        say(&document.to_string());
    } else {
        say(&format!(
            "task {task}: {}",
            folder.object_path(output).display()
        ));
    }
}

//! `redact worker`: does a task of a chunk plan, or the chunks of a queue.

mod child;
mod queue;

use std::path::Path;

use anyhow::Result;
use redact_release::chunks::{
    ChunkFolder, ChunkPlan, ChunkWork, DoneChunk, TaskRequest, run_scan_task,
};
use redact_release::files::check_recording;
use redact_release::names::folder_of;
use redact_release::options::Profile;

use crate::args::{GlobalArgs, ModelArgs, ProfileArg, WorkerArgs};
use crate::jail::Process;
use crate::outcome::Outcome;
use crate::progress::TerminalProgress;
use crate::terminal::say;
use crate::{jobs, paths};

/// Does one task, unless it was done before, or works for a queue.
///
/// # Errors
/// When the plan, the recording or the models are not those that are needed, or the task fails;
/// when the queue refuses this worker.
pub(crate) fn worker(args: &WorkerArgs, global: &GlobalArgs) -> Result<Outcome> {
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
    let done = match folder.done(digest, task)? {
        Some(done) => done,
        None => {
            check_recording(clip)?;
            let ChunkWork::Scan(scan) = &plan.work;
            let models = model_options(args.models.as_deref(), scan.profile)?;
            let request = TaskRequest {
                plan: &plan,
                plan_digest: digest,
                task,
                clip,
                models: &models,
                is_verified: args.clip_is_verified,
            };
            let progress = TerminalProgress::new(global.quiet);
            let worker = Process::new(global);
            let ports = jobs::ports(global, &worker, &progress);
            let bytes = run_scan_task(&request, &ports)?;
            let mut partial = folder.begin()?;
            partial.write(&bytes)?;
            folder.commit(digest, task, partial)?
        }
    };
    report(&done, &folder, global);
    Ok(Outcome::Done)
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

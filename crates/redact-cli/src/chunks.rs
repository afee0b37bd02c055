//! `redact chunks`: divides work into tasks that any machine can do.

mod render;

use anyhow::{Context as _, Result};
use redact_record::events::Act;
use redact_release::chunks::{
    ChunkFolder, ChunkPlan, ChunkWork, DivideRequest, Division, divide_scan,
};
use redact_release::events::describe_jail;
use redact_release::files::check_recording;
use redact_release::options::InputOptions;
use redact_release::ports::Events as _;

use crate::args::{ChunksArgs, ChunksCommand, ChunksScanArgs, GlobalArgs};
use crate::event_log::{OpenEvent, recorded};
use crate::jail::Process;
use crate::outcome::Outcome;
use crate::progress::TerminalProgress;
use crate::terminal::say;
use crate::{jobs, paths};

/// Divides, and writes the chunk plan.
///
/// # Errors
/// When the recording cannot be read, or the folder has another plan.
pub(crate) fn chunks(args: &ChunksArgs, global: &GlobalArgs) -> Result<Outcome> {
    match &args.command {
        ChunksCommand::Scan(args) => {
            recorded(global, None, Act::Scan, |event| divide(args, global, event))
        }
        ChunksCommand::Render(args) => {
            let divide = |event: &mut OpenEvent<'_>| render::divide(args, global, event);
            let plan = recorded(global, None, Act::Render, divide)?;
            report(&plan, &ChunkFolder::new(&args.out_dir), global);
            Ok(Outcome::Done)
        }
    }
}

fn divide(
    args: &ChunksScanArgs,
    global: &GlobalArgs,
    event: &mut OpenEvent<'_>,
) -> Result<Outcome> {
    check_recording(&args.clip)?;
    let clip = std::path::absolute(&args.clip).context("no working folder")?;
    let progress = TerminalProgress::new(global.quiet);
    let transcript = args.speech.options();
    let request = DivideRequest {
        clip: &clip,
        models: &paths::model_options(&args.models)?,
        input: &InputOptions::from(&args.input),
        transcript: transcript.as_ref(),
        acknowledged: None,
        chunk_seconds: (!args.whole).then_some(args.chunk_seconds),
    };
    let worker = Process::new(global);
    let (plan, level) = divide_scan(&request, &jobs::ports(global, &worker, &progress))?;
    let folder = ChunkFolder::new(&args.out_dir);
    folder.write_plan(&plan)?;
    describe_jail(event.draft(), level);
    event.draft().subject("source", plan.source.sha256.0);
    event.draft().count("tasks", plan.tasks() as usize);
    event.succeeded()?;
    progress.clear();
    report(&plan, &folder, global);
    Ok(Outcome::Done)
}

/// Prints where the plan is and how many tasks it has.
fn report(plan: &ChunkPlan, folder: &ChunkFolder, global: &GlobalArgs) {
    let (path, tasks) = (folder.plan_path(), plan.tasks());
    let mut left = None;
    let whole = match &plan.work {
        ChunkWork::Scan(scan) => match &scan.division {
            Division::Whole(whole) => Some(whole.reason.as_str()),
            Division::Parts(_) => None,
        },
        ChunkWork::Render(division) => {
            let why = division.left.as_deref();
            left = why.filter(|_| tasks > 0);
            why.filter(|_| tasks == 0)
        }
    };
    if global.json {
        let document = serde_json::json!({
            "plan": path, "tasks": tasks, "whole": whole, "left": left,
        });
        say(&document.to_string());
        return;
    }
    if let Some(reason) = whole {
        say(&format!("not divided: {reason}"));
    }
    if let Some(reason) = left {
        say(&format!(
            "the machine that makes the release encodes the rest: {reason}"
        ));
    }
    say(&format!("tasks: {tasks}"));
    say(&format!("chunk plan: {}", path.display()));
}

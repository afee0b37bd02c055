//! `redact chunks render`: divides a render into tasks that encode segments.

use anyhow::{Context as _, Result};
use redact_record::plan::{self, PlanContent};
use redact_release::chunks::render::divide_render;
use redact_release::chunks::{ChunkFolder, ChunkPlan, ChunkSource, ChunkWork};
use redact_release::events::describe_jail;
use redact_release::files::{check_recording, digest};
use redact_release::options::{EncodingOptions, InputOptions};
use redact_release::ports::Events as _;

use crate::args::{ChunksRenderArgs, GlobalArgs};
use crate::event_log::OpenEvent;
use crate::jail::Process;
use crate::progress::TerminalProgress;
use crate::{jobs, key};

/// Divides a render, and writes the chunk plan; gives the plan.
///
/// # Errors
/// When the plan may not be carried out, the recording cannot be read or is another one, or the
/// folder has another chunk plan.
pub(super) fn divide(
    args: &ChunksRenderArgs,
    global: &GlobalArgs,
    event: &mut OpenEvent<'_>,
) -> Result<ChunkPlan> {
    check_recording(&args.clip)?;
    let clip = std::path::absolute(&args.clip).context("no working folder")?;
    let name = || args.plan.display().to_string();
    let (plan, _) = plan::read(&args.plan).with_context(name)?;
    let plan = PlanContent::new(plan).with_context(name)?;
    plan.check_signatures(&key::trusted(&[])?)
        .with_context(name)?;
    let progress = TerminalProgress::new(global.quiet);
    let (sha256, bytes) = digest(&clip, &progress)?;
    event.draft().subject("source", sha256);
    event.draft().subject("plan", plan.digest());
    let plan = plan.approved(sha256).with_context(name)?;
    let encoding = EncodingOptions::from(&args.encoding);
    let worker = Process::new(global);
    let ports = jobs::ports(global, &worker, &progress);
    let (division, level) = divide_render(&clip, &plan, &encoding, &ports)?;
    let source = ChunkSource {
        path: clip,
        sha256: redact_record::manifest::Hex(sha256),
        bytes,
    };
    let input = InputOptions::of_plan(plan.plan());
    let chunks = ChunkPlan::new(source, input, ChunkWork::Render(division));
    let folder = ChunkFolder::new(&args.out_dir);
    folder.write_plan(&chunks)?;
    describe_jail(event.draft(), level);
    event.draft().count("tasks", chunks.tasks() as usize);
    event.succeeded()?;
    progress.clear();
    Ok(chunks)
}

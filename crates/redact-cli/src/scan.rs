//! `redact scan`: what may have to be hidden, as findings.

mod table;

use std::path::Path;

use anyhow::{Context as _, Result};
use redact_core::Findings;
use redact_jail::JailLevel;
use redact_record::events::Act;
use redact_release::chunks::{ChunkFolder, ChunkPlan, OUTPUT_BYTES_MAX, link_scan};
use redact_release::events::describe_jail;
use redact_release::files::{check_recording, digest};
use redact_release::names::{FINDINGS_SUFFIX, beside};
use redact_release::options::InputOptions;
use redact_release::outputs::{Inputs, Outputs};
use redact_release::ports::Events as _;
use redact_release::scan::{ScanRequest, describe_findings, scan_recording, write_findings};

use crate::args::{GlobalArgs, ScanArgs};
use crate::event_log::{OpenEvent, recorded};
use crate::jail::Process;
use crate::on_queue::OnQueue;
use crate::outcome::Outcome;
use crate::progress::TerminalProgress;
use crate::terminal::say;
use crate::{jobs, paths};
pub(crate) use table::{summary, table, transcript_line};

/// Finds, writes the findings and prints a table.
///
/// # Errors
/// When the recording cannot be read to its end, or a file is in the way.
pub(crate) fn scan(args: &ScanArgs, global: &GlobalArgs) -> Result<Outcome> {
    recorded(global, None, Act::Scan, |event| run(args, global, event))
}

/// Scans here, or has it done by workers.
fn scanned(
    args: &ScanArgs,
    global: &GlobalArgs,
    progress: &TerminalProgress,
) -> Result<(Findings, JailLevel)> {
    let transcript = args.speech.options();
    let request = ScanRequest {
        clip: &args.clip,
        models: &paths::model_options(&args.models)?,
        input: &InputOptions::from(&args.input),
        transcript: transcript.as_ref(),
        acknowledged: None,
    };
    let worker = Process::new(global);
    let ports = jobs::ports(global, &worker, progress);
    match OnQueue::new(&args.on_queue, global)? {
        Some(queue) => queue.scan(&request, &ports),
        None => Ok(scan_recording(&request, &ports)?),
    }
}

/// Links what workers have done.
fn linked(
    clip: &Path,
    folder: &Path,
    progress: &TerminalProgress,
) -> Result<(Findings, JailLevel)> {
    let folder = ChunkFolder::new(folder);
    let path = folder.plan_path();
    let (plan, plan_digest) = ChunkPlan::read(&path)?;
    let done = folder.all_done(plan_digest, plan.tasks())?;
    plan.check_source(digest(clip, progress)?)
        .with_context(|| clip.display().to_string())?;
    let mut read = |task: u32| folder.read(&done[task as usize], OUTPUT_BYTES_MAX);
    Ok(link_scan(&plan, plan_digest, clip, &mut read)?)
}

fn run(args: &ScanArgs, global: &GlobalArgs, event: &mut OpenEvent<'_>) -> Result<Outcome> {
    let clip = &args.clip;
    let output = match &args.output {
        Some(output) => output.clone(),
        None => beside(clip, FINDINGS_SUFFIX, None),
    };
    check_recording(clip)?;
    let progress = TerminalProgress::new(global.quiet);
    let options = jobs::output_options(args.force);
    let mut outputs = Outputs::begin(&[&output], &[clip], options, || {
        Ok(Inputs(vec![digest(clip, &progress)?.0]))
    })?;
    let (found, level) = match &args.chunks {
        Some(folder) => linked(clip, folder, &progress)?,
        None => scanned(args, global, &progress)?,
    };
    describe_jail(event.draft(), level);
    outputs.set_inputs(Inputs(vec![found.source.digest]));
    let digest = write_findings(&mut outputs, &output, &found)?;
    describe_findings(event.draft(), &found, digest);
    event.succeeded()?;
    outputs.finish()?;
    progress.clear();
    if global.json {
        say(&summary(clip, &output, &found).to_string());
    } else {
        say(&table(&found));
        if let Some(list) = table::review_first(&found) {
            say(&list);
        }
        say(&format!("findings: {}", output.display()));
    }
    Ok(Outcome::Done)
}

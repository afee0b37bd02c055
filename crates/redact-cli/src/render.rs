//! `redact render`: from an approved plan to a release that was checked and signed.

mod text;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use redact_core::ApprovedPlan;
use redact_record::events::Act;
use redact_record::plan::PlanContent;
use redact_record::{plan, release_paths};
use redact_release::approve::{Basis, read_policy};
use redact_release::files::{bind, check_recording, digest};
use redact_release::names::{EXCERPT_SUFFIX, RELEASE_SUFFIX, beside};
use redact_release::options::{CaptionsChoice, EncodingOptions};
use redact_release::outputs::{Inputs, Outputs};
use redact_release::ports::{Events as _, Ports};
use redact_release::render::{ReleaseJob, RequestOptions, files_of, make_release};
use redact_release::segment_cache::SegmentCacheFolder;

use crate::args::{GlobalArgs, ReencodeArg, ReleaseArgs, RenderArgs};
use crate::clock::now;
use crate::event_log::{OpenEvent, recorded};
use crate::jail::Process;
use crate::on_queue::OnQueue;
use crate::outcome::Outcome;
use crate::progress::TerminalProgress;
use crate::segments::{Encoded, RenderChunks};
use crate::terminal::{say, warn_line};
use crate::{jobs, key, paths};
pub(crate) use text::{json, text};

/// Renders an approved plan and says where everything is.
///
/// # Errors
/// When the plan may not be carried out, a job fails, or a check finds the written file wrong.
pub(crate) fn render(args: &RenderArgs, global: &GlobalArgs) -> Result<Outcome> {
    recorded(global, None, Act::Render, |event| run(args, global, event))
}

fn run(args: &RenderArgs, global: &GlobalArgs, event: &mut OpenEvent<'_>) -> Result<Outcome> {
    let clip = &args.clip;
    let release = release_path(args);
    check_recording(clip)?;
    let name = || args.plan.display().to_string();
    let (plan, plan_digest) = plan::read(&args.plan).with_context(name)?;
    let progress = TerminalProgress::new(global.quiet);
    let paths = release_paths(&release);
    let mut outputs = Outputs::begin(
        &files_of(&release, &paths),
        &[clip, &args.plan],
        jobs::output_options(args.release.force),
        || Ok(Inputs(vec![digest(clip, &progress)?.0, plan_digest])),
    )?;
    if let Some(policy) = &args.policy {
        read_policy(policy)?.check_plan(&plan).with_context(name)?;
    }
    let excerpt = args.excerpt.request(&plan)?;
    let chunks = args.chunks.as_deref().map(RenderChunks::open).transpose()?;
    let plan = PlanContent::new(plan).with_context(name)?;
    let trust = key::trusted(&[])?;
    plan.check_signatures(&trust).with_context(name)?;
    let key = key::signing_key(args.release.key.as_deref(), event.recorder())?;
    let request = RequestOptions::from(&args.release);
    let context = request.context(args.supersedes.as_deref(), &trust)?;
    let findings = Basis::from(&args.basis).check(&plan, &args.plan)?;
    let second_look = args.release.second_look || plan.policy().second_look;
    let models = second_look.then(|| paths::model_options(&args.models));
    let models = models.transpose()?;
    let cache = segment_cache(&args.release)?;
    let bound = bind(clip, &progress)?;
    outputs.set_inputs(Inputs(vec![bound.sha256, plan_digest]));
    event.draft().subject("source", bound.sha256);
    let plan = plan.approved(bound.sha256).with_context(name)?;
    let worker = Process::new(global);
    let ports = jobs::ports(global, &worker, &progress);
    let encoding = match &chunks {
        Some(chunks) => chunks.encoding()?,
        None => EncodingOptions::from(&args.release.encoding),
    };
    let encoded = match chunks {
        Some(chunks) => Encoded::new(chunks.supply(&plan, (bound.sha256, bound.bytes))?, None),
        None => on_queue(args, global, (&plan, &encoding), &ports)?,
    };
    let captions = captions(&args.release, &plan).with_context(name)?;
    let job = ReleaseJob {
        clip,
        bound: Some(bound),
        release: &release,
        plan: &plan,
        findings: findings.as_ref().map(|(found, digest)| (found, *digest)),
        without_findings: args.basis.without_findings.as_deref(),
        excerpt: excerpt.as_ref(),
        encoding: &encoding,
        context: &context,
        key: &key,
        cache: cache.as_ref(),
        supplied: encoded.supplied(),
        second_look: models.as_ref(),
        accept_detected: args.release.accept_seen,
        captions,
    };
    let made = make_release(&job, &ports, event, &mut outputs)?;
    outputs.finish()?;
    progress.clear();
    if global.json {
        say(&json(&made, &release).to_string());
    } else {
        say(&text(&made, &release));
    }
    Ok(Outcome::Done)
}

/// What workers of a queue encode, if there is one. What is cut out of a recording is encoded here.
fn on_queue(
    args: &RenderArgs,
    global: &GlobalArgs,
    (plan, encoding): (&ApprovedPlan, &EncodingOptions),
    ports: &Ports<'_>,
) -> Result<Encoded> {
    match OnQueue::new(&args.on_queue, global)? {
        Some(queue) if args.excerpt.from.is_empty() => {
            let models = args.models.models.as_deref();
            queue.segments(&args.clip, plan, (encoding, models), ports)
        }
        Some(_) => {
            warn_line("an excerpt is encoded on this machine: --queue has no effect");
            Ok(Encoded::default())
        }
        None => Ok(Encoded::default()),
    }
}

/// Where the release goes.
fn release_path(args: &RenderArgs) -> PathBuf {
    match &args.output {
        Some(output) => output.clone(),
        None if args.excerpt.from.is_empty() => beside(&args.clip, RELEASE_SUFFIX, None),
        None => beside(&args.clip, EXCERPT_SUFFIX, None),
    }
}

/// Whether the release gets captions.
fn captions(args: &ReleaseArgs, plan: &ApprovedPlan) -> Result<bool> {
    let reviewed = plan::is_approved_by_person(plan.plan());
    Ok(CaptionsChoice::from(args).decide(plan.plan(), reviewed)?)
}

/// The segment cache, unless it is not to be used. Where it cannot be opened nothing is cached:
/// that costs time, and nothing else.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn segment_cache(args: &ReleaseArgs) -> Result<Option<SegmentCacheFolder>> {
    if args.no_cache || args.encoding.reencode == ReencodeArg::All {
        return Ok(None);
    }
    let folder = paths::segment_cache()?;
    let open = || -> Result<SegmentCacheFolder> {
        let key = key::segment_key()?;
        let go = &mut |_, _| ControlFlow::Continue(());
        let (program, _) = redact_record::digest_file(&std::env::current_exe()?, go)?;
        Ok(SegmentCacheFolder::open(
            &folder,
            key,
            program,
            Arc::new(now),
        )?)
    };
    Ok(open()
        .inspect_err(|error| tracing::warn!("nothing is cached: {error:#}"))
        .ok())
}

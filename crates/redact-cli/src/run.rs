//! `redact run`: scan, approve by a written policy, render and verify, in one go.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use redact_check::Verdict;
use redact_core::{ApprovedPlan, Digest, Findings};
use redact_record::events::Act;
use redact_record::plan::PlanContent;
use redact_record::policy::Policy;
use redact_record::sign::TrustStore;
use redact_record::{plan, release_paths};
use serde_json::Value;

use crate::args::{GlobalArgs, RunArgs};
use crate::journal::{self, Journal, Note};
use crate::outputs::{Inputs, Outputs};
use crate::progress::TerminalProgress;
use crate::render::{self, ReleaseJob};
use crate::scan::ScanRequest;
use crate::verify::VerifyJob;
use crate::{Outcome, approve, key, places, scan};

/// What the policy says when it approves by itself.
const STATEMENT: &str = "Decided by the written policy, without a look at the single tracks.";

/// The files of one run.
struct Files {
    findings: PathBuf,
    plan: PathBuf,
    release: PathBuf,
}

impl Files {
    /// Prints what was made, as one line of JSON.
    fn say(&self, mut document: Value, verdict: &Verdict) {
        document["findings"] = serde_json::json!(self.findings);
        document["plan"] = serde_json::json!(self.plan);
        document["verdict"] = serde_json::json!(verdict.word());
        crate::say(&document.to_string());
    }
}

/// Does all four for one recording.
///
/// # Errors
/// The first step that fails; nothing then has the release's name.
pub(crate) fn run(args: &RunArgs, global: &GlobalArgs) -> Result<Outcome> {
    let journal = Journal::open(global, args.answer.by.as_deref())?;
    let mut note = Note::new(Act::Scan);
    run_noted(args, global, &journal, &mut note).map_err(|error| journal.failed(&note, error))
}

/// `note` is the step that is under way.
fn run_noted(
    args: &RunArgs,
    global: &GlobalArgs,
    journal: &Journal,
    note: &mut Note,
) -> Result<Outcome> {
    let clip = &args.clip;
    scan::check_clip(clip)?;
    let policy = one_person_policy(args)?;
    let looks_again = args.release.second_look || policy.second_look;
    let files = files(args)?;
    let progress = TerminalProgress::new(global.quiet);
    let mut outputs = begin(args, &files, &policy, &progress)?;
    let key = Arc::new(key::signing_key(args.release.key.as_deref(), journal)?);
    let trust = key::trusted_only(&key.public())?;
    let context = render::context(&args.release, args.supersedes.as_deref())?;
    let kept = render::kept_folder(&args.release)?;

    let request = ScanRequest {
        clip,
        models: &args.models,
        input: &args.input,
        acknowledged: Some(&args.answer.accept_missing),
    };
    let (found, level) = request.find(global, &progress)?;
    journal::note_jail(note, level);
    outputs.set_inputs(Inputs(vec![found.source.digest, policy.digest]));
    let digest = scan::write_findings(&mut outputs, &files.findings, &found)?;
    scan::note_findings(note, &found, digest);
    journal.done(note)?;
    progress.clear();
    if !global.json {
        crate::say(&scan::table(&found));
    }
    *note = Note::new(Act::Approval);
    let (plan, bytes) = decide(args, &found, digest, &policy, note)?;
    outputs.write(&files.plan, &bytes)?;
    journal.done(note)?;

    *note = Note::new(Act::Render);
    note.subject("source", plan.plan().source.digest);
    let release = &files.release;
    let job = ReleaseJob {
        clip,
        bound: None,
        release,
        plan: &plan,
        findings: Some((&found, digest)),
        without_findings: None,
        args: &args.release,
        context: &context,
        key: &key,
        kept: kept.as_ref(),
        second_look: looks_again.then_some(&args.models),
        journal,
    };
    let made = job.run(global, &progress, note, &mut outputs)?;
    progress.clear();
    if !global.json {
        crate::say(&made.text(release));
    }
    *note = Note::new(Act::Verify);
    let verified = verify_job(release, policy, trust).run(global, &progress)?;
    verified.note(note);
    let verdict = verified.verdict;
    journal.done(note)?;
    if verdict.passed() {
        outputs.finish()?;
    } else {
        drop(outputs);
    }
    progress.clear();
    if global.json {
        let mut document = made.json(release);
        document["scan"] = scan::summary(clip, &files.findings, &found);
        files.say(document, &verdict);
    }
    conclude(&verdict, release, global)
}

/// The check of a release that was just made, as a requester with the policy would do it.
fn verify_job(release: &Path, policy: Policy, trust: TrustStore) -> VerifyJob<'_> {
    VerifyJob {
        release,
        manifest: release_paths(release).manifest,
        source: None,
        policy: Some(policy),
        previous: &[],
        tsa: Vec::new(),
        trust,
        no_media: false,
        second_look: None,
    }
}

/// The policy, unless it asks for more people than a run has.
fn one_person_policy(args: &RunArgs) -> Result<Policy> {
    let policy = approve::read_policy(&args.policy)?;
    if policy.second_person {
        bail!(
            "{}: this policy asks for two people, and `run` has none: use scan, approve (twice) \
             and render",
            args.policy.display()
        );
    }
    Ok(policy)
}

/// Lets the policy decide and approve; gives the plan, and the bytes of its file.
fn decide(
    args: &RunArgs,
    found: &Findings,
    digest: Digest,
    policy: &Policy,
    note: &mut Note,
) -> Result<(ApprovedPlan, Vec<u8>)> {
    let clip = || args.clip.display().to_string();
    note.subject("source", found.source.digest);
    note.subject("findings", digest);
    note.subject("policy", policy.digest);
    let policy_name = format!("policy {}", policy.name);
    let plan = approve::propose(found, digest, policy, &policy_name)
        .with_context(|| args.policy.display().to_string())?;
    let by = args.answer.by.clone().unwrap_or(policy_name);
    let plan = approve::acknowledge(plan, &args.answer.accept_missing);
    let content = PlanContent::new(plan).with_context(clip)?;
    let content = approve::sign_off(content, &by, STATEMENT).with_context(clip)?;
    let plan = content.plan();
    let bytes = plan::to_checked_bytes(plan).with_context(clip)?;
    note.subject("plan", content.digest());
    note.count("approvals", plan.approvals.len());
    let source = plan.source.digest;
    Ok((content.approved(source).with_context(clip)?, bytes))
}

/// Says the verdict; where it is bad, everything that led to it.
fn conclude(verdict: &Verdict, release: &Path, global: &GlobalArgs) -> Result<Outcome> {
    let text = verdict.text();
    if !global.json {
        crate::say(text.lines().last().unwrap_or_default());
    }
    if verdict.passed() {
        return Ok(Outcome::Done);
    }
    if global.json {
        return Ok(Outcome::Wrong);
    }
    if global.quiet {
        bail!(
            "{}: the release did not verify and was removed",
            release.display()
        );
    }
    crate::say(&text);
    crate::say("the release did not verify: it and its records were removed");
    Ok(Outcome::Wrong)
}

/// Names what will be written.
fn files(args: &RunArgs) -> Result<Files> {
    let dir = args.out_dir.as_deref();
    if let Some(dir) = dir {
        std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    }
    let clip = &args.clip;
    let folder = dir.map_or_else(|| scan::folder_of(clip), Path::to_owned);
    let output = |suffix| match &args.name {
        Some(name) => places::named(name, suffix, &folder),
        None => places::beside(clip, suffix, dir),
    };
    Ok(Files {
        findings: output(".findings.json"),
        plan: output(".plan.json"),
        release: output(places::RELEASE_SUFFIX),
    })
}

/// Refuses what is in the way.
fn begin(
    args: &RunArgs,
    files: &Files,
    policy: &Policy,
    progress: &TerminalProgress,
) -> Result<Outputs> {
    let paths = release_paths(&files.release);
    let working = [files.findings.as_path(), &files.plan];
    let all = [&working[..], &render::files_of(&files.release, &paths)].concat();
    Outputs::begin(
        &all,
        &[&args.clip, &args.policy],
        args.release.force,
        || {
            Ok(Inputs(vec![
                scan::digest(&args.clip, progress)?.0,
                policy.digest,
            ]))
        },
    )
}

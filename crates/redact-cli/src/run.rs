//! `redact run`: scan, approve by a written policy, render and verify, in one go.

mod figures;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_check::Verdict;
use redact_core::{ApprovedPlan, Digest, Findings};
use redact_record::events::{Act, EventDraft};
use redact_record::policy::{Policy, SpeechRule};
use redact_record::release_paths;
use redact_record::sign::TrustStore;
use redact_release::approve::{PolicyDecision, read_policy};
use redact_release::events::describe_jail;
use redact_release::files::{check_recording, digest};
use redact_release::names::{self, FINDINGS_SUFFIX, PLAN_SUFFIX, RELEASE_SUFFIX, folder_of};
use redact_release::options::{CaptionsChoice, EncodingOptions, InputOptions, ModelOptions};
use redact_release::outputs::{Inputs, Outputs};
use redact_release::ports::{Events as _, Ports};
use redact_release::render::{MadeRelease, ReleaseJob, RequestOptions, files_of, make_release};
use redact_release::scan::{ScanRequest, describe_findings, scan_recording, write_findings};
use redact_release::verify::VerifyRequest;
use serde_json::Value;

use crate::args::{GlobalArgs, RunArgs};
use crate::clock::now;
use crate::event_log::{OpenEvent, recorded};
use crate::jail::Process;
use crate::on_queue::OnQueue;
use crate::outcome::Outcome;
use crate::progress::TerminalProgress;
use crate::segments::Encoded;
use crate::terminal::{say, warn_line};
use crate::{jobs, key, paths, render, scan};
pub(crate) use figures::Figures;

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
        let failed = verdict.checks.iter().filter(|check| !check.passed);
        let failed: Vec<String> = failed
            .map(|check| format!("{}, {}: {}", check.group, check.name, check.evidence))
            .collect();
        document["failed_checks"] = serde_json::json!(failed);
        say(&document.to_string());
    }
}

/// Does all four for one recording.
///
/// # Errors
/// The first step that fails; nothing then has the release's name.
pub(crate) fn run(args: &RunArgs, global: &GlobalArgs) -> Result<Outcome> {
    let by = args.answer.by.as_deref();
    recorded(global, by, Act::Scan, |event| {
        all_steps(args, global, event)
    })
}

/// `event` is the step that is under way.
fn all_steps(args: &RunArgs, global: &GlobalArgs, event: &mut OpenEvent<'_>) -> Result<Outcome> {
    check_recording(&args.clip)?;
    let policy_file = paths::policy_file(&args.policy)?;
    let policy = one_person_policy(&policy_file)?;
    let files = files(args)?;
    let progress = TerminalProgress::new(global.quiet);
    let mut outputs = begin(args, &files, (&policy_file, &policy), &progress)?;
    let key = key::signing_key(args.release.key.as_deref(), event.recorder())?;
    let trust = key::trusted_only(&key.public())?;
    let request = RequestOptions::from(&args.release);
    let context = request.context(args.supersedes.as_deref(), &key::trusted(&[])?)?;
    let cache = render::segment_cache(&args.release)?;
    let models = paths::model_options(&args.models)?;
    let worker = Process::new(global);
    let queue = OnQueue::new(&args.on_queue, global)?;
    let steps = Steps {
        args,
        files: &files,
        policy_file: &policy_file,
        policy: &policy,
        models: &models,
        ports: jobs::ports(global, &worker, &progress),
        queue: queue.as_ref(),
    };

    let (found, digest) = steps.scan(&mut outputs, event)?;
    progress.clear();
    if !global.json {
        say(&scan::table(&found));
    }
    let plan = steps.approve((&found, digest), &mut outputs, event)?;
    let release = files.release.as_path();
    let second_look = args.release.second_look || policy.second_look;
    // Whoever answers for the policy has not read the words.
    let captions = CaptionsChoice::from(&args.release).decide(plan.plan(), false)?;
    let encoding = EncodingOptions::from(&args.release.encoding);
    let encoded = steps.segments(&plan, &encoding)?;
    let job = ReleaseJob {
        clip: &args.clip,
        bound: None,
        release,
        plan: &plan,
        findings: Some((&found, digest)),
        without_findings: None,
        excerpt: None,
        encoding: &encoding,
        context: &context,
        key: &key,
        cache: cache.as_ref(),
        supplied: encoded.supplied(),
        second_look: second_look.then_some(&models),
        accept_detected: args.release.accept_seen,
        captions,
    };
    let made = make_release(&job, &steps.ports, event, &mut outputs)?;
    progress.clear();
    if !global.json {
        say(&render::text(&made, release));
    }
    let verdict = steps.verify(trust, event)?;
    if verdict.passed() {
        outputs.finish()?;
    } else {
        drop(outputs);
    }
    progress.clear();
    if global.json {
        files.say(steps.document(&made, &found), &verdict);
    }
    conclude(&verdict, release, global)
}

/// Shown where a policy alone decides what is personal.
const UNREVIEWED_SPEECH: &str = "warning: only the personal data that was found in the transcript \
     is muted, and nobody has reviewed it";

fn is_unreviewed_speech(found: &Findings, policy: &Policy) -> bool {
    found.transcript.is_some() && matches!(policy.audio.mute, SpeechRule::Personal(_))
}

/// The steps around the render.
struct Steps<'a> {
    args: &'a RunArgs,
    files: &'a Files,
    policy_file: &'a Path,
    policy: &'a Policy,
    models: &'a ModelOptions,
    ports: Ports<'a>,
    /// Whose workers scan and encode, if not this machine.
    queue: Option<&'a OnQueue<'a>>,
}

impl Steps<'_> {
    /// Scans and writes the findings; gives them with their file's SHA-256.
    fn scan(&self, outputs: &mut Outputs, event: &mut OpenEvent<'_>) -> Result<(Findings, Digest)> {
        // All that is said is muted otherwise, or nothing.
        let wants_words = matches!(self.policy.audio.mute, SpeechRule::Personal(_));
        let wants_words = wants_words || self.args.release.captions;
        let transcript = self.args.speech.options().filter(|_| wants_words);
        let request = ScanRequest {
            clip: &self.args.clip,
            models: self.models,
            input: &InputOptions::from(&self.args.input),
            transcript: transcript.as_ref(),
            acknowledged: Some(&self.args.answer.accept_missing),
        };
        let (found, level) = match self.queue {
            Some(queue) => queue.scan(&request, &self.ports)?,
            None => scan_recording(&request, &self.ports)?,
        };
        describe_jail(event.draft(), level);
        outputs.set_inputs(Inputs(vec![found.source.digest, self.policy.digest]));
        let digest = write_findings(outputs, &self.files.findings, &found)?;
        describe_findings(event.draft(), &found, digest);
        event.succeeded()?;
        Ok((found, digest))
    }

    /// What was made, as JSON.
    fn document(&self, made: &MadeRelease, found: &Findings) -> Value {
        let mut document = render::json(made, &self.files.release);
        document["scan"] = scan::summary(&self.args.clip, &self.files.findings, found);
        document["figures"] = serde_json::json!(Figures::new(found, &made.manifest));
        let unreviewed = is_unreviewed_speech(found, self.policy);
        document["needs_person"] =
            serde_json::json!(figures::needs_person(found, made.covered.len(), unreviewed));
        document
    }

    /// What workers of a queue encode for the render, if they do.
    fn segments(&self, plan: &ApprovedPlan, encoding: &EncodingOptions) -> Result<Encoded> {
        let Some(queue) = self.queue else {
            return Ok(Encoded::default());
        };
        let models = Some(self.models.folder.as_path());
        queue.segments(&self.args.clip, plan, (encoding, models), &self.ports)
    }

    /// Lets the policy decide and approve, and writes the plan. The render begins.
    fn approve(
        &self,
        (found, digest): (&Findings, Digest),
        outputs: &mut Outputs,
        event: &mut OpenEvent<'_>,
    ) -> Result<ApprovedPlan> {
        event.begin(EventDraft::new(Act::Approval));
        if is_unreviewed_speech(found, self.policy) {
            warn_line(UNREVIEWED_SPEECH);
        }
        let decision = PolicyDecision {
            clip: &self.args.clip,
            policy_file: self.policy_file,
            policy: self.policy,
            by: self.args.answer.by.as_deref(),
            accept_missing: &self.args.answer.accept_missing,
            accept_untranscribed: self.args.answer.accept_untranscribed,
        };
        let (plan, bytes) = decision.decide(found, digest, now(), event.draft())?;
        outputs.write(&self.files.plan, &bytes)?;
        event.succeeded()?;
        event.begin(EventDraft::new(Act::Render));
        event.draft().subject("source", plan.plan().source.digest);
        Ok(plan)
    }

    /// Checks the release as a requester with the policy would do it.
    fn verify(&self, trust: TrustStore, event: &mut OpenEvent<'_>) -> Result<Verdict> {
        event.begin(EventDraft::new(Act::Verify));
        let request = VerifyRequest {
            release: &self.files.release,
            manifest: release_paths(&self.files.release).manifest,
            source: None,
            policy: Some(self.policy.clone()),
            previous: &[],
            tsa: Vec::new(),
            trust,
            no_media: false,
            second_look: None,
        };
        let verified = request.run(&self.ports)?;
        verified.describe(event.draft());
        event.succeeded()?;
        Ok(verified.verdict)
    }
}

/// The policy, unless it asks for more people than a run has.
fn one_person_policy(file: &Path) -> Result<Policy> {
    let policy = read_policy(file)?;
    if policy.second_person {
        bail!(
            "{}: this policy asks for two people, and `run` has none: use scan, approve (twice) \
             and render",
            file.display()
        );
    }
    Ok(policy)
}

/// Prints the verdict; where it is bad, everything that led to it.
fn conclude(verdict: &Verdict, release: &Path, global: &GlobalArgs) -> Result<Outcome> {
    let text = verdict.text();
    if !global.json {
        say(text.lines().last().unwrap_or_default());
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
    say(&text);
    say("the release did not verify: it and its records were removed");
    Ok(Outcome::Wrong)
}

/// Names what will be written.
fn files(args: &RunArgs) -> Result<Files> {
    let dir = args.out_dir.as_deref();
    if let Some(dir) = dir {
        std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    }
    let clip = &args.clip;
    let folder = dir.map_or_else(|| folder_of(clip), Path::to_owned);
    let output = |suffix| match &args.name {
        Some(name) => names::named(name, suffix, &folder),
        None => names::beside(clip, suffix, dir),
    };
    Ok(Files {
        findings: output(FINDINGS_SUFFIX),
        plan: output(PLAN_SUFFIX),
        release: output(RELEASE_SUFFIX),
    })
}

/// Refuses what is in the way.
fn begin(
    args: &RunArgs,
    files: &Files,
    (policy_file, policy): (&Path, &Policy),
    progress: &TerminalProgress,
) -> Result<Outputs> {
    let paths = release_paths(&files.release);
    let working = [files.findings.as_path(), &files.plan];
    let all = [&working[..], &files_of(&files.release, &paths)].concat();
    let sources: [&Path; 2] = [&args.clip, policy_file];
    let options = jobs::output_options(args.release.force);
    let inputs = || {
        let (clip, _) = digest(&args.clip, progress)?;
        Ok(Inputs(vec![clip, policy.digest]))
    };
    Ok(Outputs::begin(&all, &sources, options, inputs)?)
}

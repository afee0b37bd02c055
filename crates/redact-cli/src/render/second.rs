//! The second look: the detectors see the finished file as they would see a recording.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_core::{Class, PlanError, Redactions, Track, Verdict};
use redact_engine::Uncovered;
use redact_media::{FileSource, OpenOptions};
use redact_record::manifest::{CheckResult, OneLine, SecondLook, StillSeen};
use redact_record::policy::{self, Policy};

use super::work::Render;
use crate::args::ModelArgs;
use crate::eyes::{self, Looking};
use crate::progress::TerminalProgress;

/// Things that are named when they stop a release; the others are counted.
const NAMED_MAX: usize = 5;

/// Loads the detectors for a second look. Call it before the process gives up its last rights.
///
/// - `acknowledged`: classes of which somebody accepted that nothing looks for them.
///
/// # Errors
/// When a model cannot be used, or nothing looks for a class that the policy hides.
pub(crate) fn eyes(
    models: &ModelArgs,
    policy: &Policy,
    acknowledged: &[Class],
    threads: usize,
) -> Result<Looking> {
    let looking = open(models, threads)?;
    for &class in &looking.missing {
        if hides(policy, class) && !acknowledged.contains(&class) {
            let error = PlanError::Unacknowledged { class };
            return Err(error).context("cannot look at the release again");
        }
    }
    Ok(looking)
}

/// The detectors that look a second time; nothing listens.
///
/// # Errors
/// As [`eyes::open`].
pub(crate) fn open(models: &ModelArgs, threads: usize) -> Result<Looking> {
    let mut looking = eyes::open(models, threads)?;
    looking.eyes.speech = None;
    looking.models.retain(|model| !model.classes.is_empty());
    Ok(looking)
}

fn hides(policy: &Policy, class: Class) -> bool {
    matches!(policy.rule(class).verdict, Verdict::Redact(_))
}

/// What `looking` sees in the file at `path` that `redactions` do not cover, and the file's frames.
///
/// # Errors
/// When it cannot be decoded or a model fails.
pub(crate) fn look(
    path: &Path,
    looking: Looking,
    redactions: &Redactions,
    kept: &[&Track],
    threads: usize,
    progress: &TerminalProgress,
) -> Result<(Vec<Uncovered>, u32)> {
    let name = || path.display().to_string();
    let options = OpenOptions {
        audio: false,
        threads,
        ..OpenOptions::default()
    };
    let source = FileSource::open(path, &options).with_context(name)?;
    let tracker = looking.options.tracker.clone();
    let report = redact_engine::scan(Box::new(source), looking.eyes, &looking.options, progress)
        .with_context(name)?;
    let seen = redact_engine::uncovered(&report.tracks, &tracker, redactions, kept);
    Ok((seen, report.frames))
}

/// Looks at the written file of `job`; what is seen, is of a class that the policy hides and was
/// not kept by a decision stops the release, unless it is accepted.
///
/// # Errors
/// Those of [`look`], and what is seen.
pub(super) fn check(
    job: &Render<'_>,
    looking: Looking,
    progress: &TerminalProgress,
) -> Result<SecondLook> {
    let plan = job.plan.plan();
    let policy = policy::embedded(&plan.policy)?;
    let kept = plan.tracks.iter().filter(|planned| {
        let decision = planned.decision.as_ref();
        decision.is_some_and(|made| made.verdict.is_visible())
    });
    let kept: Vec<&Track> = kept.map(|planned| &planned.track).collect();
    let models = looking.models.iter().map(Into::into).collect();
    let redactions = job.plan.redactions();
    let work = job.work;
    let (path, threads) = (&work.partial, work.threads);
    let (seen, frames) = look(path, looking, redactions, &kept, threads, progress)?;
    let seen = seen.into_iter().map(|seen| {
        OneLine(StillSeen {
            class: seen.class.into(),
            frames: (seen.frames.start().get(), seen.frames.end().get()),
            sightings: seen.detections,
            score_best: seen.score_best,
            kept: seen.kept || !hides(&policy, seen.class),
        })
    });
    let found = SecondLook {
        models,
        frames,
        seen: seen.collect(),
        accepted: work.accept_seen,
    };
    let missed: Vec<String> = found.missed().map(text).collect();
    if !missed.is_empty() && !found.accepted {
        bail!(
            "{}: a second look still sees {} things that are neither hidden nor kept: {}",
            work.release.display(),
            missed.len(),
            some(&missed)
        );
    }
    Ok(found)
}

fn text(seen: &StillSeen) -> String {
    let (start, end) = seen.frames;
    format!("{} in frames {start} to {}", seen.class, end - 1)
}

/// The first few of `things`.
pub(crate) fn some(things: &[String]) -> String {
    let mut text = things[..things.len().min(NAMED_MAX)].join(", ");
    if things.len() > NAMED_MAX {
        text.push_str(", and more");
    }
    text
}

/// The same as a line among the checks.
pub(super) fn result(found: &SecondLook) -> CheckResult {
    let missed = found.missed().count();
    CheckResult {
        name: "second look".to_owned(),
        passed: true,
        evidence: format!(
            "{} models, {} frames; seen and not hidden: {} kept on purpose, {missed} accepted",
            found.models.len(),
            found.frames,
            found.seen.len() - missed
        ),
    }
}

//! The second look before a release is signed: what detectors still find stops it.

use std::path::Path;

use redact_core::{ApprovedPlan, Class, PlanError, Progress, Track, Verdict};
use redact_record::manifest::{CheckResult, OneLine, SecondLook, StillSeen};
use redact_record::policy::{self, Policy};

use super::excerpt::visible_in;
use crate::check::{self, detect_uncovered, first_few};
use crate::detectors::LoadedDetectors;
use crate::error::{Context as _, ReleaseError, Result};
use crate::options::ModelOptions;

/// Loads the detectors. Call it before the process gives up its last rights.
///
/// # Errors
/// When a model cannot be used, or no detector runs for a class that the plan's policy hides and
/// that the plan does not acknowledge.
pub(super) fn load(
    models: &ModelOptions,
    plan: &ApprovedPlan,
    threads: usize,
) -> Result<LoadedDetectors> {
    let plan = plan.plan();
    let policy = policy::embedded(&plan.policy)?;
    let detectors = check::load_detectors(models, threads)?;
    for &class in &detectors.missing {
        if is_redacted(&policy, class) && !plan.acknowledged.contains(&class) {
            let error = PlanError::Unacknowledged { class };
            return Err(error).during("cannot run the second look");
        }
    }
    Ok(detectors)
}

fn is_redacted(policy: &Policy, class: Class) -> bool {
    matches!(policy.rule(class).verdict, Verdict::Redact(_))
}

/// A written file, and how the detectors run on it.
pub(super) struct SecondLookJob<'a> {
    /// The file.
    pub(super) partial: &'a Path,
    /// What it will be called.
    pub(super) release: &'a Path,
    pub(super) plan: &'a ApprovedPlan,
    /// Whether what is found is accepted.
    pub(super) accept: bool,
    pub(super) threads: usize,
}

impl SecondLookJob<'_> {
    /// Runs the detectors; what they find, is of a class that the policy hides and does not stay
    /// visible by a decision stops the release, unless it is accepted.
    ///
    /// # Errors
    /// Those of [`detect_uncovered`], and what is found.
    pub(super) fn run(
        &self,
        detectors: LoadedDetectors,
        progress: &dyn Progress,
    ) -> Result<SecondLook> {
        let plan = self.plan.plan();
        let policy = policy::embedded(&plan.policy)?;
        let visible = plan.tracks.iter().filter(|planned| {
            let decision = planned.decision.as_ref();
            decision.is_some_and(|made| made.verdict.is_visible())
        });
        let excerpt = self.plan.excerpt();
        let visible: Vec<Track> = visible
            .flat_map(|planned| visible_in(&planned.track, excerpt))
            .collect();
        let visible: Vec<&Track> = visible.iter().collect();
        let models = detectors.models.iter().map(Into::into).collect();
        let redactions = self.plan.redactions();
        let (found, frames) = detect_uncovered(
            self.partial,
            detectors,
            redactions,
            &visible,
            self.threads,
            progress,
        )?;
        let seen = found.into_iter().map(|found| {
            OneLine(StillSeen {
                class: found.class.into(),
                frames: (found.frames.start().get(), found.frames.end().get()),
                sightings: found.detections,
                score_best: found.score_best,
                kept: found.kept || !is_redacted(&policy, found.class),
            })
        });
        let found = SecondLook {
            models,
            frames,
            seen: seen.collect(),
            accepted: self.accept,
        };
        let missed: Vec<String> = found.missed().map(text).collect();
        if missed.is_empty() || found.accepted {
            return Ok(found);
        }
        let (count, first) = (missed.len(), first_few(&missed));
        Err(ReleaseError::Detected { count, first }).in_file(self.release)
    }
}

fn text(seen: &StillSeen) -> String {
    let (start, end) = seen.frames;
    format!("{} in frames {start} to {}", seen.class, end - 1)
}

/// The same as a line among the checks.
pub(super) fn check_result(found: &SecondLook) -> CheckResult {
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

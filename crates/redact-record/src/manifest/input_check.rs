//! Checks what a manifest is made from, before anything is built.

use super::input::ManifestInput;
use crate::{RecordError, plan};

/// Checks that the results of the jobs belong together and that every check passed.
///
/// # Errors
/// As [`super::build::build`].
pub(super) fn check_input(input: &ManifestInput<'_>) -> Result<(), RecordError> {
    input.context.terms.check()?;
    input.context.request.check()?;
    // The manifests contain the policy's text, so the plan must follow that text.
    plan::check_policy(input.plan.plan())?;
    check_findings(input)?;
    check_source(input)?;
    check_rendered(input)?;
    check_checks(input)
}

/// The plan was compared with its findings, or there is a reason why not.
fn check_findings(input: &ManifestInput<'_>) -> Result<(), RecordError> {
    match (input.findings, input.without_findings) {
        (Some((findings, digest)), None) => {
            plan::check_findings(input.plan.plan(), findings, digest)
        }
        (None, Some(why)) => crate::json::check_text("without_findings", why, 2000),
        _ => Err(RecordError::CheckFailed {
            name: "findings".into(),
            evidence: "the plan was not compared with its findings, and no reason was given".into(),
        }),
    }
}

fn same(what: &'static str, found: String, expected: String) -> Result<(), RecordError> {
    if found == expected {
        return Ok(());
    }
    Err(RecordError::Mismatch {
        what,
        found,
        expected,
    })
}

/// The recording is the plan's, before and after the run.
fn check_source(input: &ManifestInput<'_>) -> Result<(), RecordError> {
    let source = &input.plan.plan().source;
    let digest = source.digest.to_string();
    let before = input.source_before.sha256.to_string();
    same(
        "SHA-256 of the source before the run",
        before,
        digest.clone(),
    )?;
    let after = input.source_after.to_string();
    same("SHA-256 of the source after the run", after, digest.clone())?;
    if let Some(replaced) = &input.context.supersedes {
        let what = "SHA-256 of the replaced manifest's source";
        same(what, replaced.source.to_string(), digest)?;
    }
    Ok(())
}

/// What was written is what the plan asks for.
fn check_rendered(input: &ManifestInput<'_>) -> Result<(), RecordError> {
    let source = &input.plan.plan().source;
    let frames = input.plan.frames().to_string();
    if input.rest.is_some() != input.plan.excerpt().is_some() {
        let expected = "a reason for withholding the rest, for an excerpt alone";
        return Err(RecordError::field(
            "excerpt",
            "no reason, or no excerpt",
            expected,
        ));
    }
    let written = input.render.frames.to_string();
    same("frames written", written, frames.clone())?;
    same("frame times", input.clock.frames().to_string(), frames)?;
    same(
        "sound tracks",
        input.render.audio.len().to_string(),
        source.info.audio.len().to_string(),
    )
}

/// Every check was made and passed.
fn check_checks(input: &ManifestInput<'_>) -> Result<(), RecordError> {
    for (name, checks) in [("audit", input.audit), ("leak scan", input.leaks)] {
        if checks.is_empty() {
            return Err(RecordError::CheckFailed {
                name: name.into(),
                evidence: "it was not done".into(),
            });
        }
    }
    let all = input.audit.iter().chain(input.compare).chain(input.leaks);
    match all.into_iter().find(|check| !check.passed) {
        None => Ok(()),
        Some(failed) => Err(RecordError::CheckFailed {
            name: failed.name.clone(),
            evidence: failed.evidence.clone(),
        }),
    }
}

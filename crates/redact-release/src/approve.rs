//! Approving: from findings, or an edited plan, to a plan that a person or a policy answers for.
//!
//! - [`ApprovalRequest`]: a person approves a plan, or what a policy proposes;
//! - [`PolicyDecision`]: a policy decides and approves alone;
//! - [`Basis`]: the findings that a plan was made from, without which none is approved or rendered.

mod basis;
mod by_policy;
mod request;

pub use basis::Basis;
pub use by_policy::PolicyDecision;
pub use request::{Approval, ApprovalRequest, PendingApproval};

use std::path::Path;

use redact_core::{Class, Findings, Plan, UtcNanos};
use redact_record::RecordError;
use redact_record::plan::PlanContent;
use redact_record::policy::{self, Policy, SpeechRule};

use crate::error::{Context as _, ReleaseError, Result};

/// Reads a policy.
///
/// # Errors
/// When it is not there or not a policy, with its name.
pub fn read_policy(path: &Path) -> Result<Policy> {
    policy::read(path).in_file(path)
}

/// The plan, which accepts that no detector ran for the classes `accept`. Where that changes it,
/// its approvals are void.
fn acknowledge(mut plan: Plan, accept: &[Class]) -> Plan {
    for class in accept {
        if plan.missing.contains(class) && !plan.acknowledged.contains(class) {
            plan.acknowledged.push(*class);
            plan.acknowledged.sort();
            plan.approvals.clear();
        }
    }
    plan
}

/// A policy that mutes personal data cannot do so where speech was not transcribed: it then mutes
/// all speech, which a person should know before it is decided.
fn check_transcript(policy: &Policy, found: &Findings, is_accepted: bool) -> Result<()> {
    let wants_words = matches!(policy.audio.mute, SpeechRule::Personal(_));
    // Without a speech detector, speech may be anywhere.
    let has_speech = found.speech.as_ref().is_none_or(|spans| !spans.is_empty());
    let has_sound = !found.source.info.audio.is_empty();
    if wants_words && has_sound && has_speech && found.transcript.is_none() && !is_accepted {
        let policy = policy.name.clone();
        return Err(ReleaseError::Untranscribed { policy });
    }
    Ok(())
}

/// Adds an approval, after checking that the plan can be carried out at all.
///
/// # Errors
/// The first [`redact_core::PlanError`], other than a second person that is missing.
fn add_approval(
    mut content: PlanContent,
    by: &str,
    statement: &str,
    now: UtcNanos,
) -> Result<PlanContent> {
    content.approve(by, now, statement)?;
    let mut problems = content.problems().into_iter();
    match problems.find(|problem| !problem.is_missing_approval()) {
        Some(problem) => Err(RecordError::Plan(problem).into()),
        None => Ok(content),
    }
}

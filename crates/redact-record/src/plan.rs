//! Plan files: what a person decided, as JSON that people can edit.
//!
//! An approval contains the SHA-256 of the plan's content: the compact JSON of the whole file with
//! an empty list of approvals. White space may change; any other change voids the approval.

mod content;
mod coverage;
mod covered;
mod proposal;
mod signatures;

pub use content::PlanContent;
pub use coverage::{
    VisibleTrack, check_findings, is_approved_by_person, uncovered_speech, visible_tracks,
};
pub use covered::{CoveredTrack, covered_tracks};
pub use proposal::{
    INAUDIBLE, NOT_REQUESTED, NOTHING_TO_WITHHOLD, caption_words, mutes_by_rule, not_requested,
    propose, speech_mutes, unclear_nanos, with_own_reasons,
};
pub(crate) use signatures::check_signed;
pub use signatures::{check_signatures, check_signed_with};

use signatures::check_approvals;

use std::path::Path;

use redact_core::{ApprovedPlan, Digest, Plan};

use crate::file::plan::{KIND, PlanFile, content_digest};
use crate::{Overwrite, RecordError, digest_bytes, store};
use crate::{json, policy};

/// Reads a plan file; returns the SHA-256 of its bytes, too.
///
/// # Errors
/// [`RecordError::ChangedAfterApproval`] if an approval is for other content;
/// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::OtherKind`],
/// [`RecordError::NewerVersion`]; [`RecordError::Syntax`] and [`RecordError::Field`] with the
/// place.
pub fn read(path: &Path) -> Result<(Plan, Digest), RecordError> {
    let bytes = store::read(path, json::BYTES_MAX)?;
    Ok((from_bytes(&bytes)?, digest_bytes(&bytes)))
}

/// The bytes of a plan file.
#[must_use]
pub fn to_bytes(plan: &Plan) -> Vec<u8> {
    json::pretty(&PlanFile::from(plan))
}

/// The bytes of a plan file, checked by reading them back.
///
/// # Errors
/// Those of [`from_bytes`].
pub fn to_checked_bytes(plan: &Plan) -> Result<Vec<u8>, RecordError> {
    let bytes = to_bytes(plan);
    from_bytes(&bytes)?;
    Ok(bytes)
}

/// Parses a plan file.
///
/// # Errors
/// Those of [`read`] for invalid content.
pub fn from_bytes(bytes: &[u8]) -> Result<Plan, RecordError> {
    KIND.check(bytes)?;
    let plan: Plan = json::parse::<PlanFile>(bytes)?.try_into()?;
    if !plan.approvals.is_empty() {
        check_approvals(&plan.approvals, content_digest(&plan))?;
    }
    Ok(plan)
}

/// Writes a plan file; gives the SHA-256 of its bytes.
///
/// # Errors
/// [`RecordError::Exists`], [`RecordError::Write`]; [`RecordError::ChangedAfterApproval`],
/// [`RecordError::Field`] when the plan could not be read back.
pub fn write(path: &Path, plan: &Plan, overwrite: Overwrite) -> Result<Digest, RecordError> {
    let bytes = to_checked_bytes(plan)?;
    // It names people, and says where what is hidden lies.
    store::write_with(path, &bytes, overwrite, store::Access::Owner)?;
    Ok(digest_bytes(&bytes))
}

/// The plan without its approvals, so that it can be changed and approved again.
#[must_use]
pub fn without_approvals(mut plan: Plan) -> Plan {
    plan.approvals.clear();
    plan
}

/// Reads a plan file without its approvals, which may be void, so that an edited plan can be
/// approved again.
///
/// # Errors
/// Those of [`read`], except [`RecordError::ChangedAfterApproval`].
pub fn read_unapproved(path: &Path) -> Result<Plan, RecordError> {
    let bytes = store::read(path, json::BYTES_MAX)?;
    KIND.check(&bytes)?;
    let plan = json::parse::<PlanFile>(&bytes)?.try_into()?;
    Ok(without_approvals(plan))
}

/// The approved plan, for the recording with digest `source`: see [`PlanContent::approved`].
///
/// # Errors
/// Those of [`PlanContent::new`] and [`PlanContent::approved`].
pub fn approved(plan: Plan, source: Digest) -> Result<ApprovedPlan, RecordError> {
    PlanContent::new(plan)?.approved(source)
}

/// Checks `plan` against its embedded policy: an edited plan cannot be weaker than its policy, and
/// an edited policy text does not match the policy's digest.
///
/// # Errors
/// [`RecordError::Mismatch`] if the text does not match the digest, or the plan requires fewer
/// people or accepts weaker effects; [`RecordError::WeakEffect`]; those of [`policy::read`].
pub fn check_policy(plan: &Plan) -> Result<(), RecordError> {
    policy::embedded(&plan.policy)?.check_plan(plan)
}

/// SHA-256 of the plan's content without its approvals.
#[must_use]
pub fn content(plan: &Plan) -> Digest {
    content_digest(plan)
}

//! The plan file: what a person decided, as JSON that a person can edit.
//!
//! An approval carries the SHA-256 of the plan's content: the compact JSON of the whole file with
//! an empty list of approvals. Spaces and line breaks may change; anything else voids it.

mod content;
mod coverage;
mod proposal;
mod signatures;

pub use content::PlanContent;
pub use coverage::{VisibleTrack, check_findings, uncovered_speech, visible_tracks};
pub use proposal::{NOTHING_TO_WITHHOLD, propose, speech_mutes, with_own_reasons};
pub(crate) use signatures::check_signed;
pub use signatures::{check_signatures, check_signed_with};

use signatures::check_approvals;

use std::path::Path;

use redact_core::{ApprovedPlan, Digest, Plan};

use crate::file::plan::{KIND, PlanFile, content_digest};
use crate::{Overwrite, RecordError, digest_bytes, store};
use crate::{json, policy};

/// Reads a plan file; gives the SHA-256 of its bytes too.
///
/// # Errors
/// [`RecordError::ChangedAfterApproval`] when an approval is for other content;
/// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::OtherKind`],
/// [`RecordError::NewerVersion`]; [`RecordError::Syntax`] and [`RecordError::Field`] say where.
pub fn read(path: &Path) -> Result<(Plan, Digest), RecordError> {
    let bytes = store::read(path, json::BYTES_MAX)?;
    Ok((from_bytes(&bytes)?, digest_bytes(&bytes)))
}

/// The bytes of a plan file.
#[must_use]
pub fn to_bytes(plan: &Plan) -> Vec<u8> {
    json::pretty(&PlanFile::from(plan))
}

/// The bytes of a plan file that can be read back.
///
/// # Errors
/// Those of [`from_bytes`].
pub fn to_checked_bytes(plan: &Plan) -> Result<Vec<u8>, RecordError> {
    let bytes = to_bytes(plan);
    from_bytes(&bytes)?;
    Ok(bytes)
}

/// A plan from the bytes of its file.
///
/// # Errors
/// Those of [`read`], except of reading.
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

/// Takes every approval off, so that a changed plan can be approved again.
#[must_use]
pub fn without_approvals(mut plan: Plan) -> Plan {
    plan.approvals.clear();
    plan
}

/// Reads a plan file whose approvals may be void, and takes them off: the way to approve an
/// edited plan again.
///
/// # Errors
/// Those of [`read`], except [`RecordError::ChangedAfterApproval`].
pub fn read_unapproved(path: &Path) -> Result<Plan, RecordError> {
    let bytes = store::read(path, json::BYTES_MAX)?;
    KIND.check(&bytes)?;
    let plan = json::parse::<PlanFile>(&bytes)?.try_into()?;
    Ok(without_approvals(plan))
}

/// The plan as one that may be carried out on the recording with digest `source`: one step of
/// [`PlanContent`].
///
/// # Errors
/// Those of [`PlanContent::new`] and [`PlanContent::approved`].
pub fn approved(plan: Plan, source: Digest) -> Result<ApprovedPlan, RecordError> {
    PlanContent::new(plan)?.approved(source)
}

/// Checks `plan` against the policy whose text it carries: whoever edits a plan cannot lower what
/// its policy demands, and whoever edits the text no longer has that policy's digest.
///
/// # Errors
/// [`RecordError::Mismatch`] when the text is not the policy with that digest, or the plan asks for
/// fewer people or accepts weaker effects; [`RecordError::WeakEffect`]; those of [`policy::read`].
pub fn check_policy(plan: &Plan) -> Result<(), RecordError> {
    policy::embedded(&plan.policy)?.check_plan(plan)
}

/// SHA-256 of the plan's content, without approvals.
#[must_use]
pub fn content(plan: &Plan) -> Digest {
    content_digest(plan)
}

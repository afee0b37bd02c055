//! Which approvals count: those of the same content, by two people if two are required, signed with
//! keys that are bound to the approvers' names.

use redact_core::{Approval, Digest, Plan};

use crate::RecordError;
use crate::file::plan::ApprovalFile;
use crate::json;
use crate::person::is_one_person;
use crate::policy::{self, Policy};
use crate::sign::{PublicKey, SignatureProblem, SignatureVerdict, Signed, TrustStore};

/// What an approver signs: the approval without the signature, as compact JSON.
pub(super) fn signed_bytes(approval: &Approval) -> Vec<u8> {
    let mut file = ApprovalFile::from(approval);
    file.signature = None;
    json::compact(&file)
}

/// Checks that `approval` is signed with `key`, for callers that store each approver's key.
///
/// # Errors
/// [`RecordError::Unsigned`], [`RecordError::Signature`].
pub fn check_signed_with(approval: &Approval, key: &PublicKey) -> Result<(), RecordError> {
    let Some(signature) = &approval.signature else {
        let by = approval.by.clone();
        return Err(RecordError::Unsigned { by });
    };
    key.verify_bytes(&signed_bytes(approval), signature, Signed::Approval)
        .map_err(RecordError::Signature)
}

/// Checks the signatures of `plan`'s approvals. Every signature must be valid. If the policy
/// requires signatures, every approval needs one, made with a key that `trust` binds to the
/// approver's name, and two people need two keys. A release key cannot sign approvals.
///
/// # Errors
/// [`RecordError::Signature`], [`RecordError::Unsigned`], [`RecordError::OtherApprover`],
/// [`RecordError::SamePerson`]; those of [`policy::embedded`].
pub fn check_signatures(plan: &Plan, trust: &TrustStore) -> Result<(), RecordError> {
    let policy = policy::embedded(&plan.policy)?;
    check_signed(&plan.approvals, &policy, trust)
}

pub(crate) fn check_signed(
    approvals: &[Approval],
    policy: &Policy,
    trust: &TrustStore,
) -> Result<(), RecordError> {
    if policy.second_person {
        check_two_people(approvals)?;
    }
    let mut keys = Vec::with_capacity(approvals.len());
    for approval in approvals {
        let unsigned = || RecordError::Unsigned {
            by: approval.by.clone(),
        };
        let Some(signature) = &approval.signature else {
            if policy.signed {
                return Err(unsigned());
            }
            continue;
        };
        match trust.check(&signed_bytes(approval), signature, Signed::Approval) {
            SignatureVerdict::Trusted { key, name } => {
                // The key must be bound to the name in the approval.
                if !is_one_person(&name, &approval.by) {
                    let by = approval.by.clone();
                    return Err(RecordError::OtherApprover { by, owner: name });
                }
                keys.push(key);
            }
            // Earlier versions signed approvals with the release key.
            SignatureVerdict::Bad(SignatureProblem::OtherPurpose { .. }) if !policy.signed => {}
            SignatureVerdict::Unknown { .. } if policy.signed => return Err(unsigned()),
            SignatureVerdict::Unknown { .. } => {}
            SignatureVerdict::Bad(problem) => return Err(RecordError::Signature(problem)),
        }
    }
    let one_key = keys.iter().all(|key| Some(key) == keys.first());
    match approvals.first() {
        Some(first) if policy.signed && policy.second_person && one_key => {
            Err(RecordError::SamePerson {
                by: first.by.clone(),
            })
        }
        _ => Ok(()),
    }
}

/// Rejects two approvals by one person under different spellings.
pub(super) fn check_two_people(approvals: &[Approval]) -> Result<(), RecordError> {
    let Some((first, others)) = approvals.split_first() else {
        return Ok(());
    };
    let same = |other: &Approval| is_one_person(&first.by, &other.by);
    if !others.is_empty() && others.iter().all(same) {
        let by = first.by.clone();
        return Err(RecordError::SamePerson { by });
    }
    Ok(())
}

/// Rejects approvals of content other than the one with digest `found`.
pub(super) fn check_approvals(approvals: &[Approval], found: Digest) -> Result<(), RecordError> {
    match approvals.iter().find(|approval| approval.content != found) {
        None => Ok(()),
        Some(void) => Err(RecordError::ChangedAfterApproval {
            by: void.by.clone(),
            approved: void.content,
            found,
        }),
    }
}

//! Whose approvals count: for this content, by two people where two are asked for, signed with keys
//! that belong to their names.

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

/// Checks that `approval` is signed, and with the key that belongs to `key`: whoever has a key for
/// each person checks every approval with the approver's own.
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

/// Checks the signatures of `plan`'s approvals: each that is there must hold, and where the policy
/// asks for signatures, each must be there, by a key that `trust` binds to the approver's name, and
/// two people have two keys. A key that signs releases is no approver's.
///
/// # Errors
/// [`RecordError::Signature`], [`RecordError::Unsigned`], [`RecordError::OtherApprover`],
/// [`RecordError::SamePerson`]; those of
/// [`policy::embedded`].
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
                // An approval of a name that is bound to another key is worth nothing.
                if !is_one_person(&name, &approval.by) {
                    let by = approval.by.clone();
                    return Err(RecordError::OtherApprover { by, owner: name });
                }
                keys.push(key);
            }
            // Plans of earlier versions were approved with the key that signs releases.
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

/// Refuses approvals by one person under several spellings.
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

/// Refuses approvals that are for other content than the one with digest `found`.
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

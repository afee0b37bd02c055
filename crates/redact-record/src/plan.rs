//! The plan file: what a person decided, as JSON that a person can edit.
//!
//! An approval carries the SHA-256 of the plan's content: the compact JSON of the whole file with
//! an empty list of approvals. Spaces and line breaks may change; anything else voids it.

mod content;
mod coverage;

pub use content::PlanContent;
pub use coverage::{VisibleTrack, check_findings, uncovered_speech, visible_tracks};

use std::path::Path;

use redact_core::{
    Approval, ApprovedPlan, Damage, Decision, Digest, Findings, MuteRegion, MuteStreams, Plan,
    PlannedTrack, PolicyRef, Reason, ReasonCode, TimeSpan, UtcNanos,
};

use crate::file::plan::{ApprovalFile, PlanFile, content_digest};
use crate::json::{self, FileKind, check_text};
use crate::person::is_one_person;
use crate::policy::{self, Policy};
use crate::sign::{PublicKey, SignatureProblem, SignatureVerdict, Signed, TrustStore};
use crate::{Overwrite, RecordError, digest_bytes, store};

pub(crate) const KIND: FileKind = FileKind {
    name: "redact-plan",
    version: 1,
};

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
    let bytes = to_bytes(plan);
    from_bytes(&bytes)?;
    // It names people, and says where what is hidden lies.
    store::write_with(path, &bytes, overwrite, store::Access::Owner)?;
    Ok(digest_bytes(&bytes))
}

/// The plan that `policy` makes of `findings`: every track decided, speech muted if it says so.
///
/// - `findings_digest`: SHA-256 of the findings file.
/// - `by`, `at`: who the decisions are attributed to and when, e.g. `policy public-release`.
///
/// When speech is to be muted and no model listened, all sound is.
///
/// # Errors
/// [`RecordError::Field`] for an empty `by`.
pub fn propose(
    findings: &Findings,
    findings_digest: Digest,
    policy: &Policy,
    by: &str,
    at: UtcNanos,
) -> Result<Plan, RecordError> {
    check_text("by", by, 200)?;
    let tracks = findings.tracks.iter().map(|track| {
        let rule = policy.rule(track.class());
        PlannedTrack {
            track: track.clone(),
            decision: Some(Decision {
                verdict: rule.verdict,
                reason: rule.reason.clone(),
                by: by.to_owned(),
                at,
            }),
        }
    });
    Ok(Plan {
        source: findings.source.clone(),
        findings: findings_digest,
        policy: PolicyRef {
            name: policy.name.clone(),
            digest: policy.digest,
            rules: policy.text.clone(),
        },
        second_person: policy.second_person,
        reasons: with_own_reasons(policy.reasons.clone(), &findings.damage),
        tracks: tracks.collect(),
        drawn: Vec::new(),
        mutes: speech_mutes(findings, policy),
        kept_speech: Vec::new(),
        damage: findings.damage.clone(),
        models: findings.models.clone(),
        missing: findings.missing.clone(),
        acknowledged: Vec::new(),
        weak_effects_accepted: policy.weak_effects_accepted(),
        approvals: Vec::new(),
    })
}

/// Code of the reason for what a reviewer keeps or rejects, where the policy has none of its own.
pub const NOTHING_TO_WITHHOLD: &str = "nothing-to-withhold";

/// `reasons` with the program's own: the one that damaged stretches are hidden for, where there are
/// any, and [`NOTHING_TO_WITHHOLD`]. A policy that has words of its own defines the code itself.
#[must_use]
pub fn with_own_reasons(mut reasons: Vec<Reason>, damage: &Damage) -> Vec<Reason> {
    let reviewed = Reason {
        code: ReasonCode(NOTHING_TO_WITHHOLD.into()),
        statute: "none".into(),
        text: "A reviewer found nothing in it that may be withheld.".into(),
    };
    let damaged = (!damage.is_empty()).then(Damage::reason);
    for own in [Some(reviewed), damaged].into_iter().flatten() {
        if !reasons.iter().any(|reason| reason.code == own.code) {
            reasons.push(own);
        }
    }
    reasons
}

/// How far sound may reach beyond the pictures at either end: an hour.
const SOUND_BEYOND_NANOS: i64 = 3_600_000_000_000;

/// The mutes that `policy` asks for, by time: one per stretch of detected speech, with the policy's
/// padding; all sound where no model listened; none where the recording has no sound.
#[must_use]
pub fn speech_mutes(findings: &Findings, policy: &Policy) -> Vec<MuteRegion> {
    let audio = &policy.audio;
    if !audio.mute_speech || findings.source.info.audio.is_empty() {
        return Vec::new();
    }
    // Nothing listened: speech may be anywhere, so all sound goes. The span reaches past both
    // ends, because sound may start before the first frame and end after the last.
    let everything = || {
        let nanos = findings.source.duration_nanos();
        TimeSpan::new(
            -SOUND_BEYOND_NANOS,
            nanos.saturating_add(SOUND_BEYOND_NANOS),
        )
    };
    let spans: Vec<TimeSpan> = match &findings.speech {
        Some(spans) => spans.clone(),
        None => everything().into_iter().collect(),
    };
    let padded = spans.iter().map(|span| span.padded(audio.padding_nanos));
    let merged = TimeSpan::merged(padded.collect(), 0);
    let mute = |(number, span)| MuteRegion {
        id: format!("speech-{number}"),
        span,
        streams: MuteStreams::All,
        style: audio.style,
        reason: audio.reason.clone(),
    };
    (1..).zip(merged).map(mute).collect()
}

/// The plan with one more approval, by `by` at `at`: one step of [`PlanContent`].
///
/// # Errors
/// Those of [`PlanContent::new`] and [`PlanContent::approve`].
pub fn approve(plan: Plan, by: &str, at: UtcNanos, statement: &str) -> Result<Plan, RecordError> {
    let mut content = PlanContent::new(plan)?;
    content.approve(by, at, statement)?;
    Ok(content.into_plan())
}

/// What an approver signs: the approval without the signature, as compact JSON.
fn signed_bytes(approval: &Approval) -> Vec<u8> {
    let mut file = ApprovalFile::from(approval);
    file.signature = None;
    json::compact(&file)
}

/// Checks that `approval` is signed, and with the key that belongs to `key`: who keeps a key for
/// each person holds every approval against the approver's own.
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
fn check_two_people(approvals: &[Approval]) -> Result<(), RecordError> {
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

/// Refuses approvals that are for other content than the one with digest `found`.
fn check_approvals(approvals: &[Approval], found: Digest) -> Result<(), RecordError> {
    match approvals.iter().find(|approval| approval.content != found) {
        None => Ok(()),
        Some(void) => Err(RecordError::ChangedAfterApproval {
            by: void.by.clone(),
            approved: void.content,
            found,
        }),
    }
}

//! A plan with its content digest and its policy, each computed once.

use redact_core::{Approval, ApprovedPlan, Digest, Findings, Plan, PlanError, UtcNanos};

use super::coverage::check_covers;
use super::signatures::{check_approvals, check_signed, check_two_people, signed_bytes};
use crate::RecordError;
use crate::file::plan::content_digest;
use crate::json::check_text;
use crate::person::is_one_person;
use crate::policy::{self, Policy};
use crate::sign::{KeyPair, Signed, TrustStore};

/// A plan with its content digest and its embedded policy.
///
/// A plan may have ten million boxes, so it is serialized for the digest once, and its policy is
/// parsed once, regardless of the number of approvers. Only approvals can be added, which the
/// digest does not cover.
#[derive(Clone, Debug)]
pub struct PlanContent {
    plan: Plan,
    digest: Digest,
    policy: Policy,
}

impl PlanContent {
    /// Digests `plan` and parses its policy.
    ///
    /// # Errors
    /// [`RecordError::ChangedAfterApproval`] if an approval is for other content; those of
    /// [`policy::embedded`].
    pub fn new(plan: Plan) -> Result<Self, RecordError> {
        let digest = content_digest(&plan);
        check_approvals(&plan.approvals, digest)?;
        let policy = policy::embedded(&plan.policy)?;
        Ok(Self {
            plan,
            digest,
            policy,
        })
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the plan.
    #[must_use]
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// SHA-256 of the plan's content without its approvals.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The embedded policy, without the reasons of its reason sets.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Everything that prevents rendering: see [`ApprovedPlan::problems`].
    #[must_use]
    pub fn problems(&self) -> Vec<PlanError> {
        ApprovedPlan::problems(&self.plan)
    }

    /// Checks the plan against its policy: see [`super::check_policy`].
    ///
    /// # Errors
    /// Those of [`super::check_policy`].
    pub fn check_policy(&self) -> Result<(), RecordError> {
        self.policy.check_plan(&self.plan)
    }

    /// Checks the plan against its findings: see [`super::check_findings`].
    ///
    /// # Errors
    /// Those of [`super::check_findings`].
    pub fn check_findings(&self, findings: &Findings, digest: Digest) -> Result<(), RecordError> {
        check_covers(&self.plan, &self.policy, findings, digest)
    }

    /// Checks the signatures of the approvals: see [`super::check_signatures`].
    ///
    /// # Errors
    /// Those of [`super::check_signatures`].
    pub fn check_signatures(&self, trust: &TrustStore) -> Result<(), RecordError> {
        check_signed(&self.plan.approvals, &self.policy, trust)
    }

    /// Adds an approval by `by` at `at`.
    ///
    /// # Errors
    /// [`RecordError::Field`] for an empty name or statement; those of
    /// [`PlanContent::check_policy`] and [`PlanContent::add_approval`].
    pub fn approve(&mut self, by: &str, at: UtcNanos, statement: &str) -> Result<(), RecordError> {
        check_text("by", by, 200)?;
        check_text("statement", statement, 2000)?;
        self.check_policy()?;
        self.add_approval(Approval {
            by: by.trim().to_owned(),
            at,
            statement: statement.trim().to_owned(),
            content: self.digest,
            signature: None,
        })
    }

    /// Adds an approval that was given earlier for the same content.
    ///
    /// # Errors
    /// [`RecordError::ChangedAfterApproval`] if it is for other content;
    /// [`RecordError::SamePerson`] if two people are needed and this person has approved already.
    pub fn add_approval(&mut self, approval: Approval) -> Result<(), RecordError> {
        check_approvals(std::slice::from_ref(&approval), self.digest)?;
        let same = |earlier: &Approval| is_one_person(&earlier.by, &approval.by);
        if self.plan.second_person && self.plan.approvals.iter().any(same) {
            return Err(RecordError::SamePerson { by: approval.by });
        }
        self.plan.approvals.push(approval);
        Ok(())
    }

    /// Signs the newest approval with the approver's `key`.
    ///
    /// # Errors
    /// [`RecordError::Field`] if there is no approval; [`RecordError::Key`].
    pub fn sign_newest(&mut self, key: &KeyPair) -> Result<(), RecordError> {
        let Some(newest) = self.plan.approvals.last_mut() else {
            return Err(RecordError::field("approvals", "none", "at least one"));
        };
        let bytes = signed_bytes(newest);
        newest.signature = Some(key.sign_bytes(&bytes, Signed::Approval, newest.at)?);
        Ok(())
    }

    /// The approved plan, for the recording with digest `source`.
    ///
    /// # Errors
    /// [`RecordError::SamePerson`] if two people are needed and all approvals are one person's;
    /// [`RecordError::Plan`] with the first problem; those of [`PlanContent::check_policy`].
    pub fn approved(self, source: Digest) -> Result<ApprovedPlan, RecordError> {
        self.check_policy()?;
        if self.plan.second_person {
            check_two_people(&self.plan.approvals)?;
        }
        Ok(ApprovedPlan::new(self.plan, source)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, NOW, findings, unapproved};
    use crate::{counts, plan};

    /// Goal: an approval by two people serializes the plan once and parses its policy once.
    /// Control: the functions for single steps, each of which repeats both.
    #[test]
    fn an_approval_digests_its_plan_and_parses_its_policy_once() {
        let source = unapproved().source.digest;
        let findings_digest = unapproved().findings;
        let before = counts::read();
        let mut content = PlanContent::new(unapproved()).unwrap();
        assert_eq!(content.problems(), [PlanError::NotApproved]);
        content
            .check_findings(&findings(), findings_digest)
            .unwrap();
        content.approve("Ada", NOW, "ok").unwrap();
        content.approve("Ben", NOW, "ok").unwrap();
        let key = KeyPair::generate(None).unwrap();
        content.sign_newest(&key).unwrap();
        content.approved(source).unwrap();
        assert_eq!(counts::since(before), (1, 1));

        let before = counts::read();
        let plan = testing::approve(unapproved(), "Ada", NOW, "ok").unwrap();
        let plan = testing::approve(plan, "Ben", NOW, "ok").unwrap();
        plan::check_findings(&plan, &findings(), findings_digest).unwrap();
        plan::approved(plan, source).unwrap();
        assert!(counts::since(before) >= (3, 3));
    }

    /// Goal: an approval of other content is never added. Control: one of this content is.
    #[test]
    fn an_approval_of_other_content_is_refused() {
        let mut content = PlanContent::new(unapproved()).unwrap();
        content.approve("Ada", NOW, "ok").unwrap();
        let given = content.plan().approvals[0].clone();
        let mut again = PlanContent::new(unapproved()).unwrap();
        again.add_approval(given.clone()).unwrap();
        let mut edited = unapproved();
        edited.mutes.clear();
        edited.kept_speech.clear();
        let mut edited = PlanContent::new(edited).unwrap();
        let refused = edited.add_approval(given).unwrap_err();
        assert!(
            matches!(refused, RecordError::ChangedAfterApproval { .. }),
            "{refused}"
        );
    }
}

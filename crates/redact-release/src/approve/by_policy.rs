//! A policy that decides and approves alone.

use std::path::Path;

use redact_core::{ApprovedPlan, Class, Digest, Findings, UtcNanos};
use redact_record::events::EventDraft;
use redact_record::plan::{self, PlanContent};
use redact_record::policy::Policy;

use super::{acknowledge, add_approval, check_transcript};
use crate::error::{Context as _, Result};

/// What the approval says.
const STATEMENT: &str = "Decided by the written policy, without a review of the single tracks.";

/// Findings that a policy decides.
pub struct PolicyDecision<'a> {
    /// The recording, for messages.
    pub clip: &'a Path,
    /// The policy's file, for messages.
    pub policy_file: &'a Path,
    /// The policy.
    pub policy: &'a Policy,
    /// Who answers for it; `None` names the policy itself.
    pub by: Option<&'a str>,
    /// Classes that are accepted without a detector.
    pub accept_missing: &'a [Class],
    /// Whether speech that was not transcribed may be muted whole, where the policy mutes only
    /// personal data.
    pub accept_untranscribed: bool,
}

impl PolicyDecision<'_> {
    /// Lets the policy decide and approve; gives the plan, and the bytes of its file.
    ///
    /// - `digest`: SHA-256 of the findings file.
    ///
    /// # Errors
    /// When the policy cannot decide, or the plan could not be carried out.
    pub fn decide(
        &self,
        found: &Findings,
        digest: Digest,
        now: UtcNanos,
        event: &mut EventDraft,
    ) -> Result<(ApprovedPlan, Vec<u8>)> {
        event.subject("source", found.source.digest);
        event.subject("findings", digest);
        event.subject("policy", self.policy.digest);
        check_transcript(self.policy, found, self.accept_untranscribed).in_file(self.clip)?;
        let name = format!("policy {}", self.policy.name);
        let plan = plan::propose(found, digest, self.policy, &name, now);
        let plan = acknowledge(plan.in_file(self.policy_file)?, self.accept_missing);
        let content = PlanContent::new(plan).in_file(self.clip)?;
        let by = self.by.unwrap_or(&name);
        let content = add_approval(content, by, STATEMENT, now).in_file(self.clip)?;
        let plan = content.plan();
        let bytes = plan::to_checked_bytes(plan).in_file(self.clip)?;
        event.subject("plan", content.digest());
        event.count("approvals", plan.approvals.len());
        let source = plan.source.digest;
        Ok((content.approved(source).in_file(self.clip)?, bytes))
    }
}

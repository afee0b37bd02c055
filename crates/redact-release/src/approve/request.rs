//! A person's approval of a plan, or of what a policy proposes.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use redact_core::{Class, Digest, Plan, PlanError, UtcNanos};
use redact_record::events::EventDraft;
use redact_record::plan::{self, PlanContent};
use redact_record::sign::{KeyPair, TrustStore};
use redact_record::{Overwrite, RecordError, findings};

use super::{Basis, acknowledge, add_approval, check_transcript, read_policy};
use crate::error::{Context as _, ReleaseError, Result};
use crate::names::{check_output, folder_of, plan_beside};
use crate::outputs::{Inputs, OutputOptions, Outputs, Partial, sync_folder};
use crate::ports::Events;

/// What a person approves.
pub struct ApprovalRequest<'a> {
    /// Findings, with a policy that decides; or a plan.
    pub file: &'a Path,
    /// The written policy.
    pub policy: Option<&'a Path>,
    /// What a plan was made from.
    pub basis: &'a Basis,
    /// Who approves.
    pub by: &'a str,
    /// What the approver states.
    pub statement: &'a str,
    /// Classes that are accepted without a detector.
    pub accept_missing: &'a [Class],
    /// Whether speech that was not transcribed may be muted whole, where the policy mutes only
    /// personal data.
    pub accept_untranscribed: bool,
    /// Where the plan goes; `None` puts it beside the findings, or in the plan's place.
    pub output: Option<&'a Path>,
    /// Keys that approvals are checked with.
    pub trust: &'a TrustStore,
}

/// An approval that needs nothing but its signature.
pub struct PendingApproval {
    content: PlanContent,
    output: PathBuf,
    target: Target,
    /// Why there are no findings, if there are none.
    without_findings: Option<String>,
    file: PathBuf,
}

/// An approved plan that is there.
pub struct Approval {
    /// The plan, with its content's digest.
    pub content: PlanContent,
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of the file.
    pub digest: Digest,
}

impl ApprovalRequest<'_> {
    /// Reads the file, lets the policy decide where it holds findings, and adds the approval.
    ///
    /// # Errors
    /// When a file is not what it should be or in the way, or the plan could not be carried out.
    pub fn prepare(
        &self,
        options: OutputOptions,
        now: UtcNanos,
        event: &mut EventDraft,
    ) -> Result<PendingApproval> {
        let (content, default) = self.content(now)?;
        let output = self.output.map_or(default, Path::to_owned);
        let plan = content.plan();
        let target = Target::begin(self.file, &output, options, plan.policy.digest)?;
        event.subject("source", plan.source.digest);
        event.subject("findings", plan.findings);
        event.subject("policy", plan.policy.digest);
        let content = add_approval(content, self.by, self.statement, now).in_file(self.file)?;
        Ok(PendingApproval {
            content,
            output,
            target,
            without_findings: self.basis.without_findings.clone(),
            file: self.file.to_owned(),
        })
    }

    /// The plan before it is approved, and where it goes by default.
    fn content(&self, now: UtcNanos) -> Result<(PlanContent, PathBuf)> {
        let file = self.file;
        let content = |plan| PlanContent::new(acknowledge(plan, self.accept_missing)).in_file(file);
        match (self.policy, findings::read(file)) {
            (Some(policy), Ok((found, digest))) => {
                let policy = read_policy(policy)?;
                check_transcript(&policy, &found, self.accept_untranscribed).in_file(file)?;
                let plan = plan::propose(&found, digest, &policy, self.by, now).in_file(file)?;
                Ok((content(plan)?, plan_beside(file)))
            }
            (None, Ok(_)) => Err(ReleaseError::NoPolicy).in_file(file),
            (policy, Err(RecordError::OtherKind { .. })) => {
                let plan = reread(file, self.trust)?;
                if let Some(policy) = policy {
                    read_policy(policy)?.check_plan(&plan).in_file(file)?;
                }
                let content = content(plan)?;
                self.basis.check(&content, file)?;
                Ok((content, file.to_owned()))
            }
            (_, Err(error)) => Err(error).in_file(file),
        }
    }
}

impl PendingApproval {
    /// Signs the approval, records it and gives the plan its name.
    ///
    /// # Errors
    /// When the key may not sign it, or the system refuses; nothing is then there.
    pub fn sign(mut self, key: &KeyPair, events: &mut dyn Events) -> Result<Approval> {
        self.content.sign_newest(key)?;
        let plan = self.content.plan();
        let bytes = plan::to_checked_bytes(plan).in_file(&self.file)?;
        let event = events.draft();
        event.subject("plan", self.content.digest());
        event.count("approvals", plan.approvals.len());
        let covered = plan::covered_tracks(plan).len();
        if covered > 0 {
            event.count("kept-but-covered", covered);
        }
        if let Some(why) = &self.without_findings {
            event.label("findings", "not-compared");
            event.subject("reason", redact_record::digest_bytes(why.as_bytes()));
        }
        let record = || events.succeeded().map(drop);
        self.target.write(&self.output, &bytes, record)?;
        Ok(Approval {
            content: self.content,
            path: self.output,
            digest: redact_record::digest_bytes(&bytes),
        })
    }
}

impl Approval {
    /// Whether the policy requires the approval of another person.
    #[must_use]
    pub fn needs_second_person(&self) -> bool {
        let second = |problem: &PlanError| matches!(problem, PlanError::SecondPersonMissing { .. });
        self.content.problems().iter().any(second)
    }
}

/// Where a plan goes.
enum Target {
    /// A file of its own.
    New(Outputs),
    /// In the place of the plan that is approved once more.
    Same(Partial),
}

impl Target {
    fn begin(file: &Path, output: &Path, options: OutputOptions, policy: Digest) -> Result<Self> {
        if output == file {
            check_output(output, &[], options.force)?;
            return Ok(Self::Same(
                Partial::beside(output, options.wait)?.for_owner()?,
            ));
        }
        let go = &mut |_, _| ControlFlow::Continue(());
        let (digest, _) = redact_record::digest_file(file, go).in_file(file)?;
        let inputs = Inputs(vec![digest, policy]);
        let mut outputs = Outputs::begin(&[output], &[file], options, || Ok(inputs.clone()))?;
        outputs.set_inputs(inputs);
        Ok(Self::New(outputs))
    }

    /// Writes the plan. `record` records the approval; where that fails, nothing is there.
    fn write(self, path: &Path, bytes: &[u8], record: impl FnOnce() -> Result<()>) -> Result<()> {
        match self {
            Self::New(mut outputs) => {
                outputs.write(path, bytes)?;
                record()?;
                outputs.finish()
            }
            Self::Same(partial) => {
                partial.fill(bytes).in_file(path)?;
                record()?;
                partial.rename(path, Overwrite::Replace)?;
                sync_folder(&folder_of(path))
            }
        }
    }
}

/// A plan whose approvals may be void, because it was edited or a key of theirs was revoked: those
/// are dropped.
fn reread(file: &Path, trust: &TrustStore) -> Result<Plan> {
    match plan::read(file) {
        Ok((plan, _)) => match plan::check_signatures(&plan, trust) {
            Err(RecordError::Signature(_)) => Ok(plan::without_approvals(plan)),
            _ => Ok(plan),
        },
        Err(RecordError::ChangedAfterApproval { .. }) => plan::read_unapproved(file).in_file(file),
        Err(error) => Err(error).in_file(file),
    }
}

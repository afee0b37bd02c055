//! `redact approve`: a plan from findings and a policy, or an edited plan once more.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_core::{Class, Digest, Findings, Plan, PlanError, UtcNanos};
use redact_record::events::Act;
use redact_record::plan::PlanContent;
use redact_record::policy::{self, Policy};
use redact_record::{Overwrite, RecordError, findings, plan};

use crate::args::{ApproveArgs, GlobalArgs};
use crate::files::folder_of;
use crate::journal::{Journal, Note};
use crate::outputs::{Inputs, Outputs, Partial, sync_folder};
use crate::{Outcome, basis, key, places};

/// Makes or approves a plan and writes it.
///
/// # Errors
/// When a file is not what it should be, or the plan could not be carried out.
pub(crate) fn approve(args: &ApproveArgs, global: &GlobalArgs) -> Result<Outcome> {
    let journal = Journal::open(global, Some(&args.by))?;
    let mut note = Note::new(Act::Approval);
    approve_noted(args, global, &journal, &mut note).map_err(|error| journal.failed(&note, error))
}

fn approve_noted(
    args: &ApproveArgs,
    global: &GlobalArgs,
    journal: &Journal,
    note: &mut Note,
) -> Result<Outcome> {
    let file = &args.file;
    let name = || file.display().to_string();
    let content = |plan| PlanContent::new(acknowledge(plan, &args.accept_missing));
    let (content, default) = match (&args.policy, findings::read(file)) {
        (Some(policy), Ok((found, digest))) => {
            let policy = read_policy(policy)?;
            let made = propose(&found, digest, &policy, &args.by).with_context(name)?;
            (content(made).with_context(name)?, places::plan_beside(file))
        }
        (None, Ok(_)) => bail!("{}: findings need a --policy that decides", file.display()),
        (policy, Err(RecordError::OtherKind { .. })) => {
            let plan = reread(file)?;
            if let Some(policy) = policy {
                read_policy(policy)?.check_plan(&plan).with_context(name)?;
            }
            let content = content(plan).with_context(name)?;
            basis::check(&content, file, &args.basis)?;
            (content, file.clone())
        }
        (_, Err(error)) => return Err(error).with_context(name),
    };
    let output = args.output.clone().unwrap_or(default);
    let policy_digest = content.plan().policy.digest;
    let target = Target::begin(file, &output, args.force, policy_digest)?;
    note.subject("source", content.plan().source.digest);
    note.subject("findings", content.plan().findings);
    note.subject("policy", content.plan().policy.digest);
    let mut content = sign_off(content, &args.by, &args.statement).with_context(name)?;
    let key = key::approver_key(args.key.as_deref(), journal)?;
    content.sign_newest(&key)?;
    let plan = content.plan();
    let bytes = plan::to_checked_bytes(plan).with_context(name)?;
    let digest = redact_record::digest_bytes(&bytes);
    note.subject("plan", content.digest());
    note.count("approvals", plan.approvals.len());
    if let Some(why) = &args.basis.without_findings {
        note.label("findings", "not-compared");
        note.subject("reason", redact_record::digest_bytes(why.as_bytes()));
    }
    target.write(&output, &bytes, || journal.done(note).map(drop))?;
    if global.json {
        let document = serde_json::json!({
            "plan": output, "sha256": digest.to_string(), "tracks": plan.tracks.len(),
            "drawn": plan.drawn.len(), "mutes": plan.mutes.len(),
            "approvals": plan.approvals.len(), "needs_second_person": needs_second(&content),
        });
        crate::say(&document.to_string());
    } else {
        crate::say(&format!(
            "{} tracks decided, {} masks drawn, {} mutes; approved by {}",
            plan.tracks.len(),
            plan.drawn.len(),
            plan.mutes.len(),
            plan.approvals
                .iter()
                .map(|a| a.by.as_str())
                .collect::<Vec<_>>()
                .join(" and ")
        ));
        if needs_second(&content) {
            crate::say(
                "the policy asks for a second person: `redact approve PLAN --by NAME --force`",
            );
        }
        crate::say(&format!("plan: {}", output.display()));
    }
    Ok(Outcome::Done)
}

/// Where a plan goes.
enum Target {
    /// A file of its own.
    New(Outputs),
    /// In the place of the plan that is approved once more.
    Same(Partial),
}

impl Target {
    fn begin(file: &Path, output: &Path, force: bool, policy: Digest) -> Result<Self> {
        if output == file {
            places::check_output(output, &[], force)?;
            return Ok(Self::Same(Partial::beside(output)?.for_owner()?));
        }
        let go = &mut |_, _| std::ops::ControlFlow::Continue(());
        let (digest, _) =
            redact_record::digest_file(file, go).with_context(|| file.display().to_string())?;
        let inputs = Inputs(vec![digest, policy]);
        let mut outputs = Outputs::begin(&[output], &[file], force, || Ok(inputs.clone()))?;
        outputs.set_inputs(inputs);
        Ok(Self::New(outputs))
    }

    /// Writes the plan. `record` writes the approval down; where that fails, nothing is there.
    fn write(self, path: &Path, bytes: &[u8], record: impl FnOnce() -> Result<()>) -> Result<()> {
        match self {
            Self::New(mut outputs) => {
                outputs.write(path, bytes)?;
                record()?;
                outputs.finish()
            }
            Self::Same(partial) => {
                partial
                    .fill(bytes)
                    .with_context(|| path.display().to_string())?;
                record()?;
                partial.rename(path, Overwrite::Replace)?;
                sync_folder(&folder_of(path))
            }
        }
    }
}

/// Reads a policy; errors name its file.
///
/// # Errors
/// When it is not there or not a policy.
pub(crate) fn read_policy(path: &Path) -> Result<Policy> {
    policy::read(path).with_context(|| path.display().to_string())
}

/// The plan that `policy` makes of findings, decided by the policy on behalf of `by`.
///
/// # Errors
/// When the policy cannot decide: see [`plan::propose`].
pub(crate) fn propose(
    found: &Findings,
    digest: redact_core::Digest,
    policy: &Policy,
    by: &str,
) -> Result<Plan> {
    Ok(plan::propose(found, digest, policy, by, now())?)
}

/// The plan, which accepts that no detector ran for the classes `accept`. What it accepts anew
/// voids its approvals.
pub(crate) fn acknowledge(mut plan: Plan, accept: &[Class]) -> Plan {
    for class in accept {
        if plan.missing.contains(class) && !plan.acknowledged.contains(class) {
            plan.acknowledged.push(*class);
            plan.acknowledged.sort();
            plan.approvals.clear();
        }
    }
    plan
}

/// Adds an approval, after checking that the plan can be carried out at all.
///
/// # Errors
/// [`redact_core::PlanError`] for what is missing, other than a second person.
pub(crate) fn sign_off(mut content: PlanContent, by: &str, statement: &str) -> Result<PlanContent> {
    content.approve(by, now(), statement)?;
    let mut problems = content.problems().into_iter();
    match problems.find(|problem| !problem.is_missing_approval()) {
        Some(problem) => Err(RecordError::Plan(problem).into()),
        None => Ok(content),
    }
}

/// The time on this machine's clock, in UTC.
pub(crate) fn now() -> UtcNanos {
    let nanos = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
    UtcNanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

fn needs_second(content: &PlanContent) -> bool {
    let second = |problem: &PlanError| matches!(problem, PlanError::SecondPersonMissing { .. });
    content.problems().iter().any(second)
}

/// A plan whose approvals may be void, because it was edited or a key of theirs was revoked: those
/// are dropped.
fn reread(file: &Path) -> Result<Plan> {
    let name = || file.display().to_string();
    match plan::read(file) {
        Ok((plan, _)) => match plan::check_signatures(&plan, &key::trusted(&[])?) {
            Err(RecordError::Signature(_)) => Ok(plan::without_approvals(plan)),
            _ => Ok(plan),
        },
        Err(RecordError::ChangedAfterApproval { .. }) => {
            plan::read_unapproved(file).with_context(name)
        }
        Err(error) => Err(error).with_context(name),
    }
}

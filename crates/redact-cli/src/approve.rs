//! `redact approve`: a plan from findings and a policy, or an edited plan once more.

use anyhow::Result;
use redact_record::events::Act;
use redact_release::approve::{Approval, ApprovalRequest, Basis};
use redact_release::ports::Events as _;

use crate::args::{ApproveArgs, GlobalArgs};
use crate::clock::now;
use crate::event_log::{OpenEvent, recorded};
use crate::outcome::Outcome;
use crate::terminal::say;
use crate::{jobs, key};

/// Makes or approves a plan and writes it.
///
/// # Errors
/// When a file is not what it should be, or the plan could not be carried out.
pub(crate) fn approve(args: &ApproveArgs, global: &GlobalArgs) -> Result<Outcome> {
    let by = Some(args.by.as_str());
    recorded(global, by, Act::Approval, |event| run(args, global, event))
}

fn run(args: &ApproveArgs, global: &GlobalArgs, event: &mut OpenEvent<'_>) -> Result<Outcome> {
    let request = ApprovalRequest {
        file: &args.file,
        policy: args.policy.as_deref(),
        basis: &Basis::from(&args.basis),
        by: &args.by,
        statement: &args.statement,
        accept_missing: &args.accept_missing,
        output: args.output.as_deref(),
        trust: &key::trusted(&[])?,
    };
    let options = jobs::output_options(args.force);
    let pending = request.prepare(options, now(), event.draft())?;
    let key = key::approver_key(args.key.as_deref(), event.recorder())?;
    let approval = pending.sign(&key, event)?;
    if global.json {
        say(&document(&approval).to_string());
    } else {
        say(&text(&approval));
    }
    Ok(Outcome::Done)
}

fn document(approval: &Approval) -> serde_json::Value {
    let plan = approval.content.plan();
    serde_json::json!({
        "plan": approval.path, "sha256": approval.digest.to_string(),
        "tracks": plan.tracks.len(), "drawn": plan.drawn.len(), "mutes": plan.mutes.len(),
        "approvals": plan.approvals.len(), "needs_second_person": approval.needs_second_person(),
    })
}

fn text(approval: &Approval) -> String {
    let plan = approval.content.plan();
    let people: Vec<&str> = plan.approvals.iter().map(|a| a.by.as_str()).collect();
    let mut lines = vec![format!(
        "{} tracks decided, {} masks drawn, {} mutes; approved by {}",
        plan.tracks.len(),
        plan.drawn.len(),
        plan.mutes.len(),
        people.join(" and ")
    )];
    if approval.needs_second_person() {
        lines.push(
            "the policy asks for a second person: `redact approve PLAN --by NAME --force`".into(),
        );
    }
    lines.push(format!("plan: {}", approval.path.display()));
    lines.join("\n")
}

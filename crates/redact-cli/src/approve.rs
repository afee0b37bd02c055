//! `redact approve`: a plan from findings and a policy, or an edited plan once more.

use anyhow::Result;
use redact_record::events::Act;
use redact_record::plan::{CoveredTrack, covered_tracks};
use redact_release::approve::{Approval, ApprovalRequest, Basis};
use redact_release::ports::Events as _;

use crate::args::{ApproveArgs, GlobalArgs};
use crate::clock::now;
use crate::event_log::{OpenEvent, recorded};
use crate::outcome::Outcome;
use crate::terminal::say;
use crate::{jobs, key, paths};

/// Makes or approves a plan and writes it.
///
/// # Errors
/// When a file is not what it should be, or the plan could not be carried out.
pub(crate) fn approve(args: &ApproveArgs, global: &GlobalArgs) -> Result<Outcome> {
    let by = Some(args.by.as_str());
    recorded(global, by, Act::Approval, |event| run(args, global, event))
}

fn run(args: &ApproveArgs, global: &GlobalArgs, event: &mut OpenEvent<'_>) -> Result<Outcome> {
    let policy = args.policy.as_deref().map(paths::policy_file).transpose()?;
    let request = ApprovalRequest {
        file: &args.file,
        policy: policy.as_deref(),
        basis: &Basis::from(&args.basis),
        by: &args.by,
        statement: &args.statement,
        accept_missing: &args.accept_missing,
        accept_untranscribed: args.accept_untranscribed,
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
    let covered = covered_json(&covered_tracks(plan));
    serde_json::json!({
        "plan": approval.path, "sha256": approval.digest.to_string(),
        "tracks": plan.tracks.len(), "drawn": plan.drawn.len(), "mutes": plan.mutes.len(),
        "approvals": plan.approvals.len(), "needs_second_person": approval.needs_second_person(),
        "kept_but_covered": covered,
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
    lines.extend(covered_lines(&covered_tracks(plan)));
    lines.push(format!("plan: {}", approval.path.display()));
    lines.join("\n")
}

/// A warning for each person who was kept and whom masks of others cover.
pub(crate) fn covered_lines(covered: &[CoveredTrack]) -> impl Iterator<Item = String> + '_ {
    covered
        .iter()
        .map(|covered| format!("warning: {}", covered.text()))
}

/// The same for machines.
pub(crate) fn covered_json(covered: &[CoveredTrack]) -> Vec<serde_json::Value> {
    let one = |covered: &CoveredTrack| {
        serde_json::json!({
            "track": covered.track.0, "frames": covered.frames,
            "worst_frame": covered.worst.get(), "share": covered.share, "masks": covered.masks,
        })
    };
    covered.iter().map(one).collect()
}

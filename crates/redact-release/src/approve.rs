//! Approving: from findings, or an edited plan, to a plan that a person or a policy answers for.
//!
//! - [`ApprovalRequest`]: a person approves a plan, or what a policy proposes;
//! - [`PolicyDecision`]: a policy decides and approves alone;
//! - [`Basis`]: the findings that a plan was made from, without which none is approved or rendered.

mod basis;
mod by_policy;
mod request;

pub use basis::Basis;
pub use by_policy::PolicyDecision;
pub use request::{Approval, ApprovalRequest, PendingApproval};

use std::path::Path;

use redact_core::{Class, Plan, UtcNanos};
use redact_record::RecordError;
use redact_record::plan::PlanContent;
use redact_record::policy::{self, Policy};

use crate::error::{Context as _, Result};

/// Reads a policy.
///
/// # Errors
/// When it is not there or not a policy, with its name.
pub fn read_policy(path: &Path) -> Result<Policy> {
    policy::read(path).in_file(path)
}

/// The plan, which accepts that no detector ran for the classes `accept`. Where that changes it,
/// its approvals are void.
fn acknowledge(mut plan: Plan, accept: &[Class]) -> Plan {
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
/// The first [`redact_core::PlanError`], other than a second person that is missing.
fn add_approval(
    mut content: PlanContent,
    by: &str,
    statement: &str,
    now: UtcNanos,
) -> Result<PlanContent> {
    content.approve(by, now, statement)?;
    let mut problems = content.problems().into_iter();
    match problems.find(|problem| !problem.is_missing_approval()) {
        Some(problem) => Err(RecordError::Plan(problem).into()),
        None => Ok(content),
    }
}

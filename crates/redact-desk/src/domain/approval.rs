//! Approvals of one revision of a review. A review is approved if an approver approved it and,
//! where the policy requires two people, two did.

use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::model::Role;
use crate::time;

/// An approval as the API returns it and as a release stores it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Approval {
    pub(crate) by: String,
    pub(crate) at: String,
    pub(crate) role: Role,
    pub(crate) statement: String,
    #[serde(default)]
    pub(crate) signed: bool,
}

impl Approval {
    /// Whether this is the approval that someone gave at that time.
    pub(crate) fn is(&self, name: &str, at_nanos: i64) -> bool {
        self.by == name && self.at == time::text(at_nanos.div_euclid(1_000_000))
    }
}

/// The names of the approvers among those who approved.
pub(crate) fn approvers(approvals: &[Approval]) -> String {
    let approvers = approvals.iter().filter(|a| a.role == Role::Approver);
    let names: Vec<&str> = approvers.map(|approval| approval.by.as_str()).collect();
    names.join(", ")
}

/// The approval state of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReviewState {
    InReview,
    AwaitingSecond,
    Approved,
}

/// The state that follows from approvals, given as account and role.
pub(crate) fn state<'a>(
    approvals: impl Iterator<Item = (&'a Id, Role)>,
    second_person: bool,
) -> ReviewState {
    let approvals: Vec<_> = approvals.collect();
    let Some((first, _)) = approvals.first() else {
        return ReviewState::InReview;
    };
    let approver = approvals.iter().any(|(_, role)| *role == Role::Approver);
    let two = approvals.iter().any(|(user, _)| user != first);
    if approver && (two || !second_person) {
        ReviewState::Approved
    } else {
        ReviewState::AwaitingSecond
    }
}

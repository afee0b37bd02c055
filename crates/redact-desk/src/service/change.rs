//! What changed, for every open page.

use super::lanes::Reached;
use crate::db::jobs::JobRow;
use crate::id::Id;

/// Changes that wait for a slow page before it loses some.
pub(crate) const WAITING_MAX: usize = 256;

/// What changed.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Request(Id),
    Recording(Id),
    Review(Id),
    Release(Id),
    Audit(Id),
    Job(Box<(JobRow, Reached)>),
}

impl Change {
    /// Whether an auditor, who sees no recording and no review, may hear of it.
    pub(crate) const fn is_for_auditors(&self) -> bool {
        matches!(self, Self::Request(_) | Self::Release(_) | Self::Audit(_))
    }
}

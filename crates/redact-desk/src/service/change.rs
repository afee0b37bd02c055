//! Changes, for open pages.

use super::lanes::JobProgress;
use crate::db::jobs::JobRow;
use crate::id::Id;

/// Changes queued for a slow page before it loses some.
pub(crate) const WAITING_MAX: usize = 256;

/// A change.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Request(Id),
    Recording(Id),
    Review(Id),
    /// Who has a review open.
    Presence(Id),
    Release(Id),
    Audit(Id),
    Job(Box<(JobRow, JobProgress)>),
}

impl Change {
    /// Whether auditors, who see no recordings and no reviews, may receive it.
    pub(crate) const fn is_for_auditors(&self) -> bool {
        matches!(self, Self::Request(_) | Self::Release(_) | Self::Audit(_))
    }
}

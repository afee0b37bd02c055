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
    /// What changed, by its place in the API and its id.
    pub(crate) fn place(&self) -> (&'static str, &Id) {
        match self {
            Self::Request(id) => ("requests", id),
            Self::Recording(id) => ("recordings", id),
            Self::Review(id) | Self::Presence(id) => ("reviews", id),
            Self::Release(id) => ("releases", id),
            Self::Audit(id) => ("audits", id),
            Self::Job(job) => ("jobs", &job.0.id),
        }
    }

    /// Whether auditors, who see no recordings and no reviews, may receive it.
    pub(crate) const fn is_for_auditors(&self) -> bool {
        matches!(self, Self::Request(_) | Self::Release(_) | Self::Audit(_))
    }
}

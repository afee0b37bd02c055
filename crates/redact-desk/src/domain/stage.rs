//! The stage of a request.

use serde::{Deserialize, Serialize};

/// The stage of a request, in the order of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    Failed,
    NeedsRecording,
    Preparing,
    InReview,
    AwaitingApproval,
    Approved,
    Rendering,
    Ready,
    HandedOver,
    Closed,
}

/// The counts that determine a request's stage.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) closed: bool,
    pub(crate) recordings: i64,
    pub(crate) preparing: i64,
    pub(crate) failed: i64,
    pub(crate) approved: i64,
    pub(crate) awaiting: i64,
    pub(crate) rendering: i64,
    pub(crate) ready: i64,
    pub(crate) unreleased: i64,
    pub(crate) copies: i64,
}

impl Progress {
    /// The stage that follows from the counts.
    pub(crate) fn stage(&self) -> Stage {
        match self {
            _ if self.closed => Stage::Closed,
            _ if self.recordings == 0 => Stage::NeedsRecording,
            _ if self.rendering > 0 => Stage::Rendering,
            _ if self.copies > 0 => Stage::HandedOver,
            _ if self.ready > 0 => Stage::Ready,
            _ if self.failed > 0 || self.unreleased > 0 => Stage::Failed,
            _ if self.preparing > 0 => Stage::Preparing,
            _ if self.approved > 0 => Stage::Approved,
            _ if self.awaiting > 0 => Stage::AwaitingApproval,
            _ => Stage::InReview,
        }
    }
}

//! The stage of a request, which is that of its least advanced recording.

use serde::{Deserialize, Serialize};

/// The stage of a request or of one of its recordings, in the order of the work.
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

impl Stage {
    /// For display.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Failed => "Needs attention",
            Self::NeedsRecording => "Needs a recording",
            Self::Preparing => "Preparing",
            Self::InReview => "In review",
            Self::AwaitingApproval => "Awaiting approval",
            Self::Approved => "Approved",
            Self::Rendering => "Rendering",
            Self::Ready => "Ready to hand over",
            Self::HandedOver => "Handed over",
            Self::Closed => "Closed",
        }
    }
}

/// The facts that determine a recording's stage.
///
/// A release counts unless a newer version of it was made: whoever has only the older version does
/// not have the recording.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// Preparation is queued or running.
    pub(crate) preparing: bool,
    /// Preparation failed or stopped.
    pub(crate) failed: bool,
    /// A review has all required approvals.
    pub(crate) approved: bool,
    /// A review has some of the required approvals.
    pub(crate) awaiting: bool,
    /// A release is being rendered or verified.
    pub(crate) rendering: bool,
    /// A release failed verification, or failed without a later one of the same review.
    pub(crate) unreleased: bool,
    /// A verified release was not handed over.
    pub(crate) ready: bool,
    /// A verified release was handed over.
    pub(crate) out: bool,
}

impl Progress {
    /// The stage that follows from the facts.
    pub(crate) const fn stage(&self) -> Stage {
        match self {
            Self {
                rendering: true, ..
            } => Stage::Rendering,
            Self {
                unreleased: true, ..
            } => Stage::Failed,
            Self { ready: true, .. } => Stage::Ready,
            Self { out: true, .. } => Stage::HandedOver,
            Self { failed: true, .. } => Stage::Failed,
            Self {
                preparing: true, ..
            } => Stage::Preparing,
            Self { approved: true, .. } => Stage::Approved,
            Self { awaiting: true, .. } => Stage::AwaitingApproval,
            _ => Stage::InReview,
        }
    }
}

/// The stage of a request whose responsive recordings have these stages.
pub(crate) fn of_request(closed: bool, recordings: &[Stage]) -> Stage {
    if closed {
        return Stage::Closed;
    }
    let least = recordings.iter().min().copied();
    least.unwrap_or(Stage::NeedsRecording)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a request is as far as its least advanced recording. Control: one recording alone.
    #[test]
    fn a_request_has_the_stage_of_its_least_advanced_recording() {
        let out = Stage::HandedOver;
        assert_eq!(of_request(false, &[out]), Stage::HandedOver);
        assert_eq!(of_request(false, &[out, Stage::InReview]), Stage::InReview);
        assert_eq!(of_request(false, &[out, Stage::Failed]), Stage::Failed);
        assert_eq!(of_request(false, &[]), Stage::NeedsRecording);
        assert_eq!(of_request(true, &[Stage::InReview]), Stage::Closed);
    }

    /// Goal: a recording is out only if every current release of it was handed over and is good.
    #[test]
    fn a_recording_is_out_when_each_of_its_releases_is() {
        let out = Progress {
            out: true,
            ..Progress::default()
        };
        assert_eq!(out.stage(), Stage::HandedOver);
        let another = Progress { ready: true, ..out };
        assert_eq!(another.stage(), Stage::Ready);
        let replacing = Progress {
            rendering: true,
            ..another
        };
        assert_eq!(replacing.stage(), Stage::Rendering);
        let wrong = Progress {
            unreleased: true,
            ..out
        };
        assert_eq!(wrong.stage(), Stage::Failed);
    }
}

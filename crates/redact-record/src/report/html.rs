//! The report as one HTML file without scripts and external resources.

use askama::Template;

use super::verdict::{CheckOutcome, Group, Verdict, VerifyReport};
use crate::RecordError;
use crate::timeline::svg::{Drawing, LaneArea};

/// Position of the timeline's lanes.
const LANES: LaneArea = LaneArea {
    left: 150.0,
    width: 700.0,
    lane_height: 22,
};

#[derive(Template)]
#[template(path = "report.html")]
struct VerdictHtml<'a> {
    report: &'a VerifyReport,
    verdict: &'static str,
    verified: bool,
    meaning: String,
    checked_at: String,
    groups: Vec<Group<'a>>,
    drawing: Drawing,
}

pub(super) fn render(report: &VerifyReport) -> Result<String, RecordError> {
    let page = VerdictHtml {
        report,
        verdict: report.headline(),
        verified: report.verdict() == Verdict::Verified,
        meaning: report.meaning(),
        checked_at: report.checked_at.readable(),
        groups: report.groups(),
        drawing: Drawing::new(&report.timeline, LANES),
    };
    let failed = |refused: askama::Error| RecordError::Write {
        source: std::io::Error::other(refused.to_string()),
    };
    page.render().map_err(failed)
}

/// The style sheet's class for an outcome.
fn class(outcome: &CheckOutcome) -> &'static str {
    match outcome {
        CheckOutcome::Passed => "passed",
        CheckOutcome::Failed => "failed",
        CheckOutcome::NotChecked => "open",
    }
}

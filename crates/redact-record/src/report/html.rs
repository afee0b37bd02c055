//! The report as HTML: one file, no script, no address that a browser would fetch.

use askama::Template;

use super::timeline::{Medium, Row};
use super::{CheckOutcome, Group, Verdict, VerifyReport, stamp};
use crate::RecordError;

/// Width of a lane's bars and height of a lane in the drawing's own units.
const BARS_WIDTH: f32 = 700.0;
const LANE_HEIGHT: usize = 22;
const BARS_LEFT: f32 = 150.0;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a VerifyReport,
    verdict: &'static str,
    verified: bool,
    meaning: String,
    checked_at: String,
    groups: Vec<Group<'a>>,
    rows: Vec<Row>,
    drawing: Drawing,
}

/// The timeline in the drawing's units.
struct Drawing {
    text: String,
    height: usize,
    axis: usize,
    ticks: Vec<(String, String)>,
    lanes: Vec<DrawnLane>,
}

struct DrawnLane {
    top: usize,
    class: &'static str,
    bars: Vec<(String, String)>,
}

pub(super) fn render(report: &VerifyReport) -> Result<String, RecordError> {
    let page = Page {
        report,
        verdict: report.headline(),
        verified: report.verdict() == Verdict::Verified,
        meaning: report.meaning(),
        checked_at: stamp(report.checked_at),
        groups: report.groups(),
        rows: report.timeline.rows(),
        drawing: Drawing::of(report),
    };
    let failed = |refused: askama::Error| RecordError::Write {
        source: std::io::Error::other(refused.to_string()),
    };
    page.render().map_err(failed)
}

impl Drawing {
    fn of(report: &VerifyReport) -> Self {
        let rows = report.timeline.rows();
        let axis = rows.len() * LANE_HEIGHT;
        let lane = |(index, row): (usize, &Row)| DrawnLane {
            top: index * LANE_HEIGHT,
            class: match row.medium {
                Medium::Picture => "picture",
                Medium::Sound => "sound",
            },
            bars: row
                .bars
                .iter()
                .map(|(start, length)| (place(*start), unit(length * BARS_WIDTH)))
                .collect(),
        };
        Self {
            text: report.timeline.text(),
            height: axis + 24,
            axis,
            ticks: report
                .timeline
                .ticks()
                .into_iter()
                .map(|tick| (place(tick.at), tick.label))
                .collect(),
            lanes: rows.iter().enumerate().map(lane).collect(),
        }
    }
}

fn place(fraction: f32) -> String {
    unit(BARS_LEFT + fraction * BARS_WIDTH)
}

fn unit(length: f32) -> String {
    format!("{length:.1}")
}

/// A class of the style sheet.
fn class(outcome: &CheckOutcome) -> &'static str {
    match outcome {
        CheckOutcome::Passed => "passed",
        CheckOutcome::Failed => "failed",
        CheckOutcome::NotChecked => "open",
    }
}

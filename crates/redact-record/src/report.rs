//! The verification report of a release: a page that an attorney can read, and the same as data.
//!
//! The checker fills in [`VerifyReport`]; this module presents it as HTML ([`VerifyReport::html`]),
//! PDF ([`VerifyReport::pdf`]) and JSON ([`VerifyReport::json`]). The verdict is computed from the
//! checks, so that a page cannot contradict its own rows.
//!
//! A report is not signed and therefore not evidence by itself. It says what one run found; its
//! digests identify the files.

mod columns;
mod html;
mod page;
#[cfg(test)]
mod tests;
mod verdict;

use redact_core::TimeSpan;
use serde::Serialize;

use crate::RecordError;
use crate::json::{self, Seconds, Utc};
use crate::timeline::{Lane, LaneKind};

pub use crate::timeline::Timeline;
pub use verdict::{Check, CheckOutcome, FileDigest, Scope, SignatureResult, Verdict, VerifyReport};

impl VerifyReport {
    /// The report as a self-contained HTML page.
    ///
    /// # Errors
    /// [`RecordError::Write`] if the page cannot be produced.
    pub fn html(&self) -> Result<String, RecordError> {
        html::render(self)
    }

    /// The report as a one-page PDF (US Letter), archivable and tagged (PDF/A-2a, PDF/UA-1).
    ///
    /// # Errors
    /// [`RecordError::Write`] if the page cannot be produced.
    pub fn pdf(&self) -> Result<Vec<u8>, RecordError> {
        page::render(self)
    }

    /// The report as JSON.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        json::pretty(&ReportFile {
            file: "redact-verify-report",
            format_version: 1,
            verdict: self.verdict(),
            scope: self.scope,
            release: &self.release,
            checked_at: self.checked_at,
            program: &self.program,
            signature: &self.signature,
            digests: &self.digests,
            checks: &self.checks,
            duration_seconds: Seconds(self.timeline.duration_nanos),
            timeline: self.timeline.lanes.iter().map(LaneFile::from).collect(),
        })
    }
}

#[derive(Serialize)]
struct ReportFile<'a> {
    file: &'static str,
    format_version: u32,
    verdict: Verdict,
    scope: Scope,
    release: &'a str,
    checked_at: Utc,
    program: &'a str,
    signature: &'a SignatureResult,
    digests: &'a [FileDigest],
    checks: &'a [Check],
    duration_seconds: Seconds,
    timeline: Vec<LaneFile<'a>>,
}

#[derive(Serialize)]
struct LaneFile<'a> {
    label: &'a str,
    medium: LaneKind,
    spans: Vec<LaneSpanFile>,
}

#[derive(Serialize)]
struct LaneSpanFile {
    start_seconds: Seconds,
    end_seconds: Seconds,
}

impl<'a> From<&'a Lane> for LaneFile<'a> {
    fn from(lane: &'a Lane) -> Self {
        let span = |span: &TimeSpan| LaneSpanFile {
            start_seconds: Seconds(span.start_nanos()),
            end_seconds: Seconds(span.end_nanos()),
        };
        Self {
            label: &lane.label,
            medium: lane.kind,
            spans: lane.spans.iter().map(span).collect(),
        }
    }
}

//! Excerpts: the spans of a recording that a release shows, where it does not show all of it.

use redact_record::plan::NOT_REQUESTED;
use serde::{Deserialize, Serialize};

use crate::api_error::{ApiError, ApiResult};

/// The most spans of an excerpt.
const SPANS_MAX: usize = 100;

/// How far a span may end after the recording, in seconds: players round up. The renderer has the
/// same limit.
const END_ROUNDED_SECONDS: f64 = 1.0;

/// A span of a recording, in seconds from its first frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ExcerptSpan {
    pub(crate) start_seconds: f64,
    pub(crate) end_seconds: f64,
}

/// An excerpt, as it is stored and as the API returns it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Excerpt {
    /// In order of time.
    pub(crate) spans: Vec<ExcerptSpan>,
    /// Code of the reason for withholding the rest.
    pub(crate) reason: String,
    /// Who withholds it.
    pub(crate) by: String,
}

impl Excerpt {
    /// Checks an excerpt by the rules of the renderer, so that a mistake is found before it starts.
    ///
    /// - `duration_seconds`: of the recording.
    /// - `reasons`: codes of the plan's reasons.
    ///
    /// # Errors
    /// 400 for a span or a reason that the renderer would refuse.
    pub(crate) fn new(
        mut spans: Vec<ExcerptSpan>,
        (reason, by): (&str, &str),
        duration_seconds: f64,
        reasons: &[&str],
    ) -> ApiResult<Self> {
        let refused = |message: String| ApiError::field("excerpt.spans", message);
        if spans.is_empty() || spans.len() > SPANS_MAX {
            return Err(refused(format!("Expected 1 to {SPANS_MAX} spans.")));
        }
        for (at, span) in spans.iter().enumerate() {
            let (start, end) = (span.start_seconds, span.end_seconds);
            let name = format!("Span {}", at + 1);
            if !start.is_finite() || !end.is_finite() || start < 0.0 {
                return Err(refused(format!("{name} has no valid start and end.")));
            }
            if end <= start {
                return Err(refused(format!("{name} ends before it starts.")));
            }
            if start >= duration_seconds || end > duration_seconds + END_ROUNDED_SECONDS {
                return Err(refused(format!(
                    "{name} is beyond the end of the recording, {duration_seconds:.2} s."
                )));
            }
        }
        spans.sort_by(|one, other| one.start_seconds.total_cmp(&other.start_seconds));
        if let Some(two) = spans
            .windows(2)
            .find(|two| two[1].start_seconds < two[0].end_seconds)
        {
            let (one, other) = (two[0].end_seconds, two[1].start_seconds);
            return Err(refused(format!(
                "Two spans overlap: one ends at {one:.2} s, the next starts at {other:.2} s."
            )));
        }
        if reason != NOT_REQUESTED && !reasons.contains(&reason) {
            let message = "The review's policy has no such reason.";
            return Err(ApiError::field("excerpt.reason", message));
        }
        Ok(Self {
            spans,
            reason: reason.to_owned(),
            by: by.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(spans: &[(f64, f64)], reason: &str) -> ApiResult<Excerpt> {
        let spans = spans
            .iter()
            .map(|&(start_seconds, end_seconds)| ExcerptSpan {
                start_seconds,
                end_seconds,
            });
        Excerpt::new(spans.collect(), (reason, "ada"), 60.0, &["privacy"])
    }

    /// Goal: what the renderer would refuse is refused before a render starts. Control: spans in
    /// any order, that touch, or that end a little late are taken.
    #[test]
    fn spans_and_reasons_are_checked() {
        let taken = excerpt(&[(30.0, 60.9), (1.5, 2.0), (2.0, 3.0)], "privacy").unwrap();
        assert_eq!(taken.spans[0].start_seconds.to_bits(), 1.5_f64.to_bits());
        assert!(excerpt(&[(0.0, 1.0)], NOT_REQUESTED).is_ok());
        for wrong in [
            &[][..],
            &[(-1.0, 2.0)],
            &[(2.0, 2.0)],
            &[(3.0, 2.0)],
            &[(60.0, 60.5)],
            &[(1.0, 61.5)],
            &[(f64::NAN, 2.0)],
            &[(1.0, f64::INFINITY)],
            &[(0.0, 2.0), (1.0, 3.0)],
        ] {
            assert!(excerpt(wrong, "privacy").is_err(), "{wrong:?}");
        }
        assert!(excerpt(&[(0.0, 1.0)], "because").is_err());
        assert!(excerpt(&vec![(0.0, 1.0); SPANS_MAX + 1], "privacy").is_err());
    }
}

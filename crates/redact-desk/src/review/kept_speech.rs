//! Speech that the policy mutes and a person left audible: a decision with person, time and reason,
//! written down when a mute is taken out or shortened.

use redact_core::{KeptSpeech as Core, ReasonCode, TimeSpan};
use redact_record::manifest::Utc;
use redact_record::plan::{NOTHING_TO_WITHHOLD, uncovered_speech};
use serde::{Deserialize, Serialize};

use super::document::Document;
use super::plan::{self, Ground};
use crate::answer::{Answer, ApiError};

/// A span on every sound track. The desk fills it in; what a page sends is not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptSpeech {
    start_nanos: i64,
    end_nanos: i64,
    reason: String,
    by: String,
    at: String,
}

/// Writes into `document` what it leaves audible against the policy. Spans that `before` has
/// already stay the decision of whoever made it; others are decided by `name` at `when`.
///
/// # Errors
/// 400 with the field that no plan can spell; 500 for a policy that cannot be read.
pub(crate) fn record(
    document: &mut Document,
    before: Option<&Document>,
    ground: Ground<'_>,
    (name, when): (&str, &str),
) -> Answer<()> {
    document.kept_speech.clear();
    let made = plan::of(document, ground)?;
    let policy = redact_record::policy::embedded(&made.policy)?;
    let earlier = before.map_or(&[][..], |before| &before.kept_speech);
    let decision = |span: TimeSpan| {
        let (start, end) = (span.start_nanos(), span.end_nanos());
        let known = earlier
            .iter()
            .find(|kept| kept.start_nanos <= start && end <= kept.end_nanos);
        let (reason, by, at) = match known {
            Some(kept) => (kept.reason.as_str(), kept.by.as_str(), kept.at.as_str()),
            None => (NOTHING_TO_WITHHOLD, name, when),
        };
        KeptSpeech {
            start_nanos: start,
            end_nanos: end,
            reason: reason.to_owned(),
            by: by.to_owned(),
            at: at.to_owned(),
        }
    };
    let spans = uncovered_speech(&made, ground.findings, &policy);
    document.kept_speech = spans.into_iter().map(decision).collect();
    Ok(())
}

/// The decision as plans have it.
///
/// # Errors
/// 500 when the desk did not write it.
pub(super) fn core(kept: &KeptSpeech) -> Answer<Core> {
    let span = TimeSpan::new(kept.start_nanos, kept.end_nanos);
    let at = Utc::from_text(&kept.at);
    let (Some(span), Some(at)) = (span, at) else {
        return Err(ApiError::internal(&"a decision about speech without time"));
    };
    Ok(Core {
        span,
        reason: ReasonCode(kept.reason.clone()),
        by: kept.by.clone(),
        at: at.0,
    })
}

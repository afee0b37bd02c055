//! Speech that the policy mutes and a reviewer keeps audible. Each decision has a reason, as for a
//! track; the server sets who made it and when.

use redact_record::plan::{NOTHING_TO_WITHHOLD, uncovered_speech};

use super::document::{Document, KeptSpeech};
use super::plan::{self, PlanInputs};
use crate::api_error::ApiResult;

/// Trims the decisions of `document` to the speech that stays audible against the policy. Decisions
/// that are unchanged since `before` stay attributed as they were; others are attributed to `name`
/// at `when`. Audible speech without a decision stays undecided.
///
/// # Errors
/// 400 with the field that is not valid in a plan; 500 for an unreadable policy.
pub(crate) fn trim_decisions(
    document: &mut Document,
    before: Option<&Document>,
    inputs: PlanInputs<'_>,
    (name, when): (&str, &str),
) -> ApiResult<()> {
    let mut sent = document.kept_speech.take().unwrap_or_default();
    sent.sort_by_key(|kept| kept.start_nanos);
    document.kept_speech = Some(Vec::new());
    let made = plan::build(document, inputs)?;
    let policy = inputs.policy.written()?;
    let earlier = before.and_then(|before| before.kept_speech.as_deref());
    let earlier = earlier.unwrap_or_default();
    let mut decided = Vec::new();
    for audible in uncovered_speech(&made, inputs.findings, &policy) {
        let mut from = audible.start_nanos();
        for kept in &sent {
            let start = kept.start_nanos.max(from);
            let end = kept.end_nanos.min(audible.end_nanos());
            if start < end {
                decided.push(attributed(kept, (start, end), earlier, (name, when)));
                from = end;
            }
        }
    }
    document.kept_speech = Some(decided);
    Ok(())
}

/// The part of a decision from `start` to `end`, with its attribution.
fn attributed(
    kept: &KeptSpeech,
    (start, end): (i64, i64),
    earlier: &[KeptSpeech],
    (name, when): (&str, &str),
) -> KeptSpeech {
    let known = earlier.iter().find(|earlier| {
        earlier.start_nanos <= start && end <= earlier.end_nanos && earlier.reason == kept.reason
    });
    let (by, at) = match known {
        Some(known) => (known.by.clone(), known.at.clone()),
        None => (Some(name.to_owned()), Some(when.to_owned())),
    };
    KeptSpeech {
        start_nanos: start,
        end_nanos: end,
        reason: kept.reason.clone(),
        by,
        at,
    }
}

/// Upgrades a document saved by a version that did not record decisions about speech: `by`, who
/// saved it, decided to keep audible what the mutes leave out.
///
/// # Errors
/// Those of [`trim_decisions`].
pub(crate) fn migrate(
    document: &mut Document,
    inputs: PlanInputs<'_>,
    by: (&str, &str),
) -> ApiResult<()> {
    if document.kept_speech.is_some() {
        return Ok(());
    }
    document.kept_speech = Some(vec![KeptSpeech {
        start_nanos: i64::MIN,
        end_nanos: i64::MAX,
        reason: NOTHING_TO_WITHHOLD.to_owned(),
        by: None,
        at: None,
    }]);
    trim_decisions(document, None, inputs, by)
}

//! Speech that the policy mutes and a reviewer keeps audible: a decision with a reason, as for a
//! track. The desk fills in who made it and when.

use redact_record::plan::{NOTHING_TO_WITHHOLD, uncovered_speech};

use super::document::{Document, KeptSpeech};
use super::plan::{self, Ground};
use crate::answer::Answer;

/// Cuts the decisions of `document` down to the speech that its mutes leave audible against the
/// policy. Those that are as they were in `before` keep who made them; others are made by `name` at
/// `when`. Audible speech without a decision stays undecided.
///
/// # Errors
/// 400 with the field that no plan can spell; 500 for a policy that cannot be read.
pub(crate) fn settle(
    document: &mut Document,
    before: Option<&Document>,
    ground: Ground<'_>,
    (name, when): (&str, &str),
) -> Answer<()> {
    let mut sent = document.kept_speech.take().unwrap_or_default();
    sent.sort_by_key(|kept| kept.start_nanos);
    document.kept_speech = Some(Vec::new());
    let made = plan::of(document, ground)?;
    let policy = ground.policy.written()?;
    let earlier = before.and_then(|before| before.kept_speech.as_deref());
    let earlier = earlier.unwrap_or_default();
    let mut decided = Vec::new();
    for audible in uncovered_speech(&made, ground.findings, &policy) {
        let mut from = audible.start_nanos();
        for kept in &sent {
            let start = kept.start_nanos.max(from);
            let end = kept.end_nanos.min(audible.end_nanos());
            if start < end {
                decided.push(signed(kept, (start, end), earlier, (name, when)));
                from = end;
            }
        }
    }
    document.kept_speech = Some(decided);
    Ok(())
}

/// The part of a decision from `start` to `end`, with who made it.
fn signed(
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

/// Brings a document up to date that an earlier version saved, which wrote nothing down about
/// speech: whoever saved it, `by`, kept it audible when the mutes were taken out.
///
/// # Errors
/// Those of [`settle`].
pub(crate) fn migrate(document: &mut Document, ground: Ground<'_>, by: (&str, &str)) -> Answer<()> {
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
    settle(document, None, ground, by)
}

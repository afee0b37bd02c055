//! What a release withholds, added up by reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::Seconds;
use crate::manifest::PublicManifest;

/// What is withheld of a release for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    /// Code of the reason.
    pub reason: String,
    /// The statute.
    pub statute: String,
    /// The reason in one neutral sentence.
    pub text: String,
    /// Number of regions of the picture that are hidden.
    pub masks: u32,
    /// For how long at least one of them is in the picture.
    pub picture_seconds: Seconds,
    /// Number of spans of sound that are muted.
    pub mutes: u32,
    /// For how long at least one of them lasts.
    pub sound_seconds: Seconds,
    /// Number of spans of the recording, pictures and sound, that an excerpt leaves out.
    pub left_out: u32,
    /// Their length in the recording.
    pub left_out_seconds: Seconds,
}

/// Spans in nanoseconds, per reason.
#[derive(Default)]
struct Spans {
    picture: Vec<(i64, i64)>,
    sound: Vec<(i64, i64)>,
    left_out: Vec<(i64, i64)>,
}

/// What `public` withholds, in order of the reasons' codes.
pub(super) fn withheld(public: &PublicManifest) -> Vec<Withheld> {
    let mut by_reason: BTreeMap<&str, Spans> = BTreeMap::new();
    for mask in &public.masks {
        let (start, end) = mask.release_seconds.0;
        let spans = by_reason.entry(&mask.reason).or_default();
        spans.picture.push((start.0, end.0));
    }
    for mute in &public.mutes {
        let (start, end) = mute.release_seconds.0;
        let spans = by_reason.entry(&mute.reason).or_default();
        spans.sound.push((start.0, end.0));
    }
    if let Some(excerpt) = &public.excerpt {
        let spans = by_reason.entry(&excerpt.reason).or_default();
        let left_out = excerpt.withheld.iter().map(|span| {
            let (start, end) = span.0.source_seconds;
            (start.0, end.0)
        });
        spans.left_out.extend(left_out);
    }
    // An excerpt may be of the whole recording, and then leaves nothing out.
    by_reason.retain(|_, spans| !spans.is_empty());
    let rows = by_reason.into_iter().map(|(code, spans)| {
        let mut reasons = public.reasons.iter();
        let reason = reasons.find(|reason| reason.code == code);
        let text = |of: fn(&crate::manifest::ReasonFile) -> &String| {
            reason.map(of).cloned().unwrap_or_default()
        };
        Withheld {
            reason: code.to_owned(),
            statute: text(|reason| &reason.statute),
            text: text(|reason| &reason.text),
            masks: count(&spans.picture),
            picture_seconds: Seconds(total(spans.picture)),
            mutes: count(&spans.sound),
            sound_seconds: Seconds(total(spans.sound)),
            left_out: count(&spans.left_out),
            left_out_seconds: Seconds(total(spans.left_out)),
        }
    });
    rows.collect()
}

impl Spans {
    const fn is_empty(&self) -> bool {
        self.picture.is_empty() && self.sound.is_empty() && self.left_out.is_empty()
    }
}

fn count(spans: &[(i64, i64)]) -> u32 {
    u32::try_from(spans.len()).unwrap_or(u32::MAX)
}

/// The length of the union of `spans`.
fn total(mut spans: Vec<(i64, i64)>) -> i64 {
    spans.sort_unstable();
    let mut total = 0_i64;
    let mut covered = i64::MIN;
    for (start, end) in spans {
        let start = start.max(covered);
        total = total.saturating_add(end.saturating_sub(start).max(0));
        covered = covered.max(end);
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::total;

    proptest! {
        /// Goal: time that two items share counts once. Method: compared with counting each
        /// nanosecond.
        #[test]
        fn overlaps_count_once(spans in prop::collection::vec((0_i64..50, 0_i64..20), 0..12)) {
            let spans = spans.into_iter().map(|(at, len)| (at, at + len));
            let spans: Vec<(i64, i64)> = spans.collect();
            let counted = (0..100).filter(|at| spans.iter().any(|(a, b)| (*a..*b).contains(at)));
            prop_assert_eq!(total(spans.clone()), i64::try_from(counted.count()).unwrap());
        }
    }
}

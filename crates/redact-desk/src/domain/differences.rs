//! Differences between two plans of one recording, for example for the public and for a court.

use std::collections::BTreeMap;

use redact_core::{Plan, PlannedTrack, TimeSpan, Verdict};
use serde::Serialize;

use super::document::ClassName;
use super::summary::muted_seconds;

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct TrackDifference {
    track: u32,
    class: ClassName,
    here: String,
    there: String,
}

/// Words of the captions at one time. Empty: none on that side.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct WordDifference {
    start_seconds: f64,
    here: String,
    there: String,
}

/// The differences.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Differences {
    tracks: Vec<TrackDifference>,
    drawn_only_here: Vec<String>,
    drawn_only_there: Vec<String>,
    mutes_only_here: Vec<String>,
    mutes_only_there: Vec<String>,
    muted_seconds: [f64; 2],
    words: Vec<WordDifference>,
}

impl Differences {
    /// The differences between two plans of one recording.
    pub(crate) fn between(here: &Plan, there: &Plan) -> Self {
        let drawn = |plan: &Plan| {
            ids(plan
                .drawn
                .iter()
                .map(|mask| (mask.id(), format!("{mask:?}"))))
        };
        let mutes = |plan: &Plan| {
            ids(plan
                .mutes
                .iter()
                .map(|mute| (mute.id.as_str(), format!("{mute:?}"))))
        };
        Self {
            tracks: tracks(here, there),
            drawn_only_here: only_in(&drawn(here), &drawn(there)),
            drawn_only_there: only_in(&drawn(there), &drawn(here)),
            mutes_only_here: only_in(&mutes(here), &mutes(there)),
            mutes_only_there: only_in(&mutes(there), &mutes(here)),
            muted_seconds: [muted_seconds(here), muted_seconds(there)],
            words: words(here, there),
        }
    }

    /// Whether words of the recording are in it.
    pub(crate) fn has_words(&self) -> bool {
        !self.words.is_empty()
    }
}

/// Names with the full content, so that an item with the same name but other content counts as a
/// difference.
fn ids<'a>(list: impl Iterator<Item = (&'a str, String)>) -> BTreeMap<String, String> {
    list.map(|(id, whole)| (id.to_owned(), whole)).collect()
}

fn only_in(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> Vec<String> {
    let differs = a.iter().filter(|(id, whole)| b.get(*id) != Some(whole));
    differs.map(|(id, _)| id.clone()).collect()
}

fn words(here: &Plan, there: &Plan) -> Vec<WordDifference> {
    // Where only one has captions, the words say nothing about the decisions.
    let (Some(a), Some(b)) = (&here.captions, &there.captions) else {
        return Vec::new();
    };
    let mut by_span: BTreeMap<TimeSpan, [Vec<&str>; 2]> = BTreeMap::new();
    for (side, words) in [a, b].into_iter().enumerate() {
        for word in words {
            by_span.entry(word.span).or_default()[side].push(&word.text);
        }
    }
    let differs = by_span.into_iter().filter(|(_, [a, b])| a != b);
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a recording")]
    let difference = |(span, [a, b]): (TimeSpan, [Vec<&str>; 2])| WordDifference {
        start_seconds: span.start_nanos() as f64 / 1e9,
        here: a.join(" "),
        there: b.join(" "),
    };
    differs.map(difference).collect()
}

fn tracks(here: &Plan, there: &Plan) -> Vec<TrackDifference> {
    let by_id = |plan: &'_ Plan| -> BTreeMap<u32, PlannedTrack> {
        let tracks = plan.tracks.iter();
        tracks
            .map(|planned| (planned.track.id().0, planned.clone()))
            .collect()
    };
    let (here, there) = (by_id(here), by_id(there));
    let mut all: Vec<u32> = here.keys().chain(there.keys()).copied().collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
        .filter_map(|id| {
            let (a, b) = (here.get(&id), there.get(&id));
            let class = a.or(b)?.track.class().into();
            let (in_words_a, in_words_b) = (describe(a), describe(b));
            let moved = a.zip(b).is_some_and(|(a, b)| a.track != b.track);
            (in_words_a != in_words_b || moved).then(|| TrackDifference {
                track: id,
                class,
                here: in_words_a,
                there: if moved {
                    format!("{in_words_b}, with other boxes")
                } else {
                    in_words_b
                },
            })
        })
        .collect()
}

fn describe(planned: Option<&PlannedTrack>) -> String {
    let Some(planned) = planned else {
        return "no track".to_owned();
    };
    match &planned.decision {
        None => "undecided".to_owned(),
        Some(made) => match made.verdict {
            Verdict::Keep => format!("kept ({})", made.reason),
            Verdict::Reject => format!("rejected ({})", made.reason),
            Verdict::Redact(effect) => format!("{} ({})", effect.name(), made.reason),
        },
    }
}

//! People whom reviewers named in a recording, with what was decided about them.

use serde::Serialize;

use super::document::{Decision, Document};

/// A person who is named in another recording of the same request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct NamedElsewhere {
    pub(crate) name: String,
    /// The name of the recording.
    pub(crate) recording: String,
    /// How many of its tracks have this name and this decision.
    pub(crate) tracks: usize,
    pub(crate) decision: Decision,
}

/// The people who are named and decided in `document`, a review of `recording`.
pub(crate) fn named(document: &Document, recording: &str) -> Vec<NamedElsewhere> {
    let mut list: Vec<NamedElsewhere> = Vec::new();
    for track in &document.tracks {
        let (Some(name), Some(decision)) = (&track.person, &track.decision) else {
            continue;
        };
        let same = |one: &&mut NamedElsewhere| one.name == *name && one.decision.same(decision);
        match list.iter_mut().find(same) {
            Some(one) => one.tracks += 1,
            None => list.push(NamedElsewhere {
                name: name.clone(),
                recording: recording.to_owned(),
                tracks: 1,
                decision: decision.clone(),
            }),
        }
    }
    list
}

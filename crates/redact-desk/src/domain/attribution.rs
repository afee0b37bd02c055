//! Who made which decision of a document.

use std::collections::HashMap;

use super::document::{Decision, Document, Track};
use super::spoken;

impl Document {
    /// Tracks of `before` whose decision, and nothing else, is another one and names an author.
    pub(crate) fn claims(&self, before: &Self) -> Vec<Track> {
        let old = |id: u32| before.tracks.iter().find(|old| old.id == id);
        let named = |track: &&Track| {
            let made = track.decision.as_ref().map(Decision::made);
            let is_same = old(track.id).is_some_and(|old| {
                old.class == track.class
                    && old.parts == track.parts
                    && old.margins == track.margins
                    && old.decision != track.decision
            });
            matches!(made, Some((Some(_), Some(_)))) && is_same
        };
        self.tracks.iter().filter(named).cloned().collect()
    }

    /// The decision of this document about the same track with the same boxes, if it is the one
    /// that `claim` has, by the same person at the same time.
    pub(crate) fn confirms(&self, claim: &Track) -> Option<Decision> {
        let same = |old: &&Track| {
            old.id == claim.id
                && old.class == claim.class
                && old.parts == claim.parts
                && old.margins == claim.margins
        };
        let (own, claimed) = (
            self.tracks.iter().find(same)?.decision.as_ref()?,
            claim.decision.as_ref()?,
        );
        (own.same(claimed) && own.made() == claimed.made()).then(|| own.clone())
    }

    /// Attributes decisions to `name`. Decisions that are unchanged since `before` stay attributed
    /// as they were.
    pub(crate) fn attributed(mut self, before: Option<&Self>, name: &str, when: &str) -> Self {
        let known: HashMap<u32, &Track> = before
            .into_iter()
            .flat_map(|document| &document.tracks)
            .map(|track| (track.id, track))
            .collect();
        for track in &mut self.tracks {
            let Some(decision) = track.decision.take() else {
                continue;
            };
            let old = known
                .get(&track.id)
                .filter(|old| old.class == track.class && old.parts == track.parts)
                .filter(|old| old.margins == track.margins);
            let old = old.and_then(|old| old.decision.as_ref());
            track.decision = Some(match old.filter(|old| old.same(&decision)) {
                Some(old) => old.clone(),
                None => decision.attributed(name, when),
            });
        }
        let words = before.map_or(&[][..], |before| &before.words);
        spoken::attribute_words(&mut self.words, words, (name, when));
        let items = before.map_or(&[][..], |before| &before.checked_items);
        spoken::attribute_items(&mut self.checked_items, items, (name, when));
        self
    }
}

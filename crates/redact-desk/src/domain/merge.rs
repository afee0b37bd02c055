//! Merges what two people did to one review at the same time: item by item, from the revision that
//! both began with.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, Drawn, KeptSpeech, Mute, Track};
use super::spoken::{CheckedItem, WordEdit};

/// An item of a review, with what identifies it.
trait Item: Clone {
    type Key: Clone + Ord;

    fn key(&self) -> Self::Key;

    /// Whether both say the same, regardless of who said it.
    fn same(&self, other: &Self) -> bool;

    /// Its name for a person.
    fn name(&self) -> String;

    /// The item under a key that is not in `taken`; `None` if its key has a meaning of its own.
    fn renamed(self, taken: &BTreeSet<Self::Key>) -> Option<Self>;
}

impl Item for Track {
    type Key = u32;

    fn key(&self) -> u32 {
        self.id
    }

    fn same(&self, other: &Self) -> bool {
        let decided = match (&self.decision, &other.decision) {
            (None, None) => true,
            (Some(a), Some(b)) => a.same(b),
            _ => false,
        };
        decided
            && self.class == other.class
            && self.person == other.person
            && self.parts == other.parts
            && self.margins == other.margins
    }

    fn name(&self) -> String {
        format!("{} {}", redact_core::Class::from(self.class), self.id)
    }

    fn renamed(self, taken: &BTreeSet<u32>) -> Option<Self> {
        let id = taken.last().copied().unwrap_or(0).checked_add(1)?;
        Some(Self { id, ..self })
    }
}

/// `id`, followed by the first number that makes it free.
fn free_id(id: &str, taken: &BTreeSet<String>) -> Option<String> {
    let stem = id.trim_end_matches(|c: char| c.is_ascii_digit());
    let stem = stem.trim_end_matches('-');
    (1..=taken.len() + 1)
        .map(|number| format!("{stem}-{number}"))
        .find(|id| !taken.contains(id))
}

/// An item with a name of its own in manifests.
trait Named: Clone + PartialEq {
    /// What people call it.
    const KIND: &'static str;

    fn id(&self) -> &str;

    fn set_id(&mut self, id: String);
}

impl<T: Named> Item for T {
    type Key = String;

    fn key(&self) -> String {
        self.id().to_owned()
    }

    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn name(&self) -> String {
        format!("{} {}", Self::KIND, self.id())
    }

    fn renamed(mut self, taken: &BTreeSet<String>) -> Option<Self> {
        let id = free_id(self.id(), taken)?;
        self.set_id(id);
        Some(self)
    }
}

impl Named for Drawn {
    const KIND: &'static str = "region";

    fn id(&self) -> &str {
        &self.id
    }

    fn set_id(&mut self, id: String) {
        self.id = id;
    }
}

impl Named for Mute {
    const KIND: &'static str = "mute";

    fn id(&self) -> &str {
        &self.id
    }

    fn set_id(&mut self, id: String) {
        self.id = id;
    }
}

impl Item for KeptSpeech {
    type Key = (i64, i64);

    fn key(&self) -> Self::Key {
        (self.start_nanos, self.end_nanos)
    }

    fn same(&self, other: &Self) -> bool {
        self.key() == other.key() && self.reason == other.reason
    }

    fn name(&self) -> String {
        "speech that is kept audible".to_owned()
    }

    fn renamed(self, _: &BTreeSet<Self::Key>) -> Option<Self> {
        None
    }
}

impl Item for WordEdit {
    type Key = (usize, usize);

    fn key(&self) -> Self::Key {
        (self.voice, self.word)
    }

    fn same(&self, other: &Self) -> bool {
        self.text == other.text
    }

    fn name(&self) -> String {
        "a corrected word".to_owned()
    }

    fn renamed(self, _: &BTreeSet<Self::Key>) -> Option<Self> {
        None
    }
}

impl Item for CheckedItem {
    type Key = (usize, super::spoken::ItemKind, usize);

    fn key(&self) -> Self::Key {
        (self.voice, self.kind, self.item)
    }

    fn same(&self, other: &Self) -> bool {
        self.muted == other.muted
    }

    fn name(&self) -> String {
        "a checked proposal".to_owned()
    }

    fn renamed(self, _: &BTreeSet<Self::Key>) -> Option<Self> {
        None
    }
}

/// The three documents of a merge, or three lists of them.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a, T: ?Sized> {
    /// What both began with.
    pub(crate) base: &'a T,
    /// What is stored by now.
    pub(crate) theirs: &'a T,
    /// What is to be stored.
    pub(crate) mine: &'a T,
}

/// The items of a list by what identifies them.
fn by_key<T: Item>(list: &[T]) -> BTreeMap<T::Key, &T> {
    let mut items = BTreeMap::new();
    for item in list {
        items.entry(item.key()).or_insert(item);
    }
    items
}

/// Merges lists. What both changed in different ways is named in `both`.
fn merge_items<T: Item>(sides: Sides<'_, [T]>, both: &mut Vec<String>) -> Vec<T> {
    let (in_base, in_theirs, in_mine) =
        (by_key(sides.base), by_key(sides.theirs), by_key(sides.mine));
    let same = |a: Option<&T>, b: Option<&T>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.same(b),
        _ => false,
    };
    let mut merged: Vec<T> = Vec::with_capacity(sides.mine.len());
    let mut added: Vec<T> = Vec::new();
    let mut seen: BTreeSet<T::Key> = BTreeSet::new();
    for item in sides.mine.iter().chain(sides.theirs).chain(sides.base) {
        let key = item.key();
        if !seen.insert(key.clone()) {
            continue;
        }
        let of = |items: &BTreeMap<T::Key, &T>| items.get(&key).map(|&item| item.clone());
        let (base, theirs, mine) = (of(&in_base), of(&in_theirs), of(&in_mine));
        if same(mine.as_ref(), base.as_ref()) || same(mine.as_ref(), theirs.as_ref()) {
            merged.extend(theirs);
        } else if same(theirs.as_ref(), base.as_ref()) {
            merged.extend(mine);
        } else {
            match (base, theirs, mine) {
                // Two new items that happen to have one name.
                (None, Some(theirs), Some(mine)) => {
                    merged.push(theirs);
                    added.push(mine);
                }
                _ => both.push(item.name()),
            }
        }
    }
    for item in added {
        let name = item.name();
        match item.renamed(&seen) {
            Some(item) => {
                seen.insert(item.key());
                merged.push(item);
            }
            None => both.push(name),
        }
    }
    merged
}

/// Names what one side removed while the other removed or changed something else: each may have
/// relied on what the other took away, and nothing would hide it anymore.
fn check_removals<T: Item>(sides: Sides<'_, [T]>, both: &mut Vec<String>) {
    let (theirs, mine) = (by_key(sides.theirs), by_key(sides.mine));
    for (one, other) in [(&mine, &theirs), (&theirs, &mine)] {
        let touched = |item: &&T| match other.get(&item.key()) {
            Some(found) => !found.same(item),
            None => true,
        };
        let touched: BTreeSet<T::Key> = sides.base.iter().filter(touched).map(Item::key).collect();
        let removed = sides.base.iter();
        let removed = removed.filter(|item| !one.contains_key(&item.key()));
        // Something else than this item.
        let others = |key: &T::Key| touched.len() > usize::from(touched.contains(key));
        let at_risk = removed.filter(|item| others(&item.key()));
        both.extend(at_risk.map(Item::name));
    }
}

/// Merges three versions of a review.
///
/// # Errors
/// The names of the items that both changed in different ways.
pub(crate) fn merge(sides: Sides<'_, Document>) -> Result<Document, Vec<String>> {
    let mut both = Vec::new();
    let Sides { base, theirs, mine } = sides;
    macro_rules! list {
        ($of:expr) => {{
            let of: for<'a> fn(&'a Document) -> &'a [_] = $of;
            let sides = Sides {
                base: of(base),
                theirs: of(theirs),
                mine: of(mine),
            };
            merge_items(sides, &mut both)
        }};
    }
    let mut tracks: Vec<Track> = list!(|document| &document.tracks);
    tracks.sort_by_key(|track| track.id);
    let drawn = list!(|document| &document.drawn);
    let regions = Sides {
        base: &base.drawn[..],
        theirs: &theirs.drawn[..],
        mine: &mine.drawn[..],
    };
    check_removals(regions, &mut both);
    let mut mutes: Vec<Mute> = list!(|document| &document.mutes);
    let muted = Sides {
        base: &base.mutes[..],
        theirs: &theirs.mutes[..],
        mine: &mine.mutes[..],
    };
    check_removals(muted, &mut both);
    mutes.sort_by(|a, b| a.start_seconds.total_cmp(&b.start_seconds));
    let mut kept_speech: Vec<KeptSpeech> = list!(|document| document.kept_speech());
    kept_speech.sort_by_key(Item::key);
    let mut words: Vec<WordEdit> = list!(|document| &document.words);
    words.sort_by_key(Item::key);
    let mut checked_items: Vec<CheckedItem> = list!(|document| &document.checked_items);
    checked_items.sort_by_key(Item::key);
    let mut acknowledged = mine.acknowledged.clone();
    acknowledged.extend(&theirs.acknowledged);
    acknowledged.sort_unstable();
    acknowledged.dedup();
    acknowledged.retain(|class| {
        let has = |document: &Document| document.acknowledged.contains(class);
        // Whoever changed it decides; if both did, they agree.
        if has(mine) == has(base) {
            has(theirs)
        } else {
            has(mine)
        }
    });
    if !both.is_empty() {
        both.sort();
        both.dedup();
        return Err(both);
    }
    Ok(Document {
        tracks,
        drawn,
        mutes,
        kept_speech: Some(kept_speech),
        acknowledged,
        words,
        checked_items,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Document {
        let track = |id: u32| {
            json!({ "id": id, "class": "face", "person": null, "decision": null,
                "parts": [{ "found": id, "start": 0, "end": 9 }] })
        };
        let document = json!({
            "tracks": [track(1), track(2), track(3)], "drawn": [], "mutes": [],
            "kept_speech": [], "acknowledged": [],
        });
        serde_json::from_value(document).unwrap()
    }

    fn decided(document: &mut Document, at: usize, verdict: &str, by: &str) {
        let effect = json!({ "kind": "fill" });
        let mut made = json!({ "verdict": verdict, "reason": "privacy", "by": by });
        if verdict == "redact" {
            made["effect"] = effect;
        }
        document.tracks[at].decision = Some(serde_json::from_value(made).unwrap());
    }

    fn region(id: &str, end: u32) -> Drawn {
        let region = json!({ "id": id, "effect": { "kind": "fill" }, "reason": "privacy",
            "start": 0, "end": end, "keyframes": [[0, 0.1, 0.1, 0.2, 0.2]] });
        serde_json::from_value(region).unwrap()
    }

    #[track_caller]
    fn merged(base: &Document, theirs: &Document, mine: &Document) -> Document {
        merge(Sides { base, theirs, mine }).unwrap()
    }

    /// Goal: changes to different tracks both stay, and theirs stay attributed to them.
    #[test]
    fn different_tracks_both_stay() {
        let base = document();
        let (mut theirs, mut mine) = (base.clone(), base.clone());
        decided(&mut theirs, 0, "redact", "Ann");
        theirs.tracks.remove(2);
        decided(&mut mine, 1, "keep", "Bob");
        mine.acknowledged = vec![super::super::document::ClassName::Plate];
        let made = merged(&base, &theirs, &mine);
        assert_eq!(made.tracks.len(), 2);
        assert_eq!(made.tracks[0], theirs.tracks[0]);
        assert_eq!(made.tracks[1], mine.tracks[1]);
        assert_eq!(made.acknowledged, mine.acknowledged);
        // The same the other way around, and nothing against itself.
        assert_eq!(merged(&base, &mine, &theirs).tracks, made.tracks);
        assert_eq!(merged(&base, &base, &base), base);
    }

    /// Goal: what both changed in different ways is named. Control: the same change is no conflict.
    #[test]
    fn the_same_track_is_a_conflict_unless_both_agree() {
        let base = document();
        let (mut theirs, mut mine) = (base.clone(), base.clone());
        decided(&mut theirs, 1, "redact", "Ann");
        decided(&mut mine, 1, "keep", "Bob");
        let refused = merge(Sides {
            base: &base,
            theirs: &theirs,
            mine: &mine,
        });
        assert_eq!(refused.unwrap_err(), ["face 2"]);
        // Removed by one, changed by the other.
        let mut mine = base.clone();
        mine.tracks.remove(1);
        let refused = merge(Sides {
            base: &base,
            theirs: &theirs,
            mine: &mine,
        });
        assert_eq!(refused.unwrap_err(), ["face 2"]);
        let mut mine = base.clone();
        decided(&mut mine, 1, "redact", "Bob");
        assert_eq!(merged(&base, &theirs, &mine), theirs);
    }

    /// Goal: two new regions with one name are two regions.
    #[test]
    fn new_items_with_one_name_both_stay() {
        let base = document();
        let (mut theirs, mut mine) = (base.clone(), base.clone());
        theirs.drawn.push(region("region-1", 5));
        mine.drawn.push(region("region-1", 9));
        let made = merged(&base, &theirs, &mine);
        let all: Vec<_> = made.drawn.iter().map(|r| (r.id.as_str(), r.end)).collect();
        assert_eq!(all, [("region-1", 5), ("region-2", 9)]);
    }
    /// Goal: two people who each remove one of two regions over the same thing do not leave it
    /// bare. Control: both remove the same one; one removes a region while the other decides a
    /// track.
    #[test]
    fn regions_that_both_remove_are_a_conflict() {
        let mut base = document();
        base.drawn = vec![region("one", 5), region("two", 5)];
        let (mut theirs, mut mine) = (base.clone(), base.clone());
        theirs.drawn.remove(0);
        mine.drawn.remove(1);
        let refused = merge(Sides {
            base: &base,
            theirs: &theirs,
            mine: &mine,
        });
        assert_eq!(refused.unwrap_err(), ["region one", "region two"]);
        assert_eq!(merged(&base, &theirs, &theirs).drawn.len(), 1);
        let mut mine = base.clone();
        decided(&mut mine, 1, "keep", "Bob");
        assert_eq!(merged(&base, &theirs, &mine).drawn.len(), 1);
    }
}

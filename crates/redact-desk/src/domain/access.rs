//! Who got at which recording, added up by recording and by person.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::Id;
use crate::model::papers::AccessKind;
use crate::time::Millis;

/// One access: an entry of the event log, or a view that is still going on.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// When it began.
    pub(crate) at: Millis,
    /// When it ended; for a view, when something was last shown.
    pub(crate) until: Millis,
    pub(crate) who: String,
    pub(crate) kind: AccessKind,
    /// What it was about: more than one recording for a package.
    pub(crate) recordings: Vec<Id>,
    /// What was shown, by its name in the event log, and how often; of a download, the file.
    pub(crate) shown: BTreeMap<String, u64>,
    /// Frames that were shown.
    pub(crate) frames: u64,
    /// Whether the session goes on, so that there is no entry yet.
    pub(crate) is_open: bool,
}

/// How often something was accessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccessCounts {
    /// Sessions in which something was shown.
    pub(crate) views: u64,
    /// Of them, those in which video was played.
    pub(crate) playbacks: u64,
    pub(crate) frames: u64,
    pub(crate) downloads: u64,
    pub(crate) exports: u64,
    /// Copies that were handed over.
    pub(crate) copies: u64,
}

impl AccessCounts {
    fn add(&mut self, access: &Access) {
        match access.kind {
            AccessKind::Viewed => {
                self.views += 1;
                self.playbacks += u64::from(access.shown.contains_key("video"));
                self.frames += access.frames;
            }
            AccessKind::Downloaded => self.downloads += 1,
            AccessKind::Exported => self.exports += 1,
            AccessKind::HandedOver => self.copies += 1,
        }
    }
}

/// The access to one recording, or by one person.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessTally {
    pub(crate) counts: AccessCounts,
    /// People, or recordings, that it was.
    pub(crate) others: BTreeSet<String>,
    pub(crate) last: Millis,
}

impl AccessTally {
    fn add(&mut self, access: &Access, other: &str) {
        self.counts.add(access);
        self.others.insert(other.to_owned());
        self.last = self.last.max(access.until);
    }
}

/// Access by recording and by person, in the order of ids and names.
pub(crate) fn tally(
    all: &[Access],
) -> (BTreeMap<String, AccessTally>, BTreeMap<String, AccessTally>) {
    let mut recordings: BTreeMap<String, AccessTally> = BTreeMap::new();
    let mut people: BTreeMap<String, AccessTally> = BTreeMap::new();
    for access in all {
        let person = people.entry(access.who.clone()).or_default();
        // One download of a package is one download of the person.
        person.counts.add(access);
        person.last = person.last.max(access.until);
        for id in &access.recordings {
            person.others.insert(id.to_string());
            let recording = recordings.entry(id.to_string()).or_default();
            recording.add(access, &access.who);
        }
    }
    (recordings, people)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(who: &str, kind: AccessKind, recordings: &[&Id]) -> Access {
        Access {
            at: 1000,
            until: 2000,
            who: who.to_owned(),
            kind,
            recordings: recordings.iter().map(|id| (*id).clone()).collect(),
            shown: BTreeMap::from([("video".to_owned(), 3)]),
            frames: 10,
            is_open: false,
        }
    }

    /// Goal: a package with two recordings is one download of the person and one of each recording.
    /// Control: a view counts where it belongs.
    #[test]
    fn access_is_added_up_both_ways() {
        let (one, two) = (Id::random(), Id::random());
        let all = [
            access("Ada", AccessKind::Viewed, &[&one]),
            access("Ada", AccessKind::Downloaded, &[&one, &two]),
            access("Ben", AccessKind::HandedOver, &[&two]),
        ];
        let (recordings, people) = tally(&all);
        let ada = &people["Ada"];
        assert_eq!(
            (ada.counts.views, ada.counts.playbacks, ada.counts.downloads),
            (1, 1, 1)
        );
        assert_eq!((ada.counts.frames, ada.others.len()), (10, 2));
        let second = &recordings[two.as_str()];
        assert_eq!((second.counts.downloads, second.counts.copies), (1, 1));
        assert_eq!((second.counts.views, second.others.len()), (0, 2));
    }
}

//! What users view of recordings, until it is stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::spans::Spans;
use crate::id::Id;
use crate::model::SessionUser;
use crate::time::Millis;

/// What was viewed, with its name in the event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Video,
    Picture,
    Thumbnail,
    Waveform,
    Tracks,
    Transcript,
    Review,
    Preview,
}

impl Seen {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Picture => "pictures",
            Self::Thumbnail => "thumbnails",
            Self::Waveform => "waveforms",
            Self::Tracks => "tracks",
            Self::Transcript => "transcripts",
            Self::Review => "reviews",
            Self::Preview => "previews",
        }
    }
}

/// Views that are not in the event log yet.
#[derive(Default)]
pub(crate) struct Views {
    pub(crate) open: Mutex<HashMap<Key, View>>,
    /// Held while views are logged, so that each becomes one entry.
    pub(crate) logging: tokio::sync::Mutex<()>,
}

/// The stored form of a session's token, and a recording.
pub(crate) type Key = (String, Id);

#[derive(Clone)]
pub(crate) struct View {
    pub(crate) id: Id,
    pub(crate) user: Id,
    pub(crate) name: String,
    pub(crate) began: Millis,
    pub(crate) last: Millis,
    pub(crate) spans: Spans,
    pub(crate) seen: BTreeMap<String, u64>,
    /// Whether the database is up to date.
    pub(crate) stored: bool,
}

impl Views {
    /// Updates what a user views of a recording at `now`.
    pub(crate) fn change<T>(
        &self,
        now: Millis,
        who: &SessionUser,
        recording: &Id,
        change: impl FnOnce(&mut View) -> T,
    ) -> T {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let view = open
            .entry((who.session.clone(), recording.clone()))
            .or_insert_with(|| View {
                id: Id::random(),
                user: who.id.clone(),
                name: who.name.clone(),
                began: now,
                last: now,
                spans: Spans::default(),
                seen: BTreeMap::new(),
                stored: false,
            });
        view.last = now;
        change(view)
    }

    /// Returns the views that are not stored, and marks them as stored.
    pub(crate) fn not_stored(&self) -> Vec<(Key, View)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = open.iter_mut().filter(|(_, view)| !view.stored);
        let take = |(key, view): (&Key, &mut View)| {
            view.stored = true;
            (key.clone(), view.clone())
        };
        waiting.map(take).collect()
    }
}

//! Who has which review open: for as long as the page's event stream is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast::Sender;

use super::change::Change;
use crate::id::Id;
use crate::model::{Role, SessionUser};

/// Open reviews, by number of the stream.
#[derive(Default)]
pub(crate) struct Presence {
    open: Mutex<BTreeMap<u64, (Id, SessionUser)>>,
    next: AtomicU64,
}

/// Someone who has a review open.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PresentPerson {
    id: Id,
    name: String,
    role: Role,
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, (Id, SessionUser)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The people who have a review open, each once, in the order in which they opened it.
    pub(crate) fn of(&self, review: &Id) -> Vec<PresentPerson> {
        let open = self.lock();
        let mut people: Vec<PresentPerson> = Vec::new();
        for (_, who) in open.values().filter(|(opened, _)| opened == review) {
            if !people.iter().any(|known| known.id == who.id) {
                people.push(PresentPerson {
                    id: who.id.clone(),
                    name: who.name.clone(),
                    role: who.role,
                });
            }
        }
        people
    }
}

/// A review that someone has open. Dropping it closes the review.
pub(crate) struct OpenHere {
    presence: Arc<Presence>,
    changes: Sender<Change>,
    number: u64,
    review: Id,
}

impl OpenHere {
    /// Opens a review, and notifies all who have it open.
    pub(crate) fn new(
        presence: &Arc<Presence>,
        changes: &Sender<Change>,
        who: &SessionUser,
        review: Id,
    ) -> Self {
        let number = presence.next.fetch_add(1, Ordering::Relaxed);
        let opened = (review.clone(), who.clone());
        presence.lock().insert(number, opened);
        let here = Self {
            presence: Arc::clone(presence),
            changes: changes.clone(),
            number,
            review,
        };
        here.notify();
        here
    }

    fn notify(&self) {
        // There may be no open page.
        self.changes
            .send(Change::Presence(self.review.clone()))
            .ok();
    }
}

impl Drop for OpenHere {
    fn drop(&mut self) {
        self.presence.lock().remove(&self.number);
        self.notify();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> SessionUser {
        SessionUser {
            id: Id::random(),
            name: name.to_owned(),
            role: Role::Operator,
            began: 0,
            session: name.to_owned(),
        }
    }

    /// Goal: whoever has a review open is listed once, for as long as one of their pages is open,
    /// and all pages are notified of each change. Control: another review.
    #[test]
    fn people_are_here_while_a_page_of_theirs_is_open() {
        let presence = Arc::new(Presence::default());
        let (changes, mut told) = tokio::sync::broadcast::channel(16);
        let (review, other) = (Id::random(), Id::random());
        let (ada, ben) = (person("Ada"), person("Ben"));
        let open = |who: &SessionUser| OpenHere::new(&presence, &changes, who, review.clone());
        let here = |review: &Id| -> Vec<String> {
            let people = presence.of(review).into_iter();
            people.map(|person| person.name).collect()
        };
        let first = open(&ada);
        let again = open(&ada);
        let second = open(&ben);
        assert_eq!(here(&review), ["Ada", "Ben"]);
        assert_eq!(here(&other), [""; 0]);
        drop(first);
        assert_eq!(
            here(&review),
            ["Ada", "Ben"],
            "a page of hers is still open"
        );
        drop(again);
        assert_eq!(here(&review), ["Ben"]);
        drop(second);
        assert_eq!(here(&review), [""; 0]);
        let mut count = 0;
        while let Ok(change) = told.try_recv() {
            assert!(matches!(change, Change::Presence(of) if of == review));
            count += 1;
        }
        assert_eq!(count, 6);
    }
}

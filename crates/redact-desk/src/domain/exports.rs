//! Signed exports, held in memory until they are downloaded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::id::Id;

/// How many exports are held of each person; the oldest is dropped for a new one.
const EXPORTS_MAX: usize = 4;

/// The most that are held of all people.
const ALL_MAX: usize = 16;

/// A document and its signature.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) id: Id,
    /// Who made it, and alone may download it.
    pub(crate) owner: Id,
    /// The name of its file.
    pub(crate) name: String,
    pub(crate) pdf: Vec<u8>,
    /// The text of the signature file.
    pub(crate) signature: String,
}

/// The latest exports.
#[derive(Debug, Default)]
pub(crate) struct Exports(Mutex<VecDeque<Arc<Export>>>);

impl Exports {
    /// Holds an export.
    pub(crate) fn add(&self, export: Export) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own = 0;
        held.retain(|older| {
            own += usize::from(older.owner == export.owner);
            older.owner != export.owner || own < EXPORTS_MAX
        });
        held.truncate(ALL_MAX - 1);
        held.push_front(Arc::new(export));
    }

    /// A person's own export with that id, if it is still held.
    pub(crate) fn own(&self, owner: &Id, id: &Id) -> Option<Arc<Export>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |export: &&Arc<Export>| export.id == *id && export.owner == *owner;
        held.iter().find(wanted).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(owner: &Id) -> Export {
        Export {
            id: Id::random(),
            owner: owner.clone(),
            name: String::new(),
            pdf: Vec::new(),
            signature: String::new(),
        }
    }

    /// Goal: whoever makes many exports drops their own oldest, and nobody else finds them.
    /// Controls: the newest four; another person's, which stays.
    #[test]
    fn exports_belong_to_one_person() {
        let (one, other) = (Id::random(), Id::random());
        let exports = Exports::default();
        let theirs = export(&other);
        let their_id = theirs.id.clone();
        exports.add(theirs);
        let ids: Vec<Id> = (0..6)
            .map(|_| {
                let made = export(&one);
                let id = made.id.clone();
                exports.add(made);
                id
            })
            .collect();
        let held: Vec<bool> = ids
            .iter()
            .map(|id| exports.own(&one, id).is_some())
            .collect();
        assert_eq!(held, [false, false, true, true, true, true]);
        assert!(exports.own(&other, &their_id).is_some());
        assert!(exports.own(&other, &ids[5]).is_none());
    }
}

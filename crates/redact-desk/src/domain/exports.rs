//! Signed exports, held in memory until they are downloaded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::id::Id;

/// How many exports are held; the oldest is dropped for a new one.
const EXPORTS_MAX: usize = 4;

/// A document and its signature.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) id: Id,
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
        held.truncate(EXPORTS_MAX - 1);
        held.push_front(Arc::new(export));
    }

    /// The export with that id, if it is still held.
    pub(crate) fn find(&self, id: &Id) -> Option<Arc<Export>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().find(|export| export.id == *id).cloned()
    }
}

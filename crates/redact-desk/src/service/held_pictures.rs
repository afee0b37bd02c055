//! Pictures of previews that are held in memory: those of the last few revisions.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redact_core::Redactions;
use tokio::sync::watch;

use crate::id::Id;

/// A JPEG file.
pub(crate) type Jpeg = Arc<[u8]>;

/// Fewer frames than this ahead of what is shown begin the next run.
const AHEAD: u32 = 8;

/// Revisions whose pictures are held.
const SETS_MAX: usize = 4;

/// Pictures that are held of one revision: some 30 MB.
const PICTURES_MAX: usize = 144;

/// Which pictures: of a review's revision, so many columns wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PicturesOf {
    pub(crate) review: Id,
    pub(crate) revision: i64,
    pub(crate) width: Option<u32>,
}

/// The pictures that are held.
#[derive(Default)]
pub(crate) struct Previews {
    /// The most recently used is last.
    sets: Mutex<Vec<Arc<Pictures>>>,
}

/// The pictures of one revision.
pub(crate) struct Pictures {
    pub(crate) of: PicturesOf,
    pub(crate) recording: Id,
    pub(crate) frames: u32,
    pub(crate) redactions: Redactions,
    pub(crate) state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) made: BTreeMap<u32, Jpeg>,
    pub(crate) run: Option<Arc<Run>>,
}

/// A process that makes pictures.
pub(crate) struct Run {
    pub(crate) frames: Range<u32>,
    /// The frame that it makes first, because somebody waits for it.
    pub(crate) first: u32,
    pub(crate) stop: AtomicBool,
    /// Changes with each picture; closed at the end.
    pub(crate) made: watch::Sender<u32>,
}

impl Previews {
    fn sets(&self) -> MutexGuard<'_, Vec<Arc<Pictures>>> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, of: &PicturesOf) -> Option<Arc<Pictures>> {
        let mut sets = self.sets();
        let at = sets.iter().position(|set| set.of == *of)?;
        let set = sets.remove(at);
        sets.push(Arc::clone(&set));
        Some(set)
    }

    pub(crate) fn add(&self, pictures: Pictures) -> Arc<Pictures> {
        if let Some(known) = self.find(&pictures.of) {
            return known;
        }
        let mut sets = self.sets();
        if sets.len() >= SETS_MAX {
            sets.remove(0).stop();
        }
        let pictures = Arc::new(pictures);
        sets.push(Arc::clone(&pictures));
        pictures
    }

    /// Forgets the pictures of a recording that is removed.
    pub(crate) fn forget(&self, recording: &Id) {
        self.sets().retain(|set| {
            let is_other = set.recording != *recording;
            if !is_other {
                set.stop();
            }
            is_other
        });
    }
}

impl Pictures {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has(&self, frame: u32) -> bool {
        self.state().made.contains_key(&frame)
    }

    pub(crate) fn stop(&self) {
        if let Some(run) = &self.state().run {
            run.stop.store(true, Ordering::SeqCst);
        }
    }

    /// The frame with which the next run begins while `frame` is shown; `None` if enough is there
    /// or another run is at work.
    pub(crate) fn wanted(&self, state: &State, frame: u32) -> Option<u32> {
        if state.run.is_some() {
            return None;
        }
        let ahead = frame..frame.saturating_add(AHEAD).min(self.frames);
        let behind = (frame.saturating_sub(AHEAD)..frame).rev();
        ahead
            .chain(behind)
            .find(|near| !state.made.contains_key(near))
    }

    /// Adds a picture. Of too many, those farthest away are dropped.
    pub(crate) fn add(&self, frame: u32, picture: Jpeg) {
        let made = &mut self.state().made;
        made.insert(frame, picture);
        while made.len() > PICTURES_MAX {
            let first = made.keys().next().copied().unwrap_or(frame);
            let last = made.keys().next_back().copied().unwrap_or(frame);
            let farthest = if frame.abs_diff(first) > frame.abs_diff(last) {
                first
            } else {
                last
            };
            made.remove(&farthest);
        }
    }
}

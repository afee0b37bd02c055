//! Pictures of previews that are held in memory: those of the last few revisions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redact_core::Redactions;
use tokio::sync::watch;

use crate::id::Id;

/// A JPEG file.
pub(crate) type Jpeg = Arc<[u8]>;

/// Frames of a run for somebody who steps. A proxy has a key frame every 12 frames, and decoding
/// begins at one.
const RUN_FRAMES: u32 = 24;

/// Frames of a run for a contact sheet: as many as its page shows of each group at first.
const SHEET_FRAMES: usize = 60;

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
    /// Whether they are those of the contact sheet, and not for somebody who steps.
    pub(crate) sheet: bool,
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
    /// The frames of the contact sheet as its page shows them, if they are wanted.
    pub(crate) sheet: Option<Vec<u32>>,
    pub(crate) state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) made: BTreeMap<u32, Jpeg>,
    pub(crate) run: Option<Arc<Run>>,
}

/// A process that makes pictures.
pub(crate) struct Run {
    /// In ascending order.
    pub(crate) frames: Vec<u32>,
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

    /// The frames that are made with `first`, in ascending order.
    pub(crate) fn run_of(&self, first: u32) -> Vec<u32> {
        let Some(sheet) = &self.sheet else {
            let start = first - first % (RUN_FRAMES / 2);
            let end = start.saturating_add(RUN_FRAMES).min(self.frames);
            return (start..end).collect();
        };
        let chunks = sheet.chunks(SHEET_FRAMES);
        let mut frames = vec![first];
        if let Some(chunk) = chunks.into_iter().find(|chunk| chunk.contains(&first)) {
            frames.extend(chunk);
        }
        frames.sort_unstable();
        frames.dedup();
        frames
    }

    /// The frame with which the next run begins while `frame` is shown; `None` if enough is there
    /// or another run is at work.
    pub(crate) fn wanted(&self, state: &State, frame: u32) -> Option<u32> {
        if state.run.is_some() || self.sheet.is_some() {
            return None;
        }
        let ahead = frame..frame.saturating_add(AHEAD).min(self.frames);
        let behind = (frame.saturating_sub(AHEAD)..frame).rev();
        ahead
            .chain(behind)
            .find(|near| !state.made.contains_key(near))
    }

    /// Adds a picture. Of too many, those farthest away are dropped, and of a contact sheet those
    /// of other runs.
    pub(crate) fn add(&self, frame: u32, picture: Jpeg) {
        let State { made, run } = &mut *self.state();
        made.insert(frame, picture);
        if let (Some(_), Some(run)) = (&self.sheet, run)
            && made.len() > PICTURES_MAX
        {
            made.retain(|frame, _| run.frames.contains(frame));
        }
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

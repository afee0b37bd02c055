//! The readback: what is written is decoded while the frames that it was made of are still in memory.
//!
//! A sink may decode its pictures again as it writes them. Each is measured and compared with the
//! frame that it was made of, so that the source need not be decoded once more. Nothing is judged
//! here: the evidence counts only for a file that is proved to have these pictures.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redact_core::{Frame, FrameIndex, MediaItem, Redactions, Source, SourceError};

use crate::compare::FrameEvidence;

/// Most bytes of frames that wait for their readback. An encoder holds some tens of frames back;
/// where they are larger than this, none wait and the finished file is decoded instead.
const KEPT_BYTES_MAX: usize = 384 << 20;

/// Redacted frames on their way through the encoder, in order.
pub(super) struct AtHand(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    frames: VecDeque<(Frame, usize)>,
    bytes: usize,
    /// No readback will ask for more.
    closed: bool,
}

impl AtHand {
    /// Frames wait only where there is a readback: `is_open`.
    pub(super) fn new(is_open: bool) -> Self {
        Self(Mutex::new(Kept {
            closed: !is_open,
            ..Kept::default()
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a frame as it was redacted, before it goes to the encoder.
    pub(super) fn keep(&self, frame: &Frame, bytes: usize) {
        let mut kept = self.lock();
        if kept.closed {
            return;
        }
        if kept.bytes + bytes > KEPT_BYTES_MAX {
            *kept = Kept {
                closed: true,
                ..Kept::default()
            };
            return;
        }
        kept.bytes += bytes;
        kept.frames.push_back((frame.share(), bytes));
    }

    /// The frame with number `index`; frames before it are dropped.
    fn take(&self, index: FrameIndex) -> Option<Frame> {
        let mut kept = self.lock();
        let is_due = |first: &(Frame, usize)| first.0.index <= index;
        while kept.frames.front().is_some_and(is_due) {
            let (frame, bytes) = kept.frames.pop_front()?;
            kept.bytes -= bytes;
            if frame.index == index {
                return Some(frame);
            }
        }
        None
    }

    fn close(&self) {
        *self.lock() = Kept {
            closed: true,
            ..Kept::default()
        };
    }
}

/// Compares what `readback` decodes of the release with what it was made of.
pub(super) fn readback_stage(
    mut readback: Box<dyn Source>,
    at_hand: &AtHand,
    redactions: &Redactions,
) -> Result<BTreeMap<FrameIndex, FrameEvidence>, SourceError> {
    let mut found = BTreeMap::new();
    let ended = loop {
        match readback.next_item() {
            Ok(Some(MediaItem::Frame(seen))) => {
                if let Some(made) = at_hand.take(seen.index) {
                    let evidence = FrameEvidence::of(&made, &seen, redactions);
                    found.insert(seen.index, evidence);
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => break Ok(found),
            Err(error) => break Err(error),
        }
    };
    at_hand.close();
    ended
}

//! The readback: what is written is decoded while the source frames are still in memory.
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
const IN_FLIGHT_BYTES_MAX: usize = 384 << 20;

/// Redacted frames on their way through the encoder, in order.
pub(super) struct FramesInFlight(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    frames: VecDeque<(Frame, usize)>,
    bytes: usize,
    /// No readback will ask for more.
    closed: bool,
}

impl FramesInFlight {
    /// Frames wait only where there is a readback: `is_open`.
    pub(super) fn new(is_open: bool) -> Self {
        Self(Mutex::new(Waiting {
            closed: !is_open,
            ..Waiting::default()
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a frame as it was redacted, before it goes to the encoder.
    pub(super) fn add(&self, frame: &Frame, bytes: usize) {
        let mut waiting = self.lock();
        if waiting.closed {
            return;
        }
        if waiting.bytes + bytes > IN_FLIGHT_BYTES_MAX {
            *waiting = Waiting {
                closed: true,
                ..Waiting::default()
            };
            return;
        }
        waiting.bytes += bytes;
        waiting.frames.push_back((frame.share(), bytes));
    }

    /// The frame with number `index`; frames before it are dropped.
    fn take(&self, index: FrameIndex) -> Option<Frame> {
        let mut waiting = self.lock();
        let is_due = |first: &(Frame, usize)| first.0.index <= index;
        while waiting.frames.front().is_some_and(is_due) {
            let (frame, bytes) = waiting.frames.pop_front()?;
            waiting.bytes -= bytes;
            if frame.index == index {
                return Some(frame);
            }
        }
        None
    }

    fn close(&self) {
        *self.lock() = Waiting {
            closed: true,
            ..Waiting::default()
        };
    }
}

/// Compares what `readback` decodes of the release with what it was made of.
pub(super) fn readback_stage(
    mut readback: Box<dyn Source>,
    in_flight: &FramesInFlight,
    redactions: &Redactions,
) -> Result<BTreeMap<FrameIndex, FrameEvidence>, SourceError> {
    let mut found = BTreeMap::new();
    let ended = loop {
        match readback.next_item() {
            Ok(Some(MediaItem::Frame(seen))) => {
                if let Some(made) = in_flight.take(seen.index) {
                    let evidence = FrameEvidence::of(&made, &seen, redactions);
                    found.insert(seen.index, evidence);
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => break Ok(found),
            Err(error) => break Err(error),
        }
    };
    in_flight.close();
    ended
}

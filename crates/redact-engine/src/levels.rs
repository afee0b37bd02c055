//! The levels that blurred and pixelated masks are drawn from, taken before a render.
//!
//! They come from each mask's first frame and from nothing else, so they are the same wherever a
//! render starts, and whatever of it was cached.

use redact_core::{Frame, MaskLevels, MediaItem, Phase, Progress, Redactions, Source, SourceError};

use crate::mask::{frames_of_levels, mask_levels};

/// Why levels could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LevelsError {
    /// The recording could not be read.
    #[error("cannot read the recording")]
    Source(#[from] SourceError),
    /// The recording ends before a mask begins, or its frame was not decoded.
    #[error("frame {frame} was not decoded; the first frame of a blurred mask is needed")]
    Missing {
        /// The frame.
        frame: redact_core::FrameIndex,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// The levels of every mask of `redactions`, in their order; `None` for those that are filled.
///
/// `source` must decode the first frame of each mask that is not filled; it is not read beyond the
/// last of them, and not at all where all masks are filled.
///
/// # Errors
/// See [`LevelsError`].
pub fn take_levels(
    source: &mut dyn Source,
    redactions: &Redactions,
    progress: &dyn Progress,
) -> Result<Vec<Option<MaskLevels>>, LevelsError> {
    let mut levels: Vec<Option<MaskLevels>> = vec![None; redactions.masks.len()];
    let mut wanted = frames_of_levels(redactions).into_iter().peekable();
    while let Some(&frame) = wanted.peek() {
        match source.next_item()? {
            Some(MediaItem::Frame(found)) if found.index == frame => {
                wanted.next();
                take(&mut levels, redactions, &found);
                let done = u64::from(frame.get());
                if progress.advance(Phase::Render, done, None).is_break() {
                    return Err(LevelsError::Cancelled);
                }
            }
            Some(MediaItem::Frame(found)) if found.index > frame => {
                return Err(LevelsError::Missing { frame });
            }
            Some(_) => {}
            None => return Err(LevelsError::Missing { frame }),
        }
    }
    Ok(levels)
}

/// Takes the levels of all masks that begin in `frame`.
fn take(levels: &mut [Option<MaskLevels>], redactions: &Redactions, frame: &Frame) {
    let masks = redactions.masks.iter().zip(levels);
    for (mask, levels) in masks.filter(|(mask, _)| mask.span().start() == frame.index) {
        *levels = mask_levels(mask, &frame.picture);
    }
}

//! Comparing captions with what is muted.

use super::content::{CaptionPiece, Captions, ReleaseSound};
use super::error::CaptionError;
use super::stamp::{round_up, stamp_nanos};

impl Captions {
    /// Checks that no word is said while `sound` is muted, and that nothing is shown after its end.
    ///
    /// # Errors
    /// [`CaptionError::MutedWord`], [`CaptionError::AfterEnd`].
    pub fn check(&self, sound: &ReleaseSound) -> Result<(), CaptionError> {
        let end = round_up(sound.end_nanos()).saturating_mul(1_000_000);
        for cue in &self.cues {
            for piece in &cue.pieces {
                let CaptionPiece::Word { span, .. } = piece else {
                    continue;
                };
                if let Some(mute) = sound.mute_in(*span) {
                    return Err(CaptionError::MutedWord {
                        word_start: stamp_nanos(span.start_nanos()),
                        word_end: stamp_nanos(span.end_nanos()),
                        mute_start: stamp_nanos(mute.start_nanos()),
                        mute_end: stamp_nanos(mute.end_nanos()),
                    });
                }
            }
            if cue.span.end_nanos() > end {
                return Err(CaptionError::AfterEnd {
                    time: stamp_nanos(cue.span.start_nanos()),
                    end: stamp_nanos(end),
                });
            }
        }
        Ok(())
    }

    /// The number of words; marks are not counted.
    #[must_use]
    pub fn words(&self) -> usize {
        let pieces = self.cues.iter().flat_map(|cue| &cue.pieces);
        let is_word = |piece: &&CaptionPiece| matches!(piece, CaptionPiece::Word { .. });
        pieces.filter(is_word).count()
    }
}

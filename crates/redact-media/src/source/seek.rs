//! Continues reading at a key frame.

use redact_core::{FrameIndex, MediaItem, SourceError, Timestamp};

use super::{FileSource, State, sound};
use crate::source::times::FrameClock;

/// Added to the time of a key frame to seek to it: containers round times down, and no two frames
/// are so close.
const SEEK_MARGIN_NANOS: i64 = 500_000;

impl FileSource {
    /// Continues at the last key frame shown no later than `nanos` after the recording's zero, and
    /// counts it as frame `index`.
    ///
    /// For files with known key frames; skipped packets are not checked.
    ///
    /// # Errors
    /// [`SourceError::Failed`] when the container cannot seek.
    pub fn seek(&mut self, index: FrameIndex, nanos: i64) -> Result<(), SourceError> {
        let video = &self.info.video;
        let zero = video.first_timestamp.nanos(video.time_base).unwrap_or(0);
        self.reader.seek(zero.saturating_add(nanos) / 1000)?;
        self.tracks.iter_mut().for_each(sound::Track::seek);
        self.clock = FrameClock::new(index, self.clock.step, 0);
        self.held = None;
        self.ready.clear();
        self.state = State::Reading;
        Ok(())
    }

    /// Continues at the key frame `index`, which is shown at `at`.
    ///
    /// # Errors
    /// [`SourceError::Failed`] when the container cannot seek, or another frame comes first; the
    /// error of that frame if it cannot be decoded.
    pub fn seek_to_key_frame(
        &mut self,
        index: FrameIndex,
        at: Timestamp,
    ) -> Result<(), SourceError> {
        let video = &self.info.video;
        let since = at.ticks().saturating_sub(video.first_timestamp.ticks());
        let nanos = Timestamp::new(since).nanos(video.time_base).unwrap_or(0);
        self.seek(index, nanos.saturating_add(SEEK_MARGIN_NANOS))?;
        let found = self.next_frame_time()?;
        if found == Some(at) {
            return Ok(());
        }
        let found = found.map_or("no frame".to_owned(), |at| format!("tick {}", at.ticks()));
        Err(SourceError::Failed {
            what: "cannot continue at a key frame",
            source: format!("found {found}, expected tick {}", at.ticks()).into(),
        })
    }

    /// When the next frame is shown; it is decoded, and still delivered. `None` at the end.
    fn next_frame_time(&mut self) -> Result<Option<Timestamp>, SourceError> {
        while self.held.is_none() && self.state == State::Reading {
            self.step();
        }
        if let Some(failed) = self.ready.iter().position(Result::is_err)
            && let Some(Err(error)) = self.ready.remove(failed)
        {
            return Err(error);
        }
        let delivered = self.ready.iter().flatten().find_map(|item| match item {
            MediaItem::Frame(frame) => Some(frame.timestamp),
            _ => None,
        });
        Ok(delivered.or(self.held.as_ref().map(|(_, at)| *at)))
    }
}

//! Continues reading at another place of the container.

use redact_core::SourceError;

use super::Reader;
use crate::ffi;

impl Reader {
    /// Seeks to the last key frame at or before `micros`, in the container's time.
    pub(in crate::source) fn seek(&mut self, micros: i64) -> Result<(), SourceError> {
        self.input
            .seek(micros, ..micros)
            .map_err(|error| SourceError::Failed {
                what: "cannot seek in the recording",
                source: ffi::cause(error),
            })?;
        if let Some(open) = self.slot.get() {
            open.decoder.flush();
        }
        for sound in &mut self.sounds {
            sound.decoder.flush();
        }
        self.pending.clear();
        self.frame_times.clear();
        if let Some(frame_nums) = &mut self.frame_nums {
            frame_nums.forget();
        }
        if let Some(clock) = &mut self.clock {
            clock.clear();
        }
        self.timed.clear();
        (self.drained, self.has_ended, self.skips_to_key) = (false, false, true);
        Ok(())
    }
}

//! Masks and mutes of a release, measured in what a browser decodes.

use redact_core::{AudioBlock, Frame, FrameIndex, Picture, Timestamp};
use redact_engine::{Check, Expected, ReleaseMeter};
use redact_record::RecordError;
use redact_record::manifest::PublicManifest;

/// What a browser has decoded.
pub enum AuditInput<'a> {
    /// The next picture, in presentation order.
    Picture(Picture),
    /// The next samples of a sound track.
    Sound(&'a AudioBlock),
}

/// Measures a release that the caller decodes.
pub struct Audit {
    meter: ReleaseMeter,
    expected: Expected,
    frames: u32,
}

impl Audit {
    /// For the release of `manifest`, which has `tracks` sound tracks in its file.
    ///
    /// # Errors
    /// [`RecordError::Field`] if a mask or mute of the manifest cannot be placed.
    pub fn new(manifest: &PublicManifest, tracks: usize) -> Result<Self, RecordError> {
        Ok(Self {
            meter: ReleaseMeter::new(manifest.redactions()?, tracks),
            expected: Expected {
                frames: manifest.totals.frames,
                audio_tracks: manifest.totals.sound.len(),
            },
            frames: 0,
        })
    }

    /// Measures what was decoded.
    pub fn take(&mut self, input: AuditInput<'_>) {
        match input {
            AuditInput::Picture(picture) => {
                let frame = Frame {
                    index: FrameIndex::new(self.frames),
                    // Masks are placed by frame alone.
                    timestamp: Timestamp::new(i64::from(self.frames)),
                    duration_ticks: 1,
                    picture,
                };
                self.meter.take_frame(&frame);
                self.frames = self.frames.saturating_add(1);
            }
            AuditInput::Sound(block) => self.meter.take_sound(block),
        }
    }

    /// Pictures measured, and pictures that the manifest declares.
    #[must_use]
    pub const fn frames(&self) -> (u32, u32) {
        (self.frames, self.expected.frames)
    }

    /// The checks of `redact verify` on masks and mutes, in its order and words.
    #[must_use]
    pub fn into_checks(self) -> Vec<Check> {
        self.meter.into_report(&self.expected).checks
    }
}

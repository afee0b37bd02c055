//! The audit of a release that the caller decodes.

use std::borrow::Cow;

use redact_core::{AudioBlock, Frame, Redactions};

use super::{AuditReport, Auditor, Expected, MeasuredWhen, measure};

/// Measures every mask and mute of a release whose frames and sound the caller decodes: the checks
/// of [`audit()`](super::audit()), frame by frame, without threads.
pub struct ReleaseMeter {
    redactions: Redactions,
    auditor: Auditor<'static>,
}

impl ReleaseMeter {
    /// For a release that has `tracks` sound tracks.
    #[must_use]
    pub fn new(redactions: Redactions, tracks: usize) -> Self {
        Self {
            auditor: Auditor::new(Cow::Owned(redactions.clone()), tracks),
            redactions,
        }
    }

    /// Measures the next frame, in presentation order.
    pub fn take_frame(&mut self, frame: &Frame) {
        let masks = measure(frame, &self.redactions);
        self.auditor.take(frame.index, masks, MeasuredWhen::Now);
    }

    /// Measures the next block of a sound track.
    pub fn take_sound(&mut self, block: &AudioBlock) {
        self.auditor.listen(block);
    }

    /// Frames measured so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.auditor.frames()
    }

    /// The verdict: the checks of [`audit()`](super::audit()), in the same order and words.
    #[must_use]
    pub fn into_report(self, expected: &Expected) -> AuditReport {
        self.auditor.into_report(expected)
    }
}

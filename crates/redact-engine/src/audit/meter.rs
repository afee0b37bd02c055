//! The audit of a release that the caller decodes or plays.

use std::borrow::Cow;
use std::collections::BTreeSet;

use redact_core::{AudioBlock, Frame, FrameIndex, Redactions};

use super::{
    AuditReport, Auditor, Expected, MeasuredWhen, PictureAudit, Region, measure, measure_shown,
};
use crate::check::Check;

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

/// Measures fills in the frames that a player shows, one by one and perhaps not all of them.
///
/// A player shows colors on a screen and not what is coded: where the declared levels of a blur or
/// mosaic lie is not known well enough to measure them, but black is black on every screen.
pub struct FillMeter {
    /// Fills alone.
    redactions: Redactions,
    pictures: PictureAudit,
    measured: BTreeSet<FrameIndex>,
    due: BTreeSet<FrameIndex>,
    /// Masks that are not fills.
    others: usize,
}

/// What a [`FillMeter`] measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillReport {
    /// The check of [`audit()`](super::audit()) on masks, of the measured frames and of fills.
    pub masks: Check,
    /// Frames that were measured.
    pub measured: usize,
    /// Frames that have a fill.
    pub due: usize,
    /// Masks that are not fills, and so were not measured.
    pub others: usize,
}

impl FillMeter {
    /// For a release of `frames` frames; what a mask covers behind the last is left out.
    #[must_use]
    pub fn new(mut redactions: Redactions, frames: u32) -> Self {
        let all = redactions.masks.len();
        redactions.masks.retain(Region::is_fill);
        let mut due = BTreeSet::new();
        for mask in &redactions.masks {
            let (start, end) = (mask.span().start().get(), mask.span().end().get());
            due.extend((start..end.min(frames)).map(FrameIndex::new));
        }
        Self {
            others: all - redactions.masks.len(),
            redactions,
            pictures: PictureAudit::default(),
            measured: BTreeSet::new(),
            due,
        }
    }

    /// The frames that have a fill, ascending.
    pub fn due(&self) -> impl Iterator<Item = FrameIndex> {
        self.due.iter().copied()
    }

    /// Measures a frame, in any order; a second time changes nothing.
    pub fn take_frame(&mut self, frame: &Frame) {
        if self.due.contains(&frame.index) && self.measured.insert(frame.index) {
            let masks = measure_shown(frame, &self.redactions);
            self.pictures.take(frame.index, masks, &self.redactions);
        }
    }

    /// The verdict on the frames that were measured.
    #[must_use]
    pub fn into_report(self) -> FillReport {
        let (_, masks) = self.pictures.into_checks(0, &self.redactions);
        FillReport {
            masks,
            measured: self.measured.len(),
            due: self.due.len(),
            others: self.others,
        }
    }
}

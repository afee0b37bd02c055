//! The audit job: a release is decoded again and everything hidden in it is measured.
//!
//! The audit needs no source. A fill must be black, a mosaic or blur must be the picture of its
//! declared levels, the same in every frame, both within what a codec adds; a mute must be digital
//! silence. It proves that what was declared was done. That nothing else was done is
//! what [`crate::examine`] proves, which needs the source.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::thread;

use rayon::prelude::*;
use redact_core::{
    AudioBlock, Frame, FrameIndex, MaskRegion, MediaItem, Phase, Progress, Protection, Redactions,
    Source, SourceError,
};

use crate::check::{Check, Failures};
use crate::decode;
use crate::mask::MaskArea;

pub(crate) mod correlation;
mod meter;
mod region;
mod sound;

pub use meter::{FillMeter, FillReport, ReleaseMeter};
pub(crate) use region::Residual;
use region::{Region, Total};
use sound::MuteMeter;
pub use sound::MutedLevel;

/// What a release must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Frames.
    pub frames: u32,
    /// Sound tracks.
    pub audio_tracks: usize,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditReport {
    /// One entry per check, always all of them: frames, masks, sound tracks, mutes.
    pub checks: Vec<Check>,
    /// What is left of each mute on each track that has sound there.
    pub mutes: Vec<MutedLevel>,
}

impl AuditReport {
    /// Whether every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

/// Why an audit could not be done. A release that was not audited is not one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The release could not be read to its end.
    #[error("cannot read the release")]
    Source(#[from] SourceError),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// Decodes a written release and measures every mask in every frame and every mute in every
/// track.
///
/// It never stops at the first failure: the report counts all and names the first few.
///
/// # Errors
/// Only when the release cannot be examined: see [`AuditError`]. What is found wrong is in the
/// report.
pub fn audit(
    release: Box<dyn Source>,
    redactions: &Redactions,
    expected: &Expected,
    progress: &dyn Progress,
) -> Result<AuditReport, AuditError> {
    let mut auditor = Auditor::new(Cow::Borrowed(redactions), release.info().audio.len());
    thread::scope(|scope| {
        let (decoded, decoder) =
            decode::spawn_decoded(scope, "decode", release).map_err(AuditError::Thread)?;
        while let Some(batch) = decoded.recv_many() {
            let mut frames = Vec::new();
            for item in batch {
                match item {
                    MediaItem::Frame(frame) => frames.push(frame),
                    MediaItem::Audio(block) => auditor.listen(&block),
                    // The stage that decodes lets none through.
                    MediaItem::Coded(_) | MediaItem::CodedSound(_) => {}
                }
            }
            let measured: Vec<Vec<Measured>> = frames
                .par_iter()
                .map(|frame| measure(frame, redactions))
                .collect();
            for (frame, masks) in frames.iter().zip(measured) {
                auditor.take(frame.index, masks, MeasuredWhen::Now);
            }
            let (done, total) = (auditor.frames(), u64::from(expected.frames));
            if progress.advance(Phase::Audit, done, Some(total)).is_break() {
                return Err(AuditError::Cancelled);
            }
        }
        decode::join(decoder)?;
        Ok(())
    })?;
    Ok(auditor.into_report(expected))
}

/// What an audit has measured so far, whoever decodes the release.
pub(crate) struct Auditor<'a> {
    redactions: Cow<'a, Redactions>,
    tracks: usize,
    pictures: PictureAudit,
    mutes: MuteMeter,
}

impl<'a> Auditor<'a> {
    /// For a release that announces `tracks` sound tracks.
    pub(crate) fn new(redactions: Cow<'a, Redactions>, tracks: usize) -> Self {
        Self {
            redactions,
            tracks,
            pictures: PictureAudit::default(),
            mutes: MuteMeter::default(),
        }
    }

    /// Frames taken.
    pub(crate) fn frames(&self) -> u64 {
        u64::from(self.pictures.frames)
    }

    pub(crate) fn listen(&mut self, block: &AudioBlock) {
        self.mutes.listen(block, &self.redactions);
    }

    /// Takes what was measured of the next frame; it is coded as it was then.
    pub(crate) fn take(&mut self, index: FrameIndex, masks: Vec<Measured>, when: MeasuredWhen) {
        match when {
            MeasuredWhen::Now => {}
            MeasuredWhen::Written => self.pictures.written += 1,
            MeasuredWhen::Earlier => self.pictures.earlier += 1,
        }
        self.pictures.take(index, masks, &self.redactions);
    }

    /// Takes the next frame, which was not decoded: nothing may be hidden in it.
    pub(crate) fn take_coded(&mut self, index: FrameIndex) {
        self.pictures.take_coded(index, &self.redactions);
    }

    pub(crate) fn into_report(self, expected: &Expected) -> AuditReport {
        let (frames, masks) = self.pictures.into_checks(expected.frames, &self.redactions);
        let tracks = tracks_check(self.tracks, expected.audio_tracks, &self.mutes);
        let (sound, mutes) = self.mutes.into_check(&self.redactions);
        AuditReport {
            checks: vec![frames, masks, tracks, sound],
            mutes,
        }
    }
}

/// What was measured of one mask in one frame; `residual` is `None` where later masks cover it.
pub(crate) struct Measured {
    pub(crate) mask: usize,
    pub(crate) residual: Option<Residual>,
}

/// When the masks of a frame were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MeasuredWhen {
    /// In the file, now.
    Now,
    /// In what was written to it, while it was.
    Written,
    /// By an earlier render.
    Earlier,
}

/// Measures every mask of one frame.
pub(crate) fn measure(frame: &Frame, redactions: &Redactions) -> Vec<Measured> {
    let mut measured = Vec::new();
    for_each_region(frame, redactions, |mask, region| {
        let residual = region.residual();
        measured.push(Measured { mask, residual });
    });
    measured
}

/// Pixels at each side of a mask that are left out where a screen shows it: it mixes chroma of what
/// is beside the mask into them.
const MIXED_PIXELS: u32 = 2;

/// The same of a frame as a screen shows it.
fn measure_shown(frame: &Frame, redactions: &Redactions) -> Vec<Measured> {
    let mut measured = Vec::new();
    for_each_region(frame, redactions, |mask, region| {
        // What is left out lies under the mask all the same.
        let others = [region.others, std::slice::from_ref(region.area)].concat();
        let inner = Region {
            area: &region.area.shrunk(MIXED_PIXELS),
            others: &others,
            ..*region
        };
        let residual = inner.residual();
        measured.push(Measured { mask, residual });
    });
    measured
}

/// Calls `visit` for every mask of one frame, in their order, with the mask's place in the list.
fn for_each_region(
    frame: &Frame,
    redactions: &Redactions,
    mut visit: impl FnMut(usize, &Region<'_>),
) {
    let size = frame.picture.size();
    let masks = redactions.masks.iter().enumerate();
    let masks: Vec<_> = masks
        .filter_map(|(index, mask)| {
            let rect = mask.rect_at(frame.index)?;
            Some((index, mask, MaskArea::of(mask, rect, size)))
        })
        .collect();
    for (place, (index, mask, area)) in masks.iter().enumerate() {
        let overlapping = |masks: &[(usize, _, MaskArea)]| -> Vec<MaskArea> {
            let areas = masks.iter().map(|(_, _, other)| other);
            areas
                .filter(|other| other.may_overlap(area))
                .cloned()
                .collect()
        };
        let later = overlapping(&masks[place + 1..]);
        let others = [overlapping(&masks[..place]), later.clone()].concat();
        let region = Region {
            picture: &frame.picture,
            mask,
            area,
            later: &later,
            others: &others,
        };
        visit(*index, &region);
    }
}

/// What has been measured of the pictures so far.
#[derive(Default)]
struct PictureAudit {
    frames: u32,
    /// Those that were not decoded, because they are coded as in the source.
    coded: u32,
    /// Those that were not decoded, because they are coded as they were when they were decoded on
    /// their way into the file.
    written: u32,
    /// Those that were not decoded, because they are coded as an earlier render checked them.
    earlier: u32,
    misnumbered: Failures,
    regions: u64,
    covered: u64,
    bare: Failures,
    worst: Option<WorstRegion>,
    /// By mask: what was measured in all frames together, and whether a single one failed.
    totals: BTreeMap<usize, (Total, bool)>,
    /// All masks of all frames together.
    total: Total,
}

/// The region that is closest to its bounds, or farthest beyond them.
struct WorstRegion {
    load: f64,
    text: String,
    place: String,
}

impl PictureAudit {
    fn count(&mut self, index: FrameIndex) {
        let due = FrameIndex::new(self.frames);
        if index != due {
            self.misnumbered
                .add(|| format!("frame {index} where frame {due} was due"));
        }
        self.frames = self.frames.saturating_add(1);
    }

    fn take_coded(&mut self, index: FrameIndex, redactions: &Redactions) {
        self.count(index);
        self.coded += 1;
        for (mask, _) in redactions.masks_at(index) {
            self.regions += 1;
            let id = mask.id();
            self.bare
                .add(|| format!("{id} in frame {index} (not decoded)"));
        }
    }

    fn take(&mut self, index: FrameIndex, masks: Vec<Measured>, redactions: &Redactions) {
        self.count(index);
        for Measured { mask, residual } in masks {
            self.regions += 1;
            let Some(residual) = residual else {
                self.covered += 1;
                continue;
            };
            let region = &redactions.masks[mask];
            let (id, is_fill) = (region.id(), Region::is_fill(region));
            let load = residual.load(is_fill);
            let text = || residual.text(is_fill);
            // Written so that a load that is not a number fails.
            let within = load <= 1.0;
            if !within {
                self.bare.add(|| {
                    let lacks = undeclared(region);
                    format!("{id} in frame {index} ({}{lacks})", text())
                });
            }
            let (total, failed) = self.totals.entry(mask).or_default();
            total.add(&residual, is_fill);
            *failed |= !within;
            self.total.add(&residual, is_fill);
            if self.worst.as_ref().is_none_or(|worst| load > worst.load) {
                self.worst = Some(WorstRegion {
                    load,
                    text: text(),
                    place: format!("{id} in frame {index}"),
                });
            }
        }
    }

    /// Judges all frames together: of masks of which no single frame failed, and of all masks where
    /// none of them failed.
    fn check_totals(&mut self, redactions: &Redactions) -> Option<String> {
        for (&mask, (total, failed)) in &self.totals {
            if let Some(worst) = total.worst().filter(|_| !failed)
                && worst.load() > 1.0
            {
                let id = redactions.masks[mask].id();
                self.bare.add(|| format!("{id} ({worst})"));
            }
        }
        let worst = self.total.worst()?;
        if self.bare.is_empty() && worst.load() > 1.0 {
            self.bare.add(|| format!("all masks together ({worst})"));
        }
        Some(format!("; all masks together: {worst}"))
    }

    fn into_checks(mut self, expected: u32, redactions: &Redactions) -> (Check, Check) {
        let together = self.check_totals(redactions);
        let found = self.frames;
        if found != expected {
            self.misnumbered
                .add(|| format!("{found} frames instead of {expected}"));
        }
        let mut figures = format!("{found} of {expected} frames decoded");
        let coded = self.coded.saturating_add(self.earlier);
        if coded > 0 {
            let decoded = found.saturating_sub(coded);
            figures = format!("{found} of {expected} frames, {decoded} of them decoded");
        }
        if self.written > 0 {
            let written = self.written;
            figures.push_str(&format!(
                " ({written} while they were written, and the file has them so)"
            ));
        }
        let others = [
            (self.coded, "coded as in the source"),
            (self.earlier, "coded as an earlier render checked them"),
        ];
        for (frames, how) in others.iter().filter(|(frames, _)| *frames > 0) {
            figures.push_str(&format!(", {frames} {how}"));
        }
        let frames = self.misnumbered.into_check("frames", figures);
        let mut figures = format!("{} masked rectangles measured", self.regions);
        for protection in [Protection::Removed, Protection::Reduced] {
            let masks = redactions.masks.iter();
            let masks = masks.filter(|mask| mask.effect().protection() == protection);
            match masks.count() {
                0 => {}
                count => figures.push_str(&format!("; {count} masks: {}", protection.text())),
            }
        }
        if self.covered > 0 {
            figures.push_str(&format!(", {} lie under later ones", self.covered));
        }
        if let Some(WorstRegion { text, place, .. }) = self.worst {
            figures.push_str(&format!("; the worst: {place} ({text})"));
        }
        figures.extend(together);
        (frames, self.bare.into_check("masks", figures))
    }
}

/// Evidence for a blurred or pixelated mask whose levels are not declared: it must be black.
fn undeclared(mask: &MaskRegion) -> &'static str {
    if mask.needs_levels() {
        "; its levels are not declared, so it must be filled"
    } else {
        ""
    }
}

fn tracks_check(announced: usize, expected: usize, mutes: &MuteMeter) -> Check {
    let mut failures = Failures::default();
    if announced != expected {
        failures.add(|| format!("{announced} sound tracks instead of {expected}"));
    }
    if let Some(stream) = mutes.highest_track().filter(|&track| track >= announced) {
        failures.add(|| format!("sound of track {stream} came unannounced"));
    }
    let figures = format!("{announced} of {expected} sound tracks");
    failures.into_check("sound tracks", figures)
}

#[cfg(test)]
mod tests;

//! The comparison job: proves that nothing else was changed, source and release side by side.
//!
//! The redactions are applied to the source once more and the result is compared with the release,
//! block by block and window by window: what differs by more than a codec's noise was hidden, cut,
//! shifted or added without being declared.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::thread;

use rayon::prelude::*;
use redact_core::{
    CodedPictures, Digest, Frame, FrameIndex, MediaItem, Phase, Progress, Redactions, Source,
    SourceDiagnostics, SourceError, TimeBase, Timestamp,
};

use crate::audit::correlation::{Correlation, correlations, is_fill};
use crate::audit::{AuditReport, Auditor, Expected, Measured, MeasuredWhen, measure};
use crate::check::{Check, Failures};
use crate::decode;
use crate::mask::mask_frame;
use crate::mute::mute_block;

mod evidence;
mod picture;
mod sound;
mod ssim;

pub use evidence::FrameEvidence;
pub use picture::SecondQuality;
use picture::{Difference, PictureComparison};
use sound::SoundComparison;

/// What a comparison found.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareReport {
    /// One entry per check, always all of them: frames, times, picture outside masks, picture
    /// inside masks, sound.
    pub checks: Vec<Check>,
    /// How close each second that has frames is to the source, outside masks.
    pub seconds: Vec<SecondQuality>,
}

impl CompareReport {
    /// Whether every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

/// Why a comparison could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The source could not be read to its end.
    #[error("cannot read the source")]
    Source(#[source] SourceError),
    /// The release could not be read to its end.
    #[error("cannot read the release")]
    Release(#[source] SourceError),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// What audit and comparison of a release found.
#[derive(Debug)]
pub struct Examination {
    /// The masks and mutes.
    pub audit: AuditReport,
    /// The comparison with the source.
    pub compare: CompareReport,
    /// What was found in each frame that was decoded on both sides, for a render that writes the
    /// very same frames again.
    pub evidence: BTreeMap<FrameIndex, FrameEvidence>,
    /// Diagnostics of the source: damage, and pictures of another size.
    pub diagnostics: SourceDiagnostics,
}

/// Decodes a written release once, audits it as [`audit()`](crate::audit()) does, and compares it
/// frame by frame with `source`: they may differ in nothing but `redactions`.
///
/// GOPs that the source delivers undecoded (stream copy) are not compared here, only counted and
/// timed: the caller proves that the release has the same coded data. What the release delivers
/// undecoded is not audited either: it must have the source's digest, and no mask. Frames of
/// `earlier` may come undecoded on both sides: the caller proves that the release has them as they
/// were when that evidence was found, by an earlier render or while it was written. Without such a
/// map, no evidence is gathered.
///
/// It never stops at the first failure: the reports count all and name the first few.
///
/// # Errors
/// Only when one of them cannot be examined: see [`CompareError`]. What is found wrong is in the
/// reports.
pub fn examine(
    source: Box<dyn Source>,
    release: Box<dyn Source>,
    redactions: &Redactions,
    expected: &Expected,
    earlier: Option<&BTreeMap<FrameIndex, FrameEvidence>>,
    progress: &dyn Progress,
) -> Result<Examination, CompareError> {
    let total = u64::from(expected.frames);
    let tracks = release.info().audio.len();
    let mut sides = SideBySide {
        clocks: [&source, &release].map(|side| {
            let video = &side.info().video;
            Clock {
                first: video.first_timestamp,
                base: video.time_base,
            }
        }),
        source: VecDeque::new(),
        release: VecDeque::new(),
        frames: [0; 2],
        copied: [0; 2],
        coded: Failures::default(),
        pixels: source.info().video.size.area(),
        times: Failures::default(),
        worst_shift_nanos: 0,
        pictures: PictureComparison::default(),
        sound: SoundComparison::new([&source, &release].map(|side| side.info().audio.clone())),
        auditor: Auditor::new(Cow::Borrowed(redactions), tracks),
        correlations: BTreeMap::new(),
        earlier,
        evidence: BTreeMap::new(),
    };
    let diagnostics = thread::scope(|scope| {
        let (source, source_thread) =
            decode::spawn(scope, "source", source).map_err(CompareError::Thread)?;
        let (release, release_thread) =
            decode::spawn(scope, "release", release).map_err(CompareError::Thread)?;
        let mut open = [Some(source), Some(release)];
        // The side with fewer frames is read next, so that neither accumulates.
        while let Some(side) = sides.side_behind(open.each_ref().map(Option::is_some)) {
            match open[side]
                .as_ref()
                .and_then(|receiver| receiver.recv_many())
            {
                None => open[side] = None,
                Some(batch) => sides.take(side, batch, redactions),
            }
            let ended = open.each_ref().map(Option::is_none);
            sides.compare_pairs(ended, redactions);
            let done = u64::from(sides.frames[0].min(sides.frames[1]));
            let said = progress.advance(Phase::Compare, done, Some(total));
            if said.is_break() {
                return Err(CompareError::Cancelled);
            }
        }
        let diagnostics = decode::join(source_thread).map_err(CompareError::Source)?;
        decode::join(release_thread).map_err(CompareError::Release)?;
        Ok(diagnostics)
    })?;
    Ok(sides.into_examination(expected, redactions, diagnostics))
}

/// How a side counts time.
#[derive(Clone, Copy)]
struct Clock {
    first: Timestamp,
    base: TimeBase,
}

impl Clock {
    /// Nanoseconds since the recording's zero.
    fn nanos(self, timestamp: Timestamp) -> i64 {
        let since = timestamp.ticks().saturating_sub(self.first.ticks());
        Timestamp::new(since).nanos(self.base).unwrap_or(i64::MAX)
    }

    /// One tick, rounded up.
    fn tick_nanos(self) -> i64 {
        Timestamp::new(1)
            .nanos(self.base)
            .unwrap_or(i64::MAX)
            .saturating_add(1)
    }
}

/// Pictures of a side that wait for the other side.
enum QueuedPictures {
    Frame(Frame),
    /// An undecoded GOP, and how many of its frames were compared.
    Coded(CodedPictures, usize),
}

/// One frame of a side.
enum ComparedFrame {
    Frame(Frame),
    /// A frame of an undecoded GOP: its number, its time, the GOP's digest.
    Coded(FrameIndex, Timestamp, Digest),
}

impl ComparedFrame {
    fn index(&self) -> FrameIndex {
        match self {
            Self::Frame(frame) => frame.index,
            Self::Coded(index, ..) => *index,
        }
    }

    fn at(&self) -> Timestamp {
        match self {
            Self::Frame(frame) => frame.timestamp,
            Self::Coded(_, at, _) => *at,
        }
    }
}

/// Takes the next frame of a side.
fn next_frame(queue: &mut VecDeque<QueuedPictures>) -> Option<ComparedFrame> {
    match queue.pop_front()? {
        QueuedPictures::Frame(frame) => Some(ComparedFrame::Frame(frame)),
        QueuedPictures::Coded(pictures, taken) => {
            let (at, _) = *pictures.times.get(taken)?;
            let start = pictures.frames.start().get();
            let index = start.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
            let frame = ComparedFrame::Coded(FrameIndex::new(index), at, pictures.digest);
            if taken + 1 < pictures.times.len() {
                queue.push_front(QueuedPictures::Coded(pictures, taken + 1));
            }
            Some(frame)
        }
    }
}

/// What is known of one frame of the release.
struct FrameResult {
    difference: Option<Difference>,
    /// `None` when it was not decoded, now or earlier.
    masks: Option<Vec<Measured>>,
    /// When they were measured.
    measured: MeasuredWhen,
    /// Whether both sides were decoded now.
    is_both: bool,
    /// By mask, how its residual correlates with what it hides, where both sides were decoded.
    correlations: BTreeMap<usize, Correlation>,
}

impl FrameResult {
    /// What a later render may use.
    fn evidence(&self, index: FrameIndex) -> Option<(FrameIndex, FrameEvidence)> {
        if !self.is_both {
            return None;
        }
        let (difference, masks) = (self.difference.clone()?, self.masks.as_ref()?);
        let masks = masks.iter().map(|measured| measured.residual).collect();
        let is_fresh = true;
        Some((
            index,
            FrameEvidence {
                difference,
                masks,
                is_fresh,
            },
        ))
    }
}

/// Compares one frame of the release with its partner, if there is one: how it differs from what it
/// should be, and the residual under its masks. What is not decoded cannot be measured; what was
/// measured `earlier` counts again.
fn compare_frame(
    (source, release): &mut (Option<ComparedFrame>, ComparedFrame),
    redactions: &Redactions,
    earlier: Option<&BTreeMap<FrameIndex, FrameEvidence>>,
    pixels: u64,
) -> FrameResult {
    let index = release.index();
    let earlier = || earlier?.get(&index);
    let known = || earlier().map(|known| known.difference.clone());
    match (source, release) {
        (source, ComparedFrame::Coded(..)) => {
            let masks = matches!(source, Some(ComparedFrame::Coded(..)))
                .then(|| earlier()?.measured(index, redactions))
                .flatten();
            FrameResult {
                difference: known().or(Some(picture::identical(pixels))),
                measured: match earlier() {
                    Some(known) if known.is_fresh => MeasuredWhen::Written,
                    _ => MeasuredWhen::Earlier,
                },
                masks,
                is_both: false,
                correlations: BTreeMap::new(),
            }
        }
        (Some(ComparedFrame::Frame(source)), ComparedFrame::Frame(release)) => {
            let correlations = correlations(source, release, redactions);
            mask_frame(source, redactions);
            FrameResult {
                correlations,
                difference: Some(picture::difference(source, release, redactions)),
                masks: Some(measure(release, redactions)),
                measured: MeasuredWhen::Now,
                is_both: true,
            }
        }
        (source, ComparedFrame::Frame(release)) => FrameResult {
            difference: source
                .as_ref()
                .map(|_| known().unwrap_or_else(|| picture::identical(pixels))),
            masks: Some(measure(release, redactions)),
            measured: MeasuredWhen::Now,
            is_both: false,
            correlations: BTreeMap::new(),
        },
    }
}

/// Side 0 is the source, side 1 the release.
struct SideBySide<'a> {
    clocks: [Clock; 2],
    /// Frames of the source whose partner has not arrived yet.
    source: VecDeque<QueuedPictures>,
    /// The same of the release.
    release: VecDeque<QueuedPictures>,
    frames: [u32; 2],
    /// GOPs of the source that come undecoded, and their frames.
    copied: [u64; 2],
    /// Undecoded frames of the release that differ from the source's coded data.
    coded: Failures,
    /// Of each of the source's frames.
    pixels: u64,
    times: Failures,
    worst_shift_nanos: i64,
    pictures: PictureComparison,
    sound: SoundComparison,
    auditor: Auditor<'a>,
    /// By mask, over all frames that were decoded on both sides.
    correlations: BTreeMap<usize, Correlation>,
    earlier: Option<&'a BTreeMap<FrameIndex, FrameEvidence>>,
    evidence: BTreeMap<FrameIndex, FrameEvidence>,
}

impl SideBySide<'_> {
    fn side_behind(&self, open: [bool; 2]) -> Option<usize> {
        match open {
            [false, false] => None,
            [true, false] => Some(0),
            [false, true] => Some(1),
            [true, true] => Some(usize::from(self.frames[1] < self.frames[0])),
        }
    }

    fn take(&mut self, side: usize, batch: Vec<MediaItem>, redactions: &Redactions) {
        for item in batch {
            match item {
                MediaItem::Frame(frame) => {
                    self.frames[side] = self.frames[side].saturating_add(1);
                    self.queue(side).push_back(QueuedPictures::Frame(frame));
                }
                MediaItem::Coded(pictures) => {
                    let frames = pictures.frames.frames();
                    self.frames[side] = self.frames[side].saturating_add(frames);
                    if side == 0 {
                        self.copied[0] += 1;
                        self.copied[1] += u64::from(frames);
                    }
                    self.queue(side)
                        .push_back(QueuedPictures::Coded(pictures, 0));
                }
                // Sound is compared decoded: a track that comes undecoded is missing.
                MediaItem::CodedSound(_) => {}
                MediaItem::Audio(mut block) => {
                    if side == 0 {
                        mute_block(&mut block, redactions);
                    } else {
                        self.auditor.listen(&block);
                    }
                    self.sound.listen(side, &block);
                }
            }
        }
    }

    fn queue(&mut self, side: usize) -> &mut VecDeque<QueuedPictures> {
        match side {
            0 => &mut self.source,
            _ => &mut self.release,
        }
    }

    /// Compares the frames that both sides have; `ended` sides have no more to come.
    fn compare_pairs(&mut self, ended: [bool; 2], redactions: &Redactions) {
        let mut pairs = Vec::new();
        while !self.release.is_empty() && (ended[0] || !self.source.is_empty()) {
            let source = next_frame(&mut self.source);
            pairs.extend(next_frame(&mut self.release).map(|release| (source, release)));
        }
        // A frame without a partner is counted by the check of frames; it need not wait.
        if ended[1] && self.release.is_empty() {
            self.source.clear();
        }
        let (pixels, earlier) = (self.pixels, self.earlier);
        let results: Vec<FrameResult> = pairs
            .par_iter_mut()
            .map(|pair| compare_frame(pair, redactions, earlier, pixels))
            .collect();
        for ((source, release), result) in pairs.iter().zip(results) {
            let index = release.index();
            if earlier.is_some() {
                self.evidence.extend(result.evidence(index));
            }
            match result.masks {
                Some(masks) => self.auditor.take(index, masks, result.measured),
                None => {
                    self.auditor.take_coded(index);
                    self.check_coded(source.as_ref(), release);
                }
            }
            let Some(source) = source else { continue };
            let (index, at) = (source.index(), source.at());
            self.compare_times(index, at, release.at());
            let second = self.clocks[0].nanos(at).div_euclid(1_000_000_000);
            if let Some(difference) = result.difference {
                self.pictures.take(index, second, difference);
            }
            for (mask, correlation) in result.correlations {
                let sums = self.correlations.entry(mask).or_default();
                sums.add(&correlation);
            }
        }
    }

    /// What is not decoded must be coded as in the source.
    fn check_coded(&mut self, source: Option<&ComparedFrame>, release: &ComparedFrame) {
        let (Some(ComparedFrame::Coded(.., expected)), ComparedFrame::Coded(.., found)) =
            (source, release)
        else {
            let index = release.index();
            return self.coded.add(|| {
                format!("frame {index} is not decoded, and the source has no such coded frame")
            });
        };
        if expected != found {
            let index = release.index();
            self.coded
                .add(|| format!("frame {index} is coded differently than in the source"));
        }
    }

    fn compare_times(&mut self, index: FrameIndex, source: Timestamp, release: Timestamp) {
        let [a, b] = [self.clocks[0].nanos(source), self.clocks[1].nanos(release)];
        let shift = a.saturating_sub(b).saturating_abs();
        self.worst_shift_nanos = self.worst_shift_nanos.max(shift);
        let allowed = self.clocks[0].tick_nanos().max(self.clocks[1].tick_nanos());
        if shift > allowed {
            self.times
                .add(|| format!("frame {index} by {} µs", shift / 1000));
        }
    }

    /// The residual under masks must not correlate with what they hide.
    fn check_correlations(&self, redactions: &Redactions, inside: &mut Check) {
        let mut failures = Failures::default();
        let mut worst = (0.0, 1.0);
        for (&mask, correlation) in &self.correlations {
            let (found, allowed) = correlation.worst(is_fill(redactions, mask));
            if found / allowed > worst.0 / worst.1 {
                worst = (found, allowed);
            }
            if found > allowed {
                let id = redactions.masks[mask].id();
                failures.add(|| {
                    format!("{id} follows what it hides by {found:.2} levels, allowed {allowed:.2}")
                });
            }
        }
        if self.correlations.is_empty() {
            return;
        }
        let figures = format!(
            "{}; {} masks compared with what they hide: the residual follows it by at most {:.2} \
             levels, allowed {:.2}",
            inside.evidence,
            self.correlations.len(),
            worst.0,
            worst.1
        );
        let check = failures.into_check(inside.name, figures);
        inside.passed &= check.passed;
        inside.evidence = check.evidence;
    }

    fn into_examination(
        mut self,
        expected: &Expected,
        redactions: &Redactions,
        diagnostics: SourceDiagnostics,
    ) -> Examination {
        let [source, release] = self.frames;
        let mut counts = std::mem::take(&mut self.coded);
        if source != release {
            counts.add(|| format!("the source has {source} frames, the release {release}"));
        }
        let mut figures = format!("{source} frames in the source, {release} in the release");
        let [groups, copied] = self.copied;
        if groups > 0 {
            figures.push_str(&format!(
                ", {copied} of them in {groups} GOPs compared by their coded data"
            ));
        }
        let frames = counts.into_check("frames", figures);
        let figures = format!("largest shift {} µs", self.worst_shift_nanos / 1000);
        let times = std::mem::take(&mut self.times).into_check("frame times", figures);
        let pictures = std::mem::take(&mut self.pictures);
        let ([outside, mut inside], seconds) = pictures.into_checks();
        self.check_correlations(redactions, &mut inside);
        let compare = CompareReport {
            seconds,
            checks: vec![frames, times, outside, inside, self.sound.into_check()],
        };
        Examination {
            audit: self.auditor.into_report(expected),
            compare,
            evidence: self.evidence,
            diagnostics,
        }
    }
}

#[cfg(test)]
mod tests;

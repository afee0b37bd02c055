//! The job that proves that nothing else was changed: source and release side by side.
//!
//! The redactions are applied to the source once more and the outcome is compared with the
//! release, block by block and window by window: what differs by more than a codec's noise was
//! hidden, cut, shifted or added without being declared.

use std::collections::{BTreeMap, VecDeque};
use std::thread;

use rayon::prelude::*;
use redact_core::{
    CodedPictures, Digest, Frame, FrameIndex, MediaItem, Met, Phase, Progress, Redactions, Source,
    SourceError, TimeBase, Timestamp,
};

use crate::audit::{
    AuditReport, Auditor, Correlation, Expected, Measured, MeasuredWhen, correlations, is_fill,
    measure,
};
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
use picture::{Difference, Pictures};
use sound::Listener;

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
    #[error("stopped as asked")]
    Cancelled,
}

/// What both looks at a release found.
#[derive(Debug)]
pub struct Examination {
    /// The masks and mutes.
    pub audit: AuditReport,
    /// The comparison with the source.
    pub compare: CompareReport,
    /// What was found in each frame that was decoded on both sides, for a render that writes the
    /// very same again.
    pub evidence: BTreeMap<FrameIndex, FrameEvidence>,
    /// What the source met: damage, and pictures of another size.
    pub met: Met,
}

/// Decodes a written release once, audits it as [`audit()`](crate::audit()) does and walks through
/// it in step with `source`: they may differ in nothing but `redactions`.
///
/// Groups of pictures that the source delivers as they are coded are not compared here, only
/// counted and timed: the caller proves that the release has the same coded form. What the release
/// delivers as it is coded is not audited either: it must have the source's digest, and no mask.
/// Frames of `earlier` may come coded on both sides: the caller proves that the release has them as
/// they were when that was found, by an earlier render or while it was written. Where there is no such map, no evidence is gathered either.
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
    let mut walk = Walk {
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
        pictures: Pictures::default(),
        sound: Listener::new([&source, &release].map(|side| side.info().audio.clone())),
        auditor: Auditor::new(redactions, tracks),
        correlations: BTreeMap::new(),
        earlier,
        evidence: BTreeMap::new(),
    };
    let met = thread::scope(|scope| {
        let (source, source_thread) =
            decode::spawn(scope, "source", source).map_err(CompareError::Thread)?;
        let (release, release_thread) =
            decode::spawn(scope, "release", release).map_err(CompareError::Thread)?;
        let mut open = [Some(source), Some(release)];
        // The side that is behind in frames is read next, so that neither piles up.
        while let Some(side) = walk.side_behind(open.each_ref().map(Option::is_some)) {
            match open[side]
                .as_ref()
                .and_then(|receiver| receiver.recv_many())
            {
                None => open[side] = None,
                Some(batch) => walk.take(side, batch, redactions),
            }
            let ended = open.each_ref().map(Option::is_none);
            walk.compare_pairs(ended, redactions);
            let done = u64::from(walk.frames[0].min(walk.frames[1]));
            let said = progress.advance(Phase::Compare, done, Some(total));
            if said.is_break() {
                return Err(CompareError::Cancelled);
            }
        }
        let met = decode::join(source_thread).map_err(CompareError::Source)?;
        decode::join(release_thread).map_err(CompareError::Release)?;
        Ok(met)
    })?;
    Ok(walk.into_examination(expected, redactions, met))
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

/// What a side has sent of its pictures.
enum Seen {
    Frame(Frame),
    /// A group as it is coded, and how many of its frames have met their partners.
    Coded(CodedPictures, usize),
}

/// One frame of a side.
enum Shown {
    Frame(Frame),
    /// A frame of a group that is coded as in the source: its number, its time, the group's digest.
    Coded(FrameIndex, Timestamp, Digest),
}

impl Shown {
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
fn next_shown(seen: &mut VecDeque<Seen>) -> Option<Shown> {
    match seen.pop_front()? {
        Seen::Frame(frame) => Some(Shown::Frame(frame)),
        Seen::Coded(pictures, met) => {
            let (at, _) = *pictures.times.get(met)?;
            let start = pictures.frames.start().get();
            let index = start.saturating_add(u32::try_from(met).unwrap_or(u32::MAX));
            let shown = Shown::Coded(FrameIndex::new(index), at, pictures.digest);
            if met + 1 < pictures.times.len() {
                seen.push_front(Seen::Coded(pictures, met + 1));
            }
            Some(shown)
        }
    }
}

/// What is known of one frame of the release.
struct Look {
    difference: Option<Difference>,
    /// `None` when it was not decoded, now or earlier.
    masks: Option<Vec<Measured>>,
    /// When they were measured.
    measured: MeasuredWhen,
    /// Whether both sides were decoded now.
    is_both: bool,
    /// By mask, how what is left under it goes with what it hides, where both sides were decoded.
    correlations: BTreeMap<usize, Correlation>,
}

impl Look {
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

/// Looks at one frame of the release beside its partner, if there is one: how it differs from what
/// it should be, and what is left under its masks. What is not decoded cannot be measured; what was
/// measured `earlier` counts again.
fn look(
    (source, release): &mut (Option<Shown>, Shown),
    redactions: &Redactions,
    earlier: Option<&BTreeMap<FrameIndex, FrameEvidence>>,
    pixels: u64,
) -> Look {
    let index = release.index();
    let earlier = || earlier?.get(&index);
    let known = || earlier().map(|known| known.difference.clone());
    match (source, release) {
        (source, Shown::Coded(..)) => {
            let masks = matches!(source, Some(Shown::Coded(..)))
                .then(|| earlier()?.measured(index, redactions))
                .flatten();
            Look {
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
        (Some(Shown::Frame(source)), Shown::Frame(release)) => {
            let correlations = correlations(source, release, redactions);
            mask_frame(source, redactions);
            Look {
                correlations,
                difference: Some(picture::difference(source, release, redactions)),
                masks: Some(measure(release, redactions)),
                measured: MeasuredWhen::Now,
                is_both: true,
            }
        }
        (source, Shown::Frame(release)) => Look {
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
struct Walk<'a> {
    clocks: [Clock; 2],
    /// Frames of the source whose partner has not come yet.
    source: VecDeque<Seen>,
    /// The same of the release.
    release: VecDeque<Seen>,
    frames: [u32; 2],
    /// Groups of the source that come as they are coded, and their frames.
    copied: [u64; 2],
    /// Frames of the release that come so without being what the source has.
    coded: Failures,
    /// Of each of the source's frames.
    pixels: u64,
    times: Failures,
    worst_shift_nanos: i64,
    pictures: Pictures,
    sound: Listener,
    auditor: Auditor<'a>,
    /// By mask, over all frames that were decoded on both sides.
    correlations: BTreeMap<usize, Correlation>,
    earlier: Option<&'a BTreeMap<FrameIndex, FrameEvidence>>,
    evidence: BTreeMap<FrameIndex, FrameEvidence>,
}

impl Walk<'_> {
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
                    self.queue(side).push_back(Seen::Frame(frame));
                }
                MediaItem::Coded(pictures) => {
                    let frames = pictures.frames.frames();
                    self.frames[side] = self.frames[side].saturating_add(frames);
                    if side == 0 {
                        self.copied[0] += 1;
                        self.copied[1] += u64::from(frames);
                    }
                    self.queue(side).push_back(Seen::Coded(pictures, 0));
                }
                // Sound is compared by ear, whatever its form: a track that came so is missing.
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

    fn queue(&mut self, side: usize) -> &mut VecDeque<Seen> {
        match side {
            0 => &mut self.source,
            _ => &mut self.release,
        }
    }

    /// Looks at the frames that both sides have; `ended` sides have no more to come.
    fn compare_pairs(&mut self, ended: [bool; 2], redactions: &Redactions) {
        let mut pairs = Vec::new();
        while !self.release.is_empty() && (ended[0] || !self.source.is_empty()) {
            let source = next_shown(&mut self.source);
            pairs.extend(next_shown(&mut self.release).map(|release| (source, release)));
        }
        // A frame without a partner is counted by the check of frames; it need not wait.
        if ended[1] && self.release.is_empty() {
            self.source.clear();
        }
        let (pixels, earlier) = (self.pixels, self.earlier);
        let looked: Vec<Look> = pairs
            .par_iter_mut()
            .map(|pair| look(pair, redactions, earlier, pixels))
            .collect();
        for ((source, release), look) in pairs.iter().zip(looked) {
            let index = release.index();
            if earlier.is_some() {
                self.evidence.extend(look.evidence(index));
            }
            match look.masks {
                Some(masks) => self.auditor.take(index, masks, look.measured),
                None => {
                    self.auditor.take_coded(index);
                    self.check_coded(source.as_ref(), release);
                }
            }
            let Some(source) = source else { continue };
            let (index, at) = (source.index(), source.at());
            self.compare_times(index, at, release.at());
            let second = self.clocks[0].nanos(at).div_euclid(1_000_000_000);
            if let Some(difference) = look.difference {
                self.pictures.take(index, second, difference);
            }
            for (mask, correlation) in look.correlations {
                let sums = self.correlations.entry(mask).or_default();
                sums.add(&correlation);
            }
        }
    }

    /// What is not decoded must be coded as in the source.
    fn check_coded(&mut self, source: Option<&Shown>, release: &Shown) {
        let (Some(Shown::Coded(.., expected)), Shown::Coded(.., found)) = (source, release) else {
            let index = release.index();
            return self
                .coded
                .add(|| format!("frame {index} is not decoded, and the source has none like it"));
        };
        if expected != found {
            let index = release.index();
            self.coded
                .add(|| format!("frame {index} is coded otherwise than in the source"));
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

    /// What is left under masks must have nothing to do with what they hide.
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
            "{}; {} masks held against what they hide: what is left follows it by at most {:.2} \
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
        met: Met,
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
                ", of which {copied} in {groups} groups are held against its coded data"
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
            met,
        }
    }
}

#[cfg(test)]
mod tests;

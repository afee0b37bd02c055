//! The job that proves that nothing else was changed: source and release side by side.
//!
//! The redactions are applied to the source once more and the outcome is compared with the
//! release, block by block and window by window: what differs by more than a codec's noise was
//! hidden, cut, shifted or added without being declared.

use std::collections::VecDeque;
use std::thread;

use rayon::prelude::*;
use redact_core::{
    Frame, MediaItem, Phase, Progress, Redactions, Source, SourceError, TimeBase, Timestamp,
};

use crate::check::{Check, Failures};
use crate::decode;
use crate::mask::mask_frame;
use crate::mute::mute_block;

mod picture;
mod sound;

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

/// Walks `source` and `release` in step and proves that they differ in nothing but `redactions`.
///
/// It never stops at the first failure: the report counts all and names the first few.
///
/// # Errors
/// Only when one of them cannot be examined: see [`CompareError`]. What is found different is in
/// the report.
pub fn compare(
    source: Box<dyn Source>,
    release: Box<dyn Source>,
    redactions: &Redactions,
    progress: &dyn Progress,
) -> Result<CompareReport, CompareError> {
    let total = source.info().video.frames_hint;
    let mut walk = Walk {
        clocks: [&source, &release].map(|side| {
            let video = &side.info().video;
            Clock {
                first: video.first_timestamp,
                base: video.time_base,
            }
        }),
        waiting: Default::default(),
        frames: [0; 2],
        times: Failures::default(),
        worst_shift_nanos: 0,
        pictures: Pictures::default(),
        sound: Listener::new([&source, &release].map(|side| side.info().audio.clone())),
    };
    thread::scope(|scope| {
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
            if progress.advance(Phase::Compare, done, total).is_break() {
                return Err(CompareError::Cancelled);
            }
        }
        decode::join(source_thread).map_err(CompareError::Source)?;
        decode::join(release_thread).map_err(CompareError::Release)
    })?;
    Ok(walk.into_report())
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

/// Side 0 is the source, side 1 the release.
struct Walk {
    clocks: [Clock; 2],
    /// Frames whose partner has not come yet.
    waiting: [VecDeque<Frame>; 2],
    frames: [u32; 2],
    times: Failures,
    worst_shift_nanos: i64,
    pictures: Pictures,
    sound: Listener,
}

impl Walk {
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
                    self.waiting[side].push_back(frame);
                }
                MediaItem::Audio(mut block) => {
                    if side == 0 {
                        mute_block(&mut block, redactions);
                    }
                    self.sound.listen(side, &block);
                }
            }
        }
    }

    /// Compares the frames that both sides have; `ended` sides have no more to come.
    fn compare_pairs(&mut self, ended: [bool; 2], redactions: &Redactions) {
        let pairs = self.waiting[0].len().min(self.waiting[1].len());
        let [source, release] = &mut self.waiting;
        let mut pairs: Vec<(Frame, Frame)> =
            source.drain(..pairs).zip(release.drain(..pairs)).collect();
        // A frame without a partner is counted by the check of frames; it need not wait.
        if ended[0] {
            release.clear();
        }
        if ended[1] {
            source.clear();
        }
        let differences: Vec<Difference> = pairs
            .par_iter_mut()
            .map(|(source, release)| {
                mask_frame(source, redactions);
                picture::difference(source, release, redactions)
            })
            .collect();
        for ((source, release), difference) in pairs.iter().zip(differences) {
            self.compare_times(source, release);
            let second = self.clocks[0]
                .nanos(source.timestamp)
                .div_euclid(1_000_000_000);
            self.pictures.take(source.index, second, difference);
        }
    }

    fn compare_times(&mut self, source: &Frame, release: &Frame) {
        let [a, b] = [
            self.clocks[0].nanos(source.timestamp),
            self.clocks[1].nanos(release.timestamp),
        ];
        let shift = a.saturating_sub(b).saturating_abs();
        self.worst_shift_nanos = self.worst_shift_nanos.max(shift);
        let allowed = self.clocks[0].tick_nanos().max(self.clocks[1].tick_nanos());
        if shift > allowed {
            let index = source.index;
            self.times
                .add(|| format!("frame {index} by {} µs", shift / 1000));
        }
    }

    fn into_report(self) -> CompareReport {
        let [source, release] = self.frames;
        let mut counts = Failures::default();
        if source != release {
            counts.add(|| format!("the source has {source} frames, the release {release}"));
        }
        let figures = format!("{source} frames in the source, {release} in the release");
        let frames = counts.into_check("frames", figures);
        let figures = format!("largest shift {} µs", self.worst_shift_nanos / 1000);
        let times = self.times.into_check("frame times", figures);
        let ([outside, inside], seconds) = self.pictures.into_checks();
        CompareReport {
            seconds,
            checks: vec![frames, times, outside, inside, self.sound.into_check()],
        }
    }
}

#[cfg(test)]
mod tests;

//! Runs of frames and their times in a chunk plan.

use redact_core::{FrameIndex, FrameSpan};
use redact_media::RunTimes;
use serde::{Deserialize, Serialize};

/// Most frames of a recording: three days at 60 frames/s.
pub(super) const FRAMES_MAX: u32 = 16_000_000;

/// A run of frames that is encoded by itself, and when each of them is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// First frame.
    pub start: u32,
    /// Time of the first frame, ticks.
    pub first: i64,
    /// Ticks from frame to frame, with how often each comes in a row: most cameras have one.
    pub steps: Vec<(i64, u32)>,
}

impl From<&RunTimes> for RunFile {
    fn from(run: &RunTimes) -> Self {
        let ticks = run.ticks();
        let mut steps: Vec<(i64, u32)> = Vec::new();
        for two in ticks.windows(2) {
            let step = two[1].saturating_sub(two[0]);
            match steps.last_mut() {
                Some((last, count)) if *last == step => *count += 1,
                _ => steps.push((step, 1)),
            }
        }
        Self {
            start: run.frames.start().get(),
            first: ticks.first().copied().unwrap_or_default(),
            steps,
        }
    }
}

impl RunFile {
    /// How many frames it has; `None` for more than a recording may have.
    #[must_use]
    pub fn count(&self) -> Option<u32> {
        let mut counts = self.steps.iter().map(|(_, count)| *count);
        let count = counts.try_fold(1_u32, u32::checked_add)?;
        (count <= FRAMES_MAX).then_some(count)
    }

    /// The frames; `None` where there are more than a recording may have.
    #[must_use]
    pub fn frames(&self) -> Option<FrameSpan> {
        let end = self.start.checked_add(self.count()?)?;
        FrameSpan::new(FrameIndex::new(self.start), FrameIndex::new(end))
    }

    /// The run with the time of each frame; `None` where times do not increase or are out of range.
    #[must_use]
    pub fn times(&self) -> Option<RunTimes> {
        let frames = self.frames()?;
        let mut ticks = vec![self.first];
        let mut at = self.first;
        for &(step, count) in &self.steps {
            for _ in 0..count {
                at = at.checked_add(step)?;
                ticks.push(at);
            }
        }
        RunTimes::new(frames, ticks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32) -> FrameSpan {
        FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap()
    }

    /// Goal: a run's times survive the chunk plan to the tick, also where they vary. Control: times
    /// that do not increase, too many frames and times out of range are refused.
    #[test]
    fn times_survive_the_chunk_plan() {
        for ticks in [
            vec![512],
            vec![0, 512, 1024, 1536],
            vec![-7, 0, 7, 10, 11, 18, 25],
        ] {
            let end = 90 + u32::try_from(ticks.len()).unwrap();
            let run = RunTimes::new(span(90, end), ticks).unwrap();
            let file = RunFile::from(&run);
            assert_eq!(file.frames(), Some(run.frames));
            assert_eq!(file.times(), Some(run));
        }
        let run = |start, first, steps: &[(i64, u32)]| RunFile {
            start,
            first,
            steps: steps.to_vec(),
        };
        assert_eq!(run(0, 0, &[(512, 3)]).count(), Some(4));
        for wrong in [
            run(0, 0, &[(0, 3)]),
            run(0, 0, &[(512, 3), (-1, 1)]),
            run(0, i64::MAX - 5, &[(512, 3)]),
            run(u32::MAX, 0, &[(512, 3)]),
            run(0, 0, &[(1, u32::MAX)]),
            run(0, 0, &[(1, FRAMES_MAX)]),
        ] {
            assert_eq!(wrong.times(), None, "{wrong:?}");
        }
    }
}

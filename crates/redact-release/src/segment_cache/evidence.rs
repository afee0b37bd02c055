//! What checks found in coded pictures, and when it counts again.

use std::collections::{BTreeMap, BTreeSet};

use redact_core::{Digest, FrameIndex, FrameSpan};
use redact_engine::FrameEvidence;
use redact_media::ReadbackRun;
use redact_record::manifest::run_digest;
use serde::{Deserialize, Serialize};

/// What was found in each frame, by frame.
pub(crate) type Evidence = BTreeMap<FrameIndex, FrameEvidence>;

/// Segments of a written file that need no second check, because they are coded as they were when
/// they were checked.
#[derive(Default)]
pub(crate) struct KnownSegments {
    spans: Vec<FrameSpan>,
    /// What was found in their frames.
    pub(crate) evidence: Evidence,
    /// Those of them that passed the leak scan of an earlier release.
    scanned: Vec<FrameSpan>,
    /// First frames behind joins that were not checked with these neighbors.
    joins: BTreeSet<FrameIndex>,
}

impl KnownSegments {
    /// Adds what a release that passed every check had in `frames` at `place`, if the file with
    /// `groups` has them so.
    pub(super) fn add_released(
        &mut self,
        frames: FrameSpan,
        place: &SegmentPlace,
        evidence: Evidence,
        groups: &[(FrameSpan, Digest)],
    ) {
        if self.add(frames, place, evidence, groups) {
            self.scanned.push(frames);
        }
    }

    /// Adds what was found in `frames` at `place`, if the file with `groups` has them so; gives
    /// whether it has.
    fn add(
        &mut self,
        frames: FrameSpan,
        place: &SegmentPlace,
        evidence: impl IntoIterator<Item = (FrameIndex, FrameEvidence)>,
        groups: &[(FrameSpan, Digest)],
    ) -> bool {
        let here = SegmentPlace::of(frames, groups);
        if here.coded != place.coded {
            return false;
        }
        self.spans.push(frames);
        self.evidence.extend(evidence);
        for (at, frame) in [frames.start(), frames.end()].into_iter().enumerate() {
            if here.beside[at] != place.beside[at] {
                self.joins.insert(frame);
            }
        }
        true
    }

    /// Frames whose coded pictures passed the leak scan of an earlier release.
    pub(crate) fn scanned(&self) -> &[FrameSpan] {
        &self.scanned
    }

    /// Adds what the readback of `runs`, which are in order, found, if the file with `groups` has
    /// them so; a run of which a frame was not decoded counts as not checked.
    ///
    /// What was found is moved, not copied: it is a large part of a long render's memory.
    pub(crate) fn add_readback(
        &mut self,
        runs: &[ReadbackRun],
        read: Evidence,
        groups: &[(FrameSpan, Digest)],
    ) {
        let mut read = read.into_iter().peekable();
        for run in runs {
            let frames = run.frames;
            while read.next_if(|(frame, _)| *frame < frames.start()).is_some() {}
            let of_run = std::iter::from_fn(|| read.next_if(|(frame, _)| *frame < frames.end()));
            let found: Vec<_> = of_run.collect();
            if found.len() == frames.frames() as usize {
                let place = SegmentPlace::new(&run.gops, run.neighbors);
                self.add(frames, &place, found, groups);
            }
        }
    }

    /// Whether all of `frames` is in one known segment.
    pub(crate) fn covers(&self, frames: FrameSpan) -> bool {
        let within =
            |known: &FrameSpan| known.start() <= frames.start() && frames.end() <= known.end();
        self.spans.iter().any(within)
    }

    /// Whether a known segment has, at `frame`, a neighbor that is new to it.
    pub(crate) fn is_join(&self, frame: FrameIndex) -> bool {
        self.joins.contains(&frame)
    }
}

/// A segment among the GOPs of a written file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegmentPlace {
    /// SHA-256 over the digests of its groups.
    coded: String,
    /// Digests of the groups before and behind it.
    beside: [Option<String>; 2],
}

impl SegmentPlace {
    pub(super) fn of(frames: FrameSpan, groups: &[(FrameSpan, Digest)]) -> Self {
        let from = groups.partition_point(|(group, _)| group.start() < frames.start());
        let until = groups.partition_point(|(group, _)| group.end() <= frames.end());
        let within = groups.get(from..until).unwrap_or_default();
        let digests: Vec<Digest> = within.iter().map(|(_, digest)| *digest).collect();
        let digest = |at: Option<usize>| Some(groups.get(at?)?.1);
        Self::new(&digests, [digest(from.checked_sub(1)), digest(Some(until))])
    }

    fn new(groups: &[Digest], beside: [Option<Digest>; 2]) -> Self {
        Self {
            coded: run_digest(groups).to_string(),
            beside: beside.map(|digest| digest.map(|digest| digest.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32) -> FrameSpan {
        FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap()
    }

    /// GOPs of ten frames with these digests.
    fn groups(digests: &[u8]) -> Vec<(FrameSpan, Digest)> {
        let starts = (0..).step_by(10);
        let each = starts.zip(digests);
        each.map(|(start, &digest)| (span(start, start + 10), Digest([digest; 32])))
            .collect()
    }

    fn evidence(frames: std::ops::Range<u32>) -> Evidence {
        let mut numbers = [0.0; 17];
        numbers[0] = 1.0;
        let evidence = FrameEvidence::from_numbers(&numbers).unwrap();
        frames
            .map(|frame| (FrameIndex::new(frame), evidence.clone()))
            .collect()
    }

    /// Two GOPs between copied ones, as they were decoded.
    fn run() -> ReadbackRun {
        ReadbackRun {
            frames: span(10, 30),
            gops: vec![Digest([1; 32]), Digest([2; 32])],
            neighbors: [Some(Digest([0; 32])), Some(Digest([3; 32]))],
        }
    }

    /// Goal: a readback counts only for a file that has the very same coded pictures, between the
    /// same neighbors, and only where every frame was decoded.
    #[test]
    fn a_readback_counts_only_for_the_file_that_has_it() {
        let known = |digests: &[u8], read: &Evidence| {
            let mut known = KnownSegments::default();
            known.add_readback(&[run()], read.clone(), &groups(digests));
            let covers = known.covers(span(10, 20)) && known.covers(span(20, 30));
            assert_eq!(covers, !known.evidence.is_empty());
            assert!(!known.covers(span(0, 10)) && !known.covers(span(20, 40)));
            (
                covers,
                [10, 20, 30].map(|f| known.is_join(FrameIndex::new(f))),
            )
        };
        let all = evidence(10..30);
        assert_eq!(known(&[0, 1, 2, 3], &all), (true, [false; 3]));
        // Another GOP in the run, one too few, two in another order.
        for other in [&[0, 1, 9, 3][..], &[0, 1], &[0, 2, 1, 3]] {
            assert!(!known(other, &all).0, "{other:?}");
        }
        // Other neighbors: their joins are checked in the file.
        assert_eq!(known(&[9, 1, 2, 3], &all), (true, [true, false, false]));
        assert_eq!(known(&[0, 1, 2, 9], &all), (true, [false, false, true]));
        assert_eq!(known(&[0, 1, 2], &all), (true, [false, false, true]));
        // A frame that was not decoded.
        let mut some = all.clone();
        some.remove(&FrameIndex::new(17));
        assert!(!known(&[0, 1, 2, 3], &some).0);
    }
}

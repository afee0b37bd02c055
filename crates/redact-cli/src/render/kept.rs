//! Runs of pictures that a render encoded, kept for the next render of the same recording.
//!
//! A render that was stopped goes on from them, and a correction encodes only what it touches. In
//! the folder `runs` beside the keys each run has two files, both named after the SHA-256 of all
//! that it depends on (recording, frames, masks, encoder settings, this very program):
//!
//! - `NAME.pictures`: the coded pictures, with the masks in them;
//! - `NAME.found`: what audit and comparison found in them, and the digests of the coded pictures
//!   that this was found in, and of their neighbours.
//!
//! Both are signed with a key of their own (`segment.key`), never with the one that signs releases:
//! what was changed is not used. Pictures
//! without a finding are decoded, audited and compared as fresh ones are; with one, the written
//! file must have the very coded pictures. The files are readable by their owner alone, and go when
//! they are old or many.

mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use redact_core::{Digest, Effect, FrameIndex, FrameSpan, NormRect, Redactions};
use redact_engine::FrameEvidence;
use redact_media::{CachedSegment, CopyPlan, ReadbackRun, SegmentCache};
use redact_record::manifest::run_digest;
use redact_record::sign::KeyPair;
use serde::{Deserialize, Serialize};

use super::ReleaseJob;
use crate::jail::{self, Ask, Segment, SegmentKind};
use store::Store;

/// The file in an exchange folder.
const SEGMENT: &str = "segment";

/// What was found in each frame, by frame.
pub(crate) type Evidence = BTreeMap<FrameIndex, FrameEvidence>;

/// The folder with kept runs, and what their names depend on beside the plan. The parent's side:
/// it names, signs and checks.
pub(crate) struct KeptFolder {
    store: Arc<Store>,
    program: Digest,
}

impl KeptFolder {
    /// The folder at `path`, made if need be; what is too old in it is removed.
    ///
    /// # Errors
    /// When the folder or this program cannot be read.
    pub(crate) fn open(path: &Path, key: Arc<KeyPair>) -> Result<Self> {
        let program = std::env::current_exe()?;
        let go = &mut |_, _| std::ops::ControlFlow::Continue(());
        let (program, _) = redact_record::digest_file(&program, go)?;
        let store = Arc::new(Store::open(path, key)?);
        Ok(Self { store, program })
    }

    /// A new folder through which segments come and go, removed when it is dropped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn exchange(&self) -> Result<tempfile::TempDir> {
        self.store.exchange()
    }

    /// Does what the confined process asks for; gives whether it is done.
    pub(super) fn answer(&self, job: &ReleaseJob<'_>, exchange: &Path, question: Ask) -> bool {
        let file = exchange.join(SEGMENT);
        match question {
            Ask::Has(segment) => self.load(job, segment).is_some(),
            Ask::Load(segment) => self
                .load(job, segment)
                .is_some_and(|bytes| store::write(&file, &[&bytes]).is_ok()),
            Ask::Store(segment) => {
                let named = self.named(job, segment);
                let content = named.and_then(|name| Some((name, store::read_foreign(&file)?)));
                std::fs::remove_file(&file).ok();
                content.is_some_and(|((name, kind), bytes)| {
                    self.store.keep(name, kind, &bytes);
                    true
                })
            }
            Ask::MakeRoom => {
                self.store.make_room();
                true
            }
        }
    }

    fn load(&self, job: &ReleaseJob<'_>, segment: Segment) -> Option<Vec<u8>> {
        let (name, kind) = self.named(job, segment)?;
        self.store.load(name, kind)
    }

    /// What a segment of this very job is called; `None` where it is no part of it.
    fn named(&self, job: &ReleaseJob<'_>, segment: Segment) -> Option<(Digest, SegmentKind)> {
        let (start, end) = (segment.start, segment.end);
        let frames = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end))?;
        let known = end <= job.plan.plan().source.frames;
        known.then(|| (self.name(job, frames), segment.kind))
    }

    /// The digest of everything that the coded pictures of `frames` follow from.
    fn name(&self, job: &ReleaseJob<'_>, frames: FrameSpan) -> Digest {
        let plan = job.plan.plan();
        let mut text = format!(
            "{} {} {} {} {} {} {}",
            self.program,
            plan.source.digest,
            plan.source.info.video.stream,
            frames.start(),
            frames.end(),
            super::preset(job.args.preset).name(),
            job.crf()
        );
        for (library, version) in redact_media::versions() {
            text.push_str(&format!(" {library} {version}"));
        }
        let mut bytes = text.into_bytes();
        masks_into(&mut bytes, frames, job.plan.redactions());
        redact_record::digest_bytes(&bytes)
    }
}

/// Every mask of every frame, to the bit.
fn masks_into(bytes: &mut Vec<u8>, frames: FrameSpan, redactions: &Redactions) {
    for frame in frames.start().get()..frames.end().get() {
        bytes.push(b'f');
        for (mask, rect) in redactions.masks_at(FrameIndex::new(frame)) {
            let (kind, cells) = match mask.effect() {
                Effect::Fill => (b'F', 0),
                Effect::Pixelate(cells) => (b'P', cells.across()),
                Effect::Blur(cells) => (b'B', cells.across()),
            };
            bytes.extend([kind, cells]);
            let bits = |rect: NormRect| rect.sides().map(f32::to_le_bytes).concat();
            bytes.extend(bits(rect));
            // What is drawn follows from the recording's picture where the mask begins.
            let first = mask.span().start();
            if let Some(rect) = mask
                .rect_at(first)
                .filter(|_| mask.effect() != Effect::Fill)
            {
                bytes.extend(first.get().to_le_bytes());
                bytes.extend(bits(rect));
            }
        }
    }
}

/// The runs of one job. The confined process's side: it asks its parent.
pub(super) struct KeptRuns {
    /// The one file through which segments come and go.
    file: Mutex<PathBuf>,
    runs: BTreeSet<(u32, u32)>,
}

impl KeptRuns {
    /// The runs of `copy_plan`; segments come and go through `folder`.
    pub(super) fn new(folder: &Path, copy_plan: &CopyPlan) -> Self {
        let runs = copy_plan.runs().into_iter();
        Self {
            file: Mutex::new(folder.join(SEGMENT)),
            runs: runs
                .map(|run| (run.start().get(), run.end().get()))
                .collect(),
        }
    }

    fn frames(&self) -> impl Iterator<Item = FrameSpan> {
        let span = |&(start, end): &(u32, u32)| {
            FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end))
        };
        self.runs.iter().filter_map(span)
    }

    fn segment(&self, frames: FrameSpan, kind: SegmentKind) -> Option<Segment> {
        let (start, end) = (frames.start().get(), frames.end().get());
        let known = self.runs.contains(&(start, end));
        known.then_some(Segment { start, end, kind })
    }

    fn fetch(&self, frames: FrameSpan, kind: SegmentKind) -> Option<Vec<u8>> {
        let segment = self.segment(frames, kind)?;
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if !jail::ask(Ask::Load(segment)) {
            return None;
        }
        let bytes = std::fs::read(&*file).ok();
        std::fs::remove_file(&*file).ok();
        bytes
    }

    fn hand_over(&self, frames: FrameSpan, kind: SegmentKind, bytes: &[u8]) {
        let Some(segment) = self.segment(frames, kind) else {
            return;
        };
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match std::fs::write(&*file, bytes) {
            // Where that fails, the next render has more to do, and the parent said why.
            Ok(()) => drop(jail::ask(Ask::Store(segment))),
            Err(error) => tracing::warn!("a run cannot be kept for the next render: {error}"),
        }
    }
}

impl SegmentCache for KeptRuns {
    fn load(&self, frames: FrameSpan) -> Option<CachedSegment> {
        let bytes = self.fetch(frames, SegmentKind::Pictures)?;
        let span = CachedSegment::from_bytes(&bytes)?;
        (span.frames() == frames).then_some(span)
    }

    fn save(&self, span: &CachedSegment) {
        self.hand_over(span.frames(), SegmentKind::Pictures, &span.to_bytes());
    }
}

/// What audit and comparison found in a run.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    /// Where it was found.
    place: Place,
    /// Numbers of each frame's evidence, in order.
    frames: Vec<Vec<f64>>,
}

/// What need not be looked at again.
#[derive(Default)]
pub(super) struct Known {
    /// Runs that are coded as they were when they were looked at.
    runs: Vec<FrameSpan>,
    /// What was found in their frames.
    pub(super) evidence: Evidence,
    /// First frames behind joins that were not looked at with these neighbours.
    joins: BTreeSet<FrameIndex>,
}

impl Known {
    /// Adds what was found in `frames` at `place`, if the file with `groups` has them so.
    fn add(
        &mut self,
        frames: FrameSpan,
        place: &Place,
        evidence: Evidence,
        groups: &[(FrameSpan, Digest)],
    ) {
        let here = Place::of(frames, groups);
        if here.coded != place.coded {
            return;
        }
        self.runs.push(frames);
        self.evidence.extend(evidence);
        for (at, frame) in [frames.start(), frames.end()].into_iter().enumerate() {
            if here.beside[at] != place.beside[at] {
                self.joins.insert(frame);
            }
        }
    }

    /// Adds what was found in `runs` while they were written, if the file with `groups` has them
    /// so; a run of which a frame was not seen counts as not looked at.
    pub(super) fn add_seen(
        &mut self,
        runs: &[ReadbackRun],
        seen: &Evidence,
        groups: &[(FrameSpan, Digest)],
    ) {
        for run in runs {
            let frames = run.frames;
            let found: Evidence = seen
                .range(frames.start()..frames.end())
                .map(|(index, evidence)| (*index, evidence.clone()))
                .collect();
            if found.len() == frames.frames() as usize {
                let place = Place::new(&run.groups, run.beside);
                self.add(frames, &place, found, groups);
            }
        }
    }

    /// Whether all of `frames` is of one known run.
    pub(super) fn covers(&self, frames: FrameSpan) -> bool {
        let within = |run: &FrameSpan| run.start() <= frames.start() && frames.end() <= run.end();
        self.runs.iter().any(within)
    }

    /// Whether a known run meets, at `frame`, a neighbour that is new to it.
    pub(super) fn is_join(&self, frame: FrameIndex) -> bool {
        self.joins.contains(&frame)
    }
}

impl KeptRuns {
    /// Whether the run of exactly `frames` is there and as it was kept.
    pub(super) fn has(&self, frames: FrameSpan) -> bool {
        self.segment(frames, SegmentKind::Pictures)
            .is_some_and(|segment| jail::ask(Ask::Has(segment)))
    }

    /// Adds what earlier renders found to what is known of a written file with `groups`.
    pub(super) fn add_to(&self, known: &mut Known, groups: &[(FrameSpan, Digest)]) {
        for frames in self.frames() {
            if known.covers(frames) {
                continue;
            }
            if let Some((place, evidence)) = self.found(frames) {
                known.add(frames, &place, evidence, groups);
            }
        }
    }

    fn found(&self, frames: FrameSpan) -> Option<(Place, Evidence)> {
        let bytes = self.fetch(frames, SegmentKind::Found)?;
        let found: Found = serde_json::from_slice(&bytes).ok()?;
        if found.frames.len() != frames.frames() as usize {
            return None;
        }
        let each = (frames.start().get()..).zip(&found.frames);
        let evidence = each.map(|(frame, numbers)| {
            let evidence = FrameEvidence::from_numbers(numbers)?;
            Some((FrameIndex::new(frame), evidence))
        });
        let evidence = evidence.collect::<Option<_>>()?;
        Some((found.place, evidence))
    }

    /// Writes down what was found in a file with `groups`, of which every check passed.
    pub(super) fn note(&self, groups: &[(FrameSpan, Digest)], fresh: &Evidence, known: &Known) {
        for frames in self.frames() {
            let frame = |frame: u32| {
                let index = FrameIndex::new(frame);
                fresh.get(&index).or_else(|| known.evidence.get(&index))
            };
            let all = (frames.start().get()..frames.end().get()).map(frame);
            let numbers = all.map(|found| found.map(FrameEvidence::to_numbers));
            let Some(numbers) = numbers.collect::<Option<Vec<_>>>() else {
                continue;
            };
            let found = Found {
                place: Place::of(frames, groups),
                frames: numbers,
            };
            if let Ok(bytes) = serde_json::to_vec(&found) {
                self.hand_over(frames, SegmentKind::Found, &bytes);
            }
        }
        jail::ask(Ask::MakeRoom);
    }
}

/// A run among the groups of a written file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    /// SHA-256 over the digests of its groups.
    coded: String,
    /// Digests of the groups before and behind it.
    beside: [Option<String>; 2],
}

impl Place {
    fn of(frames: FrameSpan, groups: &[(FrameSpan, Digest)]) -> Self {
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

    /// Groups of ten frames with these digests.
    fn groups(digests: &[u8]) -> Vec<(FrameSpan, Digest)> {
        let starts = (0..).step_by(10);
        let each = starts.zip(digests);
        each.map(|(start, &digest)| (span(start, start + 10), Digest([digest; 32])))
            .collect()
    }

    fn seen(frames: std::ops::Range<u32>) -> Evidence {
        let mut numbers = [0.0; 17];
        numbers[0] = 1.0;
        let evidence = FrameEvidence::from_numbers(&numbers).unwrap();
        frames
            .map(|frame| (FrameIndex::new(frame), evidence.clone()))
            .collect()
    }

    /// Two groups between copied ones, as they were decoded.
    fn run() -> ReadbackRun {
        ReadbackRun {
            frames: span(10, 30),
            groups: vec![Digest([1; 32]), Digest([2; 32])],
            beside: [Some(Digest([0; 32])), Some(Digest([3; 32]))],
        }
    }

    /// Goal: what was decoded on its way counts only for a file that has the very same, between
    /// the same neighbours, and only where every frame was seen.
    #[test]
    fn what_was_seen_counts_for_a_file_that_has_it_alone() {
        let known = |digests: &[u8], seen: &Evidence| {
            let mut known = Known::default();
            known.add_seen(&[run()], seen, &groups(digests));
            let covers = known.covers(span(10, 20)) && known.covers(span(20, 30));
            assert_eq!(covers, !known.evidence.is_empty());
            assert!(!known.covers(span(0, 10)) && !known.covers(span(20, 40)));
            (
                covers,
                [10, 20, 30].map(|f| known.is_join(FrameIndex::new(f))),
            )
        };
        let all = seen(10..30);
        assert_eq!(known(&[0, 1, 2, 3], &all), (true, [false; 3]));
        // Another group in the run, one too few, two in another order.
        for other in [&[0, 1, 9, 3][..], &[0, 1], &[0, 2, 1, 3]] {
            assert!(!known(other, &all).0, "{other:?}");
        }
        // Other neighbours: their joins are looked at in the file.
        assert_eq!(known(&[9, 1, 2, 3], &all), (true, [true, false, false]));
        assert_eq!(known(&[0, 1, 2, 9], &all), (true, [false, false, true]));
        assert_eq!(known(&[0, 1, 2], &all), (true, [false, false, true]));
        // A frame that was not seen.
        let mut some = all.clone();
        some.remove(&FrameIndex::new(17));
        assert!(!known(&[0, 1, 2, 3], &some).0);
    }
}

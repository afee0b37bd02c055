//! The worker's side of the segment cache: it requests segments of its caller.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use redact_core::{Digest, FrameIndex, FrameSpan};
use redact_engine::FrameEvidence;
use redact_media::{CachedSegment, CopyPlan, SegmentCache};
use serde::{Deserialize, Serialize};

use super::SEGMENT_FILE;
use super::evidence::{Evidence, KnownSegments, SegmentPlace};
use crate::ports::{CacheLink, CacheRequest, SegmentId, SegmentKind};

/// The segments of one render.
pub(crate) struct SegmentCacheClient {
    link: Arc<dyn CacheLink>,
    /// The one file through which segments come and go.
    file: Mutex<PathBuf>,
    spans: BTreeSet<(u32, u32)>,
}

impl SegmentCacheClient {
    /// The segments of `copy_plan`; they come and go through `folder`.
    pub(crate) fn new(folder: &Path, copy_plan: &CopyPlan, link: Arc<dyn CacheLink>) -> Self {
        Self::of(folder, &copy_plan.runs(), link)
    }

    /// The segments of `runs`; they come and go through `folder`.
    pub(crate) fn of(folder: &Path, runs: &[FrameSpan], link: Arc<dyn CacheLink>) -> Self {
        let span = |run: &FrameSpan| (run.start().get(), run.end().get());
        Self {
            link,
            file: Mutex::new(folder.join(SEGMENT_FILE)),
            spans: runs.iter().map(span).collect(),
        }
    }

    fn segments(&self) -> impl Iterator<Item = FrameSpan> {
        let span = |&(start, end): &(u32, u32)| {
            FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end))
        };
        self.spans.iter().filter_map(span)
    }

    fn segment(&self, frames: FrameSpan, kind: SegmentKind) -> Option<SegmentId> {
        let (start, end) = (frames.start().get(), frames.end().get());
        let known = self.spans.contains(&(start, end));
        known.then_some(SegmentId { start, end, kind })
    }

    fn fetch(&self, frames: FrameSpan, kind: SegmentKind) -> Option<Vec<u8>> {
        let segment = self.segment(frames, kind)?;
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.link.request(CacheRequest::Load(segment)) {
            return None;
        }
        let bytes = std::fs::read(&*file).ok();
        std::fs::remove_file(&*file).ok();
        bytes
    }

    fn store(&self, frames: FrameSpan, kind: SegmentKind, bytes: &[u8]) {
        let Some(segment) = self.segment(frames, kind) else {
            return;
        };
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match std::fs::write(&*file, bytes) {
            // Where that fails, the next render has more to do, and the caller has logged why.
            Ok(()) => drop(self.link.request(CacheRequest::Store(segment))),
            Err(error) => tracing::warn!("cannot cache a segment: {error}"),
        }
    }
}

impl SegmentCache for SegmentCacheClient {
    fn load(&self, frames: FrameSpan) -> Option<CachedSegment> {
        let bytes = self.fetch(frames, SegmentKind::Pictures)?;
        let segment = CachedSegment::from_bytes(&bytes)?;
        (segment.frames() == frames).then_some(segment)
    }

    fn save(&self, segment: &CachedSegment) {
        self.store(segment.frames(), SegmentKind::Pictures, &segment.to_bytes());
    }
}

impl SegmentCacheClient {
    /// Whether the segment of exactly `frames` is there and as it was stored.
    pub(crate) fn has(&self, frames: FrameSpan) -> bool {
        self.segment(frames, SegmentKind::Pictures)
            .is_some_and(|segment| self.link.request(CacheRequest::Has(segment)))
    }

    /// Adds what earlier renders found to what is known of a written file with `groups`.
    pub(crate) fn add_to(&self, known: &mut KnownSegments, groups: &[(FrameSpan, Digest)]) {
        for frames in self.segments() {
            if known.covers(frames) {
                continue;
            }
            if let Some((place, evidence)) = self.evidence(frames) {
                known.add_released(frames, &place, evidence, groups);
            }
        }
    }

    fn evidence(&self, frames: FrameSpan) -> Option<(SegmentPlace, Evidence)> {
        let bytes = self.fetch(frames, SegmentKind::Evidence)?;
        let found: EvidenceFile = serde_json::from_slice(&bytes).ok()?;
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

    /// Stores what was found in a file with `groups`, of which every check passed.
    pub(crate) fn save_evidence(
        &self,
        groups: &[(FrameSpan, Digest)],
        fresh: &Evidence,
        known: &KnownSegments,
    ) {
        for frames in self.segments() {
            let frame = |frame: u32| {
                let index = FrameIndex::new(frame);
                fresh.get(&index).or_else(|| known.evidence.get(&index))
            };
            let all = (frames.start().get()..frames.end().get()).map(frame);
            let numbers = all.map(|found| found.map(FrameEvidence::to_numbers));
            let Some(numbers) = numbers.collect::<Option<Vec<_>>>() else {
                continue;
            };
            let found = EvidenceFile {
                place: SegmentPlace::of(frames, groups),
                frames: numbers,
            };
            if let Ok(bytes) = serde_json::to_vec(&found) {
                self.store(frames, SegmentKind::Evidence, &bytes);
            }
        }
        self.link.request(CacheRequest::MakeRoom);
    }
}

/// What audit and comparison found in a segment, as cached.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceFile {
    /// Where it was found.
    place: SegmentPlace,
    /// Numbers of each frame's evidence, in order.
    frames: Vec<Vec<f64>>,
}

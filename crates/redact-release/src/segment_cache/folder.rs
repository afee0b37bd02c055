//! The caller's side of the segment cache: it names, signs and checks.

use std::path::Path;
use std::sync::Arc;

use redact_core::{
    ApprovedPlan, Digest, Effect, FrameIndex, FrameSpan, NormRect, Redactions, Shape,
};
use redact_media::Preset;
use redact_record::sign::KeyPair;

use super::store::SegmentStore;
use super::{read_segment, write_segment};
use crate::error::Result;
use crate::ports::{CacheRequest, Clock, SegmentId, SegmentKind};

/// The folder with cached segments, and what their names depend on beside the plan.
pub struct SegmentCacheFolder {
    store: SegmentStore,
    program: Digest,
}

/// What the coded pictures of a render follow from.
#[derive(Clone, Copy)]
pub(crate) struct RenderSettings<'a> {
    pub(crate) plan: &'a ApprovedPlan,
    pub(crate) preset: Preset,
    pub(crate) crf: u8,
}

impl RenderSettings<'_> {
    /// Every mask of each of `frames`, to the bit.
    pub(crate) fn masks_of(&self, frames: FrameSpan) -> Vec<u8> {
        let mut bytes = Vec::new();
        masks_into(&mut bytes, frames, self.plan.redactions());
        bytes
    }
}

impl SegmentCacheFolder {
    /// The folder at `path`, made if need be; what is too old in it is removed.
    ///
    /// - `key`: signs segments, and nothing else;
    /// - `program`: SHA-256 of the program that encodes: another one may encode differently.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(path: &Path, key: KeyPair, program: Digest, clock: Arc<dyn Clock>) -> Result<Self> {
        let store = SegmentStore::open(path, key, clock)?;
        Ok(Self { store, program })
    }

    /// A new folder through which segments come and go, removed when it is dropped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn exchange(&self) -> Result<tempfile::TempDir> {
        self.store.exchange()
    }

    /// Does what the worker requests; gives whether it is done.
    pub(crate) fn answer(
        &self,
        render: RenderSettings<'_>,
        exchange: &Path,
        request: CacheRequest,
    ) -> bool {
        match request {
            CacheRequest::Has(segment) => self.load(render, segment).is_some(),
            CacheRequest::Load(segment) => self
                .load(render, segment)
                .is_some_and(|bytes| write_segment(exchange, &bytes)),
            CacheRequest::Store(segment) => {
                let named = self.named(render, segment);
                let content = read_segment(exchange).and_then(|bytes| Some((named?, bytes)));
                content.is_some_and(|((name, kind), bytes)| {
                    self.store.save(name, kind, &bytes);
                    true
                })
            }
            CacheRequest::LoadProofs => {
                let known = self
                    .store
                    .load(self.proofs_name(render), SegmentKind::Proofs);
                known.is_some_and(|bytes| write_segment(exchange, &bytes))
            }
            CacheRequest::StoreProofs => read_segment(exchange).is_some_and(|bytes| {
                let name = self.proofs_name(render);
                self.store.save(name, SegmentKind::Proofs, &bytes);
                true
            }),
            CacheRequest::MakeRoom => {
                self.store.make_room();
                true
            }
        }
    }

    fn load(&self, render: RenderSettings<'_>, segment: SegmentId) -> Option<Vec<u8>> {
        let (name, kind) = self.named(render, segment)?;
        self.store.load(name, kind)
    }

    /// What a segment of this very render is called; `None` where it is no part of it.
    fn named(
        &self,
        render: RenderSettings<'_>,
        segment: SegmentId,
    ) -> Option<(Digest, SegmentKind)> {
        let (start, end) = (segment.start, segment.end);
        let frames = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end))?;
        let known = end <= render.plan.plan().source.frames;
        known.then(|| (self.name(render, frames), segment.kind))
    }

    /// What the list of the recording's GOPs that may be copied is called.
    fn proofs_name(&self, render: RenderSettings<'_>) -> Digest {
        redact_record::digest_bytes(self.basis(render).as_bytes())
    }

    /// What everything in the cache depends on: program, libraries and recording.
    fn basis(&self, render: RenderSettings<'_>) -> String {
        let source = &render.plan.plan().source;
        let stream = source.info.video.stream;
        let mut text = format!("{} {} {stream}", self.program, source.digest);
        for (library, version) in redact_media::versions() {
            text.push_str(&format!(" {library} {version}"));
        }
        text
    }

    /// The digest of everything that the coded pictures of `frames` follow from.
    fn name(&self, render: RenderSettings<'_>, frames: FrameSpan) -> Digest {
        let text = format!(
            "{} {} {} {} {}",
            self.basis(render),
            frames.start(),
            frames.end(),
            render.preset.name(),
            render.crf
        );
        let mut bytes = text.into_bytes();
        masks_into(&mut bytes, frames, render.plan.redactions());
        redact_record::digest_bytes(&bytes)
    }
}

/// The outline of a mask; nothing for a rectangle.
fn shape_into(bytes: &mut Vec<u8>, shape: Option<&Shape>) {
    match shape {
        None => {}
        Some(Shape::Ellipse) => bytes.push(b'e'),
        Some(Shape::Polygon(polygon)) => {
            bytes.push(b'p');
            bytes.extend(polygon.points().len().to_le_bytes());
            let sides = polygon.points().iter().flatten();
            bytes.extend(sides.flat_map(|side| side.to_le_bytes()));
        }
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
            shape_into(bytes, mask.shape());
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

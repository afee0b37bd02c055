//! What a review took out of the findings.

use std::collections::BTreeMap;

use redact_core::Findings;
use serde::Serialize;

use super::document::{ClassName, Document, Part};

/// Frames of a found track that no track of the review covers.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LeftOut {
    pub(super) track: u32,
    pub(super) class: ClassName,
    pub(super) frames: usize,
    pub(super) first_frame: u32,
}

/// Found boxes that no track covers: the approver must see what was taken out.
pub(super) fn left_out(document: &Document, findings: &Findings) -> Vec<LeftOut> {
    let mut covered: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
    for part in document.tracks.iter().flat_map(|track| &track.parts) {
        if let Part::Found(part) = part {
            covered
                .entry(part.found)
                .or_default()
                .push((part.start, part.end));
        }
    }
    let mut list = Vec::new();
    for track in &findings.tracks {
        let spans = covered.get(&track.id().0).map_or(&[][..], Vec::as_slice);
        let missing = |frame: &u32| !spans.iter().any(|(a, b)| a <= frame && frame < b);
        let (start, end) = (track.span().start().get(), track.span().end().get());
        let mut frames = (start..end).filter(missing);
        if let Some(first_frame) = frames.next() {
            list.push(LeftOut {
                track: track.id().0,
                class: track.class().into(),
                frames: 1 + frames.count(),
                first_frame,
            });
        }
    }
    list
}

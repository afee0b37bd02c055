//! The contact sheet: every track and region of a review with the frame that shows it best.

use redact_core::{BoxOrigin, FrameIndex, MaskRegion, NormRect, Plan, Track};
use serde::Serialize;

use super::document::{ClassName, Decision, Document, Part};
use super::spans::Timeline;

/// A track or a region, with the frame that shows it best.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SheetItem {
    /// The number of a track; `None` for a region.
    track: Option<u32>,
    /// The name of a region; `None` for a track.
    region: Option<String>,
    class: Option<ClassName>,
    person: Option<String>,
    /// `None` while it is undecided.
    decision: Option<Decision>,
    frame: u32,
    rect: [f32; 4],
    /// The found track whose thumbnail shows it.
    thumbnail: Option<u32>,
    /// From the start of its first frame to the end of its last one.
    start_seconds: f64,
    end_seconds: f64,
}

/// All tracks and regions of a review, in order of time. `plan` is that of `document`.
pub(crate) fn sheet(document: &Document, plan: &Plan, timeline: &Timeline) -> Vec<SheetItem> {
    let planned = plan.tracks.iter().map(|planned| &planned.track);
    let tracks = document.tracks.iter().zip(planned).map(|(given, track)| {
        let (frame, rect) = best_box(track);
        let thumbnail = given.parts.iter().find_map(|part| match part {
            Part::Found(part) => Some(part.found),
            Part::Path(_) => None,
        });
        SheetItem {
            track: Some(given.id),
            region: None,
            class: Some(given.class),
            person: given.person.clone(),
            decision: given.decision.clone(),
            frame: frame.get(),
            rect: rect.sides(),
            thumbnail,
            start_seconds: seconds(timeline, track.span().start().get()),
            end_seconds: seconds(timeline, track.span().end().get()),
        }
    });
    let regions = document.drawn.iter().zip(&plan.drawn).map(|(given, mask)| {
        let (frame, rect) = best_place(mask);
        SheetItem {
            track: None,
            region: Some(given.id.clone()),
            class: None,
            person: None,
            decision: Some(Decision::Redact {
                effect: given.effect,
                reason: given.reason.clone(),
                by: None,
                at: None,
            }),
            frame: frame.get(),
            rect: rect.sides(),
            thumbnail: None,
            start_seconds: seconds(timeline, given.start),
            end_seconds: seconds(timeline, given.end),
        }
    });
    let mut all: Vec<SheetItem> = tracks.chain(regions).collect();
    all.sort_by(|a, b| a.start_seconds.total_cmp(&b.start_seconds));
    all
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
fn seconds(timeline: &Timeline, frame: u32) -> f64 {
    timeline.start_millis(frame) as f64 / 1000.0
}

/// The frames of a sheet in the order in which the page shows them: of what is kept first, then of
/// what is undecided, rejected and hidden.
pub(crate) fn frames_as_shown(sheet: &[SheetItem]) -> Vec<u32> {
    let group = |item: &&SheetItem| match item.decision {
        Some(Decision::Keep { .. }) => 0,
        None => 1,
        Some(Decision::Reject { .. }) => 2,
        Some(Decision::Redact { .. }) => 3,
    };
    let mut items: Vec<&SheetItem> = sheet.iter().collect();
    items.sort_by_key(group);
    items.iter().map(|item| item.frame).collect()
}

/// The largest box that a detector found; without one, the largest.
fn best_box(track: &Track) -> (FrameIndex, NormRect) {
    let detected = |origin| origin == BoxOrigin::Detected;
    let order = |b: &&redact_core::TrackBox| (detected(b.origin), area(b.rect));
    let best = track.boxes().iter().max_by(|a, b| {
        let ((known, size), (other, other_size)) = (order(a), order(b));
        known.cmp(&other).then(size.total_cmp(&other_size))
    });
    let best = best.unwrap_or(&track.boxes()[0]);
    (best.frame, best.rect)
}

/// The largest place of a region at one of its keyframes.
fn best_place(mask: &MaskRegion) -> (FrameIndex, NormRect) {
    let inside = mask
        .path()
        .iter()
        .filter(|key| mask.span().contains(key.frame));
    let largest = inside.max_by(|a, b| area(a.rect).total_cmp(&area(b.rect)));
    match largest {
        Some(key) => (key.frame, key.rect),
        // All keyframes are outside of its span: it does not move within it.
        None => (mask.span().start(), mask.path()[0].rect),
    }
}

fn area(rect: NormRect) -> f32 {
    rect.width() * rect.height()
}

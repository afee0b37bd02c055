//! Merges tracks of one object: detectors that draw boxes of different sizes around one head make
//! two tracks of it.
//!
//! A merged track has, in each frame, the hull of the boxes that its parts have there: it never
//! hides less than they do. Two people are never merged on purpose: a reviewer may hide one of them
//! and keep the other. So two tracks are one object only when both were detected and, for nearly
//! all of the time in which both were, one box lies in the other or both are nearly the same, and
//! their sizes are alike ([`are_one`]).
//!
//! A track that would be merged with two that are not one object with each other (a large box
//! around two heads) is merged with neither. A track that breaks off is joined with the next one
//! earlier, in [`super::repair`]: of 396 tracks of faces in shaking pictures and 21 in real clips,
//! none was left that goes on as another.

use std::collections::BTreeMap;

use redact_core::{BoxOrigin, Class, TrackBox, geometry};

use super::motion::{Sides, hull};

/// Boxes of one object in consecutive frames, at least one with a detection.
#[derive(Clone, Debug)]
pub(super) struct TrackRun {
    /// What it is.
    pub(super) class: Class,
    /// Its boxes, margins included.
    pub(super) boxes: Vec<TrackBox>,
    /// The same boxes without margins.
    pub(super) bare: Vec<Sides>,
    /// The first and the last frame with a detection.
    detected: (u32, u32),
}

/// Boxes are nested when this share of the smaller one lies in the larger one. Two faces that are
/// both visible cover less of each other.
const NESTED_MIN: f32 = 0.7;

/// Boxes are nearly the same from this overlap on; the detections of one frame are merged from .5
/// on.
const ALIKE_IOU: f32 = 0.4;

/// The area of the smaller box, as a share of the larger one's: an object that is much smaller than
/// the box around it may be a different one.
const AREA_MIN: f32 = 0.2;

/// The share of the frames in which both are there that must agree.
const FRAMES_MIN: f64 = 0.8;

/// Each track must be detected in this share of those frames: of two people who pass each other,
/// the one behind is only interpolated.
const DETECTED_MIN: f64 = 0.1;

/// So many of the tracks that are there are tried for each that begins.
const TRIED_MAX: usize = 512;

/// Merges the runs of one object, unless one would be merged with two that are not one object.
pub(super) fn merge_duplicates(mut runs: Vec<TrackRun>) -> Vec<TrackRun> {
    runs.sort_by_key(TrackRun::start);
    let mut partners: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut active: Vec<usize> = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        active.retain(|&other| runs[other].end() >= run.start());
        let tried = active.iter().rev().take(TRIED_MAX);
        for &other in tried.filter(|&&other| are_one(&runs[other], run)) {
            partners.entry(at).or_default().push(other);
            partners.entry(other).or_default().push(at);
        }
        active.push(at);
    }
    let is_pair = |a: usize, b: usize| partners.get(&a).is_some_and(|of| of.contains(&b));
    let is_ambiguous = |of: &[usize]| {
        of.iter().enumerate().any(|(index, &a)| {
            let others = of[index + 1..].iter();
            let mut apart = others.filter(|&&b| !is_pair(a, b));
            apart.any(|&b| runs[a].meets(&runs[b]))
        })
    };
    let ambiguous: Vec<usize> = (partners.iter())
        .filter(|(_, of)| is_ambiguous(of))
        .map(|(&at, _)| at)
        .collect();
    let mut root: Vec<usize> = (0..runs.len()).collect();
    for (&at, of) in &partners {
        for &other in of.iter().filter(|&&other| other < at) {
            if ambiguous.binary_search(&at).is_err() && ambiguous.binary_search(&other).is_err() {
                let (a, b) = (find(&root, at), find(&root, other));
                root[a.max(b)] = a.min(b);
            }
        }
    }
    let mut merged: BTreeMap<usize, TrackRun> = BTreeMap::new();
    for (at, run) in runs.into_iter().enumerate() {
        // A root is the first of its group: the others begin later, in or right after it.
        match merged.get_mut(&find(&root, at)) {
            Some(whole) => whole.cover(run),
            None => {
                merged.insert(at, run);
            }
        }
    }
    merged.into_values().collect()
}

fn find(root: &[usize], mut at: usize) -> usize {
    while root[at] != at {
        at = root[at];
    }
    at
}

impl TrackRun {
    /// A run of boxes with and without margins; at least one.
    pub(super) fn new(class: Class, boxes: Vec<TrackBox>, bare: Vec<Sides>) -> Self {
        let is_detected = |b: &&TrackBox| b.origin == BoxOrigin::Detected;
        let (first, last) = (
            boxes.iter().find(is_detected),
            boxes.iter().rfind(is_detected),
        );
        // The camera may leave an object before it was detected again: then all boxes are guesses.
        let (first, last) = (
            first.unwrap_or(&boxes[0]),
            last.unwrap_or(&boxes[boxes.len() - 1]),
        );
        Self {
            class,
            detected: (first.frame.get(), last.frame.get()),
            boxes,
            bare,
        }
    }

    /// The first frame.
    pub(super) fn start(&self) -> u32 {
        self.boxes[0].frame.get()
    }

    /// The first frame after it.
    fn end(&self) -> u32 {
        self.boxes[self.boxes.len() - 1].frame.get() + 1
    }

    /// Its index of `frame`, if it has one.
    fn at(&self, frame: u32) -> Option<usize> {
        let at = frame.checked_sub(self.start())? as usize;
        (at < self.boxes.len()).then_some(at)
    }

    /// Whether both were detected before, in or after the same frames.
    fn meets(&self, other: &Self) -> bool {
        self.detected.0 <= other.detected.1 && other.detected.0 <= self.detected.1
    }

    /// Adds the boxes of `other`, which begins no later than the frame after this one ends. In each
    /// frame that both have, the hull of both.
    fn cover(&mut self, other: Self) {
        assert!(
            self.start() <= other.start() && other.start() <= self.end(),
            "parts of one track are in order and without a gap"
        );
        let (first, last) = other.detected;
        self.detected = (self.detected.0.min(first), self.detected.1.max(last));
        for (found, bare) in other.boxes.into_iter().zip(other.bare) {
            let Some(at) = self.at(found.frame.get()) else {
                self.boxes.push(found);
                self.bare.push(bare);
                continue;
            };
            let known = &mut self.boxes[at];
            known.rect = known.rect.hull(found.rect);
            known.score = known.score.max(found.score);
            known.origin = stronger(known.origin, found.origin);
            self.bare[at] = hull(self.bare[at], bare);
        }
    }
}

/// The origin that says more about where the object is.
fn stronger(a: BoxOrigin, b: BoxOrigin) -> BoxOrigin {
    let rank = |origin| match origin {
        BoxOrigin::Detected => 0,
        BoxOrigin::Followed => 1,
        BoxOrigin::Interpolated => 2,
        BoxOrigin::Extended => 3,
    };
    if rank(a) <= rank(b) { a } else { b }
}

/// Whether both are boxes of one object at the same time.
fn are_one(a: &TrackRun, b: &TrackRun) -> bool {
    // Vehicles stand in each other's boxes, and the plate of one must not uncover the other.
    if a.class != b.class || a.class == Class::Vehicle || !a.meets(b) {
        return false;
    }
    // Both have a box in each of these frames.
    let (first, last) = (
        a.detected.0.max(b.detected.0),
        a.detected.1.min(b.detected.1),
    );
    let all = f64::from(last - first + 1);
    let mut apart = 0_u32;
    let (mut a_seen, mut b_seen) = (0_u32, 0_u32);
    for frame in first..=last {
        let (Some(a_at), Some(b_at)) = (a.at(frame), b.at(frame)) else {
            return false;
        };
        if same_place(a.bare[a_at], b.bare[b_at]) {
            a_seen += u32::from(a.boxes[a_at].origin == BoxOrigin::Detected);
            b_seen += u32::from(b.boxes[b_at].origin == BoxOrigin::Detected);
        } else {
            apart += 1;
            if f64::from(apart) > all * (1.0 - FRAMES_MIN) {
                return false;
            }
        }
    }
    let least = (all * DETECTED_MIN).max(1.0);
    f64::from(a_seen) >= least && f64::from(b_seen) >= least
}

/// Whether two boxes are around one object.
fn same_place(a: Sides, b: Sides) -> bool {
    let (common, small, large) = areas(a, b);
    let nested = common >= small * NESTED_MIN || geometry::iou(a, b) >= ALIKE_IOU;
    nested && small >= large * AREA_MIN
}

/// The area that both share, and the areas of the smaller and the larger one.
fn areas(a: Sides, b: Sides) -> (f32, f32, f32) {
    let area = |sides: Sides| (sides[2] - sides[0]).max(0.0) * (sides[3] - sides[1]).max(0.0);
    let common = [
        a[0].max(b[0]),
        a[1].max(b[1]),
        a[2].min(b[2]),
        a[3].min(b[3]),
    ];
    let common = if common[0] < common[2] && common[1] < common[3] {
        area(common)
    } else {
        0.0
    };
    (common, area(a).min(area(b)), area(a).max(area(b)))
}

#[cfg(test)]
mod tests;

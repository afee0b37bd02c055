//! Merges what several detectors found in one frame.

use redact_core::{Class, Detection, NormRect};

use crate::track::Observation;

/// What one run of a detector found.
pub(super) struct RunResult {
    /// Its index in the set.
    pub(super) detector: usize,
    pub(super) detections: Vec<Detection>,
}

/// Two boxes of one class that overlap this much are one object, detected by two models.
const SAME_OBJECT_IOU: f32 = 0.5;

/// Two models whose boxes overlap this much agree, even where both boxes are returned.
const AGREED_IOU: f32 = 0.3;

/// Merges what the detectors found in one frame: of boxes of one object the one with the highest
/// score stays, with how many detectors of its class ran and how many of them agree. The order is
/// by score, then place, so that it does not depend on the order of the results.
pub(super) fn merge_detections<'a>(
    results: &[RunResult],
    classes_of: impl Fn(usize) -> &'a [Class],
) -> Vec<Observation> {
    let mut all: Vec<(usize, Detection)> = results
        .iter()
        .flat_map(|result| {
            let detections = result.detections.iter();
            detections.map(|detection| (result.detector, *detection))
        })
        .filter(|(_, detection)| detection.score.is_finite())
        .collect();
    all.sort_by(|(a_detector, a), (b_detector, b)| {
        let place = |detection: &Detection| detection.rect.sides().map(f32::to_bits);
        b.score
            .total_cmp(&a.score)
            .then(a.class.cmp(&b.class))
            .then(place(a).cmp(&place(b)))
            .then(a_detector.cmp(b_detector))
    });
    let mut best: Vec<(usize, Detection)> = Vec::with_capacity(all.len());
    // Beside each, the area of all boxes that are the same object.
    let mut areas: Vec<NormRect> = Vec::with_capacity(all.len());
    for &(detector, detection) in &all {
        let known = best.iter().position(|(_, other)| {
            other.class == detection.class && other.rect.iou(detection.rect) > SAME_OBJECT_IOU
        });
        match known {
            Some(at) => areas[at] = areas[at].hull(detection.rect),
            None => {
                best.push((detector, detection));
                areas.push(detection.rect);
            }
        }
    }
    let ran: Vec<usize> = results.iter().map(|result| result.detector).collect();
    let observations = best.into_iter().zip(areas).map(|((by, detection), area)| {
        let peers = ran
            .iter()
            .filter(|&&peer| peer != by && classes_of(peer).contains(&detection.class));
        let agrees = |peer: usize| {
            all.iter().any(|(of, other)| {
                *of == peer
                    && other.class == detection.class
                    && other.rect.iou(detection.rect) > AGREED_IOU
            })
        };
        let agreed = peers.clone().filter(|&&peer| agrees(peer)).count();
        let count = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        Observation {
            detection: Detection {
                rect: area,
                ..detection
            },
            peers_run: count(peers.count()),
            peers_agreed: count(agreed),
        }
    });
    observations.collect()
}

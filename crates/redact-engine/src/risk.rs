//! Review priority: the spans in which a track most likely hides too little.
//!
//! Everything follows from the boxes of whole tracks, so it can be computed again from findings at
//! any time. A risk is not a probability: it only orders spans, the worst first.

use redact_core::{BoxOrigin, Class, FrameIndex, FrameSpan, NormRect, Track, TrackBox, TrackId};

/// Why a span is worth a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weakness {
    /// The track begins away from the edges: the object may have been there before.
    Entry,
    /// The track ends away from the edges: the object may still be there after.
    Exit,
    /// Nothing was detected for a while; the place is a guess.
    Unseen,
    /// All detections have a low score.
    LowScore,
    /// Part of the object is outside the picture, where models miss it more often.
    NearEdge,
}

impl Weakness {
    /// One line for a person.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Entry => "begins inside the picture",
            Self::Exit => "ends inside the picture",
            Self::Unseen => "not detected, followed by motion",
            Self::LowScore => "detected with a low score",
            Self::NearEdge => "at the edge of the picture",
        }
    }
}

/// A span of one track that is worth a review.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeakSpan {
    /// The track.
    pub track: TrackId,
    /// What it hides.
    pub class: Class,
    /// The frames to review.
    pub frames: FrameSpan,
    /// Why.
    pub weakness: Weakness,
    /// `0.0..=1.0`; the highest first.
    pub risk: f32,
}

/// A gap shorter than this many frames is the rhythm of the detectors, not a weakness.
const GAP_MIN: usize = 8;

/// A gap of this many frames has half the risk of an endless one.
const GAP_HALF: f32 = 20.0;

/// Scores below this are low.
const SCORE_LOW: f32 = 0.5;

/// A box this close to an edge of the picture touches it; boxes have their margin already.
const NEAR_EDGE: f32 = 0.01;

/// The highest risk of a span by its weakness: an object that is detected, if badly, is hidden all
/// the same.
const ENTRY_RISK: f32 = 0.7;
const UNSEEN_RISK: f32 = 1.0;
const LOW_SCORE_RISK: f32 = 0.6;
const NEAR_EDGE_RISK: f32 = 0.2;

/// What a moment of a vehicle risks of that: it may show no plate, and its track also begins and
/// ends where its plate is found.
const VEHICLE_SHARE: f32 = 0.5;

/// The weak spans of all tracks of a recording with so many frames, the riskiest first.
#[must_use]
pub fn review_priority(tracks: &[Track], frames: u32) -> Vec<WeakSpan> {
    let mut spans: Vec<WeakSpan> = tracks
        .iter()
        .flat_map(|track| weak_spans(track, frames))
        .collect();
    spans.sort_by(|a, b| {
        (b.risk.total_cmp(&a.risk))
            .then(a.frames.start().cmp(&b.frames.start()))
            .then(a.track.cmp(&b.track))
            .then(a.weakness.cmp(&b.weakness))
    });
    spans
}

/// The weak spans of one track, in the order of their first frames.
#[must_use]
pub fn weak_spans(track: &Track, frames: u32) -> Vec<WeakSpan> {
    let boxes = track.boxes();
    let share = match track.class() {
        Class::Vehicle => VEHICLE_SHARE,
        Class::Face | Class::Plate | Class::Screen => 1.0,
    };
    let moment = |run: &[TrackBox], weakness, risk: f32| {
        let (first, last) = (run[0].frame, run[run.len() - 1].frame);
        Some(WeakSpan {
            track: track.id(),
            class: track.class(),
            frames: FrameSpan::new(first, last.next())?,
            weakness,
            risk: (share * risk).clamp(0.0, 1.0),
        })
    };
    let seen = |b: &TrackBox| b.origin == BoxOrigin::Detected;
    let first_seen = boxes.iter().position(seen).unwrap_or(0);
    let last_seen = boxes.iter().rposition(seen).unwrap_or(boxes.len() - 1);
    // A score that is not a number is no score: the doubt is whole.
    let doubt = |b: &TrackBox| match b.score.is_nan() {
        true => 1.0,
        false => 1.0 - b.score.clamp(0.0, 1.0),
    };

    let mut spans = Vec::new();
    let begins_late = boxes[0].frame > FrameIndex::ZERO && !at_edge(boxes[first_seen].rect);
    if begins_late {
        let risk = ENTRY_RISK * (0.5 + 0.5 * doubt(&boxes[first_seen]));
        spans.extend(moment(&boxes[..=first_seen], Weakness::Entry, risk));
    }
    let inner = &boxes[first_seen..=last_seen];
    for run in inner.chunk_by(|a, b| seen(a) == seen(b)) {
        if !seen(&run[0]) && run.len() >= GAP_MIN {
            let length = f32::from(u16::try_from(run.len()).unwrap_or(u16::MAX));
            let risk = UNSEEN_RISK * length / (length + GAP_HALF);
            spans.extend(moment(run, Weakness::Unseen, risk));
        }
    }
    let low = |b: &TrackBox| b.score < SCORE_LOW;
    for run in inner.chunk_by(|a, b| low(a) == low(b)) {
        if low(&run[0]) {
            let least = run.iter().map(|b| b.score).fold(SCORE_LOW, f32::min);
            let risk = LOW_SCORE_RISK * (SCORE_LOW - least.max(0.0)) / SCORE_LOW;
            spans.extend(moment(run, Weakness::LowScore, risk));
        }
    }
    for run in inner.chunk_by(|a, b| at_edge(a.rect) == at_edge(b.rect)) {
        if at_edge(run[0].rect) {
            let risk = NEAR_EDGE_RISK * (0.5 + 0.5 * doubt(&run[0]));
            spans.extend(moment(run, Weakness::NearEdge, risk));
        }
    }
    let last = boxes[boxes.len() - 1].frame;
    let ends_early = last.next().get() < frames && !at_edge(boxes[last_seen].rect);
    if ends_early {
        let risk = ENTRY_RISK * (0.5 + 0.5 * doubt(&boxes[last_seen]));
        spans.extend(moment(&boxes[last_seen..], Weakness::Exit, risk));
    }
    spans.sort_by_key(|moment| (moment.frames.start(), moment.weakness));
    spans
}

fn at_edge(rect: NormRect) -> bool {
    let [x_min, y_min, x_max, y_max] = rect.sides();
    x_min < NEAR_EDGE || y_min < NEAR_EDGE || x_max > 1.0 - NEAR_EDGE || y_max > 1.0 - NEAR_EDGE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(id: u32, first: u32, boxes: &[(BoxOrigin, f32, f32)]) -> Track {
        let boxes = (first..)
            .zip(boxes)
            .map(|(frame, &(origin, x, score))| TrackBox {
                frame: FrameIndex::new(frame),
                rect: NormRect::new([x, 0.4, x + 0.1, 0.5]).unwrap(),
                score,
                origin,
            });
        Track::new(TrackId(id), Class::Face, boxes.collect()).unwrap()
    }

    fn listed(spans: &[WeakSpan]) -> Vec<(Weakness, u32, u32)> {
        let frames = |m: &WeakSpan| (m.weakness, m.frames.start().get(), m.frames.end().get());
        spans.iter().map(frames).collect()
    }

    use BoxOrigin::{Detected, Extended, Interpolated};

    /// Goal: each weakness is reported with its frames. Method: a track with one of each.
    #[test]
    fn a_track_tells_all_its_weak_moments() {
        let mut boxes = vec![(Extended, 0.5, 0.9), (Detected, 0.5, 0.9)];
        boxes.extend([(Interpolated, 0.5, 0.9); 10]);
        boxes.extend([(Detected, 0.5, 0.2), (Detected, 0.895, 0.9)]);
        boxes.push((Detected, 0.5, 0.9));
        let spans = weak_spans(&track(1, 5, &boxes), 100);
        assert_eq!(
            listed(&spans),
            [
                (Weakness::Entry, 5, 7),
                (Weakness::Unseen, 7, 17),
                (Weakness::LowScore, 17, 18),
                (Weakness::NearEdge, 18, 19),
                (Weakness::Exit, 19, 20),
            ]
        );
    }

    /// Goal: what identifies a person comes before a vehicle that may show no plate.
    #[test]
    fn vehicles_come_after_the_same_moments_of_faces() {
        let boxes = [(Extended, 0.5, 0.9), (Detected, 0.5, 0.9)];
        let face = track(2, 5, &boxes);
        let vehicle = Track::new(TrackId(1), Class::Vehicle, face.boxes().to_vec()).unwrap();
        let spans = review_priority(&[vehicle, face], 100);
        let classes: Vec<Class> = spans.iter().map(|moment| moment.class).collect();
        assert_eq!(
            classes,
            [Class::Face, Class::Face, Class::Vehicle, Class::Vehicle]
        );
    }

    #[test]
    fn a_sure_track_over_the_whole_recording_has_none() {
        let boxes = [
            (Detected, 0.5, 0.9),
            (Interpolated, 0.5, 0.9),
            (Detected, 0.5, 0.9),
        ];
        assert_eq!(weak_spans(&track(1, 0, &boxes), 3), []);
        assert_ne!(weak_spans(&track(1, 0, &boxes), 4), []);
        assert_ne!(weak_spans(&track(1, 1, &boxes), 4), []);
    }

    #[test]
    fn the_riskiest_moment_comes_first() {
        let mut gap = vec![(Detected, 0.5, 0.9)];
        gap.extend([(Interpolated, 0.5, 0.9); 98]);
        gap.push((Detected, 0.5, 0.9));
        let doubtful = [(Detected, 0.5, 0.4); 100];
        let tracks = [track(1, 0, &doubtful), track(2, 0, &gap)];
        let first = review_priority(&tracks, 100);
        assert_eq!(first.len(), 2);
        assert_eq!(
            (first[0].track, first[0].weakness),
            (TrackId(2), Weakness::Unseen)
        );
        assert!(first[0].risk > first[1].risk && first[0].risk <= 1.0);
    }

    /// Goal: a track of nothing but guesses is no reason to panic.
    #[test]
    fn a_track_that_was_never_seen_is_weak() {
        let spans = weak_spans(&track(1, 3, &[(Extended, 0.5, f32::NAN); 3]), 9);
        assert!(spans.iter().all(|m| (0.0..=1.0).contains(&m.risk)));
        assert!(!spans.is_empty());
    }
}

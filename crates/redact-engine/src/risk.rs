//! Where a person should look first: the moments in which a track most likely hides too little.
//!
//! Everything is read off the boxes of whole tracks, so that it can be told again from findings at
//! any time. A risk is no probability: it orders moments, the worst first.

use redact_core::{BoxOrigin, Class, FrameIndex, FrameSpan, NormRect, Track, TrackBox, TrackId};

/// Why a moment is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weakness {
    /// The track begins away from the edges: the thing may have been there before.
    Entry,
    /// The track ends away from the edges: the thing may still be there after.
    Exit,
    /// Nothing was seen for a while; the place is a guess.
    Unseen,
    /// The models were not sure.
    LowScore,
    /// Part of the thing is outside the picture, where models see it badly.
    NearEdge,
}

impl Weakness {
    /// What a person reads.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Entry => "begins inside the picture",
            Self::Exit => "ends inside the picture",
            Self::Unseen => "not seen, followed by motion",
            Self::LowScore => "seen with a low score",
            Self::NearEdge => "at the edge of the picture",
        }
    }
}

/// A run of frames of one track that is worth a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The track.
    pub track: TrackId,
    /// What it hides.
    pub class: Class,
    /// The frames to look at.
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

/// The most a moment can risk by its weakness: what is seen, if badly, is hidden all the same.
const ENTRY_RISK: f32 = 0.7;
const UNSEEN_RISK: f32 = 1.0;
const LOW_SCORE_RISK: f32 = 0.6;
const NEAR_EDGE_RISK: f32 = 0.2;

/// What a moment of a vehicle risks of that: it may show no plate, and its track also begins and ends
/// where its plate is found.
const VEHICLE_SHARE: f32 = 0.5;

/// The weak moments of all tracks of a recording with so many frames, the riskiest first.
#[must_use]
pub fn look_here_first(tracks: &[Track], frames: u32) -> Vec<Moment> {
    let mut moments: Vec<Moment> = tracks
        .iter()
        .flat_map(|track| weak_moments(track, frames))
        .collect();
    moments.sort_by(|a, b| {
        (b.risk.total_cmp(&a.risk))
            .then(a.frames.start().cmp(&b.frames.start()))
            .then(a.track.cmp(&b.track))
            .then(a.weakness.cmp(&b.weakness))
    });
    moments
}

/// The weak moments of one track, in the order of their first frames.
#[must_use]
pub fn weak_moments(track: &Track, frames: u32) -> Vec<Moment> {
    let boxes = track.boxes();
    let share = match track.class() {
        Class::Vehicle => VEHICLE_SHARE,
        Class::Face | Class::Plate | Class::Screen => 1.0,
    };
    let moment = |run: &[TrackBox], weakness, risk: f32| {
        let (first, last) = (run[0].frame, run[run.len() - 1].frame);
        Some(Moment {
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

    let mut moments = Vec::new();
    let begins_late = boxes[0].frame > FrameIndex::ZERO && !at_edge(boxes[first_seen].rect);
    if begins_late {
        let risk = ENTRY_RISK * (0.5 + 0.5 * doubt(&boxes[first_seen]));
        moments.extend(moment(&boxes[..=first_seen], Weakness::Entry, risk));
    }
    let inner = &boxes[first_seen..=last_seen];
    for run in inner.chunk_by(|a, b| seen(a) == seen(b)) {
        if !seen(&run[0]) && run.len() >= GAP_MIN {
            let length = f32::from(u16::try_from(run.len()).unwrap_or(u16::MAX));
            let risk = UNSEEN_RISK * length / (length + GAP_HALF);
            moments.extend(moment(run, Weakness::Unseen, risk));
        }
    }
    let low = |b: &TrackBox| b.score < SCORE_LOW;
    for run in inner.chunk_by(|a, b| low(a) == low(b)) {
        if low(&run[0]) {
            let least = run.iter().map(|b| b.score).fold(SCORE_LOW, f32::min);
            let risk = LOW_SCORE_RISK * (SCORE_LOW - least.max(0.0)) / SCORE_LOW;
            moments.extend(moment(run, Weakness::LowScore, risk));
        }
    }
    for run in inner.chunk_by(|a, b| at_edge(a.rect) == at_edge(b.rect)) {
        if at_edge(run[0].rect) {
            let risk = NEAR_EDGE_RISK * (0.5 + 0.5 * doubt(&run[0]));
            moments.extend(moment(run, Weakness::NearEdge, risk));
        }
    }
    let last = boxes[boxes.len() - 1].frame;
    let ends_early = last.next().get() < frames && !at_edge(boxes[last_seen].rect);
    if ends_early {
        let risk = ENTRY_RISK * (0.5 + 0.5 * doubt(&boxes[last_seen]));
        moments.extend(moment(&boxes[last_seen..], Weakness::Exit, risk));
    }
    moments.sort_by_key(|moment| (moment.frames.start(), moment.weakness));
    moments
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

    fn told(moments: &[Moment]) -> Vec<(Weakness, u32, u32)> {
        let frames = |m: &Moment| (m.weakness, m.frames.start().get(), m.frames.end().get());
        moments.iter().map(frames).collect()
    }

    use BoxOrigin::{Detected, Extended, Interpolated};

    /// Goal: each weakness is told with its frames. Method: a track with one of each.
    #[test]
    fn a_track_tells_all_its_weak_moments() {
        let mut boxes = vec![(Extended, 0.5, 0.9), (Detected, 0.5, 0.9)];
        boxes.extend([(Interpolated, 0.5, 0.9); 10]);
        boxes.extend([(Detected, 0.5, 0.2), (Detected, 0.895, 0.9)]);
        boxes.push((Detected, 0.5, 0.9));
        let moments = weak_moments(&track(1, 5, &boxes), 100);
        assert_eq!(
            told(&moments),
            [
                (Weakness::Entry, 5, 7),
                (Weakness::Unseen, 7, 17),
                (Weakness::LowScore, 17, 18),
                (Weakness::NearEdge, 18, 19),
                (Weakness::Exit, 19, 20),
            ]
        );
    }

    /// Goal: what identifies somebody is looked at before a vehicle that may show no plate.
    #[test]
    fn vehicles_come_after_the_same_moments_of_faces() {
        let boxes = [(Extended, 0.5, 0.9), (Detected, 0.5, 0.9)];
        let face = track(2, 5, &boxes);
        let vehicle = Track::new(TrackId(1), Class::Vehicle, face.boxes().to_vec()).unwrap();
        let moments = look_here_first(&[vehicle, face], 100);
        let classes: Vec<Class> = moments.iter().map(|moment| moment.class).collect();
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
        assert_eq!(weak_moments(&track(1, 0, &boxes), 3), []);
        assert_ne!(weak_moments(&track(1, 0, &boxes), 4), []);
        assert_ne!(weak_moments(&track(1, 1, &boxes), 4), []);
    }

    #[test]
    fn the_riskiest_moment_comes_first() {
        let mut gap = vec![(Detected, 0.5, 0.9)];
        gap.extend([(Interpolated, 0.5, 0.9); 98]);
        gap.push((Detected, 0.5, 0.9));
        let doubtful = [(Detected, 0.5, 0.4); 100];
        let tracks = [track(1, 0, &doubtful), track(2, 0, &gap)];
        let first = look_here_first(&tracks, 100);
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
        let moments = weak_moments(&track(1, 3, &[(Extended, 0.5, f32::NAN); 3]), 9);
        assert!(moments.iter().all(|m| (0.0..=1.0).contains(&m.risk)));
        assert!(!moments.is_empty());
    }
}

//! Review priority: which tracks most likely show something that identifies a person, and where.
//!
//! Everything follows from the boxes of whole tracks, so it can be computed again from findings at
//! any time. A risk orders tracks and spans, the worst first; it is not a calibrated probability.
//! What the risks weigh was measured on shaking pictures: `benches/detection.md`.

use redact_core::{
    BoxOrigin, Class, FrameIndex, FrameSpan, NormRect, PixelSize, Track, TrackBox, TrackId,
};

/// Why a span is worth a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weakness {
    /// The track begins away from the edges: the object may have been there before.
    Entry,
    /// The track ends away from the edges: the object may still be there after.
    Exit,
    /// Nothing was detected for a while; the place is a guess.
    Unseen,
    /// Detections have a low score.
    LowScore,
    /// The box changes its size within a second: in some frames it may be too small.
    Unsteady,
    /// Part of the object is outside the picture, where models miss it more often.
    NearEdge,
}

impl Weakness {
    /// One line for a person.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Entry => "appears in the middle of the picture",
            Self::Exit => "disappears in the middle of the picture",
            Self::Unseen => "not detected; its place was estimated",
            Self::LowScore => "weakly detected",
            Self::Unsteady => "the size of the box changes",
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
    /// The frame that most likely shows something. Where a track begins or ends inside the picture,
    /// this is the frame before its first or after its last: nothing is hidden there.
    pub worst: FrameIndex,
    /// The track's box in that frame, or the nearest one, margin included.
    pub rect: NormRect,
}

/// A track that is worth a review.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackPriority {
    /// The track.
    pub track: TrackId,
    /// What it hides.
    pub class: Class,
    /// Rank of the chance that something identifiable is exposed, `0.0..=1.0`; the highest first.
    pub risk: f32,
    /// Its riskiest span.
    pub worst: WeakSpan,
    /// All its weaknesses, the riskiest first; at least that of the riskiest span.
    pub weaknesses: Vec<Weakness>,
}

/// A gap shorter than this many frames is the rhythm of the detectors, not a weakness.
const GAP_MIN: usize = 8;

/// A gap of this many frames has half the risk of an endless one.
const GAP_HALF: f32 = 20.0;

/// Scores below this are low.
const SCORE_LOW: f32 = 0.5;

/// So is the mean score of a track's detections below this.
const MEAN_LOW: f32 = 0.8;

/// Sizes are compared within so many frames; a person who comes closer changes more slowly.
const UNSTEADY_WITHIN: usize = 30;

/// The largest area, as a multiple of the smallest, from which on a box is unsteady.
const UNSTEADY_MIN: f32 = 1.5;

/// A box this close to an edge of the picture touches it; boxes have their margin already.
const NEAR_EDGE: f32 = 0.01;

/// The highest risk of a span by its weakness: an object that is detected, if badly, is hidden all
/// the same.
const ENTRY_RISK: f32 = 0.7;
const UNSEEN_RISK: f32 = 1.0;
const LOW_SCORE_RISK: f32 = 0.6;
const LOW_MEAN_RISK: f32 = 0.7;
const UNSTEADY_RISK: f32 = 0.9;
const NEAR_EDGE_RISK: f32 = 0.2;

/// What a moment of a vehicle risks of that: it may show no plate, and its track also begins and
/// ends where its plate is found.
const VEHICLE_SHARE: f32 = 0.5;

/// Risk of an unsteady box for each natural logarithm of that multiple.
const UNSTEADY_PER_LOG: f32 = 0.5;

/// A box, margin included, of this many rows or more shows enough to recognize a person or to read
/// a plate (15 rows without the margin); of fewer, less and less. Of larger boxes, none risks more.
const IDENTIFIABLE_ROWS: f32 = 24.0;

/// What the smallest box risks of that.
const IDENTIFIABLE_MIN: f32 = 0.25;

/// The tracks with a weak span, of a recording with so many frames of `size`: one entry for each
/// track, the riskiest first.
///
/// A track's risk combines those of its weaknesses as if they were independent; spans with the same
/// weakness count once, by the riskiest of them.
#[must_use]
pub fn review_priority(tracks: &[Track], frames: u32, size: PixelSize) -> Vec<TrackPriority> {
    let mut weak: Vec<TrackPriority> = tracks
        .iter()
        .filter_map(|track| priority(track, frames, size))
        .collect();
    weak.sort_by(|a, b| {
        (b.risk.total_cmp(&a.risk))
            .then(a.worst.worst.cmp(&b.worst.worst))
            .then(a.track.cmp(&b.track))
    });
    weak
}

/// The priority of one track; `None` if it has no weak span.
fn priority(track: &Track, frames: u32, size: PixelSize) -> Option<TrackPriority> {
    let mut spans = weak_spans(track, frames);
    for span in &mut spans {
        span.risk *= identifiable(span.rect, size);
    }
    // A stable sort: of equal spans, the earlier one is first.
    spans.sort_by(|a, b| b.risk.total_cmp(&a.risk));
    let mut by_weakness: Vec<(Weakness, f32)> = Vec::new();
    for span in &spans {
        if !by_weakness.iter().any(|&(known, _)| known == span.weakness) {
            by_weakness.push((span.weakness, span.risk));
        }
    }
    let safe: f32 = by_weakness.iter().map(|&(_, risk)| 1.0 - risk).product();
    Some(TrackPriority {
        track: track.id(),
        class: track.class(),
        risk: 1.0 - safe,
        worst: *spans.first()?,
        weaknesses: by_weakness.into_iter().map(|(of, _)| of).collect(),
    })
}

/// How much of an object in `rect` can be recognized, as a share of one that is large enough.
fn identifiable(rect: NormRect, size: PixelSize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "rows of a picture")]
    let rows = rect.height() * size.height() as f32;
    (rows / IDENTIFIABLE_ROWS).clamp(IDENTIFIABLE_MIN, 1.0)
}

/// The weak spans of one track, in the order of their first frames.
fn weak_spans(track: &Track, frames: u32) -> Vec<WeakSpan> {
    let boxes = track.boxes();
    let mut spans = Spans {
        track,
        found: Vec::new(),
    };
    let first_seen = boxes.iter().position(is_detected).unwrap_or(0);
    let last_seen = (boxes.iter().rposition(is_detected)).unwrap_or(boxes.len() - 1);
    let (first, last) = (boxes[0].frame, boxes[boxes.len() - 1].frame);

    if first > FrameIndex::ZERO && !at_edge(boxes[first_seen].rect) {
        let risk = ENTRY_RISK * (0.5 + 0.5 * doubt(&boxes[first_seen]));
        let before = FrameIndex::new(first.get() - 1);
        spans.add(
            &boxes[..=first_seen],
            Weakness::Entry,
            risk,
            (before, &boxes[0]),
        );
    }
    let inner = &boxes[first_seen..=last_seen];
    for run in inner.chunk_by(|a, b| is_detected(a) == is_detected(b)) {
        if !is_detected(&run[0]) && run.len() >= GAP_MIN {
            let length = f32::from(u16::try_from(run.len()).unwrap_or(u16::MAX));
            let risk = UNSEEN_RISK * length / (length + GAP_HALF);
            let middle = &run[run.len() / 2];
            spans.add(run, Weakness::Unseen, risk, (middle.frame, middle));
        }
    }
    spans.add_low_scores(inner);
    spans.add_unsteady(inner);
    for run in inner.chunk_by(|a, b| at_edge(a.rect) == at_edge(b.rect)) {
        if at_edge(run[0].rect) {
            let least = least_certain(run);
            let risk = NEAR_EDGE_RISK * (0.5 + 0.5 * doubt(least));
            spans.add(run, Weakness::NearEdge, risk, (least.frame, least));
        }
    }
    if last.next().get() < frames && !at_edge(boxes[last_seen].rect) {
        let risk = ENTRY_RISK * (0.5 + 0.5 * doubt(&boxes[last_seen]));
        let end = &boxes[boxes.len() - 1];
        spans.add(
            &boxes[last_seen..],
            Weakness::Exit,
            risk,
            (last.next(), end),
        );
    }
    let mut found = spans.found;
    found.sort_by_key(|span| (span.frames.start(), span.weakness));
    found
}

/// Collects the weak spans of one track.
struct Spans<'a> {
    track: &'a Track,
    found: Vec<WeakSpan>,
}

impl Spans<'_> {
    /// Adds `run`; `worst` is its worst frame, and the box there or nearest to it.
    fn add(
        &mut self,
        run: &[TrackBox],
        weakness: Weakness,
        risk: f32,
        (worst, nearest): (FrameIndex, &TrackBox),
    ) {
        let class = self.track.class();
        let share = match class {
            Class::Vehicle => VEHICLE_SHARE,
            Class::Face | Class::Plate | Class::Screen => 1.0,
        };
        let (first, last) = (run[0].frame, run[run.len() - 1].frame);
        let frames = FrameSpan::new(first, last.next());
        self.found.extend(frames.map(|frames| WeakSpan {
            track: self.track.id(),
            class,
            frames,
            weakness,
            risk: (share * risk).clamp(0.0, 1.0),
            worst,
            rect: nearest.rect,
        }));
    }
}

impl Spans<'_> {
    /// Adds the runs of boxes with low scores; or all of `inner`, if only its mean score is low.
    fn add_low_scores(&mut self, inner: &[TrackBox]) {
        let detected = || inner.iter().filter(|b| is_detected(b)).map(doubt);
        #[expect(clippy::cast_precision_loss, reason = "frames of a track")]
        let mean = detected().sum::<f32>() / detected().count().max(1) as f32;
        let of_mean = LOW_MEAN_RISK * mean;
        let low = |b: &TrackBox| b.score < SCORE_LOW;
        for run in inner.chunk_by(|a, b| low(a) == low(b)) {
            if low(&run[0]) {
                let least = least_certain(run);
                let risk = LOW_SCORE_RISK * (SCORE_LOW - least.score.max(0.0)) / SCORE_LOW;
                let worst = (least.frame, least);
                self.add(run, Weakness::LowScore, risk.max(of_mean), worst);
            }
        }
        if mean > 1.0 - MEAN_LOW && !inner.iter().any(low) {
            let least = least_certain(inner);
            self.add(inner, Weakness::LowScore, of_mean, (least.frame, least));
        }
    }

    /// Adds the frames between the two detections that differ most in size, if they do.
    fn add_unsteady(&mut self, inner: &[TrackBox]) {
        let mut most: Option<(f32, usize, usize)> = None;
        for (at, one) in inner.iter().enumerate().filter(|(_, b)| is_detected(b)) {
            let near = inner.iter().enumerate().skip(at + 1).take(UNSTEADY_WITHIN);
            for (other_at, other) in near.filter(|(_, b)| is_detected(b)) {
                let (a, b) = (one.rect.area(), other.rect.area());
                let times = a.max(b) / a.min(b);
                if times >= UNSTEADY_MIN && most.is_none_or(|(known, ..)| times > known) {
                    most = Some((times, at, other_at));
                }
            }
        }
        if let Some((times, from, to)) = most {
            let run = &inner[from..=to];
            let (first, last) = (&inner[from], &inner[to]);
            let smaller = match first.rect.area() <= last.rect.area() {
                true => first,
                false => last,
            };
            let risk = (UNSTEADY_PER_LOG * times.ln()).min(UNSTEADY_RISK);
            self.add(run, Weakness::Unsteady, risk, (smaller.frame, smaller));
        }
    }
}

fn is_detected(b: &TrackBox) -> bool {
    b.origin == BoxOrigin::Detected
}

/// A score that is not a number is no score: the doubt is whole.
fn doubt(b: &TrackBox) -> f32 {
    match b.score.is_nan() {
        true => 1.0,
        false => 1.0 - b.score.clamp(0.0, 1.0),
    }
}

/// The box with the lowest score; of several, the one in their middle.
fn least_certain(run: &[TrackBox]) -> &TrackBox {
    let least = run.iter().map(doubt).fold(0.0, f32::max);
    let lowest: Vec<&TrackBox> = run.iter().filter(|b| doubt(b) >= least).collect();
    lowest[lowest.len() / 2]
}

fn at_edge(rect: NormRect) -> bool {
    let [x_min, y_min, x_max, y_max] = rect.sides();
    x_min < NEAR_EDGE || y_min < NEAR_EDGE || x_max > 1.0 - NEAR_EDGE || y_max > 1.0 - NEAR_EDGE
}

#[cfg(test)]
mod tests;

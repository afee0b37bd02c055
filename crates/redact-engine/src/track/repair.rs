//! Whole tracks out of detections: no frame between, before or after is left out.
//!
//! In this order: tracklets of one object are joined; their detections are steadied; gaps are
//! filled from both sides; both ends are extended; every box gets its margin; tracks of one object
//! are merged ([`duplicates`]). Everything moves with the camera, and nothing crosses a cut.

use std::collections::VecDeque;

use redact_core::{BoxOrigin, FrameIndex, Motion, NormRect, Track, TrackBox, TrackId, geometry};

use super::duplicates::TrackRun;
use super::motion::{Sides, center, extent, hull, mix, moved};
use super::options::TrackerOptions;
use super::steady::steadied;
use super::tracklet::{DetectedBox, MotionHistory, Tracklet, seconds};
use super::{assign, duplicates, vehicle_fallback};

/// Tracklets whose last and first box overlap this much (both grown) are one object.
const JOIN_OVERLAP_MIN: f32 = 0.3;

/// How many of the tracklets that ended last are tried for each that begins.
const JOIN_TRIED_MAX: usize = 256;

/// A velocity is measured over this time, nanoseconds: people who run into the picture slow down
/// there.
const VELOCITY_OVER_NANOS: i64 = 150_000_000;

/// Time constant of the velocity beyond the last detection, seconds: it falls to 1/e in this time.
const VELOCITY_TIME_CONSTANT: f64 = 0.6;

/// Highest velocity that is believed, boxes per second.
const VELOCITY_MAX: f64 = 20.0;

/// However little evidence there is, a track is extended for this share of the time.
const EXTENSION_SHARE_MIN: f32 = 0.3;

/// A box this close to an edge of the picture is entering or leaving.
const NEAR_EDGE: f32 = 0.02;

/// Margin per second away from the nearest detection, as a share of the box; and its bound.
const DRIFT_PER_SECOND: f64 = 0.4;
const DRIFT_MAX: f64 = 0.2;

/// Margin per box length moved in a frame: a moving object smears and its box lags. And its bound.
const SMEAR_PER_LENGTH: f64 = 0.5;
const SMEAR_MAX: f64 = 0.3;

/// Makes tracks of all tracklets. Ids count from 1, by first frame, then by place.
pub(super) fn whole_tracks(
    mut tracklets: Vec<Tracklet>,
    history: &MotionHistory,
    options: &TrackerOptions,
) -> Vec<Track> {
    tracklets.sort_by(|a, b| {
        let key = |tracklet: &Tracklet| (tracklet.first().frame, tracklet.class);
        let place = |tracklet: &Tracklet| tracklet.first().sides.map(f32::to_bits);
        key(a).cmp(&key(b)).then(place(a).cmp(&place(b)))
    });
    let mut tracklets = join_tracklets(tracklets, history, options);
    for tracklet in &mut tracklets {
        tracklet.detections = steadied(&tracklet.detections, history);
    }
    let runs = (tracklets.iter()).flat_map(|tracklet| boxes_of(tracklet, history, options));
    let runs = duplicates::merge_duplicates(runs.collect()).into_iter();
    let runs = runs.map(|run| (run.class, run.boxes)).collect();
    let mut runs = vehicle_fallback::drop_vehicles_with_plate(runs);
    runs.sort_by(|(a_class, a), (b_class, b)| {
        let [ax, ay, ..] = a[0].rect.sides();
        let [bx, by, ..] = b[0].rect.sides();
        (a[0].frame.cmp(&b[0].frame))
            .then(ay.total_cmp(&by))
            .then(ax.total_cmp(&bx))
            .then(a_class.cmp(b_class))
    });
    (1..)
        .zip(runs)
        .map(|(id, (class, run))| {
            Track::new(TrackId(id), class, run).expect("runs have no gap and are not empty")
        })
        .collect()
}

/// Joins tracklets of one object: the next begins, soon, about where the last ended.
fn join_tracklets(
    tracklets: Vec<Tracklet>,
    history: &MotionHistory,
    options: &TrackerOptions,
) -> Vec<Tracklet> {
    let mut whole: Vec<Tracklet> = Vec::with_capacity(tracklets.len());
    let mut ended: VecDeque<usize> = VecDeque::new();
    for tracklet in tracklets {
        let first = tracklet.first();
        let fits = |index: usize| {
            let last = whole[index].last();
            let close = whole[index].class == tracklet.class
                && last.frame < first.frame
                && history.time_between(last.frame, first.frame) <= options.max_lost_nanos
                && !history.cut_between(last.frame, first.frame);
            if !close {
                return None;
            }
            let carried = history.carried(last.sides, last.frame, first.frame);
            let overlap = geometry::iou(assign::buffered(carried), assign::buffered(first.sides));
            (overlap >= JOIN_OVERLAP_MIN).then_some((overlap, index))
        };
        let best = ended
            .iter()
            .filter_map(|&index| fits(index))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let index = match best {
            Some((_, index)) => {
                whole[index].detections.extend(tracklet.detections);
                ended.retain(|&other| other != index);
                index
            }
            None => {
                whole.push(tracklet);
                whole.len() - 1
            }
        };
        ended.push_back(index);
        if ended.len() > JOIN_TRIED_MAX {
            ended.pop_front();
        }
    }
    whole
}

/// A box before its margin is added.
#[derive(Clone, Copy)]
struct UnpaddedBox {
    frame: usize,
    sides: Sides,
    score: f32,
    origin: BoxOrigin,
    /// Time from the nearest detection, nanoseconds.
    away_nanos: i64,
}

/// All boxes of a tracklet, in runs without gaps: an object that the camera leaves and comes back
/// to has none while it is outside.
fn boxes_of(
    tracklet: &Tracklet,
    history: &MotionHistory,
    options: &TrackerOptions,
) -> Vec<TrackRun> {
    let mut boxes = extended(tracklet, history, options, Direction::Backward);
    boxes.reverse();
    for pair in tracklet.detections.windows(2) {
        boxes.push(detected(pair[0]));
        fill_gap(pair[0], pair[1], history, &mut boxes);
    }
    boxes.push(detected(tracklet.last()));
    boxes.extend(extended(tracklet, history, options, Direction::Forward));

    let class = options.class(tracklet.class);
    let mut runs: Vec<(Vec<TrackBox>, Vec<Sides>)> = Vec::new();
    let mut last_frame = None;
    for (index, this) in boxes.iter().enumerate() {
        let before = &boxes[index.saturating_sub(1)];
        let after = &boxes[(index + 1).min(boxes.len() - 1)];
        let extra = drift_margin(this.away_nanos) + smear_margin(before, after);
        let Some(rect) = NormRect::clipped(this.sides) else {
            continue;
        };
        #[expect(clippy::cast_possible_truncation, reason = "below one")]
        let extra = extra as f32;
        let grown = TrackBox {
            frame: FrameIndex::new(u32::try_from(this.frame).expect("frames are counted in u32")),
            rect: rect.grown(class.x_margin + extra, class.y_margin + extra),
            score: this.score,
            origin: this.origin,
        };
        match runs.last_mut() {
            Some((run, bare)) if last_frame == this.frame.checked_sub(1) => {
                run.push(grown);
                bare.push(rect.sides());
            }
            _ => runs.push((vec![grown], vec![rect.sides()])),
        }
        last_frame = Some(this.frame);
    }
    let run = |(boxes, bare)| TrackRun::new(tracklet.class, boxes, bare);
    runs.into_iter().map(run).collect()
}

fn detected(found: DetectedBox) -> UnpaddedBox {
    UnpaddedBox {
        frame: found.frame,
        sides: found.sides,
        score: found.score,
        origin: BoxOrigin::Detected,
        away_nanos: 0,
    }
}

/// Fills the frames between two detections: each is carried along by the camera, one forward and
/// the other backward, and the two are mixed by distance in time.
fn fill_gap(a: DetectedBox, b: DetectedBox, history: &MotionHistory, boxes: &mut Vec<UnpaddedBox>) {
    let mut from_b = vec![b.sides; b.frame - a.frame];
    for frame in (a.frame + 1..b.frame).rev() {
        let at = frame - a.frame;
        // `from_b[i]` is the place in frame `a.frame + i`.
        let next = if frame + 1 == b.frame {
            b.sides
        } else {
            from_b[at + 1]
        };
        from_b[at] = history.step(frame + 1).inverse().sides(next);
    }
    let mut from_a = a.sides;
    let run = history.time_between(a.frame, b.frame).max(1);
    for frame in a.frame + 1..b.frame {
        from_a = history.step(frame).sides(from_a);
        let (past, left) = (
            history.time_between(a.frame, frame),
            history.time_between(frame, b.frame),
        );
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of 0 to 1")]
        let at = (seconds(past.max(0)) / seconds(run)).clamp(0.0, 1.0) as f32;
        boxes.push(UnpaddedBox {
            frame,
            sides: mix(from_a, from_b[frame - a.frame], at),
            score: if past <= left { a.score } else { b.score },
            origin: BoxOrigin::Interpolated,
            away_nanos: past.min(left).max(0),
        });
    }
}

/// Which end of a track is extended, in time.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Backward,
    Forward,
}

/// The boxes beyond one end, outward. Each holds both places: where the object would be had it
/// stopped, and where it would be had it moved on.
fn extended(
    tracklet: &Tracklet,
    history: &MotionHistory,
    options: &TrackerOptions,
    direction: Direction,
) -> Vec<UnpaddedBox> {
    let end = match direction {
        Direction::Backward => tracklet.first(),
        Direction::Forward => tracklet.last(),
    };
    let limit = extension(tracklet, end, options);
    let (mut stopped, mut moving) = (end.sides, end.sides);
    let mut velocity = velocity_at_end(tracklet, history, direction);
    let mut boxes = Vec::new();
    let mut frame = end.frame;
    loop {
        // The motion between this frame and the next outward is the later one's.
        let (next, later) = match direction {
            Direction::Backward if frame == 0 => break,
            Direction::Backward => (frame - 1, frame),
            Direction::Forward => (frame + 1, frame + 1),
        };
        if later >= history.frames() || history.motions[later] == Motion::Cut {
            break;
        }
        let away = history.time_between(end.frame.min(next), end.frame.max(next));
        if away > limit {
            break;
        }
        let warp = match direction {
            Direction::Backward => history.step(later).inverse(),
            Direction::Forward => history.step(later),
        };
        let passed = seconds(
            history
                .time_between(frame.min(next), frame.max(next))
                .max(0),
        );
        stopped = warp.sides(stopped);
        velocity = warp.direction(velocity);
        moving = moved(warp.sides(moving), velocity.map(|v| v * passed));
        velocity = velocity.map(|v| v * (-passed / VELOCITY_TIME_CONSTANT).exp());
        let sides = hull(stopped, moving);
        if NormRect::clipped(sides).is_none() {
            break;
        }
        boxes.push(UnpaddedBox {
            frame: next,
            sides,
            score: end.score,
            origin: BoxOrigin::Extended,
            away_nanos: away.max(0),
        });
        frame = next;
    }
    boxes
}

/// How long a track is extended beyond `end`, nanoseconds: little evidence is not carried far.
fn extension(tracklet: &Tracklet, end: DetectedBox, options: &TrackerOptions) -> i64 {
    let limit = if near_edge(end.sides) {
        options.extend_nanos
    } else {
        options.extend_nanos.max(options.extend_inside_nanos)
    };
    let full = options.class(tracklet.class).full_evidence;
    let share = (tracklet.evidence() / full).clamp(EXTENSION_SHARE_MIN, 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "a share of a duration")]
    let nanos = (limit as f64 * f64::from(share)) as i64;
    nanos
}

fn near_edge(sides: Sides) -> bool {
    let [x_min, y_min, x_max, y_max] = sides;
    x_min < NEAR_EDGE || y_min < NEAR_EDGE || x_max > 1.0 - NEAR_EDGE || y_max > 1.0 - NEAR_EDGE
}

/// How the object itself moves outward at one end, camera motion removed: `[x, y]` per second, in
/// the coordinates of the end's frame.
fn velocity_at_end(tracklet: &Tracklet, history: &MotionHistory, direction: Direction) -> [f64; 2] {
    let all = &tracklet.detections;
    let (end, other) = match direction {
        Direction::Forward => {
            let end = tracklet.last();
            let recent =
                |s: &&DetectedBox| history.time_between(s.frame, end.frame) <= VELOCITY_OVER_NANOS;
            (end, all.iter().find(recent))
        }
        Direction::Backward => {
            let end = tracklet.first();
            let recent =
                |s: &&DetectedBox| history.time_between(end.frame, s.frame) <= VELOCITY_OVER_NANOS;
            (end, all.iter().rfind(recent))
        }
    };
    let Some(other) = other.filter(|other| other.frame != end.frame) else {
        return [0.0, 0.0];
    };
    let (early, late) = (end.frame.min(other.frame), end.frame.max(other.frame));
    let elapsed = seconds(history.time_between(early, late).max(0));
    if elapsed <= 0.0 {
        return [0.0, 0.0];
    }
    let carried = match direction {
        Direction::Forward => history.carried(other.sides, other.frame, end.frame),
        Direction::Backward => history.carried_back(other.sides, other.frame, end.frame),
    };
    let (from, to, size) = (center(carried), center(end.sides), extent(end.sides));
    [0, 1].map(|axis| {
        let limit = VELOCITY_MAX * size[axis];
        ((to[axis] - from[axis]) / elapsed).clamp(-limit, limit)
    })
}

/// Extra margin where the object was not detected.
fn drift_margin(away_nanos: i64) -> f64 {
    (seconds(away_nanos) * DRIFT_PER_SECOND).min(DRIFT_MAX)
}

/// Extra margin for an object that moves across the picture.
fn smear_margin(before: &UnpaddedBox, after: &UnpaddedBox) -> f64 {
    let frames = u32::try_from(after.frame.saturating_sub(before.frame)).unwrap_or(u32::MAX);
    let (from, to, size) = (
        center(before.sides),
        center(after.sides),
        extent(after.sides),
    );
    let lengths = ((to[0] - from[0]) / size[0])
        .abs()
        .max(((to[1] - from[1]) / size[1]).abs());
    (lengths / f64::from(frames.max(1)) * SMEAR_PER_LENGTH).min(SMEAR_MAX)
}

//! Whole tracks out of sightings: no frame between, before or after is forgotten.
//!
//! In this order: pieces of one thing are joined; gaps are filled from both sides; both ends go
//! on; every box gets its margin. Everything moves with the camera, and nothing crosses a cut.

use std::collections::VecDeque;

use redact_core::{BoxOrigin, FrameIndex, Motion, NormRect, Track, TrackBox, TrackId};

use super::motion::{Sides, Warp, center, extent, hull, mix, moved};
use super::{Sighting, Story, TrackerOptions, Walk, assign, seconds, stand_in};

/// Pieces that end and begin this much alike (grown overlap) are one thing.
const JOIN_OVERLAP_MIN: f32 = 0.3;

/// So many pieces that ended last are tried for each that begins.
const JOIN_TRIED_MAX: usize = 256;

/// A speed is measured over this time, in nanoseconds: who runs into the picture slows down there.
const SPEED_OVER_NANOS: i64 = 150_000_000;

/// A thing keeps its speed for about this long after its last sighting, in seconds.
const SPEED_LASTS: f64 = 0.6;

/// Fastest speed that is believed, boxes per second.
const SPEED_MAX: f64 = 20.0;

/// However little was seen, a track goes on for this share of the time.
const EXTENSION_SHARE_MIN: f32 = 0.3;

/// A box this close to an edge of the picture is coming or going.
const NEAR_EDGE: f32 = 0.02;

/// Margin per second away from the nearest sighting, as a share of the box; and its bound.
const DOUBT_PER_SECOND: f64 = 0.4;
const DOUBT_MAX: f64 = 0.2;

/// Margin per box length moved in a frame: a moving thing smears and its box lags. And its bound.
const HASTE_PER_LENGTH: f64 = 0.5;
const HASTE_MAX: f64 = 0.3;

/// Makes tracks of all that was seen. Ids count from 1, by first frame, then by place.
pub(super) fn whole_tracks(
    mut stories: Vec<Story>,
    walk: &Walk,
    options: &TrackerOptions,
) -> Vec<Track> {
    stories.sort_by(|a, b| {
        let key = |story: &Story| (story.first().frame, story.class);
        let place = |story: &Story| story.first().sides.map(f32::to_bits);
        key(a).cmp(&key(b)).then(place(a).cmp(&place(b)))
    });
    let stories = joined(stories, walk, options);
    let runs = stories.iter().flat_map(|story| {
        let boxes = boxes_of(story, walk, options);
        boxes.into_iter().map(|run| (story.class, run))
    });
    let mut runs = stand_in::only_unread(runs.collect());
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

impl Walk {
    fn frames(&self) -> usize {
        self.nanos.len()
    }

    fn time_between(&self, a: usize, b: usize) -> i64 {
        self.nanos[b].saturating_sub(self.nanos[a])
    }

    /// Whether the scene changes on the way from frame `a` to the later frame `b`.
    fn cut_between(&self, a: usize, b: usize) -> bool {
        self.motions[a + 1..=b].contains(&Motion::Cut)
    }

    /// `sides` of frame `a`, where the camera takes them in the later frame `b`.
    fn carried(&self, sides: Sides, a: usize, b: usize) -> Sides {
        (a + 1..=b).fold(sides, |sides, frame| self.step(frame).sides(sides))
    }

    /// How things move into `frame`.
    fn step(&self, frame: usize) -> Warp {
        Warp::of(self.motions[frame])
    }
}

/// Joins pieces of one thing: the next begins, soon, about where the last ended.
fn joined(stories: Vec<Story>, walk: &Walk, options: &TrackerOptions) -> Vec<Story> {
    let mut whole: Vec<Story> = Vec::with_capacity(stories.len());
    let mut ended: VecDeque<usize> = VecDeque::new();
    for story in stories {
        let first = story.first();
        let fits = |index: usize| {
            let last = whole[index].last();
            let close = whole[index].class == story.class
                && last.frame < first.frame
                && walk.time_between(last.frame, first.frame) <= options.patience_nanos
                && !walk.cut_between(last.frame, first.frame);
            if !close {
                return None;
            }
            let carried = walk.carried(last.sides, last.frame, first.frame);
            let overlap = assign::overlap(assign::buffered(carried), assign::buffered(first.sides));
            (overlap >= JOIN_OVERLAP_MIN).then_some((overlap, index))
        };
        let best = ended
            .iter()
            .filter_map(|&index| fits(index))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let index = match best {
            Some((_, index)) => {
                whole[index].sightings.extend(story.sightings);
                ended.retain(|&other| other != index);
                index
            }
            None => {
                whole.push(story);
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

/// A box before its margin.
#[derive(Clone, Copy)]
struct Bare {
    frame: usize,
    sides: Sides,
    score: f32,
    origin: BoxOrigin,
    /// Time from the nearest sighting, nanoseconds.
    away_nanos: i64,
}

/// All boxes of a story, in runs without gaps: a thing that the camera leaves and comes back to
/// has none while it is outside.
fn boxes_of(story: &Story, walk: &Walk, options: &TrackerOptions) -> Vec<Vec<TrackBox>> {
    let mut bare = extended(story, walk, options, Way::Back);
    bare.reverse();
    for pair in story.sightings.windows(2) {
        bare.push(detected(pair[0]));
        fill_gap(pair[0], pair[1], walk, &mut bare);
    }
    bare.push(detected(story.last()));
    bare.extend(extended(story, walk, options, Way::On));

    let class = options.class(story.class);
    let mut runs: Vec<Vec<TrackBox>> = Vec::new();
    let mut last_frame = None;
    for (index, this) in bare.iter().enumerate() {
        let before = &bare[index.saturating_sub(1)];
        let after = &bare[(index + 1).min(bare.len() - 1)];
        let extra = doubt(this.away_nanos) + haste(before, after);
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
            Some(run) if last_frame == this.frame.checked_sub(1) => run.push(grown),
            _ => runs.push(vec![grown]),
        }
        last_frame = Some(this.frame);
    }
    runs
}

fn detected(sighting: Sighting) -> Bare {
    Bare {
        frame: sighting.frame,
        sides: sighting.sides,
        score: sighting.score,
        origin: BoxOrigin::Detected,
        away_nanos: 0,
    }
}

/// Fills the frames between two sightings: each is carried along by the camera, from the one
/// forward and from the other backward, and the two are mixed by distance.
fn fill_gap(a: Sighting, b: Sighting, walk: &Walk, bare: &mut Vec<Bare>) {
    let mut from_b = vec![b.sides; b.frame - a.frame];
    for frame in (a.frame + 1..b.frame).rev() {
        let at = frame - a.frame;
        // `from_b[i]` is the place in frame `a.frame + i`.
        let next = if frame + 1 == b.frame {
            b.sides
        } else {
            from_b[at + 1]
        };
        from_b[at] = walk.step(frame + 1).inverse().sides(next);
    }
    let mut from_a = a.sides;
    let run = walk.time_between(a.frame, b.frame).max(1);
    for frame in a.frame + 1..b.frame {
        from_a = walk.step(frame).sides(from_a);
        let (past, left) = (
            walk.time_between(a.frame, frame),
            walk.time_between(frame, b.frame),
        );
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of 0 to 1")]
        let at = (seconds(past.max(0)) / seconds(run)).clamp(0.0, 1.0) as f32;
        bare.push(Bare {
            frame,
            sides: mix(from_a, from_b[frame - a.frame], at),
            score: if past <= left { a.score } else { b.score },
            origin: BoxOrigin::Interpolated,
            away_nanos: past.min(left).max(0),
        });
    }
}

/// Which end of a track goes on.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Back,
    On,
}

/// The boxes beyond one end, outward. Each holds both where the thing would be had it stopped and
/// where it would be had it gone on.
fn extended(story: &Story, walk: &Walk, options: &TrackerOptions, way: Way) -> Vec<Bare> {
    let end = match way {
        Way::Back => story.first(),
        Way::On => story.last(),
    };
    let limit = extension(story, end, options);
    let (mut still, mut going) = (end.sides, end.sides);
    let mut speed = speed_at_end(story, walk, way);
    let mut bare = Vec::new();
    let mut frame = end.frame;
    loop {
        // The motion between this frame and the next outward is the later one's.
        let (next, later) = match way {
            Way::Back if frame == 0 => break,
            Way::Back => (frame - 1, frame),
            Way::On => (frame + 1, frame + 1),
        };
        if later >= walk.frames() || walk.motions[later] == Motion::Cut {
            break;
        }
        let away = walk.time_between(end.frame.min(next), end.frame.max(next));
        if away > limit {
            break;
        }
        let warp = match way {
            Way::Back => walk.step(later).inverse(),
            Way::On => walk.step(later),
        };
        let passed = seconds(walk.time_between(frame.min(next), frame.max(next)).max(0));
        still = warp.sides(still);
        speed = warp.direction(speed);
        going = moved(warp.sides(going), speed.map(|v| v * passed));
        speed = speed.map(|v| v * (-passed / SPEED_LASTS).exp());
        let sides = hull(still, going);
        if NormRect::clipped(sides).is_none() {
            break;
        }
        bare.push(Bare {
            frame: next,
            sides,
            score: end.score,
            origin: BoxOrigin::Extended,
            away_nanos: away.max(0),
        });
        frame = next;
    }
    bare
}

/// How long a track goes on beyond `end`, nanoseconds: what was seen little is not carried far.
fn extension(story: &Story, end: Sighting, options: &TrackerOptions) -> i64 {
    let limit = if near_edge(end.sides) {
        options.extend_nanos
    } else {
        options.extend_nanos.max(options.extend_inside_nanos)
    };
    let full = options.class(story.class).full_evidence;
    let share = (story.evidence() / full).clamp(EXTENSION_SHARE_MIN, 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "a share of a duration")]
    let nanos = (limit as f64 * f64::from(share)) as i64;
    nanos
}

fn near_edge(sides: Sides) -> bool {
    let [x_min, y_min, x_max, y_max] = sides;
    x_min < NEAR_EDGE || y_min < NEAR_EDGE || x_max > 1.0 - NEAR_EDGE || y_max > 1.0 - NEAR_EDGE
}

/// How the thing itself moves outward at one end, the camera's motion taken away: `[x, y]` per
/// second in the coordinates of the end's frame.
fn speed_at_end(story: &Story, walk: &Walk, way: Way) -> [f64; 2] {
    let all = &story.sightings;
    let (end, other) = match way {
        Way::On => {
            let end = story.last();
            let recent = |s: &&Sighting| walk.time_between(s.frame, end.frame) <= SPEED_OVER_NANOS;
            (end, all.iter().find(recent))
        }
        Way::Back => {
            let end = story.first();
            let recent = |s: &&Sighting| walk.time_between(end.frame, s.frame) <= SPEED_OVER_NANOS;
            (end, all.iter().rfind(recent))
        }
    };
    let Some(other) = other.filter(|other| other.frame != end.frame) else {
        return [0.0, 0.0];
    };
    let (early, late) = (end.frame.min(other.frame), end.frame.max(other.frame));
    let elapsed = seconds(walk.time_between(early, late).max(0));
    if elapsed <= 0.0 {
        return [0.0, 0.0];
    }
    let carried = match way {
        Way::On => walk.carried(other.sides, other.frame, end.frame),
        Way::Back => (end.frame + 1..=other.frame)
            .rev()
            .fold(other.sides, |sides, frame| {
                walk.step(frame).inverse().sides(sides)
            }),
    };
    let (from, to, size) = (center(carried), center(end.sides), extent(end.sides));
    [0, 1].map(|axis| {
        let limit = SPEED_MAX * size[axis];
        ((to[axis] - from[axis]) / elapsed).clamp(-limit, limit)
    })
}

/// Extra margin for what was not seen.
fn doubt(away_nanos: i64) -> f64 {
    (seconds(away_nanos) * DOUBT_PER_SECOND).min(DOUBT_MAX)
}

/// Extra margin for what moves across the picture.
fn haste(before: &Bare, after: &Bare) -> f64 {
    let frames = u32::try_from(after.frame.saturating_sub(before.frame)).unwrap_or(u32::MAX);
    let (from, to, size) = (
        center(before.sides),
        center(after.sides),
        extent(after.sides),
    );
    let lengths = ((to[0] - from[0]) / size[0])
        .abs()
        .max(((to[1] - from[1]) / size[1]).abs());
    (lengths / f64::from(frames.max(1)) * HASTE_PER_LENGTH).min(HASTE_MAX)
}

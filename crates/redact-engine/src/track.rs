//! Joins sightings in single frames to tracks.
//!
//! Two rounds per frame, as `ByteTrack` does (Zhang et al., "ByteTrack: Multi-Object Tracking by
//! Associating Every Detection Box", 2022): sure sightings are matched with the tracks first, then
//! weak ones with the tracks that are left. Where a thing is expected comes from a filter of its
//! own ([`kalman`]) and from the camera's motion. At the end, [`repair`] makes whole tracks of it,
//! and [`stand_in`] leaves the vehicles on which no plate is found.
//!
//! When in doubt, hide: one very sure sighting is a track, doubtful ones are when their scores add
//! up, and every track goes on for a while at both ends. Nothing is ever carried across a cut.

mod assign;
mod kalman;
mod motion;
mod repair;
pub(crate) mod stand_in;

use redact_core::{Class, Detection, FrameIndex, Motion, Track};

use kalman::BoxFilter;
use motion::Sides;

/// How sightings of one class become tracks. Scores are `0.0..=1.0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassOptions {
    /// Sightings with at least this score are matched with tracks first, and count in a picture
    /// that stands alone.
    pub high_score: f32,
    /// A weaker one counts from here: it extends a track.
    pub low_score: f32,
    /// One sighting with at least this score is a track.
    pub alone_score: f32,
    /// Otherwise the scores of a thing's sightings must add up to this: what a model sees once by
    /// mistake it seldom sees again in the same place.
    pub evidence: f32,
    /// From this size on (the square root of its share of the picture) a thing is large. Models that see it at all see it
    /// surely: one sighting must reach `alone_score`, and other models must not have looked in vain.
    pub large_from: f32,
    /// A track whose scores add up to less goes on for a smaller share of the time at its ends.
    pub full_evidence: f32,
    /// Margin on the left and on the right, as a share of the box's width.
    pub x_margin: f32,
    /// Margin above and below, as a share of the box's height.
    pub y_margin: f32,
}

/// How sightings become tracks.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackerOptions {
    /// Faces. The margin makes a head of a face.
    pub face: ClassOptions,
    /// Licence plates.
    pub plate: ClassOptions,
    /// Displays.
    pub screen: ClassOptions,
    /// Vehicles on which no plate is found.
    pub vehicle: ClassOptions,
    /// A thing that is not seen for longer is another one when it comes back.
    pub patience_nanos: i64,
    /// How long a track goes on before its first and after its last sighting at an edge of the
    /// picture, where things come and go.
    pub extend_nanos: i64,
    /// The same away from the edges, where a thing does not vanish but is missed.
    pub extend_inside_nanos: i64,
}

impl Default for TrackerOptions {
    fn default() -> Self {
        let class = |[high_score, low_score, alone_score, evidence]: [f32; 4],
                     [large_from, full_evidence]: [f32; 2],
                     [x_margin, y_margin]: [f32; 2]| {
            ClassOptions {
                high_score,
                low_score,
                alone_score,
                evidence,
                large_from,
                full_evidence,
                x_margin,
                y_margin,
            }
        };
        // Plates and screens are looked for too seldom to shorten their ends. No model of screens is
        // ever sure; of a vehicle they always are.
        const NEVER: f32 = f32::INFINITY;
        const ALWAYS: f32 = 0.0;
        Self {
            face: class([0.5, 0.25, 0.6, 0.8], [0.05, 8.0], [0.25, 0.30]),
            plate: class([0.4, 0.15, 0.6, 0.7], [0.08, 0.0], [0.15, 0.25]),
            screen: class([0.3, 0.25, 0.6, 1.5], [NEVER, 0.0], [0.08, 0.08]),
            vehicle: class([0.4, 0.25, 0.55, 1.2], [ALWAYS, 0.0], [0.03, 0.04]),
            patience_nanos: 2_000_000_000,
            extend_nanos: 500_000_000,
            extend_inside_nanos: 1_000_000_000,
        }
    }
}

impl TrackerOptions {
    /// The options of one class.
    #[must_use]
    pub const fn class(&self, class: Class) -> &ClassOptions {
        match class {
            Class::Face => &self.face,
            Class::Plate => &self.plate,
            Class::Screen => &self.screen,
            Class::Vehicle => &self.vehicle,
        }
    }
}

/// One thing in one frame, as all detectors that looked for its class saw it together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// What the surest of them saw.
    pub detection: Detection,
    /// Others that looked for its class in this frame.
    pub others: u8,
    /// Those of them that saw it too.
    pub agreed: u8,
}

impl From<Detection> for Seen {
    /// Seen by the only detector that looked.
    fn from(detection: Detection) -> Self {
        Self {
            detection,
            others: 0,
            agreed: 0,
        }
    }
}

/// What was seen in one frame.
#[derive(Clone, Copy, Debug)]
pub struct Sighted<'a> {
    /// The frame; one by one from [`FrameIndex::ZERO`].
    pub frame: FrameIndex,
    /// Its time since the recording's zero.
    pub nanos: i64,
    /// How the picture moved from the previous frame.
    pub motion: Motion,
    /// What the detectors saw; `None` when they were not asked.
    pub detections: Option<&'a [Seen]>,
}

/// Most tracks that are followed at a time: a frame of noise must not make every later frame
/// slow. Above it, what was not seen for longest is put aside (it stays hidden, see [`repair`]).
const LIVE_MAX: usize = 2000;

/// A doubtful thing waits this long for its next sighting.
const CONFIRM_NANOS: i64 = 1_000_000_000;

/// Least overlap of an expected place and a sure sighting, both grown by [`assign::BUFFER`].
const SURE_OVERLAP_MIN: f32 = 0.1;

/// Least overlap with a weak sighting.
const WEAK_OVERLAP_MIN: f32 = 0.3;

/// A large thing was contradicted when other detectors could have seen it this often, saw it in
/// less than one of [`AGREE_ONE_IN`] looks, and no detector was this sure of it.
const OTHERS_MIN: u32 = 4;
const AGREE_ONE_IN: u32 = 6;
const UNDISPUTED_SCORE: f32 = 0.85;

/// A weak sighting that lies on a track that was just seen shows the same thing again.
const ECHO_IOU: f32 = 0.3;

/// Joins sightings in single frames to tracks. Same input, same tracks.
pub struct Tracker {
    options: TrackerOptions,
    walk: Walk,
    live: Vec<Live>,
    done: Vec<Story>,
}

/// Time and motion of every frame so far.
#[derive(Default)]
struct Walk {
    nanos: Vec<i64>,
    motions: Vec<Motion>,
}

/// One box of one thing.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    frame: usize,
    sides: Sides,
    score: f32,
}

/// All that was seen of one thing, in order; at least one sighting.
#[derive(Clone, Debug)]
struct Story {
    class: Class,
    sightings: Vec<Sighting>,
}

/// A thing that may be seen again.
struct Live {
    story: Story,
    filter: BoxFilter,
    last_nanos: i64,
    /// Sum of the scores.
    evidence: f32,
    /// Enough was seen for a track.
    confirmed: bool,
    /// Highest score.
    best: f32,
    /// How often another detector looked where one saw it, and how often it agreed.
    others: u32,
    agreed: u32,
}

impl Tracker {
    /// A tracker that has seen nothing yet.
    #[must_use]
    pub fn new(options: TrackerOptions) -> Self {
        Self {
            options,
            walk: Walk::default(),
            live: Vec::new(),
            done: Vec::new(),
        }
    }

    /// Takes the next frame.
    ///
    /// # Panics
    /// When frames do not come one by one from the first.
    pub fn update(&mut self, seen: &Sighted<'_>) {
        let frame = self.walk.nanos.len();
        assert_eq!(seen.frame.get() as usize, frame, "frames come one by one");
        let elapsed = self
            .walk
            .nanos
            .last()
            .map_or(0, |&before| seen.nanos.saturating_sub(before).max(0));
        self.walk.nanos.push(seen.nanos);
        self.walk.motions.push(seen.motion);
        if seen.motion == Motion::Cut {
            self.retire(|_| true);
        }
        for live in &mut self.live {
            live.filter.follow_camera(seen.motion);
            live.filter.predict(seconds(elapsed));
        }
        if let Some(detections) = seen.detections {
            for class in Class::ALL {
                self.associate(class, frame, seen.nanos, detections);
            }
        }
        self.forget(seen.nanos);
    }

    /// Whole tracks, ordered by id: back-filled, gaps closed, both ends extended, with margins.
    #[must_use]
    pub fn finish(mut self) -> Vec<Track> {
        if self.walk.nanos.len() == 1 {
            // No second look can confirm anything.
            for live in &mut self.live {
                let options = self.options.class(live.story.class);
                live.confirmed |= live.evidence >= options.high_score;
                live.best = live.best.max(options.alone_score);
            }
        }
        self.retire(|_| true);
        repair::whole_tracks(self.done, &self.walk, &self.options)
    }

    /// Matches one class's sightings of one frame with its tracks.
    fn associate(&mut self, class: Class, frame: usize, nanos: i64, detections: &[Seen]) {
        let options = *self.options.class(class);
        let usable = |seen: &&Seen| {
            seen.detection.class == class && seen.detection.score >= options.low_score
        };
        let (sure, weak): (Vec<&Seen>, Vec<&Seen>) = detections
            .iter()
            .filter(usable)
            .partition(|seen| seen.detection.score >= options.high_score);
        let mut free: Vec<usize> = (0..self.live.len())
            .filter(|&index| self.live[index].story.class == class)
            .collect();
        let mut met = Vec::new();
        let new_sure = self.round(&mut free, &mut met, sure, SURE_OVERLAP_MIN, frame, nanos);
        let new_weak = self.round(&mut free, &mut met, weak, WEAK_OVERLAP_MIN, frame, nanos);
        for seen in new_sure {
            self.begin(seen, frame, nanos);
            met.push(self.live.len() - 1);
        }
        for seen in new_weak {
            let sides = motion::sides(seen.detection.rect);
            let echo = met.iter().any(|&index| {
                let last = self.live[index].story.last().sides;
                assign::overlap(last, sides) > ECHO_IOU
            });
            if !echo {
                self.begin(seen, frame, nanos);
            }
        }
    }

    /// One round: matched tracks move from `free` to `met`; returns what matched nothing.
    fn round<'a>(
        &mut self,
        free: &mut Vec<usize>,
        met: &mut Vec<usize>,
        detections: Vec<&'a Seen>,
        overlap_min: f32,
        frame: usize,
        nanos: i64,
    ) -> Vec<&'a Seen> {
        let expected: Vec<Sides> = free
            .iter()
            .map(|&index| self.live[index].filter.sides())
            .collect();
        let found: Vec<Sides> = detections
            .iter()
            .map(|seen| motion::sides(seen.detection.rect))
            .collect();
        let pairs = assign::pairs(&expected, &found, overlap_min);
        let mut matched = vec![false; detections.len()];
        for &(track, detection) in &pairs {
            matched[detection] = true;
            let live = &mut self.live[free[track]];
            live.filter.update(found[detection]);
            live.take(detections[detection], frame, nanos, &self.options);
            met.push(free[track]);
        }
        free.retain(|index| !met.contains(index));
        detections
            .into_iter()
            .zip(matched)
            .filter_map(|(detection, matched)| (!matched).then_some(detection))
            .collect()
    }

    fn begin(&mut self, seen: &Seen, frame: usize, nanos: i64) {
        let mut live = Live {
            story: Story {
                class: seen.detection.class,
                sightings: Vec::new(),
            },
            filter: BoxFilter::new(motion::sides(seen.detection.rect)),
            last_nanos: nanos,
            evidence: 0.0,
            confirmed: false,
            best: 0.0,
            others: 0,
            agreed: 0,
        };
        live.take(seen, frame, nanos, &self.options);
        self.live.push(live);
    }

    /// Puts aside what was not seen for too long, and what is too much.
    fn forget(&mut self, nanos: i64) {
        let patience = self.options.patience_nanos;
        self.retire(|live| {
            let limit = if live.confirmed {
                patience
            } else {
                patience.min(CONFIRM_NANOS)
            };
            nanos.saturating_sub(live.last_nanos) > limit
        });
        if self.live.len() > LIVE_MAX {
            let mut seen: Vec<i64> = self.live.iter().map(|live| live.last_nanos).collect();
            seen.sort_unstable();
            let oldest_kept = seen[seen.len() - LIVE_MAX];
            self.retire(|live| live.last_nanos < oldest_kept);
            // All that is left may have been seen in this very frame.
            let surplus = self.live.len().saturating_sub(LIVE_MAX);
            let options = &self.options;
            let last_retired = self
                .live
                .drain(..surplus)
                .filter(|live| live.holds(options));
            self.done.extend(last_retired.map(|live| live.story));
        }
    }

    /// Moves the tracks that `over` names to the finished ones, or drops them when they are doubtful
    /// sightings that nothing confirmed.
    fn retire(&mut self, over: impl Fn(&Live) -> bool) {
        let (gone, live): (Vec<Live>, Vec<Live>) =
            std::mem::take(&mut self.live).into_iter().partition(over);
        self.live = live;
        let holding = gone.into_iter().filter(|live| live.holds(&self.options));
        self.done.extend(holding.map(|live| live.story));
    }
}

impl Live {
    /// Takes a sighting in, and looks whether what was seen is enough now.
    fn take(&mut self, seen: &Seen, frame: usize, nanos: i64, options: &TrackerOptions) {
        let options = options.class(self.story.class);
        let score = seen.detection.score;
        self.story.sightings.push(Sighting {
            frame,
            sides: motion::sides(seen.detection.rect),
            score,
        });
        self.last_nanos = nanos;
        self.evidence += score;
        self.best = self.best.max(score);
        self.others += u32::from(seen.others);
        self.agreed += u32::from(seen.agreed);
        self.confirmed |= score >= options.alone_score || self.evidence >= options.evidence;
    }

    /// Whether it is a track, all in all.
    fn holds(&self, options: &TrackerOptions) -> bool {
        let options = options.class(self.story.class);
        if !self.confirmed || self.story.size() < options.large_from {
            return self.confirmed;
        }
        let contradicted = self.others >= OTHERS_MIN
            && self.agreed * AGREE_ONE_IN < self.others
            && self.best < UNDISPUTED_SCORE;
        self.best >= options.alone_score && !contradicted
    }
}

impl Story {
    fn first(&self) -> Sighting {
        self.sightings[0]
    }

    fn last(&self) -> Sighting {
        self.sightings[self.sightings.len() - 1]
    }

    /// How large it is, mean over its sightings.
    fn size(&self) -> f32 {
        let sum: f32 = self.sightings.iter().map(|s| motion::size(s.sides)).sum();
        sum / self.sightings.len() as f32
    }

    /// Sum of its scores.
    fn evidence(&self) -> f32 {
        self.sightings.iter().map(|sighting| sighting.score).sum()
    }
}

fn seconds(nanos: i64) -> f64 {
    std::time::Duration::from_nanos(nanos.unsigned_abs()).as_secs_f64()
}

#[cfg(test)]
mod tests;

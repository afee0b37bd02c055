//! Joins detections in single frames to tracks.
//!
//! Two rounds per frame, as `ByteTrack` does (Zhang et al., "ByteTrack: Multi-Object Tracking by
//! Associating Every Detection Box", 2022): detections with a high score are matched with the
//! active tracks first, then those with a low score with the tracks that are left. Where an object
//! is expected comes from a Kalman filter per track ([`kalman`]) and from the camera's motion. At
//! the end, [`repair`] closes gaps and extends both ends, [`duplicates`] merges tracks of one
//! object, and [`vehicle_fallback`] drops vehicles in the frames in which their plate was found.
//!
//! When in doubt, hide: one detection with a high score is a track, several with low scores are one
//! when their scores add up, and every track is extended at both ends. Nothing is carried across a
//! cut.

mod assign;
mod duplicates;
mod kalman;
mod motion;
mod options;
mod repair;
mod steady;
mod tracklet;
pub(crate) mod vehicle_fallback;

pub use options::{ClassOptions, TrackerOptions};

use redact_core::{Class, Detection, FrameIndex, Motion, Track, geometry};

use kalman::BoxFilter;
use motion::Sides;
use tracklet::{DetectedBox, MotionHistory, Tracklet, seconds};

/// One object in one frame, as merged from all detectors of its class that ran on the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The highest score, and a box that covers those of all detectors.
    pub detection: Detection,
    /// Other detectors of its class that ran on this frame.
    pub peers_run: u8,
    /// Those of them that detected it too.
    pub peers_agreed: u8,
}

impl From<Detection> for Observation {
    /// An observation by the only detector that ran.
    fn from(detection: Detection) -> Self {
        Self {
            detection,
            peers_run: 0,
            peers_agreed: 0,
        }
    }
}

/// A frame and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The frame; one by one from [`FrameIndex::ZERO`].
    pub frame: FrameIndex,
    /// Its time since the recording's zero, nanoseconds.
    pub nanos: i64,
}

/// What was observed in one frame.
#[derive(Clone, Copy, Debug)]
pub struct FrameObservations<'a> {
    /// Which frame, and when.
    pub moment: Moment,
    /// How the picture moved from the previous frame.
    pub motion: Motion,
    /// What the detectors found; `None` when none ran on this frame.
    pub observations: Option<&'a [Observation]>,
}

/// Most tracks that are active at a time: a frame of noise must not make every later frame slow.
/// Above it, tracks without a detection for longest are retired (they stay hidden, see [`repair`]).
const ACTIVE_MAX: usize = 2000;

/// A track that is not confirmed waits this long for its next detection.
const CONFIRM_NANOS: i64 = 1_000_000_000;

/// Least overlap of an expected box and a detection with a high score, both grown by
/// [`assign::BUFFER`].
const HIGH_OVERLAP_MIN: f32 = 0.1;

/// Least overlap with a detection with a low score.
const LOW_OVERLAP_MIN: f32 = 0.3;

/// A large object is contradicted when its peers ran this often, detected it in less than one of
/// [`AGREE_ONE_IN`] runs, and no detector gave it this score.
const PEERS_MIN: u32 = 4;
const AGREE_ONE_IN: u32 = 6;
const UNCONTRADICTED_SCORE: f32 = 0.85;

/// A detection with a low score that overlaps a track matched in this frame this much is the same
/// object again.
const REPEAT_IOU: f32 = 0.3;

/// Joins detections in single frames to tracks. Same input, same tracks.
pub struct Tracker {
    options: TrackerOptions,
    history: MotionHistory,
    active: Vec<ActiveTrack>,
    retired: Vec<Tracklet>,
}

/// An object that may be detected again.
struct ActiveTrack {
    tracklet: Tracklet,
    filter: BoxFilter,
    last_nanos: i64,
    /// Sum of the scores.
    evidence: f32,
    /// The detections so far are enough for a track.
    confirmed: bool,
    /// Highest score.
    best: f32,
    /// How often other detectors ran where one detected it, and how often they agreed.
    peers_run: u32,
    peers_agreed: u32,
}

impl Tracker {
    /// A tracker without any frame yet.
    #[must_use]
    pub fn new(options: TrackerOptions) -> Self {
        Self {
            options,
            history: MotionHistory::default(),
            active: Vec::new(),
            retired: Vec::new(),
        }
    }

    /// Takes the next frame.
    ///
    /// # Panics
    /// When frames do not come one by one from the first.
    pub fn update(&mut self, found: &FrameObservations<'_>) {
        let frame = self.history.nanos.len();
        let Moment {
            frame: index,
            nanos,
        } = found.moment;
        assert_eq!(index.get() as usize, frame, "frames come one by one");
        let elapsed = self
            .history
            .nanos
            .last()
            .map_or(0, |&before| nanos.saturating_sub(before).max(0));
        self.history.nanos.push(nanos);
        self.history.motions.push(found.motion);
        if found.motion == Motion::Cut {
            self.retire(|_| true);
        }
        for track in &mut self.active {
            track.filter.follow_camera(found.motion);
            track.filter.predict(seconds(elapsed));
        }
        if let Some(observations) = found.observations {
            for class in Class::ALL {
                self.associate(class, found.moment, observations);
            }
        }
        self.retire_lost(nanos);
    }

    /// Whole tracks, ordered by id: back-filled, gaps closed, both ends extended, with margins.
    #[must_use]
    pub fn finish(mut self) -> Vec<Track> {
        if self.history.nanos.len() == 1 {
            // No second frame can confirm anything.
            for track in &mut self.active {
                let options = self.options.class(track.tracklet.class);
                track.confirmed |= track.evidence >= options.high_score;
                track.best = track.best.max(options.alone_score);
            }
        }
        self.retire(|_| true);
        repair::whole_tracks(self.retired, &self.history, &self.options)
    }

    /// Matches one class's observations of one frame with its tracks.
    fn associate(&mut self, class: Class, moment: Moment, observations: &[Observation]) {
        let options = *self.options.class(class);
        let usable = |found: &&Observation| {
            found.detection.class == class && found.detection.score >= options.low_score
        };
        let (high, low): (Vec<&Observation>, Vec<&Observation>) = observations
            .iter()
            .filter(usable)
            .partition(|found| found.detection.score >= options.high_score);
        let mut free: Vec<usize> = (0..self.active.len())
            .filter(|&index| self.active[index].tracklet.class == class)
            .collect();
        let mut matched = Vec::new();
        let new_high = self.match_round(&mut free, &mut matched, high, HIGH_OVERLAP_MIN, moment);
        let new_low = self.match_round(&mut free, &mut matched, low, LOW_OVERLAP_MIN, moment);
        for found in new_high {
            self.begin(found, moment);
            matched.push(self.active.len() - 1);
        }
        for found in new_low {
            let sides = motion::sides(found.detection.rect);
            let repeats = matched.iter().any(|&index| {
                let last = self.active[index].tracklet.last().sides;
                geometry::iou(last, sides) > REPEAT_IOU
            });
            if !repeats {
                self.begin(found, moment);
            }
        }
    }

    /// One round: tracks that match move from `free` to `matched`; returns the observations without
    /// a track.
    fn match_round<'a>(
        &mut self,
        free: &mut Vec<usize>,
        matched: &mut Vec<usize>,
        observations: Vec<&'a Observation>,
        overlap_min: f32,
        moment: Moment,
    ) -> Vec<&'a Observation> {
        let expected: Vec<Sides> = free
            .iter()
            .map(|&index| self.active[index].filter.sides())
            .collect();
        let found: Vec<Sides> = observations
            .iter()
            .map(|found| motion::sides(found.detection.rect))
            .collect();
        let pairs = assign::pairs(&expected, &found, overlap_min);
        let mut has_track = vec![false; observations.len()];
        for &(track, observation) in &pairs {
            has_track[observation] = true;
            let track = free[track];
            let active = &mut self.active[track];
            active.filter.update(found[observation]);
            active.add(observations[observation], moment, &self.options);
            matched.push(track);
        }
        free.retain(|index| !matched.contains(index));
        observations
            .into_iter()
            .zip(has_track)
            .filter_map(|(observation, has_track)| (!has_track).then_some(observation))
            .collect()
    }

    fn begin(&mut self, found: &Observation, moment: Moment) {
        let mut track = ActiveTrack {
            tracklet: Tracklet {
                class: found.detection.class,
                detections: Vec::new(),
            },
            filter: BoxFilter::new(motion::sides(found.detection.rect)),
            last_nanos: moment.nanos,
            evidence: 0.0,
            confirmed: false,
            best: 0.0,
            peers_run: 0,
            peers_agreed: 0,
        };
        track.add(found, moment, &self.options);
        self.active.push(track);
    }

    /// Retires tracks without a detection for too long, and those beyond [`ACTIVE_MAX`].
    fn retire_lost(&mut self, nanos: i64) {
        let max_lost = self.options.max_lost_nanos;
        self.retire(|track| {
            let limit = if track.confirmed {
                max_lost
            } else {
                max_lost.min(CONFIRM_NANOS)
            };
            nanos.saturating_sub(track.last_nanos) > limit
        });
        if self.active.len() > ACTIVE_MAX {
            let mut times: Vec<i64> = self.active.iter().map(|track| track.last_nanos).collect();
            times.sort_unstable();
            let oldest_active = times[times.len() - ACTIVE_MAX];
            self.retire(|track| track.last_nanos < oldest_active);
            // All that is left may have been detected in this very frame.
            let surplus = self.active.len().saturating_sub(ACTIVE_MAX);
            let options = &self.options;
            let last_retired = self
                .active
                .drain(..surplus)
                .filter(|track| track.is_track(options));
            self.retired
                .extend(last_retired.map(|track| track.tracklet));
        }
    }

    /// Moves the tracks that `over` names to the retired ones, or drops them when nothing confirmed
    /// them.
    fn retire(&mut self, over: impl Fn(&ActiveTrack) -> bool) {
        let (gone, active): (Vec<ActiveTrack>, Vec<ActiveTrack>) =
            std::mem::take(&mut self.active).into_iter().partition(over);
        self.active = active;
        let tracks = gone
            .into_iter()
            .filter(|track| track.is_track(&self.options));
        self.retired.extend(tracks.map(|track| track.tracklet));
    }
}

impl ActiveTrack {
    /// Adds an observation, and checks whether the observations are enough now.
    fn add(&mut self, found: &Observation, moment: Moment, options: &TrackerOptions) {
        let options = options.class(self.tracklet.class);
        let score = found.detection.score;
        self.tracklet.detections.push(DetectedBox {
            frame: moment.frame.get() as usize,
            sides: motion::sides(found.detection.rect),
            score,
        });
        self.last_nanos = moment.nanos;
        self.evidence += score;
        self.best = self.best.max(score);
        self.peers_run += u32::from(found.peers_run);
        self.peers_agreed += u32::from(found.peers_agreed);
        self.confirmed |= score >= options.alone_score || self.evidence >= options.evidence;
    }

    /// Whether it is a track, all in all.
    fn is_track(&self, options: &TrackerOptions) -> bool {
        let options = options.class(self.tracklet.class);
        if !self.confirmed || self.tracklet.size() < options.large_from {
            return self.confirmed;
        }
        let contradicted = self.peers_run >= PEERS_MIN
            && self.peers_agreed * AGREE_ONE_IN < self.peers_run
            && self.best < UNCONTRADICTED_SCORE;
        self.best >= options.alone_score && !contradicted
    }
}

#[cfg(test)]
mod tests;

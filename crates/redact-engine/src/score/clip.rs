//! Figures of a recording: recall per frame, leaks per track, over-mask.

use std::collections::{BTreeMap, BTreeSet};

use redact_core::{Class, PixelSize, TrackId};

use super::area::{PixelArea, union_pixels};
use super::{BANDS, COVER, Count, FOUND, GROWTH, Mask, ScoreError, Truth, TruthBox, band, share};

/// Figures of one class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassScore {
    /// Truth boxes, and those hidden by masks of any class.
    pub all: Count,
    /// Truth boxes that masks of their own class alone hide.
    pub hidden_same: u64,
    /// Truth boxes at least half covered.
    pub found: u64,
    /// Recall by height, one count for each of [`BANDS`].
    pub by_height: [Count; BANDS.len()],
    /// Recall by visibility of the box.
    pub by_visibility: BTreeMap<&'static str, Count>,
    /// Truth tracks.
    pub tracks: u64,
    /// Names of those with at least one exposed frame, sorted.
    pub leaked: Vec<String>,
    /// The longest run of frames in which one and the same object is exposed.
    pub longest_run: Option<LongestRun>,
    /// Truth tracks that some track of the findings follows in at least one frame.
    pub followed: u64,
    /// Tracks of the findings that follow them, counted once per truth track.
    pub following: u64,
}

impl ClassScore {
    /// Share of boxes that masks of the same class hide.
    #[must_use]
    pub fn recall_same(&self) -> Option<f64> {
        share(self.hidden_same, self.all.boxes)
    }

    /// Share of boxes that are at least half covered.
    #[must_use]
    pub fn found_share(&self) -> Option<f64> {
        share(self.found, self.all.boxes)
    }

    /// Share of truth tracks with at least one exposed frame.
    #[must_use]
    pub fn leak_rate(&self) -> Option<f64> {
        share(self.leaked.len() as u64, self.tracks)
    }

    /// Tracks of the findings per truth track that was found: 1 when nothing falls apart.
    #[must_use]
    pub fn tracks_per_truth_track(&self) -> Option<f64> {
        share(self.following, self.followed)
    }
}

/// Consecutive frames in which one object is exposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongestRun {
    /// The truth track.
    pub track: String,
    /// Its first exposed frame.
    pub first: u32,
    /// How many, at least 1.
    pub frames: u32,
}

/// Masked pixels that no truth box explains, summed over all frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OverMask {
    /// Pixels outside every grown truth box.
    pub outside: u64,
    /// Those of them that are masked.
    pub masked: u64,
    /// Those of them that masks of each class cover, in the order of [`Class::ALL`].
    pub by_class: [u64; Class::ALL.len()],
}

impl OverMask {
    /// Share of the outside that is masked, 0 when there is no outside.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        share(self.masked, self.outside).unwrap_or(0.0)
    }

    /// The same for masks of `class` alone.
    #[must_use]
    pub fn ratio_of(&self, class: Class) -> f64 {
        share(self.by_class[class as usize], self.outside).unwrap_or(0.0)
    }
}

/// One object that is visible in one frame although it should be hidden.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// The frame.
    pub frame: u32,
    /// What is visible.
    pub truth: TruthBox,
    /// Its pixels that no mask covers.
    pub bare: u64,
    /// Share of its pixels that masks cover, below [`COVER`].
    pub cover: f64,
}

/// All figures of one recording.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipScore {
    /// Frames.
    pub frames: u32,
    /// Figures per class, in the order of [`Class::ALL`].
    pub classes: [ClassScore; Class::ALL.len()],
    /// Over-mask.
    pub over: OverMask,
    /// Every exposed box, by frame.
    pub exposed: Vec<Exposure>,
}

impl ClipScore {
    /// At most `count` exposures that a person should review first.
    ///
    /// The largest bare area of each leaked track, largest first; then each one's second, and so
    /// on: a sheet of one long leak would hide the others.
    #[must_use]
    pub fn worst(&self, count: usize) -> Vec<&Exposure> {
        let mut by_track: BTreeMap<(Class, &str), Vec<&Exposure>> = BTreeMap::new();
        for exposure in &self.exposed {
            let key = (exposure.truth.class, exposure.truth.track.as_str());
            by_track.entry(key).or_default().push(exposure);
        }
        let mut ranked: Vec<(usize, &Exposure)> = Vec::new();
        for exposures in by_track.values_mut() {
            exposures.sort_by_key(|exposure| std::cmp::Reverse(exposure.bare));
            ranked.extend(exposures.iter().copied().enumerate());
        }
        ranked.sort_by_key(|&(round, exposure)| (round, std::cmp::Reverse(exposure.bare)));
        ranked
            .into_iter()
            .take(count)
            .map(|(_, exposure)| exposure)
            .collect()
    }
}

/// Scores `masks`, one list per frame, against `truth`.
///
/// # Errors
/// [`ScoreError::FrameCount`].
pub fn score_clip(truth: &Truth, masks: &[Vec<Mask>]) -> Result<ClipScore, ScoreError> {
    if truth.frames.len() != masks.len() {
        let (truth, found) = (truth.frames.len(), masks.len());
        return Err(ScoreError::FrameCount { truth, found });
    }
    let mut tally = ClipTally::default();
    for (index, (boxes, masks)) in (0..).zip(truth.frames.iter().zip(masks)) {
        tally.add_frame(index, boxes, &Painted::new(masks, truth.size), truth.size);
    }
    Ok(tally.finish())
}

/// The masks of one frame as areas of the truth's picture.
struct Painted {
    any: Vec<PixelArea>,
    by_class: [Vec<PixelArea>; Class::ALL.len()],
    tracked: Vec<(Class, TrackId, PixelArea)>,
}

impl Painted {
    fn new(masks: &[Mask], size: PixelSize) -> Self {
        let mut painted = Self {
            any: Vec::new(),
            by_class: Default::default(),
            tracked: vec![],
        };
        for mask in masks {
            let area = PixelArea::of_mask(mask.rect, size);
            painted.any.push(area);
            if let Some(class) = mask.class {
                painted.by_class[class as usize].push(area);
                painted
                    .tracked
                    .extend(mask.track.map(|track| (class, track, area)));
            }
        }
        painted
    }

    /// The track of the findings that follows a truth box: of those that cover at least half of
    /// it, the one whose mask fits best (intersection over union).
    fn follower(&self, class: Class, truth: PixelArea) -> Option<TrackId> {
        let mut best: Option<(f64, TrackId)> = None;
        for &(_, track, mask) in self.tracked.iter().filter(|(of, ..)| *of == class) {
            let common = truth.intersection(mask).map_or(0, PixelArea::pixels);
            let found = share(common, truth.pixels()).is_some_and(|cover| cover >= FOUND);
            let union = truth.pixels() + mask.pixels() - common;
            let fit = share(common, union).unwrap_or(0.0);
            if found && best.is_none_or(|(most, _)| fit > most) {
                best = Some((fit, track));
            }
        }
        best.map(|(_, track)| track)
    }
}

/// What is known of one truth track so far.
#[derive(Default)]
struct Course {
    /// Last frame in which it counted.
    last: Option<u32>,
    /// Exposed frames in a row up to `last`.
    run: u32,
    /// Frames and first frame of the longest run.
    longest: (u32, u32),
    followers: BTreeSet<TrackId>,
}

impl Course {
    fn advance(&mut self, frame: u32, exposed: bool) {
        // A frame in which the track is absent or ignored ends a run.
        let joins = self.last.is_some_and(|last| last + 1 == frame);
        self.run = match (exposed, joins) {
            (true, true) => self.run + 1,
            (true, false) => 1,
            (false, _) => 0,
        };
        if self.run > self.longest.0 {
            self.longest = (self.run, frame + 1 - self.run);
        }
        self.last = Some(frame);
    }
}

/// Counts while frames come by.
#[derive(Default)]
struct ClipTally {
    frames: u32,
    classes: [ClassScore; Class::ALL.len()],
    courses: BTreeMap<(Class, String), Course>,
    over: OverMask,
    exposed: Vec<Exposure>,
}

impl ClipTally {
    fn add_frame(&mut self, frame: u32, boxes: &[TruthBox], masks: &Painted, size: PixelSize) {
        self.frames += 1;
        // A track named twice in one frame is exposed when either of its boxes is.
        let mut seen: BTreeMap<(Class, &str), bool> = BTreeMap::new();
        for truth in boxes.iter().filter(|truth| !truth.ignore) {
            let area = PixelArea::of_box(truth.sides, size);
            if area.pixels() == 0 {
                continue; // Thinner than a pixel: nothing to hide.
            }
            let hidden = self.add_box(frame, truth, area, masks);
            *seen.entry((truth.class, &truth.track)).or_default() |= !hidden;
            if let Some(follower) = masks.follower(truth.class, area) {
                let course = self
                    .courses
                    .entry((truth.class, truth.track.clone()))
                    .or_default();
                course.followers.insert(follower);
            }
        }
        for ((class, track), exposed) in seen {
            self.courses
                .entry((class, track.to_owned()))
                .or_default()
                .advance(frame, exposed);
        }
        self.add_over_mask(boxes, masks, size);
    }

    /// Counts one box and returns whether it is hidden.
    fn add_box(&mut self, frame: u32, truth: &TruthBox, area: PixelArea, masks: &Painted) -> bool {
        let pixels = area.pixels();
        let covered = area.covered_by(&masks.any);
        let cover = share(covered, pixels).unwrap_or(0.0);
        let same = area.covered_by(&masks.by_class[truth.class as usize]);
        let hidden = cover >= COVER;
        let score = &mut self.classes[truth.class as usize];
        score.all.add(hidden);
        score.hidden_same += u64::from(share(same, pixels).is_some_and(|same| same >= COVER));
        score.found += u64::from(cover >= FOUND);
        score.by_height[band(truth.sides[3])].add(hidden);
        score
            .by_visibility
            .entry(truth.visibility)
            .or_default()
            .add(hidden);
        if !hidden {
            let (truth, bare) = (truth.clone(), pixels - covered);
            self.exposed.push(Exposure {
                frame,
                truth,
                bare,
                cover,
            });
        }
        hidden
    }

    fn add_over_mask(&mut self, boxes: &[TruthBox], masks: &Painted, size: PixelSize) {
        let grown = |truth: &TruthBox| PixelArea::of_grown_box(truth.sides, GROWTH, size);
        let mut excused: Vec<PixelArea> = boxes.iter().map(grown).collect();
        let inside = union_pixels(&excused);
        self.over.outside += size.area() - inside;
        let mut beyond = |masks: &[PixelArea]| {
            if masks.is_empty() {
                return 0;
            }
            let own = excused.len();
            excused.extend(masks);
            let both = union_pixels(&excused);
            excused.truncate(own);
            both - inside
        };
        self.over.masked += beyond(&masks.any);
        for (sum, masks) in self.over.by_class.iter_mut().zip(&masks.by_class) {
            *sum += beyond(masks);
        }
    }

    fn finish(mut self) -> ClipScore {
        for ((class, track), course) in self.courses {
            let score = &mut self.classes[class as usize];
            score.tracks += 1;
            score.followed += u64::from(!course.followers.is_empty());
            score.following += course.followers.len() as u64;
            let (frames, first) = course.longest;
            if frames
                > score
                    .longest_run
                    .as_ref()
                    .map_or(0, |longest| longest.frames)
            {
                score.longest_run = Some(LongestRun {
                    track: track.clone(),
                    first,
                    frames,
                });
            }
            if frames > 0 {
                score.leaked.push(track);
            }
        }
        let Self {
            frames,
            classes,
            over,
            exposed,
            ..
        } = self;
        ClipScore {
            frames,
            classes,
            over,
            exposed,
        }
    }
}

//! How detections become tracks, by class.

use redact_core::Class;

/// How detections of one class become tracks. Scores are `0.0..=1.0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassOptions {
    /// Detections with at least this score are matched with tracks first, and count in a picture
    /// that stands alone.
    pub high_score: f32,
    /// A weaker detection counts from here: it extends a track.
    pub low_score: f32,
    /// One detection with at least this score is a track.
    pub alone_score: f32,
    /// Otherwise the scores of an object's detections must add up to this: a model seldom repeats
    /// a false detection in the same place.
    pub evidence: f32,
    /// From this size on (the square root of its share of the picture) an object is large. Models
    /// detect large objects with high scores: one detection must reach `alone_score`, and the other
    /// models that ran must not contradict it.
    pub large_from: f32,
    /// A track whose scores add up to less is extended for a smaller share of the time at its ends.
    pub full_evidence: f32,
    /// Margin on the left and on the right, as a share of the box's width.
    pub x_margin: f32,
    /// Margin above and below, as a share of the box's height.
    pub y_margin: f32,
}

/// The margin makes a head of a face.
const FACE: ClassOptions = ClassOptions {
    high_score: 0.5,
    low_score: 0.25,
    alone_score: 0.6,
    evidence: 0.8,
    large_from: 0.05,
    full_evidence: 8.0,
    x_margin: 0.20,
    y_margin: 0.24,
};

/// Plate detectors run too seldom to shorten the ends of a track: no `full_evidence`.
const PLATE: ClassOptions = ClassOptions {
    high_score: 0.4,
    low_score: 0.15,
    alone_score: 0.6,
    evidence: 0.7,
    large_from: 0.08,
    full_evidence: 0.0,
    x_margin: 0.15,
    y_margin: 0.25,
};

/// No model of screens ever scores high, so none counts as large.
const SCREEN: ClassOptions = ClassOptions {
    high_score: 0.3,
    low_score: 0.25,
    alone_score: 0.6,
    evidence: 1.5,
    large_from: f32::INFINITY,
    full_evidence: 0.0,
    x_margin: 0.08,
    y_margin: 0.08,
};

/// Models score vehicles high at any size, so each counts as large.
const VEHICLE: ClassOptions = ClassOptions {
    high_score: 0.4,
    low_score: 0.25,
    alone_score: 0.55,
    evidence: 1.2,
    large_from: 0.0,
    full_evidence: 0.0,
    x_margin: 0.03,
    y_margin: 0.04,
};

/// How detections become tracks.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackerOptions {
    /// Faces.
    pub face: ClassOptions,
    /// License plates.
    pub plate: ClassOptions,
    /// Displays.
    pub screen: ClassOptions,
    /// Vehicles without a legible plate.
    pub vehicle: ClassOptions,
    /// An object that is not detected for longer gets a new track when it comes back.
    pub max_lost_nanos: i64,
    /// How long a track is extended before its first and after its last detection at an edge of the
    /// picture, where objects enter and leave.
    pub extend_nanos: i64,
    /// The same away from the edges, where an object does not vanish but is missed.
    pub extend_inside_nanos: i64,
}

impl Default for TrackerOptions {
    fn default() -> Self {
        Self {
            face: FACE,
            plate: PLATE,
            screen: SCREEN,
            vehicle: VEHICLE,
            max_lost_nanos: 2_000_000_000,
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

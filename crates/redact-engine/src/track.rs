//! stub
use redact_core::{Class, Detection, FrameIndex, Motion, Track};

/// How sightings of one class become tracks. Scores are `0.0..=1.0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassOptions {
    /// A sighting with at least this score starts a track on its own.
    pub high_score: f32,
    /// A weaker one counts from here: it extends a track, or starts one when it is confirmed.
    pub low_score: f32,
    /// Margin on the left and on the right, as a share of the box's width.
    pub x_margin: f32,
    /// Margin above and below, as a share of the box's height.
    pub y_margin: f32,
}

/// How sightings become tracks.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackerOptions {
    /// Faces.
    pub face: ClassOptions,
    /// Licence plates.
    pub plate: ClassOptions,
    /// Displays.
    pub screen: ClassOptions,
    /// A thing that is not seen for longer is another one when it comes back.
    pub patience_nanos: i64,
    /// How long a track goes on before its first and after its last sighting.
    pub extend_nanos: i64,
    /// The same for things that appear or vanish near no edge of the picture.
    pub extend_inside_nanos: i64,
}

impl Default for TrackerOptions {
    fn default() -> Self {
        let class = |high_score, low_score, x_margin, y_margin| ClassOptions {
            high_score,
            low_score,
            x_margin,
            y_margin,
        };
        Self {
            face: class(0.5, 0.25, 0.25, 0.30),
            plate: class(0.5, 0.25, 0.15, 0.25),
            screen: class(0.3, 0.15, 0.08, 0.08),
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
        }
    }
}

/// What was seen in one frame.
#[derive(Clone, Copy, Debug)]
pub struct Sighted<'a> {
    /// The frame; one by one from the first.
    pub frame: FrameIndex,
    /// Its time since the recording's zero.
    pub nanos: i64,
    /// How the picture moved from the previous frame.
    pub motion: Motion,
    /// What the detectors saw; `None` when they were not asked.
    pub detections: Option<&'a [Detection]>,
}

/// Joins sightings in single frames to tracks.
pub struct Tracker {
    options: TrackerOptions,
}

impl Tracker {
    /// A tracker that has seen nothing yet.
    #[must_use]
    pub fn new(options: TrackerOptions) -> Self {
        Self { options }
    }

    /// Takes the next frame.
    pub fn update(&mut self, _seen: &Sighted<'_>) {
        unimplemented!()
    }

    /// Whole tracks.
    #[must_use]
    pub fn finish(self) -> Vec<Track> {
        let _ = self.options;
        unimplemented!()
    }
}

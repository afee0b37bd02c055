//! The detections of one object, and how the picture moved while they were made.

use redact_core::{Class, Motion};

use super::motion::{self, Sides, Warp};

/// One detection that was matched with a track.
#[derive(Clone, Copy, Debug)]
pub(super) struct DetectedBox {
    /// Its frame, from 0.
    pub(super) frame: usize,
    /// Where it is.
    pub(super) sides: Sides,
    /// How sure the model was, `0.0..=1.0`.
    pub(super) score: f32,
}

/// All detections of one object, in order; at least one.
#[derive(Clone, Debug)]
pub(super) struct Tracklet {
    /// What it is.
    pub(super) class: Class,
    /// One per frame in which it was detected, ascending.
    pub(super) detections: Vec<DetectedBox>,
}

impl Tracklet {
    /// The first detection.
    pub(super) fn first(&self) -> DetectedBox {
        self.detections[0]
    }

    /// The last detection.
    pub(super) fn last(&self) -> DetectedBox {
        self.detections[self.detections.len() - 1]
    }

    /// Mean of the square roots of its shares of the picture.
    pub(super) fn size(&self) -> f32 {
        let sizes = self
            .detections
            .iter()
            .map(|found| motion::size(found.sides));
        sizes.sum::<f32>() / self.detections.len() as f32
    }

    /// Sum of its scores.
    pub(super) fn evidence(&self) -> f32 {
        self.detections.iter().map(|found| found.score).sum()
    }
}

/// Time and camera motion of every frame so far.
#[derive(Default)]
pub(super) struct MotionHistory {
    /// Time of each frame since the recording's zero, nanoseconds.
    pub(super) nanos: Vec<i64>,
    /// How the picture moved into each frame.
    pub(super) motions: Vec<Motion>,
}

impl MotionHistory {
    /// Frames so far.
    pub(super) fn frames(&self) -> usize {
        self.nanos.len()
    }

    /// Nanoseconds from frame `a` to the later frame `b`.
    pub(super) fn time_between(&self, a: usize, b: usize) -> i64 {
        self.nanos[b].saturating_sub(self.nanos[a])
    }

    /// Whether the scene changes on the way from frame `a` to the later frame `b`.
    pub(super) fn cut_between(&self, a: usize, b: usize) -> bool {
        self.motions[a + 1..=b].contains(&Motion::Cut)
    }

    /// `sides` of frame `a`, where the camera takes them in the later frame `b`.
    pub(super) fn carried(&self, sides: Sides, a: usize, b: usize) -> Sides {
        (a + 1..=b).fold(sides, |sides, frame| self.step(frame).sides(sides))
    }

    /// `sides` of frame `b`, where the camera had them in the earlier frame `a`.
    pub(super) fn carried_back(&self, sides: Sides, b: usize, a: usize) -> Sides {
        let frames = (a + 1..=b).rev();
        frames.fold(sides, |sides, frame| {
            self.step(frame).inverse().sides(sides)
        })
    }

    /// How the picture moves into `frame`.
    pub(super) fn step(&self, frame: usize) -> Warp {
        Warp::of(self.motions[frame])
    }
}

/// The length of `nanos` in seconds.
pub(super) fn seconds(nanos: i64) -> f64 {
    std::time::Duration::from_nanos(nanos.unsigned_abs()).as_secs_f64()
}

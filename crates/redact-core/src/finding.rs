//! What a scan found: detections in single frames, tracks over time.

use crate::{
    Damage, Digest, FrameIndex, FrameSpan, NormRect, SourceIdentity, TimeSpan, Transcript,
};

/// A class of objects that a release may have to hide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A person's face.
    Face,
    /// A vehicle's registration plate.
    Plate,
    /// A display: computer, phone, tablet, in-car terminal.
    Screen,
    /// A vehicle, in frames in which no plate was found on it: its plate may be legible anyway.
    Vehicle,
}

impl Class {
    /// Every class, in the order used in tables.
    pub const ALL: [Self; 4] = [Self::Face, Self::Plate, Self::Screen, Self::Vehicle];

    /// The classes that identify a person: a release must account for each, found or not. A
    /// vehicle is only the fallback for its plate.
    pub const IDENTIFYING: [Self; 3] = [Self::Face, Self::Plate, Self::Screen];

    /// `face`, `plate`, `screen` or `vehicle`, as files and tables spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Plate => "plate",
            Self::Screen => "screen",
            Self::Vehicle => "vehicle",
        }
    }

    /// The class with that [`Self::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One object detected in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// What it is.
    pub class: Class,
    /// Where it is.
    pub rect: NormRect,
    /// The model's confidence, `0.0..=1.0`.
    pub score: f32,
}

/// The number of a track within one set of findings, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u32);

impl std::fmt::Display for TrackId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// How a box of a track was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoxOrigin {
    /// Detected by a model in this frame.
    Detected,
    /// Interpolated between two detections.
    Interpolated,
    /// Followed from a detection by its pixels.
    Followed,
    /// Extrapolated before the first or after the last detection.
    Extended,
}

/// A tracked object's position in one frame, margin included: the area that a mask covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackBox {
    /// The frame.
    pub frame: FrameIndex,
    /// The object's box, enlarged by its margin.
    pub rect: NormRect,
    /// The model's score, `0.0..=1.0`; without a detection, the nearest detection's score.
    pub score: f32,
    /// How the box was obtained.
    pub origin: BoxOrigin,
}

/// One object over time: a box in every frame from its first to its last, without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    id: TrackId,
    class: Class,
    boxes: Vec<TrackBox>,
}

impl Track {
    /// Makes a track; `None` unless `boxes` has at least one box and covers consecutive frames.
    #[must_use]
    pub fn new(id: TrackId, class: Class, boxes: Vec<TrackBox>) -> Option<Self> {
        let gapless = boxes
            .windows(2)
            .all(|pair| pair[0].frame.next() == pair[1].frame);
        (!boxes.is_empty() && gapless).then_some(Self { id, class, boxes })
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> TrackId {
        self.id
    }

    /// What it is.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// One box per frame, in order; at least one.
    #[must_use]
    pub fn boxes(&self) -> &[TrackBox] {
        &self.boxes
    }

    /// The frames that it covers.
    #[must_use]
    pub fn span(&self) -> FrameSpan {
        let (first, last) = (self.boxes[0].frame, self.boxes[self.boxes.len() - 1].frame);
        FrameSpan::new(first, last.next()).expect("a track has at least one box, in order")
    }

    /// Number of boxes with a detection.
    #[must_use]
    pub fn detected(&self) -> usize {
        self.boxes
            .iter()
            .filter(|b| b.origin == BoxOrigin::Detected)
            .count()
    }

    /// The longest run of frames between two detections, in frames.
    #[must_use]
    pub fn longest_gap(&self) -> usize {
        self.boxes
            .split(|b| matches!(b.origin, BoxOrigin::Detected | BoxOrigin::Extended))
            .map(<[TrackBox]>::len)
            .max()
            .unwrap_or(0)
    }
}

/// A model used in a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelUse {
    /// Name of its card.
    pub name: String,
    /// SHA-256 of the weights.
    pub digest: Digest,
    /// SPDX identifier of the weights' license.
    pub licence: String,
    /// What it detects; empty for a speech model.
    pub classes: Vec<Class>,
    /// Lowest score that was used, `0.0..=1.0`.
    pub threshold: f32,
    /// The longer side of its input in pixels; 0 for sound.
    pub input_side: u32,
}

/// Everything a scan found.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// The recording.
    pub source: SourceIdentity,
    /// The models used.
    pub models: Vec<ModelUse>,
    /// Classes that no installed model detects: nothing is known about them.
    pub missing: Vec<Class>,
    /// Tracks, ordered by id.
    pub tracks: Vec<Track>,
    /// Spans with speech on any track, merged; `None` if no speech detector ran.
    pub speech: Option<Vec<TimeSpan>>,
    /// What was said; `None` if no recognizer ran.
    pub transcript: Option<Transcript>,
    /// Where the recording is damaged; empty unless the scan continued past damage.
    pub damage: Damage,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(frame: u32, origin: BoxOrigin) -> TrackBox {
        let rect = NormRect::new([0.1, 0.1, 0.2, 0.2]).unwrap();
        TrackBox {
            frame: FrameIndex::new(frame),
            rect,
            score: 0.9,
            origin,
        }
    }

    #[test]
    fn a_track_with_a_gap_cannot_be_made() {
        use BoxOrigin::Detected;
        let holed = vec![boxed(3, Detected), boxed(5, Detected)];
        assert!(Track::new(TrackId(1), Class::Face, holed).is_none());
        assert!(Track::new(TrackId(1), Class::Face, Vec::new()).is_none());
    }

    #[test]
    fn the_longest_gap_counts_frames_between_detections_only() {
        use BoxOrigin::{Detected, Extended, Followed, Interpolated};
        let origins = [
            Extended,
            Extended,
            Detected,
            Interpolated,
            Followed,
            Detected,
            Extended,
        ];
        let boxes = (4..)
            .zip(origins)
            .map(|(frame, origin)| boxed(frame, origin))
            .collect();
        let track = Track::new(TrackId(1), Class::Face, boxes).unwrap();
        assert_eq!(track.longest_gap(), 2);
        assert_eq!(track.span().frames(), 7);
    }
}

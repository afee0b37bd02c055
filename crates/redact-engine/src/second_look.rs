//! The second look: what detectors still find in a release, outside of its masks.
//!
//! A release is scanned like a recording; this finds the tracks that no mask covers. Tracks that
//! are found only under masks are hidden: a blurred face may still look like a face to a model.

use redact_core::{BoxOrigin, Class, FrameSpan, NormRect, Redactions, Track, TrackBox};

use crate::track::TrackerOptions;

/// Share of a box that masks must cover, in every frame in which a model detects it.
const COVERED_MIN: f32 = 0.75;

/// Points on each side of the grid by which covered shares are measured.
const GRID: u8 = 16;

/// An object that is detected and not covered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uncovered {
    /// What it was detected as.
    pub class: Class,
    /// From its first to its last uncovered detection.
    pub frames: FrameSpan,
    /// Uncovered detections.
    pub detections: u32,
    /// The highest score among them, `0.0..=1.0`.
    pub score_best: f32,
    /// Whether all of them are tracks that a reviewer kept.
    pub kept: bool,
}

/// The parts of `tracks`, found in the release by a scan with `options`, that `redactions` do not
/// cover.
///
/// - `kept`: tracks of the source's findings that were left visible on purpose.
///
/// Ordered by time.
#[must_use]
pub fn uncovered(
    tracks: &[Track],
    options: &TrackerOptions,
    redactions: &Redactions,
    kept: &[&Track],
) -> Vec<Uncovered> {
    let of_track = |track: &Track| {
        let seen = track.boxes().iter();
        let seen = seen.filter(|seen| seen.origin == BoxOrigin::Detected);
        let mut found: Option<Uncovered> = None;
        for detected in seen {
            let core = without_margin(track.class(), detected.rect, options);
            let masks: Vec<_> = redactions.masks_at(detected.frame).collect();
            let is_hidden = |point| masks.iter().any(|(mask, rect)| mask.hides(*rect, point));
            if share_where(core, is_hidden) >= COVERED_MIN {
                continue;
            }
            let of_class = kept.iter().filter(|kept| kept.class() == track.class());
            let there = of_class.filter_map(|kept| rect_at(kept, detected));
            let there: Vec<NormRect> = there.collect();
            let is_there = |[x, y]: [f32; 2]| {
                there.iter().any(|kept| {
                    let [left, top, right, bottom] = kept.sides();
                    (left..=right).contains(&x) && (top..=bottom).contains(&y)
                })
            };
            let is_kept = share_where(core, is_there) >= COVERED_MIN;
            found = Some(add_detection(found, track.class(), detected, is_kept));
        }
        found
    };
    // Where plates are hidden, every vehicle is one without a legible plate.
    let identifying = tracks
        .iter()
        .filter(|track| Class::IDENTIFYING.contains(&track.class()));
    let mut all: Vec<Uncovered> = identifying.filter_map(of_track).collect();
    all.sort_by_key(|seen| (seen.frames.start(), seen.frames.end(), seen.class));
    all
}

/// `found` with one more detection.
fn add_detection(
    found: Option<Uncovered>,
    class: Class,
    detected: &TrackBox,
    kept: bool,
) -> Uncovered {
    let (frame, score) = (detected.frame, detected.score);
    let (start, before) = match found {
        None => (frame, None),
        Some(before) => (before.frames.start(), Some(before)),
    };
    Uncovered {
        class,
        frames: FrameSpan::new(start, frame.next()).expect("detections follow each other"),
        detections: before.map_or(0, |seen| seen.detections) + 1,
        score_best: before.map_or(score, |seen| seen.score_best.max(score)),
        kept: before.is_none_or(|seen| seen.kept) && kept,
    }
}

/// Where `track` is in the frame of a detection.
fn rect_at(track: &Track, detected: &TrackBox) -> Option<NormRect> {
    let boxes = track.boxes();
    let index = detected.frame.get().checked_sub(boxes[0].frame.get())?;
    boxes.get(index as usize).map(|found| found.rect)
}

/// The box that a model detected, before the tracker's margin.
fn without_margin(class: Class, rect: NormRect, options: &TrackerOptions) -> NormRect {
    let [x_min, y_min, x_max, y_max] = rect.sides();
    let class = options.class(class);
    let inset = |size: f32, margin: f32| size * margin / (1.0 + 2.0 * margin);
    let x = inset(rect.width(), class.x_margin);
    let y = inset(rect.height(), class.y_margin);
    NormRect::new([x_min + x, y_min + y, x_max - x, y_max - y]).unwrap_or(rect)
}

/// Share of `rect` in which `holds` is true of a point `[x, y]`, `0.0..=1.0`.
fn share_where(rect: NormRect, holds: impl Fn([f32; 2]) -> bool) -> f32 {
    let [x_min, y_min, ..] = rect.sides();
    let step = |at: u8| (f32::from(at) + 0.5) / f32::from(GRID);
    let mut inside = 0_u16;
    for row in 0..GRID {
        let y = y_min + rect.height() * step(row);
        for column in 0..GRID {
            let x = x_min + rect.width() * step(column);
            inside += u16::from(holds([x, y]));
        }
    }
    f32::from(inside) / f32::from(u16::from(GRID) * u16::from(GRID))
}

#[cfg(test)]
mod tests {
    use redact_core::{Effect, FrameIndex, Keyframe, MaskOrigin, MaskRegion, ReasonCode, TrackId};

    use super::*;

    const FACE: [f32; 4] = [0.4, 0.4, 0.5, 0.6];

    /// A face in frames `start..end`, seen in every second one.
    fn face(sides: [f32; 4], start: u32, end: u32) -> Track {
        let rect = NormRect::new(sides).unwrap();
        let boxes = (start..end).map(|frame| TrackBox {
            frame: FrameIndex::new(frame),
            rect,
            score: 0.5,
            origin: match frame % 2 {
                0 => BoxOrigin::Detected,
                _ => BoxOrigin::Interpolated,
            },
        });
        Track::new(TrackId(1), Class::Face, boxes.collect()).unwrap()
    }

    fn masks(sides: [f32; 4], start: u32, end: u32) -> Redactions {
        let span = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap();
        let path = vec![Keyframe {
            frame: span.start(),
            rect: NormRect::new(sides).unwrap(),
        }];
        let reason = ReasonCode("r".into());
        let (id, origin) = ("a".to_owned(), MaskOrigin::Drawn);
        let mask = MaskRegion::new(id, origin, Effect::Fill, reason, span, path).unwrap();
        Redactions {
            masks: vec![mask],
            mutes: Vec::new(),
        }
    }

    fn look(release: &Track, redactions: &Redactions, kept: &[&Track]) -> Vec<Uncovered> {
        let options = TrackerOptions::default();
        uncovered(std::slice::from_ref(release), &options, redactions, kept)
    }

    /// Goal: hidden tracks are not reported and visible ones are, frame by frame.
    #[test]
    fn only_what_no_mask_covers_is_still_seen() {
        let seen = face(FACE, 0, 10);
        assert_eq!(look(&seen, &masks(FACE, 0, 10), &[]), []);
        // A box that is a little off still hides the face inside its margin.
        assert_eq!(
            look(&seen, &masks([0.41, 0.41, 0.51, 0.61], 0, 10), &[]),
            []
        );
        let late = look(&seen, &masks(FACE, 3, 10), &[]);
        assert_eq!(late.len(), 1);
        let frames = (late[0].frames.start().get(), late[0].frames.end().get());
        assert_eq!(
            (frames, late[0].detections, late[0].kept),
            ((0, 3), 2, false)
        );
        let half = look(&seen, &masks([0.4, 0.4, 0.45, 0.6], 0, 10), &[]);
        assert_eq!(half[0].detections, 5, "half a face is a face");
        let nothing = Redactions::default();
        assert_eq!(look(&seen, &nothing, &[])[0].detections, 5);
    }

    /// Goal: what a mask with an outline leaves visible in its box is reported. Control: the whole
    /// box.
    #[test]
    fn a_corner_beside_an_ellipse_is_not_covered() {
        let seen = face([0.4, 0.4, 0.44, 0.45], 0, 10);
        let square = masks([0.4, 0.4, 0.6, 0.7], 0, 10);
        assert_eq!(look(&seen, &square, &[]), []);
        let mut round = square;
        let mask = round.masks.remove(0);
        let mask = mask.with_shape(Some(redact_core::Shape::Ellipse));
        round.masks.push(mask.unwrap());
        assert_eq!(look(&seen, &round, &[])[0].detections, 5);
    }

    /// Goal: a vehicle whose plate is hidden does not count as one that shows it. Control: a face
    /// there is reported.
    #[test]
    fn vehicles_are_not_looked_for_again() {
        let seen = face(FACE, 0, 10);
        let vehicle = Track::new(TrackId(1), Class::Vehicle, seen.boxes().to_vec()).unwrap();
        let nothing = Redactions::default();
        assert_eq!(look(&vehicle, &nothing, &[]), []);
        assert_eq!(look(&seen, &nothing, &[]).len(), 1);
    }

    /// Goal: what a person kept does not count against the release, what lies elsewhere does.
    #[test]
    fn what_was_kept_is_told_from_what_was_missed() {
        let (seen, nothing) = (face(FACE, 0, 10), Redactions::default());
        let elsewhere = face([0.1, 0.1, 0.2, 0.3], 0, 10);
        let shorter = face(FACE, 0, 5);
        assert!(look(&seen, &nothing, &[&seen])[0].kept);
        assert!(!look(&seen, &nothing, &[&elsewhere])[0].kept);
        assert!(!look(&seen, &nothing, &[&shorter])[0].kept);
    }
}

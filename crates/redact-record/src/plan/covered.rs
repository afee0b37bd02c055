//! Kept people whom masks of others cover: a decision to keep someone visible that the release does
//! not show.

use std::collections::BTreeSet;

use redact_core::{
    Class, FrameIndex, MaskOrigin, MaskRegion, NormRect, Plan, Redactions, Track, TrackId, Verdict,
};

/// The share of a box, about its center, that the object itself fills: around it is the margin of
/// its track (a quarter of a face's width on each side), where the mask of a neighbor is usual.
const OBJECT_SHARE: f32 = 0.6;

/// Points across and down in which the cover of an object is measured.
const POINTS: u16 = 16;

/// A face counts as covered in a frame when masks hide more than this share of it.
const COVERED_MIN: f32 = 0.1;

/// A face that a decision keeps visible, and that masks cover in some frames.
#[derive(Clone, Debug, PartialEq)]
pub struct CoveredTrack {
    /// Its track in the plan.
    pub track: TrackId,
    /// Its class.
    pub class: Class,
    /// Number of frames in which it is covered.
    pub frames: u32,
    /// The first of the frames in which most of it is covered.
    pub worst: FrameIndex,
    /// The share of it that masks hide in that frame, `0.0..=1.0`.
    pub share: f32,
    /// IDs of the masks that cover it in any frame, sorted.
    pub masks: Vec<String>,
}

impl CoveredTrack {
    /// One line for a person, without a period at its end.
    #[must_use]
    pub fn text(&self) -> String {
        let percent = (self.share * 100.0).round();
        let masks = match self.masks.len() {
            1 => "mask",
            _ => "masks",
        };
        format!(
            "{} {} is kept visible, but {masks} {} cover{} it in {} frame{}, up to {percent} % in \
             frame {}",
            self.class,
            self.track,
            self.masks.join(", "),
            if self.masks.len() == 1 { "s" } else { "" },
            self.frames,
            if self.frames == 1 { "" } else { "s" },
            self.worst
        )
    }
}

/// The faces that `plan` keeps visible and that masks of other tracks, or masks drawn by hand,
/// cover, by track.
///
/// Only faces: a mask in front of a kept vehicle or screen is usual. Damage does not count, because
/// no decision could show what it hides.
#[must_use]
pub fn covered_tracks(plan: &Plan) -> Vec<CoveredTrack> {
    let kept: Vec<&Track> = plan
        .tracks
        .iter()
        .filter(|planned| {
            let verdict = planned.decision.as_ref().map(|made| made.verdict);
            verdict == Some(Verdict::Keep) && planned.track.class() == Class::Face
        })
        .map(|planned| &planned.track)
        .collect();
    if kept.is_empty() {
        return Vec::new();
    }
    let mut masks = Redactions::preview(plan).masks;
    masks.retain(|mask| mask.origin() != MaskOrigin::Damage);
    masks.sort_by_key(|mask| mask.span().start());
    let mut tallies: Vec<Tally> = kept.iter().map(|_| Tally::default()).collect();
    let mut boxes: Vec<(FrameIndex, NormRect, usize)> = Vec::new();
    for (at, track) in kept.iter().enumerate() {
        boxes.extend(track.boxes().iter().map(|b| (b.frame, b.rect, at)));
    }
    boxes.sort_by_key(|&(frame, _, at)| (frame, at));

    let mut coming = masks.iter().peekable();
    let mut active: Vec<&MaskRegion> = Vec::new();
    for of_frame in boxes.chunk_by(|a, b| a.0 == b.0) {
        let frame = of_frame[0].0;
        while let Some(mask) = coming.next_if(|mask| mask.span().start() <= frame) {
            active.push(mask);
        }
        active.retain(|mask| frame < mask.span().end());
        let here: Vec<(&MaskRegion, NormRect)> = active
            .iter()
            .filter_map(|&mask| Some((mask, mask.rect_at(frame)?)))
            .collect();
        for &(_, rect, at) in of_frame {
            tallies[at].add(frame, rect, &here);
        }
    }
    let covered = kept.iter().zip(tallies);
    covered
        .filter_map(|(track, tally)| tally.finish(track))
        .collect()
}

/// What is known of one kept track so far.
#[derive(Default)]
struct Tally {
    frames: u32,
    worst: Option<(f32, FrameIndex)>,
    masks: BTreeSet<String>,
}

impl Tally {
    /// Counts the frame if `masks` cover the object in `rect`.
    fn add(&mut self, frame: FrameIndex, rect: NormRect, masks: &[(&MaskRegion, NormRect)]) {
        let object = middle(rect);
        let touching = masks.iter().copied();
        let touching = touching.filter(|(_, at)| at.intersection(object).is_some());
        let touching: Vec<(&MaskRegion, NormRect)> = touching.collect();
        let share = cover(object, &touching);
        if share <= COVERED_MIN {
            return;
        }
        self.frames += 1;
        if self.worst.is_none_or(|(most, _)| share > most) {
            self.worst = Some((share, frame));
        }
        let ids = touching
            .iter()
            .filter(|mask| cover(object, &[**mask]) > 0.0);
        self.masks.extend(ids.map(|(mask, _)| mask.id().to_owned()));
    }

    fn finish(self, track: &Track) -> Option<CoveredTrack> {
        let (share, worst) = self.worst?;
        Some(CoveredTrack {
            track: track.id(),
            class: track.class(),
            frames: self.frames,
            worst,
            share,
            masks: self.masks.into_iter().collect(),
        })
    }
}

/// The middle of a box, [`OBJECT_SHARE`] of its width and height.
fn middle(rect: NormRect) -> NormRect {
    let [x_min, y_min, x_max, y_max] = rect.sides();
    let (x, y) = (
        rect.width() * (1.0 - OBJECT_SHARE) / 2.0,
        rect.height() * (1.0 - OBJECT_SHARE) / 2.0,
    );
    NormRect::new([x_min + x, y_min + y, x_max - x, y_max - y]).unwrap_or(rect)
}

/// The share of `object` that lies in any of `masks`, in [`POINTS`] points across and down.
fn cover(object: NormRect, masks: &[(&MaskRegion, NormRect)]) -> f32 {
    let [x_min, y_min, ..] = object.sides();
    let place = |step: u16| (f32::from(step) + 0.5) / f32::from(POINTS);
    let hidden = |x: f32, y: f32| masks.iter().any(|(mask, at)| mask.hides(*at, [x, y]));
    let points = (0..POINTS).flat_map(|row| (0..POINTS).map(move |column| (column, row)));
    let covered = points.filter(|&(column, row)| {
        let x = x_min + place(column) * object.width();
        hidden(x, y_min + place(row) * object.height())
    });
    let covered = u16::try_from(covered.count()).unwrap_or(u16::MAX);
    f32::from(covered) / f32::from(POINTS * POINTS)
}

#[cfg(test)]
mod tests {
    use redact_core::{BoxOrigin, Decision, Effect, PlannedTrack, ReasonCode, TrackBox};

    use super::*;
    use crate::testing::{NOW, unapproved};

    /// A track with a box in frames 0 to 4 at `x`, with a decision.
    fn planned(id: u32, class: Class, x: f32, verdict: Verdict) -> PlannedTrack {
        let boxes = (0..5).map(|frame| TrackBox {
            frame: FrameIndex::new(frame),
            rect: NormRect::new([x, 0.2, x + 0.1, 0.4]).unwrap(),
            score: 0.9,
            origin: BoxOrigin::Detected,
        });
        PlannedTrack {
            track: Track::new(TrackId(id), class, boxes.collect()).unwrap(),
            decision: Some(Decision {
                verdict,
                reason: ReasonCode("privacy-face".into()),
                by: "Ada".into(),
                at: NOW,
            }),
        }
    }

    fn plan_of(tracks: Vec<PlannedTrack>) -> Plan {
        let mut plan = unapproved();
        plan.drawn.clear();
        plan.tracks = tracks;
        plan
    }

    const HIDE: Verdict = Verdict::Redact(Effect::Fill);

    /// Goal: a person who was kept, and whom the mask of another covers, is reported with the
    /// frames and the mask. Control: farther away, where only the margins overlap, nothing is.
    #[test]
    fn a_kept_face_under_another_mask_is_reported() {
        let report = |x: f32| {
            covered_tracks(&plan_of(vec![
                planned(1, Class::Face, 0.3, Verdict::Keep),
                planned(2, Class::Face, x, HIDE),
            ]))
        };
        let found = report(0.35);
        assert_eq!(found.len(), 1);
        let covered = &found[0];
        assert_eq!((covered.track, covered.frames), (TrackId(1), 5));
        assert_eq!(covered.worst, FrameIndex::ZERO);
        assert_eq!(covered.masks, ["face-2"]);
        assert!((covered.share - 0.5).abs() < 0.05, "{covered:?}");
        assert_eq!(
            covered.text(),
            "face 1 is kept visible, but mask face-2 covers it in 5 frames, up to 50 % in frame 0"
        );
        assert_eq!(report(0.385), []);
    }

    /// Goal: hidden tracks, rejected ones and kept vehicles are not reported; a region drawn by
    /// hand counts as a mask.
    #[test]
    fn only_kept_faces_are_reported() {
        let hide = |id| planned(id, Class::Face, 0.3, HIDE);
        for (class, verdict) in [
            (Class::Face, HIDE),
            (Class::Face, Verdict::Reject),
            (Class::Vehicle, Verdict::Keep),
        ] {
            let plan = plan_of(vec![planned(1, class, 0.3, verdict), hide(2)]);
            assert_eq!(covered_tracks(&plan), []);
        }
        let kept = planned(1, Class::Face, 0.3, Verdict::Keep);
        let mut plan = plan_of(vec![kept]);
        assert_eq!(covered_tracks(&plan), []);
        plan.drawn = unapproved().drawn;
        plan.drawn[0] = MaskRegion::from_track(
            &planned(9, Class::Face, 0.3, HIDE).track,
            Effect::Fill,
            ReasonCode("privacy-face".into()),
        );
        assert_eq!(covered_tracks(&plan)[0].share, 1.0);
    }

    /// Goal: two masks that each hide a part count together, and each is named.
    #[test]
    fn masks_count_together() {
        let found = covered_tracks(&plan_of(vec![
            planned(1, Class::Face, 0.3, Verdict::Keep),
            planned(2, Class::Face, 0.35, HIDE),
            planned(4, Class::Face, 0.25, HIDE),
        ]));
        assert_eq!(found[0].masks, ["face-2", "face-4"]);
        assert_eq!(found[0].share, 1.0);
        assert!(found[0].text().contains("masks face-2, face-4 cover it in"));
    }

    /// Goal: only frames in which masks are there count.
    #[test]
    fn frames_without_a_mask_do_not_count() {
        let mut other = planned(2, Class::Face, 0.3, HIDE);
        let boxes: Vec<TrackBox> = other.track.boxes()[3..].to_vec();
        other.track = Track::new(TrackId(2), Class::Face, boxes).unwrap();
        let kept = planned(1, Class::Face, 0.3, Verdict::Keep);
        let found = covered_tracks(&plan_of(vec![kept, other]));
        assert_eq!((found[0].frames, found[0].worst), (2, FrameIndex::new(3)));
    }
}

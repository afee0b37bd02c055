//! Decisions of a review of the same file, applied to another scan of it.
//!
//! Two scans of a file may find different tracks. A decision is carried over to the track of the
//! same class that is at the same place at the same time; what has no such track starts undecided.

use std::collections::HashMap;

use redact_core::{Findings, SourceIdentity, Track as FoundTrack};

use super::document::{Decision, Document, FoundPart, Part, Track};

/// The least share of the frames of two tracks in which both are, for them to be the same object.
const SHARED_MIN: f32 = 0.5;

/// The least mean overlap (intersection over union) of their boxes in those frames.
const OVERLAP_MIN: f32 = 0.5;

/// Whether both describe the same pictures: one file, read in the same way.
pub(crate) fn is_same_recording(a: &SourceIdentity, b: &SourceIdentity) -> bool {
    a.digest == b.digest && a.frames == b.frames && a.info.settings() == b.info.settings()
}

/// The decisions of `document`, which is about the tracks of `from`, for those of `to`.
///
/// Every frame of every track of `to` is in a track of the result: in one with the decision of the
/// matching track, or in an undecided one. What stays visible by decision stays so only in frames
/// in which the earlier track was.
pub(crate) fn carry_over(document: Document, from: &Findings, to: &Findings) -> Document {
    let pairs = pairs(from, to);
    let mut carried = Carried::new(to);
    for track in document.tracks {
        carried.add(track, &pairs);
    }
    let tracks = carried.finish();
    // Words and proposals are known by their place in the transcript.
    let same_words = from.transcript == to.transcript;
    Document {
        tracks,
        words: if same_words {
            document.words
        } else {
            Vec::new()
        },
        checked_items: if same_words {
            document.checked_items
        } else {
            Vec::new()
        },
        ..document
    }
}

/// A track of the earlier scan with its match.
struct Pair<'a> {
    old: &'a FoundTrack,
    new: &'a FoundTrack,
}

/// The match of each track of `from`, by its id: best matches first, each track once.
fn pairs<'a>(from: &'a Findings, to: &'a Findings) -> HashMap<u32, Pair<'a>> {
    let mut likely: Vec<(f32, &FoundTrack, &FoundTrack)> = Vec::new();
    for old in &from.tracks {
        let alike = to.tracks.iter();
        likely.extend(alike.filter_map(|new| Some((likeness(old, new)?, old, new))));
    }
    likely.sort_by(|a, b| {
        let by = b.0.total_cmp(&a.0);
        by.then_with(|| (a.1.id().0, a.2.id().0).cmp(&(b.1.id().0, b.2.id().0)))
    });
    let mut pairs: HashMap<u32, Pair<'_>> = HashMap::new();
    let mut taken: Vec<u32> = Vec::new();
    for (_, old, new) in likely {
        if !pairs.contains_key(&old.id().0) && !taken.contains(&new.id().0) {
            taken.push(new.id().0);
            pairs.insert(old.id().0, Pair { old, new });
        }
    }
    pairs
}

/// First frame, and first frame after.
fn ends(track: &FoundTrack) -> (u32, u32) {
    (track.span().start().get(), track.span().end().get())
}

/// How alike two tracks are, from 0 to 1; `None` if they are not the same object.
#[expect(clippy::cast_precision_loss, reason = "shares of frames")]
fn likeness(a: &FoundTrack, b: &FoundTrack) -> Option<f32> {
    if a.class() != b.class() {
        return None;
    }
    let ((a_start, a_end), (b_start, b_end)) = (ends(a), ends(b));
    let (start, end) = (a_start.max(b_start), a_end.min(b_end));
    let together = end.checked_sub(start).filter(|&frames| frames > 0)?;
    let either = a_end.max(b_end) - a_start.min(b_start);
    let shared = together as f32 / either as f32;
    if shared < SHARED_MIN {
        return None;
    }
    let overlaps = (start..end).filter_map(|frame| overlap(a, b, frame));
    let mean = overlaps.sum::<f32>() / together as f32;
    (mean >= OVERLAP_MIN).then_some(shared * mean)
}

/// How far the boxes of two tracks overlap in a frame; `None` unless both have one.
fn overlap(a: &FoundTrack, b: &FoundTrack, frame: u32) -> Option<f32> {
    let of = |track: &FoundTrack| {
        let at = frame.checked_sub(ends(track).0)? as usize;
        track.boxes().get(at).map(|found| found.rect)
    };
    Some(of(a)?.iou(of(b)?))
}

/// The tracks that are carried over so far.
struct Carried<'a> {
    to: &'a Findings,
    /// With the id that they would have in a review without decisions, if that is free.
    tracks: Vec<(Option<u32>, Track)>,
    /// Frames of each found track that are in one of them.
    covered: HashMap<u32, Vec<(u32, u32)>>,
}

impl<'a> Carried<'a> {
    fn new(to: &'a Findings) -> Self {
        Self {
            to,
            tracks: Vec::new(),
            covered: HashMap::new(),
        }
    }

    /// Carries a track over, with those of its parts that have a match.
    fn add(&mut self, mut track: Track, pairs: &HashMap<u32, Pair<'_>>) {
        let hides = !matches!(
            track.decision,
            Some(Decision::Keep { .. } | Decision::Reject { .. })
        );
        let mut parts = Vec::with_capacity(track.parts.len());
        let (mut lacking, mut paths) = (false, false);
        for part in std::mem::take(&mut track.parts) {
            match part {
                Part::Path(path) => {
                    paths = true;
                    parts.push(Part::Path(path));
                }
                Part::Found(part) => {
                    let matched = parts_of(&part, pairs.get(&part.found), hides);
                    lacking |= matched.is_empty();
                    parts.extend(matched.into_iter().map(Part::Found));
                }
            }
        }
        let found = parts.iter().any(|part| matches!(part, Part::Found(_)));
        // Boxes that a person drew hide something, or wait for a decision, also where the model now
        // finds nothing.
        let drawn = paths && hides;
        if !found && !drawn {
            return;
        }
        if lacking && !hides {
            // The decision was about more than what is found now.
            track.decision = None;
        }
        let mut ids = Vec::new();
        for part in &parts {
            if let Part::Found(part) = part {
                ids.push(part.found);
                let spans = self.covered.entry(part.found).or_default();
                spans.push((part.start, part.end));
            }
        }
        ids.dedup();
        let own = match ids[..] {
            [only] if !paths => Some(only),
            _ => None,
        };
        self.tracks.push((own, Track { parts, ..track }));
    }

    /// All tracks, with undecided ones for everything that is not covered.
    fn finish(mut self) -> Vec<Track> {
        for found in &self.to.tracks {
            let id = found.id().0;
            let mut spans = self.covered.remove(&id).unwrap_or_default();
            for (start, end) in gaps(&mut spans, ends(found)) {
                let part = FoundPart {
                    found: id,
                    start,
                    end,
                };
                let undecided = Track {
                    id,
                    class: found.class().into(),
                    person: None,
                    parts: vec![Part::Found(part)],
                    margins: Vec::new(),
                    decision: None,
                };
                self.tracks.push((Some(id), undecided));
            }
        }
        let mut used: Vec<u32> = Vec::new();
        let mut next = self.to.tracks.iter().map(|found| found.id().0).max();
        let mut tracks: Vec<Track> = Vec::with_capacity(self.tracks.len());
        for (own, track) in self.tracks {
            let id = match own.filter(|id| !used.contains(id)) {
                Some(id) => id,
                None => next.unwrap_or(0).saturating_add(1),
            };
            next = next.max(Some(id));
            used.push(id);
            tracks.push(Track { id, ..track });
        }
        tracks.sort_by_key(|track| track.id);
        tracks
    }
}

/// The frames of `whole` that are in none of `spans`.
fn gaps(spans: &mut [(u32, u32)], (start, end): (u32, u32)) -> Vec<(u32, u32)> {
    spans.sort_unstable();
    let mut gaps = Vec::new();
    let mut from = start;
    for &mut (first, after) in spans {
        if first > from {
            gaps.push((from, first));
        }
        from = from.max(after);
    }
    if from < end {
        gaps.push((from, end));
    }
    gaps
}

/// A part of the earlier track as parts of its match. What hides the whole track hides the whole
/// match; what shows it shows no further frame, and no frame in which the match is elsewhere.
fn parts_of(part: &FoundPart, pair: Option<&Pair<'_>>, hides: bool) -> Vec<FoundPart> {
    let Some(pair) = pair else {
        return Vec::new();
    };
    let (old, new) = (ends(pair.old), ends(pair.new));
    let start = match hides && part.start == old.0 {
        true => new.0,
        false => part.start.max(new.0),
    };
    let end = match hides && part.end == old.1 {
        true => new.1,
        false => part.end.min(new.1),
    };
    let mut parts: Vec<FoundPart> = Vec::new();
    for frame in start..end {
        let alike = || overlap(pair.old, pair.new, frame).is_some_and(|iou| iou >= OVERLAP_MIN);
        if !hides && !alike() {
            continue;
        }
        match parts.last_mut() {
            Some(last) if last.end == frame => last.end = frame + 1,
            _ => parts.push(FoundPart {
                found: pair.new.id().0,
                start: frame,
                end: frame + 1,
            }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use redact_core::{BoxOrigin, Class, Damage, Digest, FrameIndex, NormRect, TrackBox, TrackId};
    use redact_testkit::{Scene, identity};
    use serde_json::json;

    use super::*;

    fn found(id: u32, class: Class, (start, end): (u32, u32), side: f32) -> FoundTrack {
        moving(id, class, (start, end), |_| side)
    }

    /// A track whose left side in a frame is `side`.
    fn moving(
        id: u32,
        class: Class,
        (start, end): (u32, u32),
        side: impl Fn(u32) -> f32,
    ) -> FoundTrack {
        let boxes = (start..end).map(|frame| TrackBox {
            frame: FrameIndex::new(frame),
            rect: NormRect::new([side(frame), 0.1, side(frame) + 0.2, 0.3]).unwrap(),
            score: 0.9,
            origin: BoxOrigin::Detected,
        });
        FoundTrack::new(TrackId(id), class, boxes.collect()).unwrap()
    }

    fn scan(tracks: Vec<FoundTrack>) -> Findings {
        Findings {
            source: identity(&Scene::new(64, 48, 40)),
            models: Vec::new(),
            missing: Vec::new(),
            tracks,
            speech: None,
            transcript: None,
            damage: Damage::default(),
        }
    }

    fn decided(findings: &Findings, verdicts: &[&str]) -> Document {
        let mut document = Document::undecided_tracks(findings);
        for (track, verdict) in document.tracks.iter_mut().zip(verdicts) {
            let mut made = json!({ "verdict": verdict, "reason": "privacy" });
            if *verdict == "redact" {
                made["effect"] = json!({ "kind": "fill" });
            }
            track.decision = Some(serde_json::from_value(made).unwrap());
        }
        document
    }

    /// Id, found track, span and whether it is decided, of each track.
    fn shown(document: &Document) -> Vec<(u32, u32, (u32, u32), bool)> {
        let of = |track: &Track| match &track.parts[0] {
            Part::Found(part) => (
                track.id,
                part.found,
                (part.start, part.end),
                track.decision.is_some(),
            ),
            Part::Path(_) => unreachable!(),
        };
        document.tracks.iter().map(of).collect()
    }

    /// Goal: a decision goes to the track of the same class at the same place at the same time.
    /// Controls: another class, another place and another time start undecided.
    #[test]
    fn decisions_go_to_the_same_object() {
        let from = scan(vec![
            found(1, Class::Face, (0, 20), 0.1),
            found(2, Class::Face, (0, 20), 0.5),
            found(3, Class::Plate, (5, 10), 0.3),
        ]);
        let document = decided(&from, &["redact", "keep", "redact"]);
        let to = scan(vec![
            found(1, Class::Face, (0, 20), 0.52),
            found(2, Class::Face, (0, 21), 0.11),
            found(3, Class::Screen, (5, 10), 0.3),
            found(4, Class::Plate, (20, 25), 0.3),
            found(5, Class::Plate, (5, 10), 0.6),
        ]);
        let carried = carry_over(document, &from, &to);
        assert_eq!(
            shown(&carried),
            [
                (1, 1, (0, 20), true),
                (2, 2, (0, 21), true),
                (3, 3, (5, 10), false),
                (4, 4, (20, 25), false),
                (5, 5, (5, 10), false),
            ]
        );
        assert!(matches!(
            carried.tracks[0].decision,
            Some(Decision::Keep { .. })
        ));
        carried.check().unwrap();
    }

    /// Goal: what is kept visible is not shown in a frame in which nobody saw it; those frames are
    /// undecided. Control: what is hidden is hidden in them, too.
    #[test]
    fn what_is_kept_is_shown_in_no_further_frame() {
        let from = scan(vec![found(7, Class::Face, (5, 20), 0.1)]);
        let to = scan(vec![found(1, Class::Face, (2, 22), 0.1)]);
        let kept = carry_over(decided(&from, &["keep"]), &from, &to);
        let expected = [
            (1, 1, (5, 20), true),
            (2, 1, (2, 5), false),
            (3, 1, (20, 22), false),
        ];
        assert_eq!(shown(&kept), expected);
        kept.check().unwrap();
        let hidden = carry_over(decided(&from, &["redact"]), &from, &to);
        assert_eq!(shown(&hidden), [(1, 1, (2, 22), true)]);
    }

    /// Goal: what is kept visible is not shown where the track of the other scan is on something
    /// else; those frames are undecided. Control: what is hidden is hidden there, too.
    #[test]
    fn what_is_kept_is_not_shown_where_the_match_is_elsewhere() {
        let from = scan(vec![found(1, Class::Face, (0, 20), 0.1)]);
        let strays = |frame| if (8..12).contains(&frame) { 0.6 } else { 0.1 };
        let to = scan(vec![moving(1, Class::Face, (0, 20), strays)]);
        let kept = carry_over(decided(&from, &["keep"]), &from, &to);
        let parts = |track: &Track| -> Vec<(u32, u32)> {
            let of = |part: &Part| match part {
                Part::Found(part) => (part.start, part.end),
                Part::Path(_) => unreachable!(),
            };
            track.parts.iter().map(of).collect()
        };
        let decided_parts: Vec<_> = kept
            .tracks
            .iter()
            .filter(|t| t.decision.is_some())
            .collect();
        let open: Vec<_> = kept
            .tracks
            .iter()
            .filter(|t| t.decision.is_none())
            .collect();
        assert_eq!(decided_parts.len(), 1);
        assert_eq!(parts(decided_parts[0]), [(0, 8), (12, 20)]);
        assert_eq!(open.len(), 1);
        assert_eq!(parts(open[0]), [(8, 12)]);
        kept.check().unwrap();
        let hidden = carry_over(decided(&from, &["redact"]), &from, &to);
        assert_eq!(shown(&hidden), [(1, 1, (0, 20), true)]);
    }

    /// Goal: boxes that a person drew for a hidden track stay; a kept track of which a part is no
    /// longer found is undecided.
    #[test]
    fn drawn_boxes_stay_and_partial_matches_are_undecided() {
        let from = scan(vec![
            found(1, Class::Face, (0, 10), 0.1),
            found(2, Class::Face, (12, 20), 0.1),
        ]);
        let mut document = decided(&from, &["redact", "redact"]);
        let second = document.tracks.remove(1);
        document.tracks[0].parts.extend(second.parts);
        let path = json!({ "path": [[30, 0.1, 0.1, 0.2, 0.2]], "start": 30, "end": 35 });
        let path: Part = serde_json::from_value(path).unwrap();
        document.tracks[0].parts.push(path.clone());
        let to = scan(vec![found(1, Class::Face, (0, 10), 0.1)]);
        let carried = carry_over(document.clone(), &from, &to);
        assert_eq!(carried.tracks.len(), 1);
        assert_eq!(carried.tracks[0].parts.len(), 2);
        assert_eq!(carried.tracks[0].parts[1], path);
        assert!(carried.tracks[0].decision.is_some());
        let nothing = carry_over(document.clone(), &from, &scan(Vec::new()));
        assert_eq!(nothing.tracks[0].parts, [path]);
        let keep = json!({ "verdict": "keep", "reason": "privacy" });
        document.tracks[0].decision = Some(serde_json::from_value(keep).unwrap());
        let carried = carry_over(document, &from, &to);
        assert!(carried.tracks.iter().all(|track| track.decision.is_none()));
        carried.check().unwrap();
    }

    /// Goal: another file, or the same file read differently, is not the same recording.
    #[test]
    fn only_the_same_pictures_are_the_same_recording() {
        let one = identity(&Scene::new(64, 48, 40));
        assert!(is_same_recording(&one, &one.clone()));
        let mut other = one.clone();
        other.digest = Digest([8; 32]);
        assert!(!is_same_recording(&one, &other));
        let mut other = one.clone();
        other.info.video.stream += 1;
        assert!(!is_same_recording(&one, &other));
    }
}

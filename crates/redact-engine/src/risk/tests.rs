use super::*;

const SIZE: PixelSize = match PixelSize::new(1280, 720) {
    Some(size) => size,
    None => unreachable!(),
};

fn track(id: u32, first: u32, boxes: &[(BoxOrigin, f32, f32)]) -> Track {
    let boxes = (first..)
        .zip(boxes)
        .map(|(frame, &(origin, x, score))| TrackBox {
            frame: FrameIndex::new(frame),
            rect: NormRect::new([x, 0.4, x + 0.1, 0.5]).unwrap(),
            score,
            origin,
        });
    Track::new(TrackId(id), Class::Face, boxes.collect()).unwrap()
}

fn listed(spans: &[WeakSpan]) -> Vec<(Weakness, u32, u32)> {
    let frames = |m: &WeakSpan| (m.weakness, m.frames.start().get(), m.frames.end().get());
    spans.iter().map(frames).collect()
}

use BoxOrigin::{Detected, Extended, Interpolated};

/// Goal: each weakness is reported with its frames. Method: a track with one of each.
#[test]
fn a_track_tells_all_its_weak_moments() {
    let mut boxes = vec![(Extended, 0.5, 0.9), (Detected, 0.5, 0.9)];
    boxes.extend([(Interpolated, 0.5, 0.9); 10]);
    boxes.extend([(Detected, 0.5, 0.2), (Detected, 0.895, 0.9)]);
    boxes.push((Detected, 0.5, 0.9));
    let spans = weak_spans(&track(1, 5, &boxes), 100);
    assert_eq!(
        listed(&spans),
        [
            (Weakness::Entry, 5, 7),
            (Weakness::Unseen, 7, 17),
            (Weakness::LowScore, 17, 18),
            (Weakness::NearEdge, 18, 19),
            (Weakness::Exit, 19, 20),
        ]
    );
}

/// Goal: what identifies a person comes before a vehicle that may show no plate.
#[test]
fn vehicles_come_after_the_same_moments_of_faces() {
    let boxes = [(Extended, 0.5, 0.9), (Detected, 0.5, 0.9)];
    let face = track(2, 5, &boxes);
    let vehicle = Track::new(TrackId(1), Class::Vehicle, face.boxes().to_vec()).unwrap();
    let listed = review_priority(&[vehicle, face], 100, SIZE);
    let classes: Vec<Class> = listed.iter().map(|weak| weak.class).collect();
    assert_eq!(classes, [Class::Face, Class::Vehicle]);
}

#[test]
fn a_sure_track_over_the_whole_recording_has_none() {
    let boxes = [
        (Detected, 0.5, 0.9),
        (Interpolated, 0.5, 0.9),
        (Detected, 0.5, 0.9),
    ];
    assert_eq!(weak_spans(&track(1, 0, &boxes), 3), []);
    assert_ne!(weak_spans(&track(1, 0, &boxes), 4), []);
    assert_ne!(weak_spans(&track(1, 1, &boxes), 4), []);
}

/// Goal: there are never more entries than tracks, whatever weaknesses a track has, and the frame
/// to show is in or beside the track. Control: the first track alone has five weak spans.
#[test]
fn each_track_has_at_most_one_entry() {
    let mut boxes = vec![(Extended, 0.5, 0.9), (Detected, 0.5, 0.9)];
    boxes.extend([(Interpolated, 0.5, 0.9); 10]);
    boxes.extend([(Detected, 0.5, 0.2), (Detected, 0.895, 0.9)]);
    boxes.push((Detected, 0.5, 0.9));
    let tracks: Vec<Track> = (1..=6).map(|id| track(id, 5 * id, &boxes)).collect();
    assert!(weak_spans(&tracks[0], 100).len() >= 5);
    let listed = review_priority(&tracks, 100, SIZE);
    let mut ids: Vec<u32> = listed.iter().map(|weak| weak.track.0).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    for weak in &listed {
        assert_eq!(weak.weaknesses.len(), 5);
        assert_eq!(weak.weaknesses[0], weak.worst.weakness);
        let span = tracks[weak.track.0 as usize - 1].span();
        let frames = span.start().get() - 1..=span.end().get();
        assert!(frames.contains(&weak.worst.worst.get()), "{weak:?}");
    }
}

/// Goal: a track with several weaknesses comes before one with the worst of them alone, and stays
/// within 1.
#[test]
fn weaknesses_add_up() {
    let gap = |score| {
        let mut boxes = vec![(Detected, 0.5, score)];
        boxes.extend([(Interpolated, 0.5, score); 40]);
        boxes.push((Detected, 0.5, score));
        boxes
    };
    let frames = 42;
    let listed = review_priority(
        &[track(1, 0, &gap(0.9)), track(2, 0, &gap(0.3))],
        frames,
        SIZE,
    );
    assert_eq!(listed[0].track, TrackId(2));
    assert_eq!(listed[0].weaknesses, [Weakness::Unseen, Weakness::LowScore]);
    assert_eq!(listed[1].weaknesses, [Weakness::Unseen]);
    assert!(listed[1].risk < listed[0].risk && listed[0].risk <= 1.0);
}

/// Goal: of two tracks with the same weakness, the one in which a person can be recognized comes
/// first. Control: in a larger picture both can be, and the earlier one comes first.
#[test]
fn what_is_too_small_to_recognize_comes_later() {
    let small = NormRect::new([0.5, 0.5, 0.51, 0.51]).unwrap();
    let large = track(2, 5, &[(Extended, 0.5, 0.9), (Detected, 0.5, 0.9)]);
    let boxes = large.boxes().iter().map(|b| TrackBox { rect: small, ..*b });
    let tiny = Track::new(TrackId(1), Class::Face, boxes.collect()).unwrap();
    let first = |size| review_priority(&[tiny.clone(), large.clone()], 100, size)[0].track;
    assert_eq!(first(SIZE), TrackId(2));
    assert_eq!(first(PixelSize::new(8000, 6000).unwrap()), TrackId(1));
}

/// Goal: the frame to show is the one in which nothing is hidden: before a track that begins, or
/// after one that ends, inside the picture.
#[test]
fn the_worst_frame_of_an_end_lies_beyond_it() {
    let boxes = [(Detected, 0.5, 0.9), (Detected, 0.5, 0.9)];
    let worst = |first, frames| {
        let listed = review_priority(&[track(1, first, &boxes)], frames, SIZE);
        (listed[0].worst.weakness, listed[0].worst.worst.get())
    };
    assert_eq!(worst(5, 7), (Weakness::Entry, 4));
    assert_eq!(worst(0, 7), (Weakness::Exit, 2));
}

#[test]
fn the_riskiest_moment_comes_first() {
    let mut gap = vec![(Detected, 0.5, 0.9)];
    gap.extend([(Interpolated, 0.5, 0.9); 98]);
    gap.push((Detected, 0.5, 0.9));
    let doubtful = [(Detected, 0.5, 0.4); 100];
    let tracks = [track(1, 0, &doubtful), track(2, 0, &gap)];
    let first = review_priority(&tracks, 100, SIZE);
    assert_eq!(first.len(), 2);
    assert_eq!(
        (first[0].track, first[0].worst.weakness),
        (TrackId(2), Weakness::Unseen)
    );
    assert!(first[0].risk > first[1].risk && first[0].risk <= 1.0);
}

/// Goal: a track of nothing but guesses is no reason to panic.
#[test]
fn a_track_that_was_never_seen_is_weak() {
    let spans = weak_spans(&track(1, 3, &[(Extended, 0.5, f32::NAN); 3]), 9);
    assert!(spans.iter().all(|m| (0.0..=1.0).contains(&m.risk)));
    assert!(!spans.is_empty());
}

/// Goal: a box that shrinks within a second is listed, with the frame in which it is smallest.
/// Control: the same change over several seconds is a person who walks away.
#[test]
fn a_box_that_changes_its_size_soon_is_weak() {
    let shrinking = |frames: u32| {
        let boxes = (0..frames).map(|frame| {
            let side = 0.3 - 0.2 * frame as f32 / (frames - 1) as f32;
            TrackBox {
                frame: FrameIndex::new(frame),
                rect: NormRect::new([0.3, 0.3, 0.3 + side, 0.3 + side]).unwrap(),
                score: 0.9,
                origin: Detected,
            }
        });
        let track = Track::new(TrackId(1), Class::Face, boxes.collect()).unwrap();
        weak_spans(&track, frames)
    };
    let soon = shrinking(20);
    assert_eq!(listed(&soon), [(Weakness::Unsteady, 0, 20)]);
    assert_eq!(soon[0].worst, FrameIndex::new(19));
    assert_eq!(shrinking(300), []);
}

/// Goal: the list to check first says in plain words what a reviewer will see.
#[test]
fn weaknesses_are_told_in_plain_words() {
    for (weakness, text) in [
        (Weakness::Entry, "appears in the middle of the picture"),
        (Weakness::Exit, "disappears in the middle of the picture"),
        (Weakness::Unseen, "not detected; its place was estimated"),
        (Weakness::LowScore, "weakly detected"),
    ] {
        assert_eq!(weakness.text(), text);
    }
}

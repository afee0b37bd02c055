//! A hand-made recording with every rule in it, against the figures of the reference script that
//! the definitions come from (numpy, every pixel painted).

use redact_core::NormRect;

use super::*;

/// Sides that are powers of two: fractions of them are exact, so masks are placed to the pixel.
const SIZE: PixelSize = match PixelSize::new(128, 64) {
    Some(size) => size,
    None => unreachable!(),
};

fn truth(class: Class, track: &str, sides: [f64; 4], visibility: &'static str) -> TruthBox {
    TruthBox {
        class,
        track: track.to_owned(),
        sides,
        visibility,
        ignore: false,
    }
}

fn mask(class: Option<Class>, track: u32, [x, y, width, height]: [f32; 4]) -> Mask {
    let sides = [
        x / 128.0,
        y / 64.0,
        (x + width) / 128.0,
        (y + height) / 64.0,
    ];
    let rect = PixelRect::covering(NormRect::new(sides).unwrap(), SIZE);
    Mask {
        class,
        track: class.map(|_| TrackId(track)),
        rect,
    }
}

/// Six frames: a face hidden by two masks together, by one that is too small, by one of another
/// class, and not at all; a tiny face that is undecided in one frame; a plate under a mask that is
/// much too large; a screen hidden by hand.
fn recording() -> (Truth, Vec<Vec<Mask>>) {
    use Class::{Face, Plate, Screen};
    let one = truth(Face, "1", [10.0, 10.0, 20.0, 20.0], "clear");
    let two = truth(Face, "2", [50.4, 30.3, 11.0, 11.9], "tiny");
    let undecided = TruthBox {
        ignore: true,
        ..two.clone()
    };
    let plate = truth(Plate, "7", [70.2, 40.0, 25.0, 14.0], "blurred");
    let screen = truth(Screen, "3", [0.0, 0.0, 40.0, 64.0], "clear");
    let frames = vec![
        vec![one.clone(), two.clone(), screen.clone()],
        vec![one.clone(), two, screen],
        vec![one.clone(), undecided, plate.clone()],
        vec![plate.clone()],
        vec![one.clone(), plate],
        vec![one],
    ];
    let masks = vec![
        vec![
            mask(Some(Face), 1, [10.0, 10.0, 10.0, 20.0]),
            mask(Some(Face), 2, [20.0, 10.0, 10.0, 20.0]),
            mask(Some(Face), 3, [50.0, 30.0, 12.0, 14.0]),
            mask(None, 0, [0.0, 0.0, 40.0, 64.0]),
        ],
        vec![mask(Some(Face), 3, [50.0, 30.0, 12.0, 14.0])],
        vec![
            mask(Some(Face), 4, [10.0, 10.0, 20.0, 18.0]),
            mask(Some(Face), 3, [40.0, 20.0, 30.0, 30.0]),
            mask(Some(Plate), 5, [70.0, 40.0, 26.0, 14.0]),
        ],
        vec![mask(Some(Plate), 5, [60.0, 30.0, 50.0, 34.0])],
        vec![],
        vec![mask(Some(Plate), 5, [8.0, 8.0, 24.0, 24.0])],
    ];
    (Truth { size: SIZE, frames }, masks)
}

fn count(boxes: u64, hidden: u64) -> Count {
    Count { boxes, hidden }
}

fn scored() -> ClipScore {
    let (truth, masks) = recording();
    score_clip(&truth, &masks).unwrap()
}

#[test]
fn faces_agree_with_the_reference() {
    let score = scored();
    let face = &score.classes[Class::Face as usize];
    assert_eq!(face.all, count(7, 4));
    assert_eq!(face.hidden_same, 3);
    assert_eq!(face.found, 5);
    assert_eq!(
        (face.tracks, face.leaked.as_slice()),
        (2, ["1".to_owned()].as_slice())
    );
    let longest = LongestRun {
        track: "1".into(),
        first: 1,
        frames: 2,
    };
    assert_eq!(face.longest_run, Some(longest));
    assert_eq!(
        face.by_height,
        [
            count(2, 2),
            count(0, 0),
            count(5, 2),
            count(0, 0),
            count(0, 0)
        ]
    );
    assert_eq!(face.by_visibility[&"clear"], count(5, 2));
    assert_eq!(face.by_visibility[&"tiny"], count(2, 2));
}

#[test]
fn plates_and_screens_agree_with_the_reference() {
    let score = scored();
    let plate = &score.classes[Class::Plate as usize];
    assert_eq!((plate.all, plate.tracks), (count(3, 2), 1));
    assert_eq!(plate.by_height[1], count(3, 2));
    assert_eq!(plate.leaked, ["7"]);
    let screen = &score.classes[Class::Screen as usize];
    assert_eq!((screen.all, screen.hidden_same), (count(2, 1), 0));
    // 64 pixels belong to the band that starts there.
    assert_eq!(screen.by_height[4], count(2, 1));
}

#[test]
fn over_mask_agrees_with_the_reference() {
    let over = scored().over;
    let expected = OverMask {
        outside: 36_929,
        masked: 1451,
        by_class: [528, 923, 0, 0],
    };
    assert_eq!(over, expected);
}

/// Goal: an undecided box excuses the mask on it. Negative control: without it, the mask counts.
#[test]
fn an_ignored_box_excuses_its_mask_and_nothing_else() {
    let (mut truth, masks) = recording();
    let before = score_clip(&truth, &masks).unwrap();
    truth.frames[2].retain(|truth| !truth.ignore);
    let after = score_clip(&truth, &masks).unwrap();
    assert_eq!(before.classes, after.classes);
    assert!(before.over.masked < after.over.masked);
}

#[test]
fn a_face_under_three_tracks_in_turn_counts_them() {
    let face = &scored().classes[Class::Face as usize];
    // The first face: of two halves in frame 0 the earlier one, and another in frame 2.
    assert_eq!((face.followed, face.following), (2, 3));
    assert_eq!(face.tracks_per_truth_track(), Some(1.5));
}

#[test]
fn the_worst_list_shows_each_leak_before_any_leak_twice() {
    let score = scored();
    let worst: Vec<(u32, &str)> = score
        .worst(4)
        .into_iter()
        .map(|exposure| (exposure.frame, exposure.truth.track.as_str()))
        .collect();
    assert_eq!(worst, [(1, "3"), (1, "1"), (4, "7"), (4, "1")]);
}

#[test]
fn a_run_ends_where_the_thing_is_away() {
    let face = truth(Class::Face, "1", [10.0, 10.0, 20.0, 20.0], "clear");
    let frames = vec![vec![face.clone()], vec![], vec![face.clone()], vec![face]];
    let score = score_clip(&Truth { size: SIZE, frames }, &vec![vec![]; 4]).unwrap();
    let longest = score.classes[Class::Face as usize]
        .longest_run
        .clone()
        .unwrap();
    assert_eq!((longest.first, longest.frames), (2, 2));
}

#[test]
fn findings_of_another_length_are_refused() {
    let (truth, mut masks) = recording();
    masks.pop();
    let refused = score_clip(&truth, &masks).unwrap_err();
    assert_eq!(refused, ScoreError::FrameCount { truth: 6, found: 5 });
}

mod images {
    use redact_core::Detection;

    use super::*;
    use crate::TrackerOptions;

    fn seen(class: Class, [x, y, width, height]: [f32; 4], score: f32) -> Detection {
        let sides = [
            x / 128.0,
            y / 64.0,
            (x + width) / 128.0,
            (y + height) / 64.0,
        ];
        Detection {
            class,
            rect: NormRect::new(sides).unwrap(),
            score,
        }
    }

    /// Goal: found, covered and false are told apart. Method: one detection of each kind.
    #[test]
    fn a_box_can_be_found_and_still_not_be_covered() {
        let options = TrackerOptions::default();
        let found = truth(Class::Plate, "", [20.0, 20.0, 40.0, 16.0], "clear");
        let boxes = [
            found.clone(),
            truth(Class::Plate, "", [80.0, 10.0, 20.0, 8.0], "clear"),
            TruthBox {
                ignore: true,
                ..truth(Class::Plate, "", [0.0, 0.0, 20.0, 10.0], "clear")
            },
        ];
        let detections = [
            seen(Class::Plate, [20.0, 20.0, 22.0, 16.0], 0.9),
            // Weaker than what starts a track: as if it was not there.
            seen(
                Class::Plate,
                [80.0, 10.0, 20.0, 8.0],
                options.plate.high_score - 0.01,
            ),
            seen(Class::Plate, [2.0, 2.0, 8.0, 4.0], 0.9),
            // Two opinions about one wrong place.
            seen(Class::Plate, [100.0, 40.0, 20.0, 10.0], 0.9),
            seen(Class::Plate, [101.0, 40.0, 20.0, 10.0], 0.8),
        ];
        let mut tally = ImageTally::default();
        let bare = tally.add(SIZE, &boxes, &detections, &options);
        let plate = &tally.classes[Class::Plate as usize];
        assert_eq!((plate.found, plate.covered), (count(2, 1), count(2, 0)));
        assert_eq!(plate.false_alarms, 1);
        assert_eq!(plate.found_by_height[2], count(1, 1));
        assert_eq!(bare.len(), 2);
        assert_eq!(bare[0].truth, found);
        assert_eq!((bare[1].cover, bare[1].bare), (0.0, 160));
    }

    #[test]
    fn the_margin_of_a_mask_helps_to_cover_and_not_to_find() {
        let mut options = TrackerOptions::default();
        let boxes = [truth(Class::Face, "", [40.0, 20.0, 20.0, 20.0], "clear")];
        let detections = [seen(Class::Face, [42.0, 22.0, 16.0, 16.0], 0.9)];
        let mut with = ImageTally::default();
        with.add(SIZE, &boxes, &detections, &options);
        options.face.x_margin = 0.0;
        options.face.y_margin = 0.0;
        let mut without = ImageTally::default();
        without.add(SIZE, &boxes, &detections, &options);
        let face = |tally: &ImageTally| tally.classes[Class::Face as usize].clone();
        assert_eq!(
            (face(&with).found, face(&without).found),
            (count(1, 1), count(1, 1))
        );
        assert_eq!(
            (face(&with).covered, face(&without).covered),
            (count(1, 1), count(1, 0))
        );
    }
}

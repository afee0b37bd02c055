use redact_core::{BoxOrigin, NormRect, TrackId};

use super::*;

const FRAME_NANOS: i64 = 33_333_333;

fn rect(x: f32, y: f32, side: f32) -> NormRect {
    NormRect::clipped([x, y, x + side, y + side]).unwrap()
}

fn face(rect: NormRect, score: f32) -> Detection {
    Detection {
        class: Class::Face,
        rect,
        score,
    }
}

/// Options whose margins are nothing, so that boxes can be compared with sightings, and under
/// which size and evidence do not count.
fn bare() -> TrackerOptions {
    let mut options = TrackerOptions::default();
    options.face.large_from = f32::INFINITY;
    options.face.full_evidence = 0.0;
    options.face.x_margin = 0.0;
    options.face.y_margin = 0.0;
    options
}

/// Observations by the only detector that runs.
fn observed_alone(detections: Vec<Detection>) -> Vec<Observation> {
    detections.into_iter().map(Observation::from).collect()
}

/// When `frame` is shown.
fn moment(frame: u32) -> Moment {
    Moment {
        frame: FrameIndex::new(frame),
        nanos: i64::from(frame) * FRAME_NANOS,
    }
}

/// Follows `frames` frames; `see` says what is seen in each, `motion` how the camera moves.
fn follow(
    options: &TrackerOptions,
    frames: u32,
    motion: impl Fn(u32) -> Motion,
    see: impl Fn(u32) -> Vec<Detection>,
) -> Vec<Track> {
    let mut tracker = Tracker::new(options.clone());
    for frame in 0..frames {
        tracker.update(&FrameObservations {
            moment: moment(frame),
            motion: motion(frame),
            observations: Some(&observed_alone(see(frame))),
        });
    }
    tracker.finish()
}

fn still(_: u32) -> Motion {
    Motion::Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
}

fn box_at(track: &Track, frame: u32) -> redact_core::TrackBox {
    let frame = FrameIndex::new(frame);
    *track.boxes().iter().find(|b| b.frame == frame).unwrap()
}

/// The share of `truth` that the tracks cover in `frame`, by the best single box.
fn covered(tracks: &[Track], frame: u32, truth: NormRect) -> f32 {
    let boxes = tracks.iter().flat_map(Track::boxes);
    boxes
        .filter(|b| b.frame.get() == frame)
        .filter_map(|b| b.rect.intersection(truth))
        .map(|common| common.area() / truth.area())
        .fold(0.0, f32::max)
}

#[test]
fn a_moving_thing_is_one_track_from_before_its_first_to_after_its_last_sighting() {
    let at = |frame: u32| rect(0.2 + 0.005 * frame as f32, 0.4, 0.1);
    let tracks = follow(&bare(), 100, still, |frame| {
        if (40..60).contains(&frame) {
            vec![face(at(frame), 0.9)]
        } else {
            Vec::new()
        }
    });
    assert_eq!(tracks.len(), 1);
    let track = &tracks[0];
    assert_eq!((track.id(), track.detected()), (TrackId(1), 20));
    // One second on both sides, away from the edges.
    assert_eq!(
        (track.span().start().get(), track.span().end().get()),
        (10, 90)
    );
    for frame in 32..68 {
        assert!(covered(&tracks, frame, at(frame)) > 0.95, "frame {frame}");
    }
    assert_eq!(box_at(track, 39).origin, BoxOrigin::Extended);
}

#[test]
fn a_gap_is_filled_along_the_way() {
    let at = |frame: u32| rect(0.2 + 0.004 * frame as f32, 0.4, 0.1);
    let tracks = follow(&bare(), 60, still, |frame| {
        if (20..45).contains(&frame) {
            Vec::new()
        } else {
            vec![face(at(frame), 0.9)]
        }
    });
    assert_eq!(tracks.len(), 1);
    assert_eq!(tracks[0].longest_gap(), 25);
    for frame in 0..60 {
        assert!(covered(&tracks, frame, at(frame)) > 0.99, "frame {frame}");
    }
}

/// Goal: a pan during a gap does not leave the thing bare. Method: the camera jerks by half a
/// picture while nothing is seen; only the motion says where the thing is meanwhile.
#[test]
fn a_gap_follows_the_camera() {
    let pan = |frame: u32| {
        if (20..30).contains(&frame) {
            0.04_f32
        } else {
            0.0
        }
    };
    let shift = |frame: u32| (0..=frame).map(pan).sum::<f32>();
    let at = |frame: u32| rect(0.1 + shift(frame), 0.4, 0.06);
    let motion = |frame: u32| Motion::Affine([1.0, 0.0, pan(frame), 0.0, 1.0, 0.0]);
    let tracks = follow(&bare(), 60, motion, |frame| {
        if (18..40).contains(&frame) {
            Vec::new()
        } else {
            vec![face(at(frame), 0.9)]
        }
    });
    assert_eq!(tracks.len(), 1);
    for frame in 0..60 {
        assert!(covered(&tracks, frame, at(frame)) > 0.99, "frame {frame}");
    }
}

#[test]
fn nothing_is_carried_across_a_cut() {
    let motion = |frame: u32| {
        if frame == 30 {
            Motion::Cut
        } else {
            still(frame)
        }
    };
    let tracks = follow(&bare(), 60, motion, |frame| {
        if (20..40).contains(&frame) {
            vec![face(rect(0.4, 0.4, 0.1), 0.9)]
        } else {
            Vec::new()
        }
    });
    assert_eq!(tracks.len(), 2);
    assert_eq!(tracks[0].span().end().get(), 30);
    assert_eq!(tracks[1].span().start().get(), 30);
}

#[test]
fn a_single_sure_sighting_is_a_short_track_and_a_single_weak_one_is_none() {
    let once = |score| {
        follow(&bare(), 60, still, move |frame| {
            if frame == 30 {
                vec![face(rect(0.4, 0.4, 0.1), score)]
            } else {
                Vec::new()
            }
        })
    };
    let sure = once(0.8);
    assert_eq!(sure.len(), 1);
    assert!(sure[0].span().frames() > 50);
    assert_eq!(once(0.3), []);
}

#[test]
fn doubtful_sightings_are_a_track_when_they_add_up() {
    let seen = |times: u32, score| {
        let tracks = follow(&bare(), 60, still, |frame| {
            if frame >= 30 && frame < 30 + 3 * times && frame.is_multiple_of(3) {
                vec![face(rect(0.4, 0.4, 0.1), score)]
            } else {
                Vec::new()
            }
        });
        tracks.iter().map(Track::detected).sum::<usize>()
    };
    assert_eq!((seen(1, 0.5), seen(2, 0.5)), (0, 2));
    assert_eq!((seen(2, 0.3), seen(3, 0.3)), (0, 3));
}

#[test]
fn a_track_begins_with_its_first_weak_sighting() {
    let tracks = follow(&bare(), 60, still, |frame| match frame {
        30..35 => vec![face(rect(0.4, 0.4, 0.1), 0.3)],
        35..40 => vec![face(rect(0.4, 0.4, 0.1), 0.9)],
        _ => Vec::new(),
    });
    assert_eq!(tracks.len(), 1);
    assert_eq!(box_at(&tracks[0], 30).origin, BoxOrigin::Detected);
    assert_eq!(tracks[0].detected(), 10);
}

#[test]
fn things_that_pass_each_other_stay_two() {
    let tracks = follow(&bare(), 60, still, |frame| {
        let at = 0.012 * frame as f32;
        vec![
            face(rect(0.1 + at, 0.3, 0.1), 0.9),
            face(rect(0.8 - at, 0.38, 0.1), 0.9),
        ]
    });
    assert_eq!(tracks.len(), 2);
    assert!(tracks.iter().all(|track| track.detected() == 60));
}

#[test]
fn classes_do_not_mix() {
    let tracks = follow(&bare(), 10, still, |_| {
        let plate = Detection {
            class: Class::Plate,
            ..face(rect(0.4, 0.4, 0.1), 0.9)
        };
        vec![face(rect(0.4, 0.4, 0.1), 0.9), plate]
    });
    let mut classes: Vec<Class> = tracks.iter().map(Track::class).collect();
    classes.sort_unstable();
    assert_eq!(classes, [Class::Face, Class::Plate]);
}

#[test]
fn boxes_have_their_classes_margin_and_more_where_nothing_was_seen() {
    let seen = rect(0.4, 0.4, 0.1);
    let mut options = TrackerOptions::default();
    options.face.full_evidence = 0.0;
    let tracks = follow(&options, 60, still, |frame| {
        if frame == 30 {
            vec![face(seen, 0.9)]
        } else {
            Vec::new()
        }
    });
    let at_sighting = box_at(&tracks[0], 30).rect;
    assert!((at_sighting.width() - 0.14).abs() < 1e-3);
    assert!((at_sighting.height() - 0.148).abs() < 1e-3);
    assert!(box_at(&tracks[0], 45).rect.width() > at_sighting.width() + 0.01);
}

#[test]
fn a_thing_at_the_edge_is_followed_for_a_shorter_time() {
    let tracks = follow(&bare(), 100, still, |frame| {
        if frame == 50 {
            vec![face(rect(0.0, 0.4, 0.1), 0.9)]
        } else {
            Vec::new()
        }
    });
    assert_eq!(tracks[0].span().frames(), 1 + 2 * 15);
}

#[test]
fn a_recording_of_one_frame_has_its_track() {
    let tracks = follow(
        &bare(),
        1,
        |_| Motion::Unknown,
        |_| vec![face(rect(0.4, 0.4, 0.1), 0.9)],
    );
    assert_eq!(tracks.len(), 1);
    assert_eq!(tracks[0].boxes().len(), 1);
    assert_eq!(follow(&bare(), 0, still, |_| Vec::new()), []);
}

#[test]
fn a_score_that_is_not_a_number_is_nothing() {
    let tracks = follow(&bare(), 5, still, |_| {
        vec![face(rect(0.4, 0.4, 0.1), f32::NAN)]
    });
    assert_eq!(tracks, []);
}

/// Goal: a frame of noise does not make the rest slow. Method: a thousand faces per frame, each
/// frame elsewhere, so that none meets its own again.
#[test]
fn a_thousand_faces_in_a_frame_take_bounded_time() {
    let started = std::time::Instant::now();
    let tracks = follow(&bare(), 30, still, |frame| {
        let mut state = frame.wrapping_mul(0x9e37_79b9) | 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1_u32 << 24) as f32
        };
        (0..1000)
            .map(|_| face(rect(next() * 0.97, next() * 0.97, 0.02), 0.9))
            .collect()
    });
    assert!(tracks.len() > 100);
    let seconds = started.elapsed().as_secs_f64();
    assert!(seconds < 60.0, "took {seconds} s");
}

/// Goal: same input, same output, and ids in the order of appearance.
#[test]
fn the_same_sightings_make_the_same_tracks() {
    let run = || {
        follow(&TrackerOptions::default(), 40, still, |frame| {
            (0..12_u32)
                .filter(|thing| (frame * 7 + thing * 5) % 11 > 3)
                .map(|thing| {
                    let x = 0.05 + 0.07 * thing as f32 + 0.002 * frame as f32;
                    face(rect(x.min(0.9), 0.2 + 0.03 * (thing % 4) as f32, 0.05), 0.6)
                })
                .collect()
        })
    };
    let tracks = run();
    assert_eq!(tracks, run());
    assert!(tracks.windows(2).all(
        |pair| pair[0].id() < pair[1].id() && pair[0].span().start() <= pair[1].span().start()
    ));
}

/// Tracks one face that is detected in each frame with `score`, beside `peers_run` other detectors
/// of which one agrees in every `agree`-th frame.
fn disputed(side: f32, score: f32, peers_run: u8, agree: u32) -> usize {
    let mut tracker = Tracker::new(TrackerOptions::default());
    for frame in 0..30_u32 {
        let peers_agreed = u8::from(frame.is_multiple_of(agree));
        let seen = [Observation {
            peers_run,
            peers_agreed,
            ..face(rect(0.4, 0.4, side), score).into()
        }];
        tracker.update(&FrameObservations {
            moment: moment(frame),
            motion: still(frame),
            observations: Some(&seen),
        });
    }
    tracker.finish().len()
}

/// Goal: a large thing that one model sees and others do not is nothing, and every reason to
/// doubt the others keeps it: it is small, its model is very sure, or they agree now and then.
#[test]
fn a_large_thing_that_other_models_do_not_see_is_no_track() {
    assert_eq!(disputed(0.2, 0.7, 1, 10), 0);
    assert_eq!(disputed(0.2, 0.7, 0, 1), 1);
    assert_eq!(disputed(0.02, 0.7, 1, 10), 1);
    assert_eq!(disputed(0.2, 0.9, 1, 10), 1);
    assert_eq!(disputed(0.2, 0.7, 1, 4), 1);
}

#[test]
fn a_large_thing_must_be_seen_surely_once_and_a_small_one_need_not() {
    assert_eq!(disputed(0.2, 0.5, 0, 1), 0);
    assert_eq!(disputed(0.2, 0.65, 0, 1), 1);
    assert_eq!(disputed(0.02, 0.5, 0, 1), 1);
}

/// Goal: what was seen little is not carried as far as what was seen well.
#[test]
fn little_evidence_is_carried_less_far() {
    let last = |sightings: u32| {
        let see = |frame: u32| {
            let seen = face(rect(0.4, 0.4, 0.1), 0.9);
            (frame < sightings).then_some(seen).into_iter().collect()
        };
        let tracks = follow(&TrackerOptions::default(), 90, still, see);
        tracks[0].span().end().get() - sightings
    };
    assert_eq!((last(1), last(20)), (9, 30));
}

/// Goal: frames that nobody looked at are covered like gaps.
#[test]
fn looking_at_every_third_frame_leaves_no_frame_bare() {
    let at = |frame: u32| rect(0.2 + 0.006 * frame as f32, 0.4, 0.1);
    let mut tracker = Tracker::new(bare());
    for frame in 0..61 {
        let seen = observed_alone(vec![face(at(frame), 0.9)]);
        tracker.update(&FrameObservations {
            moment: moment(frame),
            motion: still(frame),
            observations: frame.is_multiple_of(3).then_some(&seen[..]),
        });
    }
    let tracks = tracker.finish();
    assert_eq!(tracks.len(), 1);
    for frame in 0..61 {
        assert!(covered(&tracks, frame, at(frame)) > 0.99, "frame {frame}");
    }
}

/// Goal: two models that box one head differently make one track of it, which covers both boxes.
/// Control: two heads with boxes as far apart as heads can be make two.
#[test]
fn boxes_of_two_models_around_one_head_are_one_track() {
    let (large, small) = (rect(0.4, 0.4, 0.12), rect(0.42, 0.42, 0.07));
    let see = |other: NormRect| {
        follow(&bare(), 60, still, move |frame| match frame % 4 {
            0 => vec![face(large, 0.9), face(other, 0.8)],
            2 => vec![face(large, 0.9)],
            _ => Vec::new(),
        })
    };
    let one = see(small);
    assert_eq!(one.len(), 1);
    for frame in 0..60 {
        assert!(covered(&one, frame, large) > 0.99 && covered(&one, frame, small) > 0.99);
    }
    assert_eq!(see(rect(0.5, 0.42, 0.1)).len(), 2);
}

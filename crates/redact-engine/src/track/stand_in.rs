//! Vehicles that stand in for plates: only those on which no plate is found.
//!
//! Models of vehicles see nearly every vehicle, models of plates miss plates: of 158 plates marked
//! in two recordings of the road and of a car park, every one lies in the box of a vehicle
//! (`benches/detection.md`). Where no plate is found on a vehicle, hiding the vehicle hides it.
//!
//! Limit: a thing that is wrongly taken for a plate, and surely, answers for its vehicle.

use std::collections::{HashMap, HashSet};

use redact_core::{BoxOrigin, Class, Detection, FrameIndex, NormRect, TrackBox};

/// Boxes of one thing in frames that follow one by one.
pub(super) type Run = (Class, Vec<TrackBox>);

/// A plate answers for its vehicle when a model was once this sure of it.
const SURE_SCORE: f32 = 0.6;

/// Where on a vehicle a plate usually is, as shares of its box: in the middle, below the middle.
const USUAL_PLACE: [f32; 2] = [0.5, 0.65];

/// How far from there, in the same shares, a plate may sit to answer for its vehicle: the maker's name
/// on a tailgate is lettering, too, and sits higher and to one side.
const USUAL_WITHIN: f32 = 0.3;

/// Leaves of the vehicles among `runs` the frames in which no plate is found on them.
pub(super) fn only_unread(runs: Vec<Run>) -> Vec<Run> {
    let (vehicles, mut rest): (Vec<Run>, Vec<Run>) = runs
        .into_iter()
        .partition(|(class, _)| *class == Class::Vehicle);
    if vehicles.is_empty() {
        return rest;
    }
    let read = read_boxes(&vehicles, &rest);
    for (at, (class, boxes)) in vehicles.into_iter().enumerate() {
        let unread = boxes.split(|place| read.contains(&(at, place.frame)));
        let unread = unread.filter(|run| !run.is_empty());
        rest.extend(unread.map(|run| (class, run.to_vec())));
    }
    rest
}

/// The vehicles (places in their list) and frames in which a plate is found on them.
fn read_boxes(vehicles: &[Run], others: &[Run]) -> HashSet<(usize, FrameIndex)> {
    let mut in_frame: HashMap<FrameIndex, (Vec<usize>, Vec<NormRect>)> = HashMap::new();
    for (at, (_, boxes)) in vehicles.iter().enumerate() {
        for place in boxes {
            let (which, rects) = in_frame.entry(place.frame).or_default();
            which.push(at);
            rects.push(place.rect);
        }
    }
    let mut read = HashSet::new();
    let sure = |boxes: &[TrackBox]| boxes.iter().any(|place| place.score >= SURE_SCORE);
    for (class, boxes) in others {
        if *class != Class::Plate || !sure(boxes) {
            continue;
        }
        // Where it is beyond its sightings is a guess: there the vehicle stays hidden, too.
        for plate in boxes
            .iter()
            .filter(|place| place.origin != BoxOrigin::Extended)
        {
            let Some((which, rects)) = in_frame.get(&plate.frame) else {
                continue;
            };
            read.extend(bearer(rects, plate.rect).map(|found| (which[found], plate.frame)));
        }
    }
    read
}

/// The same in a picture that stands alone.
pub(crate) fn only_unread_in_picture(detections: Vec<Detection>) -> Vec<Detection> {
    let (vehicles, mut rest): (Vec<Detection>, Vec<Detection>) = detections
        .into_iter()
        .partition(|seen| seen.class == Class::Vehicle);
    let rects: Vec<NormRect> = vehicles.iter().map(|seen| seen.rect).collect();
    let plates = rest
        .iter()
        .filter(|seen| seen.class == Class::Plate && seen.score >= SURE_SCORE);
    let read: HashSet<usize> = plates
        .filter_map(|plate| bearer(&rects, plate.rect))
        .collect();
    let unread = vehicles.into_iter().enumerate();
    rest.extend(unread.filter_map(|(at, seen)| (!read.contains(&at)).then_some(seen)));
    rest
}

/// Which of `vehicles` bears `plate`: of those that hold its middle where plates are, the one on which
/// it sits most as they do. Of vehicles behind each other only one is taken as answered for.
fn bearer(vehicles: &[NormRect], plate: NormRect) -> Option<usize> {
    let [x, y] = plate.center();
    let distance = |vehicle: &NormRect| {
        let [x_min, y_min, x_max, y_max] = vehicle.sides();
        let inside = (x_min..=x_max).contains(&x) && (y_min..=y_max).contains(&y);
        let across = (x - x_min) / vehicle.width() - USUAL_PLACE[0];
        let down = (y - y_min) / vehicle.height() - USUAL_PLACE[1];
        let apart = across.hypot(down);
        (inside && apart <= USUAL_WITHIN).then_some(apart)
    };
    let held = vehicles.iter().enumerate();
    held.filter_map(|(at, vehicle)| Some((distance(vehicle)?, at)))
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAR: [f32; 4] = [0.2, 0.2, 0.6, 0.6];
    const PLATE: [f32; 4] = [0.36, 0.44, 0.44, 0.48];

    fn run(class: Class, frames: std::ops::Range<u32>, sides: [f32; 4], score: f32) -> Run {
        let boxes = frames.map(|frame| TrackBox {
            frame: FrameIndex::new(frame),
            rect: NormRect::new(sides).unwrap(),
            score,
            origin: BoxOrigin::Detected,
        });
        (class, boxes.collect())
    }

    fn vehicle_frames(runs: Vec<Run>) -> Vec<Vec<u32>> {
        let mut found: Vec<Vec<u32>> = only_unread(runs)
            .into_iter()
            .filter(|(class, _)| *class == Class::Vehicle)
            .map(|(_, boxes)| boxes.iter().map(|place| place.frame.get()).collect())
            .collect();
        found.sort();
        found
    }

    /// Goal: a vehicle stays where no plate is found on it, and only there. Control: without the
    /// plate it stays throughout.
    #[test]
    fn a_vehicle_is_left_in_the_frames_without_its_plate() {
        let car = || run(Class::Vehicle, 0..10, CAR, 0.8);
        let plate = run(Class::Plate, 3..5, PLATE, 0.7);
        assert_eq!(
            vehicle_frames(vec![car(), plate]),
            [vec![0, 1, 2], vec![5, 6, 7, 8, 9]]
        );
        assert_eq!(vehicle_frames(vec![car()]), [(0..10).collect::<Vec<_>>()]);
    }

    /// A lamp that looks a little like a plate must not uncover a vehicle, nor a plate elsewhere.
    #[test]
    fn doubtful_plates_and_plates_elsewhere_answer_for_no_vehicle() {
        let all: Vec<u32> = (0..4).collect();
        for plate in [
            run(Class::Plate, 0..4, PLATE, 0.5),
            run(Class::Plate, 0..4, [0.7, 0.7, 0.8, 0.75], 0.9),
            run(Class::Plate, 0..4, [0.24, 0.31, 0.30, 0.34], 0.9),
            run(Class::Screen, 0..4, PLATE, 0.9),
        ] {
            let car = run(Class::Vehicle, 0..4, CAR, 0.8);
            assert_eq!(vehicle_frames(vec![car, plate]), std::slice::from_ref(&all));
        }
    }

    /// Goal: a plate that is carried on unseen answers for nothing: where it is then is a guess.
    #[test]
    fn a_plate_beyond_its_sightings_answers_for_no_vehicle() {
        let mut plate = run(Class::Plate, 0..4, PLATE, 0.9);
        plate.1[3].origin = BoxOrigin::Extended;
        let car = run(Class::Vehicle, 0..4, CAR, 0.8);
        assert_eq!(vehicle_frames(vec![car, plate]), [vec![3]]);
    }

    /// Of a car and the one behind it that its box reaches into, one plate uncovers one.
    #[test]
    fn one_plate_answers_for_one_vehicle() {
        let behind = run(Class::Vehicle, 0..2, [0.35, 0.1, 0.9, 0.5], 0.8);
        let plate = run(Class::Plate, 0..2, PLATE, 0.9);
        let runs = vec![run(Class::Vehicle, 0..2, CAR, 0.8), behind.clone(), plate];
        let left: Vec<Run> = only_unread(runs)
            .into_iter()
            .filter(|(class, _)| *class == Class::Vehicle)
            .collect();
        assert_eq!(left, [behind]);
    }
}

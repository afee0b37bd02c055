//! The vehicle fallback: a vehicle is a finding in the frames in which its plate is not found.
//!
//! Vehicle models find nearly every vehicle, plate models miss plates: of 158 plates labeled in two
//! recordings of a road and a parking lot, every one lies in the box of a vehicle
//! (`benches/detection.md`). Where no plate is found on a vehicle, hiding the vehicle hides it.
//!
//! Limit: a false plate detection with a high score uncovers its vehicle.

use std::collections::{HashMap, HashSet};

use redact_core::{BoxOrigin, Class, Detection, FrameIndex, NormRect, TrackBox};

/// Boxes of one object in consecutive frames.
pub(super) type Run = (Class, Vec<TrackBox>);

/// A plate track uncovers its vehicle when one of its detections has this score.
const PLATE_SCORE_MIN: f32 = 0.6;

/// Where on a vehicle a plate usually is, as shares of its box: centered, below the middle.
const USUAL_PLACE: [f32; 2] = [0.5, 0.65];

/// How far from there, in the same shares, a plate may be to uncover its vehicle: the maker's name
/// on a tailgate is lettering, too, and is higher and to one side.
const USUAL_WITHIN: f32 = 0.3;

/// Drops the vehicles among `runs` in the frames in which their plate is found.
pub(super) fn drop_vehicles_with_plate(runs: Vec<Run>) -> Vec<Run> {
    let (vehicles, mut rest): (Vec<Run>, Vec<Run>) = runs
        .into_iter()
        .partition(|(class, _)| *class == Class::Vehicle);
    if vehicles.is_empty() {
        return rest;
    }
    let with_plate = boxes_with_plate(&vehicles, &rest);
    for (at, (class, boxes)) in vehicles.into_iter().enumerate() {
        let without = boxes.split(|place| with_plate.contains(&(at, place.frame)));
        let without = without.filter(|run| !run.is_empty());
        rest.extend(without.map(|run| (class, run.to_vec())));
    }
    rest
}

/// The vehicles (indexes in their list) and the frames in which their plate is found.
fn boxes_with_plate(vehicles: &[Run], others: &[Run]) -> HashSet<(usize, FrameIndex)> {
    let mut in_frame: HashMap<FrameIndex, (Vec<usize>, Vec<NormRect>)> = HashMap::new();
    for (at, (_, boxes)) in vehicles.iter().enumerate() {
        for place in boxes {
            let (which, rects) = in_frame.entry(place.frame).or_default();
            which.push(at);
            rects.push(place.rect);
        }
    }
    let mut with_plate = HashSet::new();
    let is_legible = |boxes: &[TrackBox]| boxes.iter().any(|place| place.score >= PLATE_SCORE_MIN);
    for (class, boxes) in others {
        if *class != Class::Plate || !is_legible(boxes) {
            continue;
        }
        // Beyond its detections its place is a guess: there the vehicle stays hidden, too.
        for plate in boxes
            .iter()
            .filter(|place| place.origin != BoxOrigin::Extended)
        {
            let Some((which, rects)) = in_frame.get(&plate.frame) else {
                continue;
            };
            with_plate
                .extend(vehicle_of(rects, plate.rect).map(|found| (which[found], plate.frame)));
        }
    }
    with_plate
}

/// The same in a single picture.
pub(crate) fn drop_vehicles_with_plate_in_picture(detections: Vec<Detection>) -> Vec<Detection> {
    let (vehicles, mut rest): (Vec<Detection>, Vec<Detection>) = detections
        .into_iter()
        .partition(|found| found.class == Class::Vehicle);
    let rects: Vec<NormRect> = vehicles.iter().map(|found| found.rect).collect();
    let plates = rest
        .iter()
        .filter(|found| found.class == Class::Plate && found.score >= PLATE_SCORE_MIN);
    let with_plate: HashSet<usize> = plates
        .filter_map(|plate| vehicle_of(&rects, plate.rect))
        .collect();
    let vehicles = vehicles.into_iter().enumerate();
    rest.extend(vehicles.filter_map(|(at, found)| (!with_plate.contains(&at)).then_some(found)));
    rest
}

/// The vehicle that `plate` belongs to: among those whose box contains its center near the usual
/// plate position, the closest. Of vehicles behind each other only one is uncovered.
fn vehicle_of(vehicles: &[NormRect], plate: NormRect) -> Option<usize> {
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
        let mut found: Vec<Vec<u32>> = drop_vehicles_with_plate(runs)
            .into_iter()
            .filter(|(class, _)| *class == Class::Vehicle)
            .map(|(_, boxes)| boxes.iter().map(|place| place.frame.get()).collect())
            .collect();
        found.sort();
        found
    }

    /// Goal: a vehicle stays in the frames in which no plate is found on it, and only there.
    /// Control: without the plate it stays throughout.
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
    fn doubtful_plates_and_plates_elsewhere_uncover_no_vehicle() {
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

    /// Goal: a plate uncovers nothing where its track was extended: its place there is a guess.
    #[test]
    fn a_plate_beyond_its_detections_uncovers_no_vehicle() {
        let mut plate = run(Class::Plate, 0..4, PLATE, 0.9);
        plate.1[3].origin = BoxOrigin::Extended;
        let car = run(Class::Vehicle, 0..4, CAR, 0.8);
        assert_eq!(vehicle_frames(vec![car, plate]), [vec![3]]);
    }

    /// Of a car and the one behind it that its box reaches into, one plate uncovers one.
    #[test]
    fn one_plate_uncovers_one_vehicle() {
        let behind = run(Class::Vehicle, 0..2, [0.35, 0.1, 0.9, 0.5], 0.8);
        let plate = run(Class::Plate, 0..2, PLATE, 0.9);
        let runs = vec![run(Class::Vehicle, 0..2, CAR, 0.8), behind.clone(), plate];
        let left: Vec<Run> = drop_vehicles_with_plate(runs)
            .into_iter()
            .filter(|(class, _)| *class == Class::Vehicle)
            .collect();
        assert_eq!(left, [behind]);
    }
}

//! The attack on blurs: many frames of one still face in a shaking picture, and the rectangles of
//! the public manifest, are solved for the face.
//!
//! Each cell of each frame is a measurement of the face's pixels under it, at a place of its own
//! because picture and rectangle shake. Least squares find the face that fits them all.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers of a synthetic picture"
)]

use redact_core::{FrameSpan, Keyframe, MaskOrigin, NormRect, ReasonCode};

use super::*;

/// Sides of picture and face, and of the mask around the face, pixels.
const PICTURE: u32 = 112;
const FACE: usize = 64;
const MASK: u32 = 64;
const FRAMES: u32 = 300;

/// Cells across the mask.
const ACROSS: usize = 8;

/// Detail of 0.3 to 0.5 cell: half a wave, in pixels of the face.
const DETAIL: std::ops::Range<f64> = 2.4..4.0;

struct Random(u32);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1_u32 << 24)
    }
}

/// A face: an oval, eyes, brows, nose and mouth, and the texture of skin; levels.
fn face() -> Vec<f64> {
    let mut random = Random(7);
    let waves: Vec<[f64; 4]> = (0..60)
        .map(|_| {
            let (angle, half) = (random.next() * 6.3, 2.0 + random.next() * 6.0);
            let turn = std::f64::consts::PI / half;
            [
                angle.cos() * turn,
                angle.sin() * turn,
                random.next() * 6.3,
                2.5,
            ]
        })
        .collect();
    let spot = |x: f64, y: f64, at: [f64; 4]| {
        let (dx, dy) = ((x - at[0]) / at[2], (y - at[1]) / at[3]);
        (-(dx * dx + dy * dy)).exp()
    };
    let level = |x: f64, y: f64| {
        let mut level = 90.0 + 60.0 * spot(x, y, [32.0, 34.0, 24.0, 30.0]);
        for at in [
            [22.0, 26.0, 4.0, 2.0],
            [42.0, 26.0, 4.0, 2.0],
            [32.0, 48.0, 8.0, 2.0],
        ] {
            level -= 60.0 * spot(x, y, at);
        }
        for at in [
            [22.0, 21.0, 6.0, 1.3],
            [42.0, 21.0, 6.0, 1.3],
            [35.0, 38.0, 1.5, 4.0],
        ] {
            level -= 35.0 * spot(x, y, at);
        }
        let texture: f64 = waves
            .iter()
            .map(|w| w[3] * (w[0] * x + w[1] * y + w[2]).sin())
            .sum();
        (level + texture).clamp(16.0, 235.0)
    };
    let all = (0..FACE).flat_map(|y| (0..FACE).map(move |x| (x as f64, y as f64)));
    all.map(|(x, y)| level(x, y)).collect()
}

/// Where the face's corner and the mask's are in a frame.
struct Place {
    face: [f64; 2],
    mask: [u32; 2],
}

fn places() -> Vec<Place> {
    let mut random = Random(99);
    let mut shake = || random.next();
    (0..FRAMES)
        .map(|_| Place {
            face: [24.0 + shake() * 8.0 - 4.0, 24.0 + shake() * 8.0 - 4.0],
            mask: [
                20 + (shake() * 4.0) as u32 * 2,
                20 + (shake() * 4.0) as u32 * 2,
            ],
        })
        .collect()
}

fn picture(face: &[f64], place: &Place) -> Picture {
    let size = PixelSize::new(PICTURE, PICTURE).unwrap();
    let mut picture = Picture::filled(size, ColorRange::Limited, [90, 128, 128]);
    let mut plane = picture.plane_mut(PlaneKind::Luma);
    for y in 0..PICTURE as usize {
        for x in 0..PICTURE as usize {
            let at = [x as f64 - place.face[0], y as f64 - place.face[1]];
            let level: f64 = weights(at)
                .map(|(pixel, weight)| face[pixel] * weight)
                .sum();
            plane.row_mut(y)[x] = (level.round() as u8).max(16);
        }
    }
    picture
}

/// The four pixels of the face around a point, the nearest ones outside of it.
fn weights(at: [f64; 2]) -> impl Iterator<Item = (usize, f64)> {
    let axis = |value: f64| {
        let value = value.clamp(0.0, FACE as f64 - 1.001);
        (value as usize, value.fract())
    };
    let ((x, fx), (y, fy)) = (axis(at[0]), axis(at[1]));
    [(0, 0), (1, 0), (0, 1), (1, 1)]
        .into_iter()
        .map(move |(dx, dy)| {
            let weight = |share: f64, next: usize| if next == 1 { share } else { 1.0 - share };
            ((y + dy) * FACE + x + dx, weight(fx, dx) * weight(fy, dy))
        })
}

fn mask_at(place: &Place, frame: u32, effect: Effect) -> MaskRegion {
    let sides = [0, 1, 0, 1].map(|axis| place.mask[axis]);
    let side = |at: u32| at as f32 / PICTURE as f32;
    let rect = NormRect::new([
        side(sides[0]) + 1e-4,
        side(sides[1]) + 1e-4,
        side(sides[2] + MASK) - 1e-4,
        side(sides[3] + MASK) - 1e-4,
    ]);
    let span = FrameSpan::new(FrameIndex::new(frame), FrameIndex::new(frame + 1)).unwrap();
    let path = vec![Keyframe {
        frame: span.start(),
        rect: rect.unwrap(),
    }];
    let reason = ReasonCode("r".into());
    MaskRegion::new("m".into(), MaskOrigin::Drawn, effect, reason, span, path).unwrap()
}

/// What an attacker reads: the mean of each cell, as the release shows it.
fn read_cells(shown: &Picture, place: &Place) -> Vec<f64> {
    let cell = MASK as usize / ACROSS;
    let plane = shown.plane(PlaneKind::Luma);
    let cells = (0..ACROSS).flat_map(|y| (0..ACROSS).map(move |x| (x, y)));
    cells
        .map(|(x, y)| {
            // The middle of a cell: there, a surface has the cell's own level.
            let at = [x, y].map(|at| at * cell + cell / 2);
            let [left, top] = place.mask.map(|side| side as usize);
            let sum: u32 = [0, 1]
                .into_iter()
                .flat_map(|dy| [0, 1].map(|dx| (dx, dy)))
                .map(|(dx, dy)| u32::from(plane.row(top + at[1] - dy)[left + at[0] - dx]))
                .sum();
            f64::from(sum) / 4.0
        })
        .collect()
}

/// The pixels of the face that a cell averages, each with its weight.
type Measurement = Vec<(usize, f64)>;

fn measurement(place: &Place, number: usize) -> Measurement {
    let cell = MASK as usize / ACROSS;
    let mut sum = std::collections::BTreeMap::<usize, f64>::new();
    let origin = [number % ACROSS, number / ACROSS].map(|at| at * cell);
    for (x, y) in (0..cell).flat_map(|y| (0..cell).map(move |x| (x, y))) {
        let at = [origin[0] + x, origin[1] + y];
        let at = [0, 1].map(|i| f64::from(place.mask[i]) + at[i] as f64 - place.face[i]);
        for (pixel, weight) in weights(at) {
            *sum.entry(pixel).or_default() += weight / (cell * cell) as f64;
        }
    }
    sum.into_iter().collect()
}

/// The face that fits all measurements best: conjugate gradients on the normal equations.
fn solve(frames: &[(&Place, Vec<f64>)]) -> Vec<f64> {
    let rows: Vec<(Measurement, f64)> = frames
        .iter()
        .flat_map(|(place, cells)| {
            let cells = cells.iter().enumerate();
            cells.map(|(number, &level)| (measurement(place, number), level))
        })
        .collect();
    let product = |row: &Measurement, face: &[f64]| -> f64 {
        row.iter()
            .map(|&(pixel, weight)| face[pixel] * weight)
            .sum()
    };
    let back = |values: &dyn Fn(&Measurement, f64) -> f64| {
        let mut sums = vec![0.0; FACE * FACE];
        for (row, level) in &rows {
            let value = values(row, *level);
            row.iter()
                .for_each(|&(pixel, weight)| sums[pixel] += weight * value);
        }
        sums
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut face = vec![110.0; FACE * FACE];
    let mut rest = back(&|row, level| level - product(row, &face));
    let (mut direction, mut square) = (rest.clone(), dot(&rest, &rest));
    for _ in 0..60 {
        let image = back(&|row, _| product(row, &direction));
        let step = square / dot(&direction, &image).max(1e-12);
        for at in 0..face.len() {
            face[at] += step * direction[at];
            rest[at] -= step * image[at];
        }
        let next = dot(&rest, &rest);
        for (direction, rest) in direction.iter_mut().zip(&rest) {
            *direction = rest + next / square * *direction;
        }
        square = next.max(1e-12);
    }
    face
}

/// The part of a picture whose half waves are of [`DETAIL`] pixels.
fn detail(face: &[f64]) -> Vec<f64> {
    let turn = |at: usize, wave: usize| {
        (at as f64 + 0.5) * wave as f64 * std::f64::consts::PI / FACE as f64
    };
    let basis: Vec<f64> = (0..FACE * FACE)
        .map(|i| turn(i % FACE, i / FACE).cos())
        .collect();
    // A wave number of this cosine transform is the count of half waves.
    let transform = |picture: &[f64], back: bool| -> Vec<f64> {
        let value = |a: usize, b: usize| {
            let at = |i: usize| {
                if back {
                    basis[i * FACE + a]
                } else {
                    basis[a * FACE + i]
                }
            };
            let scale = |i: usize| {
                if !back {
                    1.0
                } else if i == 0 {
                    1.0 / FACE as f64
                } else {
                    2.0 / FACE as f64
                }
            };
            (0..FACE)
                .map(|i| picture[b * FACE + i] * at(i) * scale(i))
                .sum::<f64>()
        };
        // Rows, then the picture is turned over its diagonal: twice gives both sides.
        let all = (0..FACE).flat_map(|a| (0..FACE).map(move |b| (a, b)));
        all.map(|(a, b)| value(a, b)).collect()
    };
    let mut waves = transform(&transform(face, false), false);
    for (at, wave) in waves.iter_mut().enumerate() {
        let number = ((at % FACE) as f64).hypot((at / FACE) as f64);
        if !DETAIL.contains(&(FACE as f64 / number.max(1e-9))) {
            *wave = 0.0;
        }
    }
    transform(&transform(&waves, true), true)
}

/// How the details of two faces go together in the part that every mask covered.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (detail(a), detail(b));
    let inside = (0..FACE * FACE).filter(|at| {
        let inside = 12..FACE - 12;
        inside.contains(&(at % FACE)) && inside.contains(&(at / FACE))
    });
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for at in inside {
        ab += a[at] * b[at];
        aa += a[at] * a[at];
        bb += b[at] * b[at];
    }
    ab / (aa * bb).sqrt().max(1e-12)
}

/// What was read before levels were held: the mean of each cell, taken anew in every frame.
fn attack_anew(count: u32) -> f64 {
    let (truth, places) = (face(), places());
    let (across, down) = (ACROSS, ACROSS);
    let read = places.iter().take(count as usize).map(|place| {
        let [x, y] = place.mask.map(|side| side as usize);
        let (width, height) = (MASK as usize, MASK as usize);
        let area = PlaneArea {
            x,
            y,
            width,
            height,
        };
        let picture = picture(&truth, place);
        let means = cells::means(&picture.plane(PlaneKind::Luma), area, Grid { across, down });
        (place, means.into_iter().map(f64::from).collect())
    });
    let read: Vec<_> = read.collect();
    correlation(&solve(&read), &truth)
}

/// Masks every frame of the attack's recording and gives what an attacker recovers.
fn attack(effect: Effect) -> f64 {
    let (truth, places) = (face(), places());
    let first = mask_at(&places[0], 0, effect);
    let levels = mask_levels(&first, &picture(&truth, &places[0]));
    let read = places.iter().zip(0..).map(|(place, number)| {
        let mut frame = Frame {
            index: FrameIndex::new(number),
            timestamp: Timestamp::new(0),
            duration_ticks: 1,
            picture: picture(&truth, place),
        };
        let mask = mask_at(place, number, effect).with_levels(levels.clone());
        mask_frame(&mut frame, &redactions(vec![mask]));
        (place, read_cells(&frame.picture, place))
    });
    let read: Vec<_> = read.collect();
    correlation(&solve(&read), &truth)
}

/// What pictures that have nothing in common reach by chance: the part of the face that is compared
/// has about 80 independent details of this size.
const CHANCE: f64 = 0.15;

/// Goal: 300 frames of a blurred or pixelated face tell no more than one.
/// Control: with cells taken anew in every frame, the same attack brings the detail back.
#[test]
fn many_frames_of_one_mask_tell_no_more_than_one() {
    let (anew, single) = (attack_anew(FRAMES), attack_anew(1));
    assert!(
        anew > 0.9,
        "the attack works: {anew:.3}, {single:.3} of one frame"
    );
    for effect in [Effect::Pixelate(Cells::MAX), Effect::Blur(Cells::MAX)] {
        let held = attack(effect);
        let one = single.max(0.0) + CHANCE;
        assert!(
            held <= one,
            "{effect:?}: {held:.3} of 300 frames, {single:.3} of one"
        );
    }
}

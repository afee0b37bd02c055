//! Where a thing is expected next: a constant-velocity filter per side of its box.
//!
//! Middle and size are four independent quantities, each with a speed of its own; time is in
//! seconds, so a variable frame rate changes nothing. Uncertainties scale with the box: a face of
//! half the size moves half as far across the picture.

use redact_core::Motion;

use super::motion::{Sides, Warp, around, center, extent};

/// How far a detector's box is off, as a share of the box.
const SIGHTING_SIGMA: f64 = 0.06;

/// Speed of a thing seen once, boxes per second.
const SPEED_SIGMA: f64 = 2.0;

/// How quickly a thing changes its speed, boxes per second squared.
const ACCELERATION_SIGMA: f64 = 8.0;

/// Sizes change more slowly than places.
const SIZE_CALM: f64 = 0.3;

/// A speed halves about this often while nothing is seen, in seconds: people stop.
const SPEED_LASTS: f64 = 0.7;

/// One quantity and how fast it changes.
#[derive(Clone, Copy, Debug)]
struct Axis {
    value: f64,
    speed: f64,
    /// Variance of the value, covariance, variance of the speed.
    spread: [f64; 3],
}

impl Axis {
    fn new(value: f64, unit: f64) -> Self {
        let (value_sigma, speed_sigma) = (SIGHTING_SIGMA * unit, SPEED_SIGMA * unit);
        Self {
            value,
            speed: 0.0,
            spread: [value_sigma.powi(2), 0.0, speed_sigma.powi(2)],
        }
    }

    fn predict(&mut self, seconds: f64, unit: f64) {
        let [vv, vs, ss] = self.spread;
        let q = (ACCELERATION_SIGMA * unit).powi(2);
        self.value += self.speed * seconds;
        self.speed *= (-seconds / SPEED_LASTS).exp();
        self.spread = [
            vv + 2.0 * seconds * vs + seconds.powi(2) * ss + q * seconds.powi(4) / 4.0,
            vs + seconds * ss + q * seconds.powi(3) / 2.0,
            ss + q * seconds.powi(2),
        ];
    }

    fn update(&mut self, seen: f64, unit: f64) {
        let [vv, vs, ss] = self.spread;
        let total = vv + (SIGHTING_SIGMA * unit).powi(2);
        let (value_gain, speed_gain) = (vv / total, vs / total);
        let surprise = seen - self.value;
        self.value += value_gain * surprise;
        self.speed += speed_gain * surprise;
        self.spread = [
            (1.0 - value_gain) * vv,
            (1.0 - value_gain) * vs,
            ss - speed_gain * vs,
        ];
    }
}

/// A box that moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoxFilter {
    middle: [Axis; 2],
    size: [Axis; 2],
}

impl BoxFilter {
    /// A box that was seen once.
    pub(super) fn new(seen: Sides) -> Self {
        let (middle, size) = (center(seen), extent(seen));
        Self {
            middle: [0, 1].map(|axis| Axis::new(middle[axis], size[axis])),
            size: [0, 1].map(|axis| Axis::new(size[axis], size[axis] * SIZE_CALM)),
        }
    }

    /// The box as it is expected now.
    pub(super) fn sides(&self) -> Sides {
        around(self.middle.map(|axis| axis.value), self.unit())
    }

    /// Lets time pass.
    pub(super) fn predict(&mut self, seconds: f64) {
        let unit = self.unit();
        for axis in [0, 1] {
            self.middle[axis].predict(seconds, unit[axis]);
            self.size[axis].predict(seconds, unit[axis] * SIZE_CALM);
        }
        self.keep_size(unit);
    }

    /// Moves with the camera.
    pub(super) fn follow_camera(&mut self, motion: Motion) {
        let warp = Warp::of(motion);
        let place = warp.point(self.middle.map(|axis| axis.value));
        let speed = warp.direction(self.middle.map(|axis| axis.speed));
        for axis in [0, 1] {
            self.middle[axis].value = place[axis];
            self.middle[axis].speed = speed[axis];
            self.size[axis].value *= warp.zoom();
        }
    }

    /// Takes a sighting in.
    pub(super) fn update(&mut self, seen: Sides) {
        let (middle, size) = (center(seen), extent(seen));
        for axis in [0, 1] {
            self.middle[axis].update(middle[axis], size[axis]);
            self.size[axis].update(size[axis], size[axis] * SIZE_CALM);
        }
        self.keep_size(size);
    }

    fn unit(&self) -> [f64; 2] {
        self.size.map(|axis| axis.value)
    }

    /// A size that shrinks to nothing or grows without end is a bad guess: it stays near `known`.
    fn keep_size(&mut self, known: [f64; 2]) {
        for (axis, known) in self.size.iter_mut().zip(known) {
            axis.value = axis.value.clamp(known * 0.5, known * 2.0).clamp(1e-6, 2.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the filter learns a speed. Method: a box that moves evenly; after ten sightings the
    /// next place is foretold to within a tenth of its size.
    #[test]
    fn an_even_motion_is_foretold() {
        let at = |i: f64| around([0.1 + 0.01 * i, 0.5], [0.05, 0.05]);
        let mut filter = BoxFilter::new(at(0.0));
        for i in 1..=10 {
            filter.predict(1.0 / 30.0);
            filter.update(at(f64::from(i)));
        }
        filter.predict(1.0 / 30.0);
        let [x, _] = center(filter.sides());
        assert!((x - 0.21).abs() < 0.005, "expected at {x}");
    }

    #[test]
    fn nothing_runs_away_when_time_jumps() {
        let mut filter = BoxFilter::new([0.1, 0.1, 0.2, 0.2]);
        filter.predict(1e6);
        assert!(filter.sides().iter().all(|side| side.is_finite()));
    }
}

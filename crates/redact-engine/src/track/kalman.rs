//! Where an object is expected next: a Kalman filter with a damped constant velocity.
//!
//! Center and size are four independent quantities, each with a velocity of its own; time is in
//! seconds, so a variable frame rate changes nothing. Noise scales with the box: a face of half the
//! size moves half as far across the picture.

use redact_core::Motion;

use super::motion::{Sides, Warp, around, center, extent};

/// Standard deviation of a detector's box, as a share of the box.
const DETECTION_SIGMA: f64 = 0.06;

/// Standard deviation of the velocity of an object detected once, boxes per second.
const VELOCITY_SIGMA: f64 = 2.0;

/// Standard deviation of the acceleration, boxes per second squared.
const ACCELERATION_SIGMA: f64 = 8.0;

/// Sizes change more slowly than places: their noise is this share of the box's.
const SIZE_NOISE_SHARE: f64 = 0.3;

/// Time constant of a velocity, seconds: without a detection it falls to 1/e in this time (to a
/// half in 0.49 s), because people stop.
const VELOCITY_TIME_CONSTANT: f64 = 0.7;

/// One quantity and how fast it changes.
#[derive(Clone, Copy, Debug)]
struct Axis {
    value: f64,
    velocity: f64,
    /// Variance of the value, covariance of both, variance of the velocity.
    covariance: [f64; 3],
}

impl Axis {
    /// `scale`: what the noise is a share of, in the value's unit.
    fn new(value: f64, scale: f64) -> Self {
        let (value_sigma, velocity_sigma) = (DETECTION_SIGMA * scale, VELOCITY_SIGMA * scale);
        Self {
            value,
            velocity: 0.0,
            covariance: [value_sigma.powi(2), 0.0, velocity_sigma.powi(2)],
        }
    }

    /// Lets `seconds` pass. Mean and covariance follow one transition: the velocity decays
    /// exponentially, and the value moves by the integral of the velocity.
    fn predict(&mut self, seconds: f64, scale: f64) {
        let decay = (-seconds / VELOCITY_TIME_CONSTANT).exp();
        let reach = VELOCITY_TIME_CONSTANT * (1.0 - decay);
        self.value += self.velocity * reach;
        self.velocity *= decay;
        let [value, both, velocity] = self.covariance;
        let noise = (ACCELERATION_SIGMA * scale).powi(2);
        self.covariance = [
            value + 2.0 * reach * both + reach.powi(2) * velocity + noise * seconds.powi(4) / 4.0,
            decay * (both + reach * velocity) + noise * seconds.powi(3) / 2.0,
            decay.powi(2) * velocity + noise * seconds.powi(2),
        ];
    }

    fn update(&mut self, detected: f64, scale: f64) {
        let [value, both, velocity] = self.covariance;
        let total = value + (DETECTION_SIGMA * scale).powi(2);
        let (value_gain, velocity_gain) = (value / total, both / total);
        let innovation = detected - self.value;
        self.value += value_gain * innovation;
        self.velocity += velocity_gain * innovation;
        self.covariance = [
            (1.0 - value_gain) * value,
            (1.0 - value_gain) * both,
            velocity - velocity_gain * both,
        ];
    }
}

/// A box that moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoxFilter {
    center: [Axis; 2],
    size: [Axis; 2],
}

impl BoxFilter {
    /// A box that was detected once.
    pub(super) fn new(detected: Sides) -> Self {
        let (middle, size) = (center(detected), extent(detected));
        Self {
            center: [0, 1].map(|axis| Axis::new(middle[axis], size[axis])),
            size: [0, 1].map(|axis| Axis::new(size[axis], size[axis] * SIZE_NOISE_SHARE)),
        }
    }

    /// The box as it is expected now.
    pub(super) fn sides(&self) -> Sides {
        around(self.center.map(|axis| axis.value), self.scale())
    }

    /// Lets time pass.
    pub(super) fn predict(&mut self, seconds: f64) {
        let scale = self.scale();
        for axis in [0, 1] {
            self.center[axis].predict(seconds, scale[axis]);
            self.size[axis].predict(seconds, scale[axis] * SIZE_NOISE_SHARE);
        }
        self.bound_size(scale);
    }

    /// Moves with the camera.
    pub(super) fn follow_camera(&mut self, motion: Motion) {
        let warp = Warp::of(motion);
        let place = warp.point(self.center.map(|axis| axis.value));
        let velocity = warp.direction(self.center.map(|axis| axis.velocity));
        for axis in [0, 1] {
            self.center[axis].value = place[axis];
            self.center[axis].velocity = velocity[axis];
            self.size[axis].value *= warp.zoom();
        }
    }

    /// Corrects the expectation by a detection.
    pub(super) fn update(&mut self, detected: Sides) {
        let (middle, size) = (center(detected), extent(detected));
        for axis in [0, 1] {
            self.center[axis].update(middle[axis], size[axis]);
            self.size[axis].update(size[axis], size[axis] * SIZE_NOISE_SHARE);
        }
        self.bound_size(size);
    }

    fn scale(&self) -> [f64; 2] {
        self.size.map(|axis| axis.value)
    }

    /// A size that shrinks to nothing or grows without bound is a bad estimate: it stays near
    /// `known`.
    fn bound_size(&mut self, known: [f64; 2]) {
        for (axis, known) in self.size.iter_mut().zip(known) {
            axis.value = axis.value.clamp(known * 0.5, known * 2.0).clamp(1e-6, 2.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the filter learns a velocity. Method: a box that moves evenly; after ten detections
    /// the next place is predicted to within a tenth of its size.
    #[test]
    fn an_even_motion_is_predicted() {
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

    /// Goal: mean and covariance use one model. Method: one step of a second is two of half a
    /// second, in both, when no acceleration is added. Control: an undamped covariance is not.
    #[test]
    fn mean_and_covariance_are_damped_alike() {
        let axis = || Axis {
            value: 0.0,
            velocity: 1.0,
            covariance: [0.0, 0.0, 1.0],
        };
        let (mut once, mut twice) = (axis(), axis());
        once.predict(1.0, 0.0);
        twice.predict(0.5, 0.0);
        twice.predict(0.5, 0.0);
        let same = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(same(once.value, twice.value) && same(once.velocity, twice.velocity));
        let pairs = once.covariance.iter().zip(twice.covariance);
        assert!(
            pairs.clone().all(|(&a, b)| same(a, b)),
            "{once:?} {twice:?}"
        );
        // The value follows from the velocity alone, so its variance is the square of the distance.
        assert!(same(once.covariance[0], once.value.powi(2)));
        assert!(same(once.covariance[2], once.velocity.powi(2)));
        assert!(!same(once.covariance[2], 1.0));
    }

    #[test]
    fn nothing_runs_away_when_time_jumps() {
        let mut filter = BoxFilter::new([0.1, 0.1, 0.2, 0.2]);
        filter.predict(1e6);
        assert!(filter.sides().iter().all(|side| side.is_finite()));
    }
}

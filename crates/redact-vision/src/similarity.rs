//! Fits a similarity (translation, rotation and zoom) to pairs of points with outliers.
//!
//! Random samples of two pairs each propose a similarity; the one with the most inliers is refined
//! by least squares over these. The samples come from a fixed sequence, so that equal pairs give
//! equal results.
//!
//! Method: M. Fischler, R. Bolles, "Random Sample Consensus", CACM 24 (6), 1981.

/// Old and new position of a point, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    pub(crate) from: [f32; 2],
    pub(crate) to: [f32; 2],
}

/// `[a, b, x, y]` maps `[u, v]` to `[a u - b v + x, b u + a v + y]`.
pub(crate) type Similarity = [f32; 4];

/// Number of samples: with half of the pairs wrong, the chance of no correct sample is 10^-12.
const SAMPLES: usize = 96;
/// Maximum error of an inlier, in pixels.
const AGREE_MAX: f32 = 1.5;
/// Minimum number and fraction of inliers of an accepted fit.
const AGREEING_MIN: usize = 8;
const AGREEING_SHARE_MIN: f32 = 0.35;
/// Maximum zoom between two frames.
const ZOOM_MAX: f32 = 1.5;

/// The similarity with the most inliers, if there are enough.
pub(crate) fn fit(pairs: &[Pair]) -> Option<Similarity> {
    if pairs.len() < AGREEING_MIN {
        return None;
    }
    let mut draw = Sequence(0x9e37_79b9_7f4a_7c15);
    let mut best: Vec<Pair> = Vec::new();
    for _ in 0..SAMPLES {
        let sample = [
            pairs[draw.below(pairs.len())],
            pairs[draw.below(pairs.len())],
        ];
        let Some(proposed) = least_squares(&sample) else {
            continue;
        };
        let agreeing = agreeing(pairs, proposed);
        if agreeing.len() > best.len() {
            best = agreeing;
        }
    }
    let mut refined = least_squares(&best)?;
    for _ in 0..2 {
        best = agreeing(pairs, refined);
        refined = least_squares(&best)?;
    }
    let enough =
        best.len() >= AGREEING_MIN && best.len() as f32 >= pairs.len() as f32 * AGREEING_SHARE_MIN;
    let zoom = refined[0].hypot(refined[1]);
    (enough && (1.0 / ZOOM_MAX..=ZOOM_MAX).contains(&zoom)).then_some(refined)
}

fn agreeing(pairs: &[Pair], similarity: Similarity) -> Vec<Pair> {
    let agrees = |pair: &&Pair| {
        let [x, y] = apply(similarity, pair.from);
        (x - pair.to[0]).hypot(y - pair.to[1]) <= AGREE_MAX
    };
    pairs.iter().filter(agrees).copied().collect()
}

fn apply([a, b, x, y]: Similarity, [u, v]: [f32; 2]) -> [f32; 2] {
    [a * u - b * v + x, b * u + a * v + y]
}

/// The least-squares similarity; `None` if all points are equal.
#[expect(
    clippy::cast_possible_truncation,
    reason = "computed in f64 for the sums, used in f32"
)]
fn least_squares(pairs: &[Pair]) -> Option<Similarity> {
    if pairs.len() < 2 {
        return None;
    }
    let count = pairs.len() as f64;
    let mean = |of: fn(&Pair) -> [f32; 2]| {
        [0, 1].map(|i| pairs.iter().map(|pair| f64::from(of(pair)[i])).sum::<f64>() / count)
    };
    let (from, to) = (mean(|pair| pair.from), mean(|pair| pair.to));
    let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
    for pair in pairs {
        let [u, v] = [0, 1].map(|i| f64::from(pair.from[i]) - from[i]);
        let [p, q] = [0, 1].map(|i| f64::from(pair.to[i]) - to[i]);
        along += u * p + v * q;
        across += u * q - v * p;
        spread += u * u + v * v;
    }
    if spread < 1.0 {
        return None;
    }
    let (a, b) = (along / spread, across / spread);
    let x = to[0] - (a * from[0] - b * from[1]);
    let y = to[1] - (b * from[0] + a * from[1]);
    Some([a as f32, b as f32, x as f32, y as f32])
}

/// A fixed sequence of pseudorandom numbers: xorshift64.
///
/// Source: G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 33) % end as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUTH: Similarity = [0.98, 0.05, 12.0, -7.0];

    /// 100 pairs, of which `wrong` are outliers.
    fn pairs(wrong: usize) -> Vec<Pair> {
        let mut draw = Sequence(42);
        (0..100)
            .map(|i| {
                let from = [draw.below(480) as f32, draw.below(270) as f32];
                let to = if i < wrong {
                    [draw.below(480) as f32, draw.below(270) as f32]
                } else {
                    apply(TRUTH, from)
                };
                Pair { from, to }
            })
            .collect()
    }

    #[test]
    fn half_of_the_pairs_may_be_wrong() {
        let found = fit(&pairs(50)).unwrap();
        for (found, expected) in found.iter().zip(TRUTH) {
            assert!((found - expected).abs() < 0.05, "{found} {expected}");
        }
        assert_eq!(fit(&pairs(50)), fit(&pairs(50)));
    }

    #[test]
    fn pairs_without_a_common_motion_give_none() {
        assert_eq!(fit(&pairs(100)), None);
        assert_eq!(fit(&pairs(0)[..7]), None);
        let one_point = Pair {
            from: [3.0, 4.0],
            to: [5.0, 6.0],
        };
        assert_eq!(fit(&[one_point; 20]), None);
    }
}

//! Whether the residual under a mask correlates with what the mask hides.
//!
//! A codec does not know what was under a mask, so its noise is independent of it. A residual that
//! follows the hidden picture is not, however weak it is: it is added up over all frames.

use std::collections::BTreeMap;

use redact_core::{Frame, PlaneKind, Redactions};

use super::for_each_region;
use super::region::Region;

/// Levels of the residual that may follow the hidden picture, over all frames of a mask: under a
/// fill and under a blur or mosaic, in blocks that masks cover and at the edge of what is masked.
/// Honest releases reach 0.01 and 0.37, and 0.14 and 0.47 (x264, constant rate factors 18 and 23,
/// presets veryfast and ultrafast, three recordings); a copy at a tenth of its contrast, 3 to 5.
const FOLLOWS_MAX: [[f64; 2]; 2] = [[0.05, 0.6], [0.15, 0.8]];

/// What a single block adds to that; the more there are, the less it counts.
const FOLLOWS_BLOCK: [[f64; 2]; 2] = [[0.6, 4.0], [1.5, 6.0]];

/// CorrelationSums over the samples of one mask: the residual beside the source's luma.
#[derive(Clone, Copy, Debug, Default)]
struct CorrelationSums {
    blocks: f64,
    samples: f64,
    residual: f64,
    hidden: f64,
    hidden_squares: f64,
    products: f64,
}

/// How the residuals of one mask go with what it hides: luma and chroma, each in covered blocks and
/// at the edge.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Correlation([[CorrelationSums; 2]; 2]);

/// Compares what `release` has under each mask with what `source`, as decoded, has there.
pub(crate) fn correlations(
    source: &Frame,
    release: &Frame,
    redactions: &Redactions,
) -> BTreeMap<usize, Correlation> {
    let mut found = BTreeMap::new();
    if source.picture.size() != release.picture.size() {
        return found;
    }
    let luma = source.picture.plane(PlaneKind::Luma);
    for_each_region(release, redactions, |mask, region| {
        let correlation: &mut Correlation = found.entry(mask).or_default();
        for kind in PlaneKind::ALL {
            let (step, plane) = match kind {
                PlaneKind::Luma => (1, 0),
                PlaneKind::ChromaBlue | PlaneKind::ChromaRed => (2, 1),
            };
            region.for_each_block(kind, |is_edge, block| {
                let sums = &mut correlation.0[plane][usize::from(is_edge)];
                sums.blocks += 1.0;
                block.for_each_sample(|[x, y], there, drawn| {
                    let Some(drawn) = drawn else { return };
                    let residual = f64::from(i16::from(there) - i16::from(drawn));
                    let hidden = f64::from(luma.row(y * step)[x * step]);
                    sums.samples += 1.0;
                    sums.residual += residual;
                    sums.hidden += hidden;
                    sums.hidden_squares += hidden * hidden;
                    sums.products += residual * hidden;
                });
            });
        }
    });
    found
}

impl Correlation {
    /// Adds another frame of the same mask.
    pub(crate) fn add(&mut self, other: &Self) {
        for (sums, other) in self.0.iter_mut().flatten().zip(other.0.iter().flatten()) {
            sums.blocks += other.blocks;
            sums.samples += other.samples;
            sums.residual += other.residual;
            sums.hidden += other.hidden;
            sums.hidden_squares += other.hidden_squares;
            sums.products += other.products;
        }
    }

    /// Levels by which the residual follows the hidden picture, and what is allowed; the worst.
    pub(crate) fn worst(&self, is_fill: bool) -> (f64, f64) {
        let mut worst = (0.0, 1.0);
        for sums in &self.0 {
            for (edge, sums) in sums.iter().enumerate() {
                let effect = usize::from(!is_fill);
                let allowed = FOLLOWS_MAX[effect][edge]
                    + FOLLOWS_BLOCK[effect][edge] / sums.blocks.max(1.0).sqrt();
                let found = sums.follows();
                if found / allowed > worst.0 / worst.1 {
                    worst = (found, allowed);
                }
            }
        }
        worst
    }
}

/// Whether a mask draws black.
pub(crate) fn is_fill(redactions: &Redactions, mask: usize) -> bool {
    redactions.masks.get(mask).is_some_and(Region::is_fill)
}

impl CorrelationSums {
    /// The part of the residual that is a copy of the hidden picture, as a root mean square in
    /// levels.
    fn follows(&self) -> f64 {
        let samples = self.samples.max(1.0);
        let spread = self.hidden_squares - self.hidden * self.hidden / samples;
        let common = self.products - self.residual * self.hidden / samples;
        // A hidden picture without detail gives no correlation.
        if spread < samples {
            0.0
        } else {
            common.abs() / (samples * spread).sqrt()
        }
    }
}

//! Finds corners: points whose surroundings change in every direction, so that they can be tracked.
//!
//! Method: J. Shi, C. Tomasi, "Good Features to Track", CVPR 1994.

/// Half the side of the block around a point that is looked at.
const BLOCK: usize = 1;
/// Rows and columns at the border without a corner: Sobel's filter and the block reach beyond.
const BORDER: usize = 1 + BLOCK;

/// Which corners are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct CornerOptions {
    /// The largest number of corners.
    pub(super) max: usize,
    /// The weakest corner, as a fraction of the strongest.
    pub(super) quality: f32,
    /// The smallest distance between two corners, in pixels.
    pub(super) distance: usize,
}

/// The strongest corners of a picture of `width` columns, strongest first.
pub(super) fn corners(samples: &[u8], width: usize, options: CornerOptions) -> Vec<[f32; 2]> {
    let height = samples.len() / width.max(1);
    if width <= 2 * BORDER || height <= 2 * BORDER {
        return Vec::new();
    }
    let strength = strength(samples, [width, height]);
    let strongest = strength.iter().copied().fold(0.0, f32::max);
    let weakest = strongest * options.quality;
    let mut found = Vec::new();
    for y in BORDER..height - BORDER {
        for x in BORDER..width - BORDER {
            let at = y * width + x;
            let here = strength[at];
            if here > 0.0 && here >= weakest && is_peak(&strength, at, width) {
                found.push((here, at));
            }
        }
    }
    found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    apart(&found, [width, height], options)
}

/// Whether nothing around it is stronger.
fn is_peak(strength: &[f32], at: usize, width: usize) -> bool {
    let rows = [at - width, at, at + width];
    rows.iter().all(|row| {
        strength[row - 1..=row + 1]
            .iter()
            .all(|other| *other <= strength[at])
    })
}

/// Of the corners in this order, those that keep their distance from all before them.
fn apart(
    found: &[(f32, usize)],
    [width, height]: [usize; 2],
    options: CornerOptions,
) -> Vec<[f32; 2]> {
    let cell = options.distance.max(1);
    let columns = width.div_ceil(cell);
    let mut cells: Vec<Vec<[usize; 2]>> = vec![Vec::new(); columns * height.div_ceil(cell)];
    let mut taken = Vec::with_capacity(options.max);
    for (_, at) in found {
        if taken.len() == options.max {
            break;
        }
        let [x, y] = [at % width, at / width];
        let near = |cells: &[Vec<[usize; 2]>]| {
            let rows = (y / cell).saturating_sub(1)..=(y / cell + 1).min((height - 1) / cell);
            rows.flat_map(|row| {
                let first = row * columns + (x / cell).saturating_sub(1);
                &cells[first..=row * columns + (x / cell + 1).min(columns - 1)]
            })
            .flatten()
            .any(|[u, v]| u.abs_diff(x).pow(2) + v.abs_diff(y).pow(2) < options.distance.pow(2))
        };
        if !near(&cells) {
            cells[y / cell * columns + x / cell].push([x, y]);
            taken.push([x as f32, y as f32]);
        }
    }
    taken
}

/// For every point, the smaller eigenvalue of the gradients around it, up to a common factor; 0 at
/// the border.
fn strength(samples: &[u8], [width, height]: [usize; 2]) -> Vec<f32> {
    let mut found = vec![0.0; width * height];
    // The products of the gradients in three rows, which are added up to blocks.
    let mut products = [(); 2 * BLOCK + 1].map(|()| Products::new(width));
    let mut columns = Products::new(width);
    for y in 1..height - 1 {
        products.rotate_left(1);
        products[2 * BLOCK].fill(samples, y);
        if y < 2 * BLOCK + 1 {
            continue;
        }
        columns.add_up(&products);
        let row = &mut found[(y - BLOCK) * width..][BORDER..width - BORDER];
        let [xx, xy, yy] = [&columns.xx, &columns.xy, &columns.yy].map(|of| of[1..].windows(3));
        for (((found, xx), xy), yy) in row.iter_mut().zip(xx).zip(xy).zip(yy) {
            let [xx, xy, yy] = [xx, xy, yy].map(|block| block[0] + block[1] + block[2]);
            let (half, difference) = ((xx + yy) / 2.0, (xx - yy) / 2.0);
            *found = (half - (difference * difference + xy * xy).sqrt()).max(0.0);
        }
    }
    found
}

/// Squares and products of the gradients (Sobel) in a row. They are whole numbers up to 1020², and
/// the sum of nine is exact in `f32`.
struct Products {
    xx: Vec<f32>,
    xy: Vec<f32>,
    yy: Vec<f32>,
}

impl Products {
    fn new(width: usize) -> Self {
        let [xx, xy, yy] = [(); 3].map(|()| vec![0.0; width]);
        Self { xx, xy, yy }
    }

    /// Computes those of the row `y`, which is not the first or last, except at its ends.
    fn fill(&mut self, samples: &[u8], y: usize) {
        let width = self.xx.len();
        let rows = [y - 1, y, y + 1].map(|y| samples[y * width..][..width].windows(3));
        let [above, middle, below] = rows;
        let (xx, xy, yy) = (&mut self.xx[1..], &mut self.xy[1..], &mut self.yy[1..]);
        let found = xx.iter_mut().zip(xy).zip(yy);
        let around = above.zip(middle).zip(below);
        for (((xx, xy), yy), ((above, middle), below)) in found.zip(around) {
            let line = |row: &[u8]| i16::from(row[0]) + 2 * i16::from(row[1]) + i16::from(row[2]);
            let change = |row: &[u8]| i16::from(row[2]) - i16::from(row[0]);
            let right = f32::from(change(above) + 2 * change(middle) + change(below));
            let down = f32::from(line(below) - line(above));
            *xx = right * right;
            *xy = right * down;
            *yy = down * down;
        }
    }

    fn add_up(&mut self, [above, middle, below]: &[Self; 2 * BLOCK + 1]) {
        let add = |sums: &mut [f32], rows: [&[f32]; 3]| {
            for (x, sum) in sums.iter_mut().enumerate() {
                *sum = rows[0][x] + rows[1][x] + rows[2][x];
            }
        };
        add(&mut self.xx, [&above.xx, &middle.xx, &below.xx]);
        add(&mut self.xy, [&above.xy, &middle.xy, &below.xy]);
        add(&mut self.yy, [&above.yy, &middle.yy, &below.yy]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: CornerOptions = CornerOptions {
        max: 100,
        quality: 0.01,
        distance: 8,
    };

    /// A gray picture of 64 by 48 with white squares of 12 at these places.
    fn squares(places: &[[usize; 2]]) -> Vec<u8> {
        let mut samples = vec![60; 64 * 48];
        for [x, y] in places {
            for row in *y..y + 12 {
                samples[row * 64 + x..][..12].fill(200);
            }
        }
        samples
    }

    /// Goal: the corners of a square are found within a pixel, and nothing on its edges or in flat
    /// areas.
    #[test]
    fn the_corners_of_a_square_are_found() {
        let mut found = corners(&squares(&[[20, 15]]), 64, OPTIONS);
        found.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(found.len(), 4, "{found:?}");
        let expected = [[20.0, 15.0], [20.0, 26.0], [31.0, 15.0], [31.0, 26.0]];
        for (found, expected) in found.iter().zip(expected) {
            for i in 0..2 {
                assert!(
                    (found[i] - expected[i]).abs() <= 1.0,
                    "{found:?} {expected:?}"
                );
            }
        }
    }

    #[test]
    fn flat_pictures_and_edges_have_no_corners() {
        assert!(corners(&squares(&[]), 64, OPTIONS).is_empty());
        let edge: Vec<u8> = (0..64 * 48)
            .map(|at| if at % 64 < 30 { 20 } else { 220 })
            .collect();
        assert!(corners(&edge, 64, OPTIONS).is_empty());
        assert!(corners(&[1, 200, 3, 4], 2, OPTIONS).is_empty());
        assert!(corners(&[], 0, OPTIONS).is_empty());
    }

    /// Goal: the strongest come first, with their distance, and no more than wanted. Control: with
    /// less distance there are more.
    #[test]
    fn corners_keep_their_distance() {
        let noise: Vec<u8> = (0_u32..64 * 48)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let found = corners(&noise, 64, OPTIONS);
        for (i, a) in found.iter().enumerate() {
            for b in &found[..i] {
                assert!((a[0] - b[0]).hypot(a[1] - b[1]) >= 8.0, "{a:?} {b:?}");
            }
        }
        let closer = CornerOptions {
            distance: 3,
            ..OPTIONS
        };
        assert!(corners(&noise, 64, closer).len() > found.len());
        let few = CornerOptions { max: 5, ..OPTIONS };
        assert_eq!(corners(&noise, 64, few), found[..5]);
    }
}

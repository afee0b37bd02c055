//! Matches detections with tracks.
//!
//! Pairs are scored by overlap, after both boxes were grown: small objects that move by more than
//! their own size between two frames would otherwise never overlap (Yang et al., "Hard to Track
//! Objects with Irregular Motions and Similar Appearances? Make It Easier by Buffering the
//! Matching Space", 2023). The sum of overlaps is maximal within each group of boxes that touch.

use std::collections::BTreeMap;

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

use redact_core::geometry;

use super::motion::Sides;

/// Both boxes are grown by this share of their own size on each side.
pub(super) const BUFFER: f32 = 0.5;

/// Groups above this are matched greedily, best pair first: the best sum costs the cube of it.
const GROUP_MAX: usize = 64;

/// Overlaps are compared in millionths.
const SCALE: f32 = 1e6;

/// Pairs `(expected, found)` of boxes that show the same object, each box at most once; in the
/// order of `expected`.
pub(super) fn pairs(expected: &[Sides], found: &[Sides], overlap_min: f32) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for group in groups(candidates(expected, found, overlap_min), expected.len()) {
        match group.as_slice() {
            &[
                Candidate {
                    track, detection, ..
                },
            ] => pairs.push((track, detection)),
            _ => match_group(&group, &mut pairs),
        }
    }
    pairs.sort_unstable();
    pairs
}

/// A box with [`BUFFER`] around it.
pub(super) fn buffered(sides: Sides) -> Sides {
    let x = (sides[2] - sides[0]) * BUFFER;
    let y = (sides[3] - sides[1]) * BUFFER;
    [sides[0] - x, sides[1] - y, sides[2] + x, sides[3] + y]
}

#[derive(Clone, Copy)]
struct Candidate {
    track: usize,
    detection: usize,
    /// Overlap in millionths.
    weight: i64,
}

fn candidates(expected: &[Sides], found: &[Sides], overlap_min: f32) -> Vec<Candidate> {
    let found: Vec<Sides> = found.iter().copied().map(buffered).collect();
    let mut candidates = Vec::new();
    for (track, &sides) in expected.iter().enumerate() {
        let sides = buffered(sides);
        for (detection, &other) in found.iter().enumerate() {
            let overlap = geometry::iou(sides, other);
            if overlap >= overlap_min {
                #[expect(clippy::cast_possible_truncation, reason = "at most a million")]
                let weight = (overlap * SCALE) as i64;
                candidates.push(Candidate {
                    track,
                    detection,
                    weight,
                });
            }
        }
    }
    candidates
}

/// Divides candidates into groups that share no box.
fn groups(candidates: Vec<Candidate>, tracks: usize) -> Vec<Vec<Candidate>> {
    let nodes = candidates.iter().map(|c| tracks + c.detection + 1).max();
    let mut parents: Vec<usize> = (0..nodes.unwrap_or(0).max(tracks)).collect();
    for candidate in &candidates {
        let a = root(&mut parents, candidate.track);
        let b = root(&mut parents, tracks + candidate.detection);
        parents[a.max(b)] = a.min(b);
    }
    let mut groups: BTreeMap<usize, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        let group = root(&mut parents, candidate.track);
        groups.entry(group).or_default().push(candidate);
    }
    groups.into_values().collect()
}

fn root(parents: &mut [usize], mut node: usize) -> usize {
    while parents[node] != node {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    node
}

fn match_group(group: &[Candidate], pairs: &mut Vec<(usize, usize)>) {
    let distinct = |of: fn(&Candidate) -> usize| {
        let mut all: Vec<usize> = group.iter().map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let tracks = distinct(|candidate| candidate.track);
    let detections = distinct(|candidate| candidate.detection);
    if tracks.len().max(detections.len()) > GROUP_MAX {
        return match_greedily(group, pairs);
    }
    // The solver wants no more rows than columns.
    let turned = tracks.len() > detections.len();
    let (rows, columns) = if turned {
        (detections.len(), tracks.len())
    } else {
        (tracks.len(), detections.len())
    };
    let mut weights = Matrix::new(rows, columns, 0_i64);
    for candidate in group {
        let place = |all: &[usize], one: usize| all.binary_search(&one).unwrap_or(0);
        let track = place(&tracks, candidate.track);
        let detection = place(&detections, candidate.detection);
        let cell = if turned {
            (detection, track)
        } else {
            (track, detection)
        };
        weights[cell] = candidate.weight;
    }
    let (_, columns_of_rows) = kuhn_munkres(&weights);
    for (row, column) in columns_of_rows.into_iter().enumerate() {
        // A cell without weight was no candidate: the solver only had to fill the row.
        if weights[(row, column)] > 0 {
            let (track, detection) = if turned { (column, row) } else { (row, column) };
            pairs.push((tracks[track], detections[detection]));
        }
    }
}

fn match_greedily(group: &[Candidate], pairs: &mut Vec<(usize, usize)>) {
    let mut best_first = group.to_vec();
    best_first.sort_unstable_by_key(|c| (std::cmp::Reverse(c.weight), c.track, c.detection));
    let mut taken = (
        std::collections::BTreeSet::new(),
        std::collections::BTreeSet::new(),
    );
    for Candidate {
        track, detection, ..
    } in best_first
    {
        if !taken.0.contains(&track) && !taken.1.contains(&detection) {
            taken.0.insert(track);
            taken.1.insert(detection);
            pairs.push((track, detection));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32) -> Sides {
        [x, 0.4, x + 0.1, 0.5]
    }

    #[test]
    fn the_sum_of_overlaps_counts_not_the_best_single_pair() {
        // The first track is nearest to the second detection, which the second track needs.
        assert_eq!(
            pairs(&[at(0.30), at(0.40)], &[at(0.22), at(0.32)], 0.1),
            [(0, 0), (1, 1)]
        );
    }

    #[test]
    fn boxes_apart_do_not_match_and_surplus_stays_alone() {
        assert_eq!(pairs(&[at(0.1)], &[at(0.7)], 0.1), []);
        assert_eq!(
            pairs(&[at(0.1), at(0.11), at(0.12)], &[at(0.12)], 0.1),
            [(2, 0)]
        );
        assert_eq!(pairs(&[], &[at(0.1)], 0.1), []);
    }

    #[test]
    fn a_crowd_is_matched_greedily_and_each_box_once() {
        let crowd: Vec<Sides> = (0..200_u8).map(|i| at(f32::from(i) / 400.0)).collect();
        let pairs = pairs(&crowd, &crowd, 0.1);
        assert_eq!(pairs, (0..200).map(|i| (i, i)).collect::<Vec<_>>());
    }
}

//! When words are said: which part of the sound the model attended to at each token.
//!
//! Some heads of the decoder's attention follow the sound in time. Their scores, made comparable
//! and smoothed, are aligned with the tokens by dynamic time warping: a path through tokens and
//! steps of the sound, forward in both, with the highest sum.
//!
//! Source of the method and of the width of the filter: `find_alignment` in `whisper/timing.py` of
//! openai-whisper 20250625.

/// Steps over which scores are smoothed.
const MEDIAN_WIDTH: usize = 7;

/// Attention scores: of each head, for each token, one value per step of the sound.
pub(super) struct AttentionScores {
    heads: usize,
    steps: usize,
    /// Row-major: token, head, step.
    values: Vec<f32>,
}

impl AttentionScores {
    /// No tokens yet; rows have `steps` values, at least one.
    pub(super) fn new(heads: usize, steps: usize) -> Self {
        assert!(heads > 0 && steps > 0, "there is something to align");
        Self {
            heads,
            steps,
            values: Vec::new(),
        }
    }

    /// Adds a token: for each head, at least as many scores as there are steps. Surplus ones, of
    /// the silence behind the sound, are left out.
    pub(super) fn push<'a>(&mut self, rows: impl Iterator<Item = &'a [f32]>) {
        let before = self.values.len();
        for row in rows {
            self.values.extend_from_slice(&row[..self.steps]);
        }
        let added = self.values.len() - before;
        assert_eq!(added, self.heads * self.steps, "one row for each head");
    }

    /// Number of tokens.
    pub(super) fn tokens(&self) -> usize {
        self.values.len() / (self.heads * self.steps)
    }

    /// The step at which each token from `first` on begins; as many as there are such tokens, none
    /// before its predecessor.
    pub(super) fn starts(mut self, first: usize) -> Vec<usize> {
        let (tokens, steps) = (self.tokens(), self.steps);
        if tokens <= first {
            return Vec::new();
        }
        self.softmax();
        self.normalize();
        let mut mean = vec![0.0; (tokens - first) * steps];
        let mut window = Vec::with_capacity(MEDIAN_WIDTH);
        for token in first..tokens {
            for head in 0..self.heads {
                let row = self.row(token, head);
                let sums = &mut mean[(token - first) * steps..][..steps];
                for (at, sum) in sums.iter_mut().enumerate() {
                    *sum += median(row, at, &mut window) / self.heads as f32;
                }
            }
        }
        warp(&mean, steps)
    }

    fn row(&self, token: usize, head: usize) -> &[f32] {
        &self.values[(token * self.heads + head) * self.steps..][..self.steps]
    }

    /// Turns each row into shares.
    fn softmax(&mut self) {
        for row in self.values.chunks_mut(self.steps) {
            let highest = row.iter().copied().fold(f32::MIN, f32::max);
            let mut sum = 0.0;
            for value in &mut *row {
                *value = (*value - highest).exp();
                sum += *value;
            }
            for value in row {
                *value /= sum;
            }
        }
    }

    /// Gives each step of each head the mean 0 and the deviation 1 over all tokens.
    fn normalize(&mut self) {
        let row = self.heads * self.steps;
        let count = self.tokens() as f32;
        for at in 0..row {
            let column = || self.values.iter().skip(at).step_by(row);
            let mean = column().sum::<f32>() / count;
            let variance = column().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
            // A step to which no token attends more than another says nothing.
            let inverse = if variance > 0.0 {
                variance.sqrt().recip()
            } else {
                0.0
            };
            for value in self.values.iter_mut().skip(at).step_by(row) {
                *value = (*value - mean) * inverse;
            }
        }
    }
}

/// The median of the values around `at`; the row is mirrored at its ends.
fn median(row: &[f32], at: usize, window: &mut Vec<f32>) -> f32 {
    let half = MEDIAN_WIDTH / 2;
    if row.len() <= half {
        return row[at];
    }
    window.clear();
    let last = row.len() - 1;
    window.extend((0..MEDIAN_WIDTH).map(|offset| {
        let place = (at + offset).abs_diff(half);
        row[if place > last {
            2 * last - place
        } else {
            place
        }]
    }));
    window.sort_unstable_by(f32::total_cmp);
    window[half]
}

/// The step at which the best path enters each row of `scores`.
///
/// The path goes from the first step of the first row to the last step of the last one; it enters
/// the next row, the next step, or both at once.
fn warp(scores: &[f32], steps: usize) -> Vec<usize> {
    let rows = scores.len() / steps;
    let width = steps + 1;
    let mut best = vec![f32::NEG_INFINITY; width];
    best[0] = 0.0;
    let mut moves = vec![Move::Both; rows * steps];
    for row in 0..rows {
        // What is the best path to the row before, one step earlier.
        let mut diagonal = best[0];
        best[0] = f32::NEG_INFINITY;
        for step in 0..steps {
            let (down, along) = (best[step + 1], best[step]);
            let (from, how) = if diagonal > down && diagonal > along {
                (diagonal, Move::Both)
            } else if down > along {
                (down, Move::Row)
            } else {
                (along, Move::Step)
            };
            diagonal = best[step + 1];
            best[step + 1] = from + scores[row * steps + step];
            moves[row * steps + step] = how;
        }
    }
    let mut starts = vec![0; rows];
    let (mut row, mut step) = (rows.saturating_sub(1), steps - 1);
    while row > 0 {
        let how = if step == 0 {
            Move::Row
        } else {
            moves[row * steps + step]
        };
        if how != Move::Step {
            starts[row] = step;
            row -= 1;
        }
        if how != Move::Row {
            step -= 1;
        }
    }
    starts
}

/// How a path comes to a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Move {
    /// From the row before, at the step before.
    Both,
    /// From the row before, at the same step.
    Row,
    /// From the step before, in the same row.
    Step,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_follows_the_highest_scores() {
        #[rustfmt::skip]
        let scores = [
            9.0, 9.0, -1.0, -1.0, -1.0, -1.0,
            -1.0, -1.0, 9.0, -1.0, -1.0, -1.0,
            -1.0, -1.0, -1.0, 9.0, 9.0, 9.0,
        ];
        assert_eq!(warp(&scores, 6), [0, 2, 3]);
        assert_eq!(warp(&scores[..6], 6), [0]);
        assert_eq!(warp(&[], 6), [0; 0]);
    }

    #[test]
    fn the_median_is_mirrored_at_the_ends() {
        let row = [5.0, 1.0, 2.0, 3.0, 9.0, 8.0];
        let mut window = Vec::new();
        // Of 3 2 1 5 1 2 3 and of 5 1 2 3 9 8 9.
        assert_eq!(median(&row, 0, &mut window), 2.0);
        assert_eq!(median(&row, 3, &mut window), 5.0);
        assert_eq!(median(&row[..3], 2, &mut window), 2.0);
    }

    /// Goal: tokens whose scores peak one after the other begin there.
    #[test]
    fn tokens_begin_where_the_heads_attend() {
        let mut scores = AttentionScores::new(2, 60);
        for token in 0..6 {
            let row: Vec<f32> = (0..70)
                .map(|step| if step / 10 == token { 8.0 } else { 0.0 })
                .collect();
            scores.push([row.as_slice(), row.as_slice()].into_iter());
        }
        let starts = scores.starts(1);
        assert_eq!(starts.len(), 5);
        for (at, start) in starts.iter().enumerate().skip(1) {
            assert!(start.abs_diff((at + 1) * 10) <= 1, "{starts:?}");
        }
    }

    proptest! {
        /// Goal: starts never go back and are inside, whatever the scores are.
        #[test]
        fn starts_are_in_order(
            values in prop::collection::vec(-30.0_f32..30.0, 1..400),
            steps in 1_usize..40,
            first in 0_usize..3,
        ) {
            let mut scores = AttentionScores::new(1, steps);
            for row in values.chunks_exact(steps) {
                scores.push(std::iter::once(row));
            }
            let tokens = scores.tokens();
            let starts = scores.starts(first);
            prop_assert_eq!(starts.len(), tokens.saturating_sub(first));
            prop_assert!(starts.is_sorted());
            prop_assert!(starts.iter().all(|start| *start < steps));
        }
    }
}

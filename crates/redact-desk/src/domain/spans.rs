//! Spans of viewed frames, and their times.

use serde::{Deserialize, Serialize};

/// Gaps of up to this many frames are closed: fewer than between two key frames of the proxy.
const GAP: u32 = 12;

/// Half-open spans of frames, ascending and apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Spans(Vec<(u32, u32)>);

impl Spans {
    /// Adds frames; `false` if all were there already.
    pub(crate) fn add(&mut self, start: u32, end: u32) -> bool {
        if start >= end || self.0.iter().any(|&(from, to)| from <= start && end <= to) {
            return false;
        }
        self.0.push((start, end));
        self.0.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(self.0.len());
        for &(start, end) in &self.0 {
            match merged.last_mut() {
                Some(last) if start <= last.1.saturating_add(GAP) => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        self.0 = merged;
        true
    }

    /// At most `count` spans: the closest are joined, and no frame is lost.
    pub(crate) fn at_most(&self, count: usize) -> Vec<(u32, u32)> {
        let mut spans = self.0.clone();
        while spans.len() > count.max(1) {
            let gap = |at: &usize| spans[at + 1].0 - spans[*at].1;
            let Some(at) = (0..spans.len() - 1).min_by_key(gap) else {
                break;
            };
            spans[at].1 = spans.remove(at + 1).1;
        }
        spans
    }

    /// The number of frames in all spans.
    pub(crate) fn frames(&self) -> u32 {
        self.0.iter().map(|(start, end)| end - start).sum()
    }
}

/// Nanoseconds of a recording as seconds.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a recording")]
pub(crate) fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

/// The start times of frames; see `API.md`, `Timeline`.
#[derive(Debug, Deserialize)]
pub(crate) struct Timeline {
    num: u64,
    den: u64,
    runs: Vec<(u32, i64)>,
}

impl Timeline {
    /// The start of a frame in milliseconds since the first one.
    pub(crate) fn start_millis(&self, frame: u32) -> u64 {
        let mut left = frame;
        let mut ticks: u128 = 0;
        for &(count, each) in &self.runs {
            let counted = count.min(left);
            ticks += u128::from(counted) * u128::from(each.unsigned_abs());
            left -= counted;
        }
        let millis = ticks * u128::from(self.num) * 1000 / u128::from(self.den.max(1));
        u64::try_from(millis).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_grow_and_join_and_lose_no_frame() {
        let mut spans = Spans::default();
        assert!(spans.add(100, 200));
        assert!(!spans.add(120, 130), "seen already");
        assert!(spans.add(0, 10));
        assert!(spans.add(205, 300), "near enough to be one");
        assert!(!spans.add(7, 7));
        assert_eq!(spans.0, [(0, 10), (100, 300)]);
        assert_eq!(spans.frames(), 210);
        spans.add(1000, 1001);
        assert_eq!(spans.at_most(3).len(), 3);
        assert_eq!(spans.at_most(2), [(0, 300), (1000, 1001)]);
        assert_eq!(spans.at_most(1), [(0, 1001)]);
    }

    #[test]
    fn a_frame_has_its_time() {
        let text = r#"{"frames": 30, "num": 1, "den": 1000, "runs": [[10, 40], [20, 20]]}"#;
        let timeline: Timeline = serde_json::from_str(text).unwrap();
        assert_eq!(timeline.start_millis(0), 0);
        assert_eq!(timeline.start_millis(10), 400);
        assert_eq!(timeline.start_millis(30), 800);
        assert_eq!(timeline.start_millis(99), 800);
    }
}

//! When frames are shown.
//!
//! Every frame gets a time after the previous one, within one tick of its own. A frame without a
//! time is placed one frame duration after the previous one; the next frame with a time must agree,
//! or the recording's times are damaged.

use redact_core::{FrameIndex, Timestamp};

/// Most consecutive frames whose times are filled in.
pub(super) const FILL_MAX: u32 = 300;

/// Assigns times to frames in order.
#[derive(Default)]
pub(super) struct FrameClock {
    pub(super) next_index: FrameIndex,
    pub(super) last: Option<Timestamp>,
    pub(super) last_duration: i64,
    /// Ticks per frame, as a fraction, if the container declares them.
    pub(super) step: Option<(i64, i64)>,
    /// The last time from the file.
    anchor: Option<i64>,
    /// Frames without a time since then.
    unconfirmed: u32,
    /// Frames whose filled times were confirmed.
    pub(super) filled: u32,
}

impl FrameClock {
    /// A clock for frames of `step` ticks that continues at frame `next_index`, after `filled`
    /// times were filled in.
    pub(super) fn new(next_index: FrameIndex, step: Option<(i64, i64)>, filled: u32) -> Self {
        Self {
            next_index,
            step,
            filled,
            ..Self::default()
        }
    }

    /// The frame's time; `None` when it cannot be filled in, or is out of order by more than a
    /// tick.
    pub(super) fn place(&mut self, stamped: Option<i64>) -> Option<Timestamp> {
        // Beyond this, sums of ticks could leave 64 bits: damage, not a time.
        let is_sane = |ticks: &i64| ticks.unsigned_abs() < 1 << 60;
        let at = match stamped {
            Some(stamped) if is_sane(&stamped) => self.confirm(stamped)?,
            Some(_) => return None,
            None => self.fill()?,
        };
        let earliest = self.last.map_or(at, |last| last.ticks() + 1);
        if at + 1 < earliest {
            return None;
        }
        let at = Timestamp::new(at.max(earliest));
        self.last = Some(at);
        Some(at)
    }

    /// Counts frames without a time at the very end.
    pub(super) fn finish(&mut self) {
        self.filled += std::mem::take(&mut self.unconfirmed);
    }

    fn fill(&mut self) -> Option<i64> {
        if self.unconfirmed >= FILL_MAX {
            return None;
        }
        let at = self.after_anchor(self.unconfirmed + 1)?;
        self.unconfirmed += 1;
        Some(at)
    }

    fn confirm(&mut self, stamped: i64) -> Option<i64> {
        let open = std::mem::take(&mut self.unconfirmed);
        if open > 0 {
            let expected = self.after_anchor(open + 1)?;
            let (num, den) = self.step?;
            let apart = i128::from(expected.abs_diff(stamped));
            if apart * 2 * i128::from(den) > i128::from(num) {
                return None;
            }
            self.filled += open;
        }
        self.anchor = Some(stamped);
        Some(stamped)
    }

    fn after_anchor(&self, frames: u32) -> Option<i64> {
        let (anchor, (num, den)) = self.anchor.zip(self.step)?;
        let ticks = i128::from(num) * i128::from(frames) / i128::from(den.max(1));
        anchor.checked_add(i64::try_from(ticks).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_move_by_one_tick_and_earlier_ones_are_refused() {
        let mut clock = FrameClock::default();
        assert_eq!(clock.place(Some(-5)), Some(Timestamp::new(-5)));
        assert_eq!(clock.place(Some(-5)), Some(Timestamp::new(-4)));
        assert_eq!(clock.place(Some(-5)), None);
        assert_eq!(clock.place(None), None);
        assert_eq!(clock.place(Some(i64::MAX)), None);
    }

    /// Goal: a time between two neighbors is filled in where both agree. Control: where they do
    /// not, nothing is.
    #[test]
    fn times_are_filled_in_where_neighbors_agree() {
        let with = |next: i64| {
            let mut clock = FrameClock::new(FrameIndex::ZERO, Some((7507, 2)), 0);
            let placed = [Some(0), None, None, Some(next)].map(|at| clock.place(at));
            (placed[1..].to_vec(), clock.filled)
        };
        let at = |ticks| Some(Timestamp::new(ticks));
        assert_eq!(with(11_261), (vec![at(3753), at(7507), at(11_261)], 2));
        assert_eq!(with(18_000), (vec![at(3753), at(7507), None], 0));
    }
}

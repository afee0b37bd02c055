//! A recording whose clock starts again: segments that were joined.
//!
//! Transport and program streams and FLV carry times that a joining program leaves as they are, so
//! that each segment starts anew. Packets wait for a few that follow: a clock that goes back, and
//! on from there, has started again, and everything behind continues where the pictures were. A
//! single time that goes back is damage and stays as it is.

use std::collections::VecDeque;

use ffmpeg_next::Packet;
use ffmpeg_next::packet::Flags;
use redact_core::{TimeBase, Timestamp};

/// Packets of a stream that wait for what follows them.
const AHEAD: usize = 4;

/// How far a clock goes back at least where it starts again, nanoseconds: decoding times rise, but
/// for jitter.
const BACK_MIN_NANOS: i64 = 100_000_000;

/// How far apart the first packets behind a joint may lie, nanoseconds.
const STEP_MAX_NANOS: i64 = 5_000_000_000;

/// Packets of sound that wait for the pictures of their segment.
const WAITING_MAX: usize = 2000;

/// The clocks of all streams that are read.
pub(super) struct Clock {
    /// The pictures first.
    lines: Vec<Line>,
    /// What is added to times in each segment, ticks of the pictures' clock.
    offsets: Vec<i64>,
    arrived: u64,
}

struct Line {
    stream: usize,
    base: TimeBase,
    waiting: VecDeque<(u64, Packet)>,
    segment: usize,
    /// Decoding time and length of the packet that was given last, before any offset.
    last: Option<(i64, i64)>,
    /// Decoding time of the one before that, in the same segment.
    last_but_one: Option<i64>,
    /// When the last of a segment's packets so far has been shown, before any offset.
    shown_until: Option<i64>,
}

impl Clock {
    /// For streams with their time bases, the pictures first.
    pub(super) fn new(streams: &[(usize, TimeBase)]) -> Self {
        let line = |&(stream, base): &(usize, TimeBase)| Line {
            stream,
            base,
            waiting: VecDeque::new(),
            segment: 0,
            last: None,
            last_but_one: None,
            shown_until: None,
        };
        Self {
            lines: streams.iter().map(line).collect(),
            offsets: vec![0],
            arrived: 0,
        }
    }

    /// How often the clock started again.
    pub(super) fn restarts(&self) -> u32 {
        u32::try_from(self.offsets.len() - 1).unwrap_or(u32::MAX)
    }

    /// Forgets everything but what was found.
    pub(super) fn clear(&mut self) {
        for line in &mut self.lines {
            line.waiting.clear();
            (line.last, line.last_but_one) = (None, None);
        }
    }

    /// Takes a packet; gives those of which enough is known.
    pub(super) fn push(&mut self, packet: Packet) -> Vec<Packet> {
        let stream = packet.stream();
        let Some(line) = self.lines.iter_mut().find(|line| line.stream == stream) else {
            return vec![packet];
        };
        line.waiting.push_back((self.arrived, packet));
        self.arrived += 1;
        self.take(false)
    }

    /// Gives the rest.
    pub(super) fn finish(&mut self) -> Vec<Packet> {
        self.take(true)
    }

    fn take(&mut self, is_end: bool) -> Vec<Packet> {
        let mut given = Vec::new();
        for index in 0..self.lines.len() {
            while let Some(entry) = self.take_of(index, is_end) {
                given.push(entry);
            }
        }
        given.sort_by_key(|(number, _)| *number);
        given.into_iter().map(|(_, packet)| packet).collect()
    }

    /// The next packet of a line that need not wait any more.
    fn take_of(&mut self, index: usize, is_end: bool) -> Option<(u64, Packet)> {
        let picture_base = self.lines[0].base;
        let line = &mut self.lines[index];
        if line.waiting.is_empty() || line.waiting.len() <= AHEAD && !is_end {
            return None;
        }
        let is_restart = line.restarts_at(0);
        if is_restart {
            let next = line.segment + 1;
            if next >= self.offsets.len() {
                let may_wait = index > 0 && !is_end && line.waiting.len() < WAITING_MAX;
                if may_wait {
                    return None;
                }
                let back = rescaled(line.distance_back(), line.base, picture_base);
                let last = self.offsets.last().copied().unwrap_or(0);
                self.offsets.push(last.saturating_add(back));
            }
            (line.segment, line.shown_until) = (next, None);
        }
        // What ends a segment is marked as incomplete, because the count of packets jumps there.
        let is_beside_joint = is_restart || (1..AHEAD).any(|at| line.restarts_at(at));
        let (number, mut packet) = line.waiting.pop_front()?;
        if is_beside_joint {
            packet.set_flags(packet.flags() & !Flags::CORRUPT);
        }
        if let Some(dts) = time_of(&packet) {
            let before = line.last.map_or(1, |(last, length)| {
                let step = dts.saturating_sub(last);
                if step > 0 && !is_restart {
                    step
                } else {
                    length
                }
            });
            let length = packet.duration();
            let length = if length > 0 { length } else { before };
            let before = line.last.filter(|_| !is_restart);
            line.last_but_one = before.map(|(dts, _)| dts);
            line.last = Some((dts, length));
            let until = packet.pts().map(|pts| pts.saturating_add(length));
            line.shown_until = line.shown_until.max(until);
        }
        let offset = self.offsets.get(line.segment).copied().unwrap_or(0);
        let offset = rescaled(offset, picture_base, line.base);
        packet.set_pts(packet.pts().map(|pts| pts.saturating_add(offset)));
        packet.set_dts(packet.dts().map(|dts| dts.saturating_add(offset)));
        Some((number, packet))
    }
}

impl Line {
    /// Whether the clock starts again with the packet at `index` of those that wait.
    fn restarts_at(&self, index: usize) -> bool {
        let at = |index: usize| {
            let (_, packet) = self.waiting.get(index)?;
            time_of(packet)
        };
        let last = self.last.map(|(dts, _)| dts);
        let (before, one_more) = match index {
            0 => (last, self.last_but_one),
            1 => (at(0), last),
            _ => (at(index - 1), at(index - 2)),
        };
        let (Some(before), Some(now)) = (before, at(index)) else {
            return false;
        };
        // What goes on from the packet before the last one: that one's time alone was wrong.
        if one_more.is_some_and(|earlier| (earlier..before).contains(&now)) {
            return false;
        }
        let nanos = |from: i64, to: i64| {
            let ticks = to.saturating_sub(from);
            Timestamp::new(ticks).nanos(self.base).unwrap_or(i64::MAX)
        };
        // A single wrong time is followed by one that goes on from those before it.
        let follows = |next: i64| next < before && (0..STEP_MAX_NANOS).contains(&nanos(now, next));
        nanos(now, before) >= BACK_MIN_NANOS && at(index + 1).is_none_or(follows)
    }

    /// From the first packet that waits to the end of what was given, ticks: nothing is decoded or
    /// shown before that.
    fn distance_back(&self) -> i64 {
        let first = self.waiting.front();
        let first = first.and_then(|(_, packet)| time_of(packet));
        let end = self.last.map(|(dts, length)| dts.saturating_add(length));
        let waiting = self.waiting.iter().filter_map(|(_, packet)| packet.pts());
        let shown = self.shown_until.zip(waiting.min());
        let decoded = end.zip(first);
        let both = decoded.into_iter().chain(shown);
        let distances = both.map(|(end, first)| end.saturating_sub(first));
        distances.max().unwrap_or(0)
    }
}

fn time_of(packet: &Packet) -> Option<i64> {
    packet.dts().or_else(|| packet.pts())
}

fn rescaled(ticks: i64, from: TimeBase, to: TimeBase) -> i64 {
    let part = |base: TimeBase| (i128::from(base.num.get()), i128::from(base.den.get()));
    let ((num, den), (to_num, to_den)) = (part(from), part(to));
    let (numerator, denominator) = (i128::from(ticks) * num * to_den, den * to_num);
    let rounded = (numerator + denominator / 2).div_euclid(denominator);
    i64::try_from(rounded).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(all: &[i64]) -> (Vec<i64>, u32) {
        let base = TimeBase::new(1, 1000).unwrap();
        let mut clock = Clock::new(&[(0, base)]);
        let mut given = Vec::new();
        for &at in all {
            let mut packet = Packet::copy(&[1]);
            packet.set_dts(Some(at));
            packet.set_duration(40);
            given.extend(clock.push(packet));
        }
        given.extend(clock.finish());
        let times = given.iter().map(|packet| packet.dts().unwrap()).collect();
        (times, clock.restarts())
    }

    #[test]
    fn times_continue_where_the_clock_starts_again() {
        let joined = [1000, 1040, 1080, 0, 40, 80, 120, 0, 40];
        let continued = (0..9).map(|at| 1000 + at * 40).collect::<Vec<i64>>();
        assert_eq!(times(&joined), (continued, 2));
    }

    /// Control: a single wrong time, a gap and jitter are none of the clock's business.
    #[test]
    fn other_times_stay_as_they_are() {
        for all in [
            vec![1000, 1040, 5, 1120, 1160],
            vec![1000, 1040, 90_000, 1120, 1160],
            vec![0, 40, 90_000, 90_040],
            vec![0, 40, 30, 80, 120],
        ] {
            assert_eq!(times(&all), (all.clone(), 0));
        }
    }
}

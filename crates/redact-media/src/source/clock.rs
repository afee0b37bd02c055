//! Clock restarts in recordings that were concatenated from segments.
//!
//! Tools that concatenate transport streams, program streams or FLV leave their times unchanged, so
//! each segment starts over. Each packet waits for a few that follow it: if times go back and
//! continue from there, the clock has restarted, and all streams are shifted to continue after the
//! pictures. A single time that goes back is damage and stays unchanged.

use std::collections::VecDeque;

use ffmpeg_next::Packet;
use ffmpeg_next::packet::Flags;
use redact_core::{TimeBase, Timestamp};

/// Packets of lookahead per stream.
const AHEAD: usize = 4;

/// Least step back of a clock restart, nanoseconds; a smaller one is jitter.
const BACK_MIN_NANOS: i64 = 100_000_000;

/// Most distance between the first packets after a restart, nanoseconds.
const STEP_MAX_NANOS: i64 = 5_000_000_000;

/// Most packets of sound that wait for their segment's pictures.
const WAITING_MAX: usize = 2000;

/// The clocks of all streams.
pub(super) struct Clock {
    /// The video stream first.
    lines: Vec<Line>,
    /// Offset added to the times of each segment, ticks of the video stream.
    offsets: Vec<i64>,
    arrived: u64,
}

struct Line {
    stream: usize,
    base: TimeBase,
    waiting: VecDeque<(u64, Packet)>,
    segment: usize,
    /// Decoding time and duration of the last packet returned, before any offset.
    last: Option<(i64, i64)>,
    /// Decoding time of the packet before that, in the same segment.
    last_but_one: Option<i64>,
    /// End of the segment's packets so far, presentation time before any offset.
    shown_until: Option<i64>,
}

impl Clock {
    /// Clocks for streams with their time bases, the video stream first.
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

    /// How many times the clock restarted.
    pub(super) fn restarts(&self) -> u32 {
        u32::try_from(self.offsets.len() - 1).unwrap_or(u32::MAX)
    }

    /// Forgets waiting packets, but not the offsets.
    pub(super) fn clear(&mut self) {
        for line in &mut self.lines {
            line.waiting.clear();
            (line.last, line.last_but_one) = (None, None);
        }
    }

    /// Takes a packet; returns those whose lookahead is complete.
    pub(super) fn push(&mut self, packet: Packet) -> Vec<Packet> {
        let stream = packet.stream();
        let Some(line) = self.lines.iter_mut().find(|line| line.stream == stream) else {
            return vec![packet];
        };
        line.waiting.push_back((self.arrived, packet));
        self.arrived += 1;
        self.take(false)
    }

    /// Returns the remaining packets.
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

    /// The next packet of a stream that need not wait any longer.
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
        // The demuxer marks a segment's last packet as corrupt, because the packet counter jumps.
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
    /// Whether the clock restarts at the waiting packet `index`.
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
        // It continues from the packet before the last one: only that one's time was wrong.
        if one_more.is_some_and(|earlier| (earlier..before).contains(&now)) {
            return false;
        }
        let nanos = |from: i64, to: i64| {
            let ticks = to.saturating_sub(from);
            Timestamp::new(ticks).nanos(self.base).unwrap_or(i64::MAX)
        };
        // A single wrong time is followed by one that continues from those before it.
        let follows = |next: i64| next < before && (0..STEP_MAX_NANOS).contains(&nanos(now, next));
        nanos(now, before) >= BACK_MIN_NANOS && at(index + 1).is_none_or(follows)
    }

    /// From the first waiting packet to the end of those already returned, ticks, so that nothing
    /// overlaps them in decoding or presentation order.
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
    fn times_continue_after_a_clock_restart() {
        let joined = [1000, 1040, 1080, 0, 40, 80, 120, 0, 40];
        let continued = (0..9).map(|at| 1000 + at * 40).collect::<Vec<i64>>();
        assert_eq!(times(&joined), (continued, 2));
    }

    /// Control: a single wrong time, a gap and jitter are not restarts.
    #[test]
    fn other_times_stay_unchanged() {
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

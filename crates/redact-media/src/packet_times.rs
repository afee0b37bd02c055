//! Which times the packets of a container have, and how those that it lacks follow from them.

use ffmpeg_next::Packet;

/// Which times of a packet of pictures a container stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PacketTimes {
    /// Presentation and decoding time: MP4, MOV, MPEG-TS.
    Both,
    /// Presentation time: Matroska. Pictures are decoded as late as their order allows.
    Presented,
    /// Decoding time: AVI. When a picture is shown follows from the order that its slice states.
    Decoded,
}

impl PacketTimes {
    /// Those of `container`, FFmpeg's name; `None` for a container of which nothing is copied.
    pub(crate) fn of(container: &str) -> Option<Self> {
        match container.split(',').next()? {
            "mov" | "mpegts" => Some(Self::Both),
            "matroska" => Some(Self::Presented),
            "avi" => Some(Self::Decoded),
            _ => None,
        }
    }

    /// Whether a reader skips `packet`: an empty one in AVI repeats the last picture.
    pub(crate) fn skips(self, packet: &Packet) -> bool {
        self == Self::Decoded && packet.size() == 0
    }
}

/// Whether a container is MP4 or MOV, FFmpeg's name.
pub(crate) fn is_mov(container: &str) -> bool {
    container.split(',').next() == Some("mov")
}

/// Gives each picture of a GOP a presentation time: the one with the lowest `order` gets the first
/// of `times`, and so on. `None` if two have the same order.
pub(crate) fn by_order(order: &[i64], times: &[i64]) -> Option<Vec<i64>> {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    let is_strict = sorted.windows(2).all(|two| two[0] < two[1]);
    if !is_strict || order.len() != times.len() {
        return None;
    }
    let mut ascending = times.to_vec();
    ascending.sort_unstable();
    let place = |one: &i64| sorted.binary_search(one).ok();
    let time = |one: &i64| ascending.get(place(one)?).copied();
    order.iter().map(time).collect()
}

/// How many places in decoding order a picture comes behind its place in presentation order, at
/// most; `pts` has the times of a GOP in decoding order.
pub(crate) fn lateness(pts: &[i64]) -> usize {
    let mut sorted = pts.to_vec();
    sorted.sort_unstable();
    let late = |(place, at): (usize, &i64)| {
        let shown = sorted.binary_search(at).unwrap_or(place);
        place.saturating_sub(shown)
    };
    pts.iter().enumerate().map(late).max().unwrap_or(0)
}

/// Decoding times of pictures that are shown at `pts`, ascending: that of the picture `reorder`
/// places earlier, and before the first one `step` ticks apart.
pub(crate) fn decoding_times(pts: &[i64], reorder: usize, step: i64) -> Vec<i64> {
    let first = pts.first().copied().unwrap_or(0);
    let time = |place: usize| match place.checked_sub(reorder) {
        Some(earlier) => pts[earlier],
        None => {
            let ahead = i64::try_from(reorder - place).unwrap_or(0);
            first.saturating_sub(step.max(1).saturating_mul(ahead))
        }
    };
    (0..pts.len()).map(time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: no picture is decoded after it is shown, and each is decoded after the one before it.
    /// Control: one place less of reordering decodes a B picture too late.
    #[test]
    fn pictures_are_decoded_in_time() {
        // I P B B P B B, 40 ms apart.
        let pts = [0, 120, 40, 80, 240, 160, 200];
        let late = lateness(&pts);
        assert_eq!(late, 1);
        let mut sorted = pts.to_vec();
        sorted.sort_unstable();
        let fits = |reorder: usize| {
            let dts = decoding_times(&sorted, reorder, 40);
            assert!(dts.windows(2).all(|two| two[0] < two[1]));
            dts.iter().zip(&pts).all(|(dts, pts)| dts <= pts)
        };
        assert!(fits(late) && !fits(late - 1));
        assert_eq!(decoding_times(&sorted, 2, 40)[..3], [-80, -40, 0]);
    }

    #[test]
    fn pictures_are_timed_by_their_order() {
        let order = [0, 6, 2, 4];
        assert_eq!(by_order(&order, &[7, 8, 9, 10]), Some(vec![7, 10, 8, 9]));
        assert_eq!(by_order(&[0, 2, 2], &[7, 8, 9]), None);
        assert_eq!(by_order(&[0, 2], &[7]), None);
    }
}

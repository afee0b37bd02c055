//! The byte stream format: NAL units behind start codes.
//!
//! Source: ITU-T H.264, annex B.

use super::nal::{self, SEI};

/// The packet without its SEI; `None` when it has none.
///
/// libx264 puts its version and settings into the first packet as SEI. It is of no use to a player,
/// and a reader of the release has no way to tell it from data that was hidden.
#[must_use]
pub fn without_sei(packet: &[u8]) -> Option<Vec<u8>> {
    let starts = starts(packet);
    let is_sei = |unit: usize| packet.get(unit..).and_then(nal::kind) == Some(SEI);
    if !starts.iter().any(|(_, unit)| is_sei(*unit)) {
        return None;
    }
    let mut kept = Vec::with_capacity(packet.len());
    for (i, (code, unit)) in starts.iter().enumerate() {
        let end = starts.get(i + 1).map_or(packet.len(), |(next, _)| *next);
        if !is_sei(*unit) {
            kept.extend_from_slice(&packet[*code..end]);
        }
    }
    Some(kept)
}

/// Where each unit's start code and its header byte are.
#[must_use]
pub fn starts(packet: &[u8]) -> Vec<(usize, usize)> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= packet.len() {
        if packet[at..at + 3] == [0, 0, 1] {
            // A start code may have one more zero in front.
            let code = if at > 0 && packet[at - 1] == 0 {
                at - 1
            } else {
                at
            };
            starts.push((code, at + 3));
            at += 3;
        } else if packet[at + 2] > 1 {
            // None of the three bytes can begin a start code.
            at += 3;
        } else {
            at += 1;
        }
    }
    starts
}

/// The NAL units of a packet, without the zeros that end some.
pub fn units(packet: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts = starts(packet);
    (0..starts.len()).map(move |i| {
        let end = starts.get(i + 1).map_or(packet.len(), |(code, _)| *code);
        let unit = &packet[starts[i].1..end];
        let zeros = unit.iter().rev().take_while(|byte| **byte == 0).count();
        &unit[..unit.len() - zeros]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sei_units_go_and_all_others_stay_as_they_are() {
        let (parameters, sei, slice) = (
            [0, 0, 0, 1, 0x67, 9],
            [0, 0, 1, 6, 5, 77],
            [0, 0, 1, 0x65, 0],
        );
        let packet = [&parameters[..], &sei, &slice].concat();
        assert_eq!(
            without_sei(&packet),
            Some([&parameters[..], &slice].concat())
        );
    }

    #[test]
    fn a_packet_without_sei_is_left_alone() {
        assert_eq!(without_sei(&[0, 0, 0, 1, 0x65, 6, 0, 6]), None);
        assert_eq!(without_sei(&[]), None);
    }
}

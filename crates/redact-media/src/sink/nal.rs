//! Takes the encoder's user data out of H.264 packets.
//!
//! libx264 puts its version and settings into the first packet as a message (SEI). It is of no
//! use to a player, and a reader of the release has no way to tell it from data that was hidden.

/// Supplemental enhancement information. Source: ITU-T H.264, table 7-1.
const SEI: u8 = 6;

/// The packet (Annex B: units behind start codes) without its SEI units; `None` when it has none.
pub(super) fn without_sei(packet: &[u8]) -> Option<Vec<u8>> {
    let starts = unit_starts(packet);
    let is_sei = |unit: usize| packet.get(unit).is_some_and(|header| header & 0x1f == SEI);
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
pub(crate) fn unit_starts(packet: &[u8]) -> Vec<(usize, usize)> {
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

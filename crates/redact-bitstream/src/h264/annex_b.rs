//! The byte stream format: NAL units preceded by start codes.
//!
//! Source: ITU-T H.264, annex B.

/// Positions of each NAL unit's start code and header byte.
#[must_use]
pub fn starts(packet: &[u8]) -> Vec<(usize, usize)> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= packet.len() {
        if packet[at..at + 3] == [0, 0, 1] {
            // A start code may be preceded by one more zero.
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

/// The bytes of a packet before its first start code: those of no NAL unit.
pub fn before_first_unit(packet: &[u8]) -> impl Iterator<Item = u8> {
    let first = starts(packet)
        .first()
        .map_or(packet.len(), |(code, _)| *code);
    packet[..first].iter().copied()
}

/// The NAL units of a packet, without trailing zeros.
pub fn units(packet: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts = starts(packet);
    (0..starts.len()).map(move |i| {
        let end = starts.get(i + 1).map_or(packet.len(), |(code, _)| *code);
        let unit = &packet[starts[i].1..end];
        let zeros = unit.iter().rev().take_while(|byte| **byte == 0).count();
        &unit[..unit.len() - zeros]
    })
}

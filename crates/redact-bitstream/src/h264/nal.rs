//! NAL units, of which samples of H.264 consist.
//!
//! Source: ITU-T H.264, 7.3.1 and table 7-1; annex B (start codes); ISO/IEC 14496-15, 5.3
//! (lengths).

use super::annex_b;

/// Slice of a picture that is not an IDR picture.
pub const SLICE: u8 = 1;
/// Slice of an IDR picture.
pub const IDR_SLICE: u8 = 5;
/// Supplemental enhancement information.
pub const SEI: u8 = 6;
/// Sequence parameter set.
pub const SPS: u8 = 7;
/// Picture parameter set.
pub const PPS: u8 = 8;
/// Access unit delimiter.
pub const DELIMITER: u8 = 9;
/// Filler data.
pub const FILLER: u8 = 12;

/// How NAL units are delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By a length of this many bytes (1 to 4) before each, as in MP4.
    Lengths(usize),
    /// By a start code before each, as in a byte stream (annex B).
    StartCodes,
}

/// `nal_unit_type`; `None` for an empty unit.
#[must_use]
pub fn kind(unit: &[u8]) -> Option<u8> {
    unit.first().map(|header| header & 0x1f)
}

/// Whether a NAL unit is a slice of a picture.
#[must_use]
pub fn is_slice(unit: &[u8]) -> bool {
    matches!(kind(unit), Some(SLICE | IDR_SLICE))
}

/// Whether a NAL unit is an access unit delimiter and nothing more: three bits for the slice types,
/// and the stop bit.
#[must_use]
pub fn is_plain_delimiter(unit: &[u8]) -> bool {
    unit.len() == 2 && kind(unit) == Some(DELIMITER) && unit[1] & 0x1f == 0x10
}

/// The NAL units of a sample, in order; a truncated one is `None`, and is the last.
pub fn units(sample: &[u8], framing: Framing) -> impl Iterator<Item = Option<&[u8]>> {
    let (lengths, starts) = match framing {
        Framing::Lengths(bytes) => (Some(length_prefixed(sample, bytes)), None),
        Framing::StartCodes => (None, Some(annex_b::units(sample).map(Some))),
    };
    lengths
        .into_iter()
        .flatten()
        .chain(starts.into_iter().flatten())
}

fn length_prefixed(mut left: &[u8], length_bytes: usize) -> impl Iterator<Item = Option<&[u8]>> {
    std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let unit = left
            .split_at_checked(length_bytes)
            .and_then(|(length, rest)| {
                let length = length
                    .iter()
                    .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
                rest.split_at_checked(length)
            });
        left = unit.map_or(&[], |(_, rest)| rest);
        Some(unit.map(|(unit, _)| unit))
    })
}

/// Appends a NAL unit, preceded by its length in four bytes.
///
/// # Panics
/// When the unit has 4 GiB or more, which no packet has.
pub fn push(sample: &mut Vec<u8>, unit: &[u8]) {
    let length = u32::try_from(unit.len()).expect("a packet is smaller than 4 GiB");
    sample.extend_from_slice(&length.to_be_bytes());
    sample.extend_from_slice(unit);
}

/// Whether a NAL unit contains bytes that a decoder would take for a start code.
#[must_use]
pub fn has_start_code(unit: &[u8]) -> bool {
    let mut zeros = 0_u32;
    for byte in unit {
        if zeros >= 2 && *byte < 3 {
            return true;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
    }
    zeros > 0
}

/// A packet of a byte stream without its SEI; `None` when it has none.
///
/// libx264 writes its version and settings into the first packet as SEI. Players do not need it,
/// and a reader of the release cannot distinguish it from hidden data.
#[must_use]
pub fn byte_stream_without_sei(packet: &[u8]) -> Option<Vec<u8>> {
    let starts = annex_b::starts(packet);
    let is_sei = |unit: usize| packet.get(unit..).and_then(kind) == Some(SEI);
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
            byte_stream_without_sei(&packet),
            Some([&parameters[..], &slice].concat())
        );
    }

    #[test]
    fn a_packet_without_sei_is_left_alone() {
        assert_eq!(byte_stream_without_sei(&[0, 0, 0, 1, 0x65, 6, 0, 6]), None);
        assert_eq!(byte_stream_without_sei(&[]), None);
    }
}

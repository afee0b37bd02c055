//! NAL units of an H.264 sample: one picture, and anything else.
//!
//! A picture must be one slice, because decoders show only one of two that overlap. Every slice is
//! parsed to its last bit ([`walk`]).
//!
//! Source: ITU-T H.264, 7.3.1 and table 7-1 (NAL units), 7.3.2.3 (SEI), 7.3.3 (slices), 7.4.1
//! (start code emulation), annex D (SEI types).

use super::parameter_sets::ParameterSets;
use crate::h264::Unaccounted;
use crate::h264::nal::{self, Framing};
use crate::h264::slice_data::{Workspace, account};
use crate::h264::slice_header::SliceStart;
use crate::h264::x264_end_bits::Mark;

/// UUID of x264's SEI, the same in all versions. Source: x264 `encoder/set.c`.
const X264: [u8; 16] = [
    0xdc, 0x45, 0xe9, 0xbd, 0xe6, 0xd9, 0x48, 0xb7, 0x96, 0x2c, 0xd8, 0x20, 0xd9, 0x23, 0xee, 0xef,
];

/// What a sample holds other than one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extra {
    /// Captions or other data registered by country (type 4).
    Registered,
    /// x264's version and settings.
    Encoder,
    /// Any other SEI, by its type.
    Other(u32),
    /// A NAL unit that is neither a picture nor a parameter set, by its type.
    Unit(u8),
    /// Parameter sets that the track lacks.
    Parameters,
    /// A sample that is not one picture.
    Picture,
    /// A start code within a NAL unit.
    Start,
    /// A truncated NAL unit or SEI.
    Broken,
}

/// What is in a sample other than one picture.
pub(super) fn extras(sample: &[u8], sets: &ParameterSets) -> Vec<Extra> {
    let (mut found, mut slices) = (Vec::new(), 0);
    for unit in nal::units(sample, Framing::Lengths(sets.length_bytes.max(1))) {
        let Some(unit) = unit else {
            found.push(Extra::Broken);
            break;
        };
        slices += usize::from(is_whole_slice(unit, sets));
        found.extend(in_unit(unit, sets));
    }
    if slices != 1 {
        found.push(Extra::Picture);
    }
    found
}

/// The result of parsing a sample's slice.
pub(super) struct Walked {
    /// Whether a GOP begins here.
    pub(super) is_idr: bool,
    pub(super) found: Result<Mark, Unaccounted>,
}

/// Parses the slice of a sample that is one picture of the track; `None` for any other, which
/// [`extras`] reports.
pub(super) fn walk(
    sample: &[u8],
    sets: &ParameterSets,
    workspace: &mut Workspace,
) -> Option<Walked> {
    let all = nal::units(sample, Framing::Lengths(sets.length_bytes.max(1))).flatten();
    let mut slices = all.filter(|unit| is_whole_slice(unit, sets));
    let (Some(slice), None) = (slices.next(), slices.next()) else {
        return None;
    };
    let parameters = sets.parameters(SliceStart::read(slice)?.pps_id)?;
    Some(Walked {
        is_idr: nal::kind(slice) == Some(nal::IDR_SLICE),
        found: account(slice, parameters, workspace),
    })
}

fn in_unit(unit: &[u8], sets: &ParameterSets) -> Vec<Extra> {
    let mut found = match nal::kind(unit) {
        Some(1 | 5) if is_whole_slice(unit, sets) => Vec::new(),
        Some(1 | 5) => vec![Extra::Picture],
        Some(7 | 8) if sets.has(unit) => Vec::new(),
        Some(7 | 8) => vec![Extra::Parameters],
        Some(9) if nal::is_plain_delimiter(unit) => Vec::new(),
        Some(6) => in_sei(&without_emulation_prevention(&unit[1..])),
        Some(kind) => vec![Extra::Unit(kind)],
        None => vec![Extra::Broken],
    };
    if nal::has_start_code(unit) {
        found.push(Extra::Start);
    }
    found
}

/// The `pps_id` of a sample that is one picture.
pub(super) fn pps_id_of(sample: &[u8], sets: &ParameterSets) -> Option<u32> {
    let all = nal::units(sample, Framing::Lengths(sets.length_bytes.max(1))).flatten();
    let mut slices = all.filter(|unit| is_whole_slice(unit, sets));
    slices
        .next()
        .and_then(SliceStart::read)
        .map(|start| start.pps_id)
}

/// Whether a NAL unit is a slice that begins a picture of the track.
fn is_whole_slice(unit: &[u8], sets: &ParameterSets) -> bool {
    nal::is_slice(unit)
        && SliceStart::read(unit)
            .is_some_and(|start| start.first_macroblock == 0 && sets.has_pps(start.pps_id))
}

fn in_sei(mut bytes: &[u8]) -> Vec<Extra> {
    let mut found = Vec::new();
    // The stop bit, in a separate byte, ends the SEI.
    while bytes != [0x80] {
        let header = number(bytes).and_then(|(kind, rest)| {
            let (length, rest) = number(rest)?;
            Some((kind, usize::try_from(length).ok()?, rest))
        });
        let Some((kind, length, rest)) = header else {
            found.push(Extra::Broken);
            break;
        };
        let Some((payload, rest)) = rest.split_at_checked(length) else {
            found.push(Extra::Broken);
            break;
        };
        found.push(match kind {
            4 => Extra::Registered,
            5 if payload.starts_with(&X264) => Extra::Encoder,
            kind => Extra::Other(kind),
        });
        bytes = rest;
    }
    found
}

/// A number coded as bytes of 255 and a smaller last byte.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let full = bytes.iter().take_while(|byte| **byte == 0xff).count();
    let last = u32::from(*bytes.get(full)?);
    Some((
        u32::try_from(full)
            .ok()?
            .checked_mul(255)?
            .checked_add(last)?,
        &bytes[full + 1..],
    ))
}

/// The bytes without emulation prevention.
fn without_emulation_prevention(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    for (i, byte) in bytes.iter().enumerate() {
        let escape = *byte == 3 && i >= 2 && bytes[i - 2..i] == [0, 0];
        if !escape {
            plain.push(*byte);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::report::Report;
    use crate::mp4::boxes::Atom;

    /// Parameter sets with `pps_id` 0 and NAL unit lengths of one byte.
    fn sets() -> ParameterSets {
        let sequence: &[u8] = &[
            0x67, 0x64, 0x00, 0x0a, 0xac, 0x72, 0x84, 0x44, 0x26, 0x84, 0x00, 0x00, 0x03, 0x00,
            0x04, 0x00, 0x00, 0x03, 0x00, 0xca, 0x3c, 0x48, 0x96, 0x11, 0x80,
        ];
        let picture: &[u8] = &[0x68, 0xe8, 0x43, 0x8f, 0x13, 0x21, 0x30];
        let length = |unit: &[u8]| u8::try_from(unit.len()).unwrap();
        let record = [
            &[1, 0x64, 0, 0x0a, 0xfc, 0xe1, 0, length(sequence)][..],
            sequence,
            &[1, 0, length(picture)],
            picture,
        ]
        .concat();
        let atom = Atom {
            kind: *b"avcC",
            body: &record,
            offset: 0,
            body_offset: 8,
        };
        let mut report = Report::new();
        let sets = ParameterSets::read(atom, &mut report).unwrap();
        assert!(report.verdicts().iter().all(|verdict| verdict.clean));
        sets
    }

    fn sample(units: &[&[u8]]) -> Vec<u8> {
        let mut sample = Vec::new();
        for unit in units {
            sample.push(u8::try_from(unit.len()).unwrap());
            sample.extend_from_slice(unit);
        }
        sample
    }

    /// First macroblock 0, type 7, `pps_id` 0; long enough that its end is not its header.
    const SLICE: &[u8] = &[
        0x65, 0x88, 0x84, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
        20, 21, 22, 23, 24,
    ];

    #[test]
    fn sei_is_distinguished_from_pictures() {
        let encoder = [&[6, 5, 16][..], &X264, &[0x80]].concat();
        let captions = [6, 4, 2, 0xb5, 0x01, 0x80];
        let sample = sample(&[SLICE, &encoder, &captions, &[0x0c, 0xff]]);
        let expected = [Extra::Encoder, Extra::Registered, Extra::Unit(12)];
        assert_eq!(extras(&sample, &sets()), expected);
    }

    /// Goal: every NAL unit that players skip is reported; the first line is the control.
    #[test]
    fn a_sample_is_one_picture_and_nothing_else() {
        let sets = sets();
        let check = |units: &[&[u8]], expected: &[Extra]| {
            assert_eq!(extras(&sample(units), &sets), expected, "{units:x?}");
        };
        check(&[&[9, 0x10], SLICE], &[]);
        check(&[SLICE, SLICE], &[Extra::Picture]);
        check(&[], &[Extra::Picture]);
        // A second slice, of a later macroblock or another set.
        check(&[SLICE, &[0x65, 0x44, 0x42, 0x11]], &[Extra::Picture]);
        check(&[SLICE, &[0x65, 0x88, 0x44, 0x21]], &[Extra::Picture]);
        check(&[&[9, 0x10, b'x'], SLICE], &[Extra::Unit(9)]);
        check(&[&[0x68, 0xe8, b'x'], SLICE], &[Extra::Parameters]);
        check(&[&[SLICE, &[0, 0, 1, 6]].concat()], &[Extra::Start]);
        check(&[&[SLICE, &[0]].concat()], &[Extra::Start]);
        check(&[&[SLICE, &[0, 0, 3, 1]].concat()], &[]);
    }

    #[test]
    fn a_truncated_nal_unit_is_not_clean() {
        let sets = sets();
        let bare = |sample: &[u8]| {
            let mut found = extras(sample, &sets);
            assert_eq!(found.pop(), Some(Extra::Picture));
            found
        };
        assert_eq!(bare(&[9, 0x65]), [Extra::Broken]);
        assert_eq!(bare(&[2, 6, 0x80]), []);
        assert_eq!(bare(&[3, 6, 5, 9]), [Extra::Broken]);
        assert_eq!(bare(&[0]), [Extra::Broken]);
    }
}

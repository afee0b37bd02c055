//! Units of an H.264 sample: one picture, and what else is there.
//!
//! A picture is one slice: of two that overlap, decoders show one. Every slice is walked to its
//! last bit ([`walk`]).
//!
//! Source: ITU-T H.264, 7.3.1 and table 7-1 (units), 7.3.2.3 (messages), 7.3.3 (slices), 7.4.1
//! (bytes that no unit has), annex D (types of messages).

use super::parameter_sets::ParameterSets;
use crate::h264::Unaccounted;
use crate::h264::nal::{self, Framing};
use crate::h264::slice_data::{Workspace, account};
use crate::h264::slice_header::SliceStart;
use crate::h264::x264_end_bits::Mark;

/// The version-independent identity of x264's message. Source: x264 `encoder/set.c`.
const X264: [u8; 16] = [
    0xdc, 0x45, 0xe9, 0xbd, 0xe6, 0xd9, 0x48, 0xb7, 0x96, 0x2c, 0xd8, 0x20, 0xd9, 0x23, 0xee, 0xef,
];

/// What a sample holds besides pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Captions or other data registered by country (type 4).
    Registered,
    /// x264's version and settings.
    Encoder,
    /// Any other message, by its type.
    Other(u32),
    /// A unit that is neither a picture nor a parameter set, by its type.
    Unit(u8),
    /// Parameter sets that are not those of the track.
    Parameters,
    /// A sample that is not one picture.
    Picture,
    /// Bytes within a unit that a decoder takes for its end.
    Start,
    /// Bytes that are no whole unit.
    Broken,
}

/// What is in a sample beside one picture.
pub(super) fn messages(sample: &[u8], sets: &ParameterSets) -> Vec<Message> {
    let (mut found, mut slices) = (Vec::new(), 0);
    for unit in nal::units(sample, Framing::Lengths(sets.length_bytes.max(1))) {
        let Some(unit) = unit else {
            found.push(Message::Broken);
            break;
        };
        slices += usize::from(is_whole_slice(unit, sets));
        found.extend(in_unit(unit, sets));
    }
    if slices != 1 {
        found.push(Message::Picture);
    }
    found
}

/// What a walk through a sample's slice came to.
pub(super) struct Walked {
    /// Whether a group of pictures begins here.
    pub(super) is_idr: bool,
    pub(super) found: Result<Mark, Unaccounted>,
}

/// Walks through the slice of a sample that is one picture of the track; `None` for any other,
/// which [`messages`] names.
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

fn in_unit(unit: &[u8], sets: &ParameterSets) -> Vec<Message> {
    let mut found = match nal::kind(unit) {
        Some(1 | 5) if is_whole_slice(unit, sets) => Vec::new(),
        Some(1 | 5) => vec![Message::Picture],
        Some(7 | 8) if sets.has(unit) => Vec::new(),
        Some(7 | 8) => vec![Message::Parameters],
        Some(9) if nal::is_plain_delimiter(unit) => Vec::new(),
        Some(6) => in_sei(&without_escapes(&unit[1..])),
        Some(kind) => vec![Message::Unit(kind)],
        None => vec![Message::Broken],
    };
    if nal::has_start_code(unit) {
        found.push(Message::Start);
    }
    found
}

/// Number of the picture parameter set of a sample that is one picture.
pub(super) fn set_of(sample: &[u8], sets: &ParameterSets) -> Option<u32> {
    let all = nal::units(sample, Framing::Lengths(sets.length_bytes.max(1))).flatten();
    let mut slices = all.filter(|unit| is_whole_slice(unit, sets));
    slices
        .next()
        .and_then(SliceStart::read)
        .map(|start| start.pps_id)
}

/// Whether a unit is a slice that begins a picture of the track.
fn is_whole_slice(unit: &[u8], sets: &ParameterSets) -> bool {
    nal::is_slice(unit)
        && SliceStart::read(unit)
            .is_some_and(|start| start.first_macroblock == 0 && sets.has_number(start.pps_id))
}

fn in_sei(mut bytes: &[u8]) -> Vec<Message> {
    let mut found = Vec::new();
    // The stop bit, in a byte of its own, ends the messages.
    while bytes != [0x80] {
        let header = number(bytes).and_then(|(kind, rest)| {
            let (length, rest) = number(rest)?;
            Some((kind, usize::try_from(length).ok()?, rest))
        });
        let Some((kind, length, rest)) = header else {
            found.push(Message::Broken);
            break;
        };
        let Some((payload, rest)) = rest.split_at_checked(length) else {
            found.push(Message::Broken);
            break;
        };
        found.push(match kind {
            4 => Message::Registered,
            5 if payload.starts_with(&X264) => Message::Encoder,
            kind => Message::Other(kind),
        });
        bytes = rest;
    }
    found
}

/// A number in bytes of 255 and a last one below.
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

/// The bytes without the 3 that is put behind two zeros.
fn without_escapes(bytes: &[u8]) -> Vec<u8> {
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

    /// Sets of which picture set 0 can be named, units behind one byte of length.
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

    /// First macroblock 0, type 7, set 0; long enough that its end is not its header.
    const SLICE: &[u8] = &[
        0x65, 0x88, 0x84, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
        20, 21, 22, 23, 24,
    ];

    #[test]
    fn messages_are_told_apart_from_pictures() {
        let encoder = [&[6, 5, 16][..], &X264, &[0x80]].concat();
        let captions = [6, 4, 2, 0xb5, 0x01, 0x80];
        let sample = sample(&[SLICE, &encoder, &captions, &[0x0c, 0xff]]);
        let expected = [Message::Encoder, Message::Registered, Message::Unit(12)];
        assert_eq!(messages(&sample, &sets()), expected);
    }

    /// Goal: every unit that no player shows is named; the first line is the control.
    #[test]
    fn a_sample_is_one_picture_and_nothing_else() {
        let sets = sets();
        let check = |units: &[&[u8]], expected: &[Message]| {
            assert_eq!(messages(&sample(units), &sets), expected, "{units:x?}");
        };
        check(&[&[9, 0x10], SLICE], &[]);
        check(&[SLICE, SLICE], &[Message::Picture]);
        check(&[], &[Message::Picture]);
        // A second slice, of a later macroblock or another set.
        check(&[SLICE, &[0x65, 0x44, 0x42, 0x11]], &[Message::Picture]);
        check(&[SLICE, &[0x65, 0x88, 0x44, 0x21]], &[Message::Picture]);
        check(&[&[9, 0x10, b'x'], SLICE], &[Message::Unit(9)]);
        check(&[&[0x68, 0xe8, b'x'], SLICE], &[Message::Parameters]);
        check(&[&[SLICE, &[0, 0, 1, 6]].concat()], &[Message::Start]);
        check(&[&[SLICE, &[0]].concat()], &[Message::Start]);
        check(&[&[SLICE, &[0, 0, 3, 1]].concat()], &[]);
    }

    #[test]
    fn a_unit_that_is_cut_is_not_taken_for_clean() {
        let sets = sets();
        let bare = |sample: &[u8]| {
            let mut found = messages(sample, &sets);
            assert_eq!(found.pop(), Some(Message::Picture));
            found
        };
        assert_eq!(bare(&[9, 0x65]), [Message::Broken]);
        assert_eq!(bare(&[2, 6, 0x80]), []);
        assert_eq!(bare(&[3, 6, 5, 9]), [Message::Broken]);
        assert_eq!(bare(&[0]), [Message::Broken]);
    }
}

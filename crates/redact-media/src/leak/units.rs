//! Units of an H.264 sample: which are pictures, and which carry messages.
//!
//! Source: ITU-T H.264, 7.3.1 and table 7-1 (units), 7.3.2.3 (messages), annex D (their types).

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
    /// Bytes that are no whole unit.
    Broken,
}

/// Messages in a sample whose units are behind lengths of `length_bytes`.
pub(super) fn messages(mut sample: &[u8], length_bytes: usize) -> Vec<Message> {
    let mut found = Vec::new();
    while !sample.is_empty() {
        let Some((length, rest)) = sample.split_at_checked(length_bytes) else {
            found.push(Message::Broken);
            break;
        };
        let length = length
            .iter()
            .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let Some((unit, rest)) = rest.split_at_checked(length) else {
            found.push(Message::Broken);
            break;
        };
        found.extend(in_unit(unit));
        sample = rest;
    }
    found
}

fn in_unit(unit: &[u8]) -> Vec<Message> {
    match unit.first().map(|header| header & 0x1f) {
        // Slices, parameter sets and delimiters.
        Some(1 | 5 | 7 | 8 | 9) => Vec::new(),
        Some(6) => in_sei(&without_escapes(&unit[1..])),
        Some(kind) => vec![Message::Unit(kind)],
        None => vec![Message::Broken],
    }
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

    #[test]
    fn messages_are_told_apart_from_pictures() {
        let encoder = [&[6, 5, 16][..], &X264, &[0x80]].concat();
        let captions = [6, 4, 2, 0xb5, 0, 0x80];
        let mut sample = Vec::new();
        for unit in [&[0x65, 1, 2][..], &encoder, &captions, &[0x0c, 0xff]] {
            sample.push(u8::try_from(unit.len()).unwrap());
            sample.extend_from_slice(unit);
        }
        let expected = [Message::Encoder, Message::Registered, Message::Unit(12)];
        assert_eq!(messages(&sample, 1), expected);
    }

    #[test]
    fn a_unit_that_is_cut_is_not_taken_for_clean() {
        assert_eq!(messages(&[9, 0x65], 1), [Message::Broken]);
        assert_eq!(messages(&[2, 6, 0x80], 1), []);
        assert_eq!(messages(&[3, 6, 5, 9], 1), [Message::Broken]);
        assert_eq!(messages(&[0], 1), [Message::Broken]);
    }
}

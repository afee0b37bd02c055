//! Boxes whose fields have fixed values in a release; any other value could be hidden data.
//!
//! A form is written in hexadecimal digits; `_` is a digit that is checked elsewhere or follows
//! from the content (sizes, rates, durations).
//!
//! Source: ISO/IEC 14496-12, 4.3 and clause 8; 14496-14, 5.6 and 14496-1, 7.2.6 (`esds`).

use super::boxes::Atom;

/// Brands that any version of FFmpeg writes for H.264 and AAC.
const BRANDS: [&[u8; 4]; 8] = [
    b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"avc1", b"mp41", b"mp42",
];

/// The identity matrix: no rotation, no scaling.
const MATRIX: &str = "00010000 00000000 00000000 00000000 00010000 00000000 \
    00000000 00000000 40000000";

/// `mvhd` after its duration: rate, volume, matrix, zeros, next track id.
const MOVIE: [&str; 3] = [
    "00010000 0100 0000 0000000000000000",
    MATRIX,
    "000000000000000000000000000000000000000000000000 000000__",
];

/// `tkhd` after its duration: layer, alternate group, volume, matrix, width and height.
const TRACK: [&str; 3] = [
    "0000000000000000 0000 000_ 0_00 0000",
    MATRIX,
    "________ ________",
];

/// A sample entry of H.264 up to the compressor name, and after it.
const PICTURES: [&str; 3] = [
    "000000000000 0001 0000 0000 000000000000000000000000 ____ ____ \
        00480000 00480000 00000000 0001",
    "________________________________________________________________",
    "0018 ffff",
];

/// A sample entry of AAC.
const SOUND: &str = "000000000000 0001 0000000000000000 000_ 0010 0000 0000 ____ 0000";

/// An `esds` of AAC up to the decoder configuration, and after it.
const STREAM: &str = "00000000 03808080__ 00__ 00 \
    04808080__ 4015 ______ ________ ________ 05808080__";
const STREAM_END: &str = "06808080 01 02";

/// Roll distance of AAC: one packet.
const ROLL: &str = "01000000 726f6c6c 00000002 00000001 ffff";
const ROLLED: &str = "00000000 726f6c6c 00000001 ________ 00000001";

/// Whether `bytes` match `forms`, concatenated.
fn fits(bytes: &[u8], forms: &[&str]) -> bool {
    let mut left = bytes.iter();
    let digits = forms.iter().flat_map(|form| form.bytes());
    let mut digits = digits.filter(|digit| *digit != b' ');
    while let (Some(high), Some(low)) = (digits.next(), digits.next()) {
        let Some(byte) = left.next() else {
            return false;
        };
        let same = |digit: u8, nibble: u8| {
            digit == b'_' || char::from(digit).to_digit(16) == Some(u32::from(nibble))
        };
        if !same(high, byte >> 4) || !same(low, byte & 15) {
            return false;
        }
    }
    left.next().is_none()
}

/// Whether an `ftyp` has known brands and nothing else.
pub(crate) fn is_file_type(body: &[u8]) -> bool {
    let known = |brand: &[u8]| BRANDS.iter().any(|known| *known == brand);
    let (brands, rest) = body.as_chunks::<4>();
    let [major, version, others @ ..] = brands else {
        return false;
    };
    // The list begins with the major brand and repeats none.
    let again = |i: usize, brand: &[u8; 4]| others[..i].contains(brand);
    let mut listed = others.iter().enumerate();
    let listed = listed.all(|(i, brand)| known(brand) && !again(i, brand));
    rest.is_empty() && others.first() == Some(major) && version == &[0, 0, 2, 0] && listed
}

/// Whether a box has the required fixed fields; true for boxes without a form.
pub(crate) fn is_plain(atom: Atom<'_>) -> bool {
    let body = atom.body;
    let flags = body.get(1..4);
    let behind = |bytes: usize| &body[body.len().saturating_sub(bytes)..];
    match &atom.kind {
        b"mvhd" => flags == Some(&[0; 3]) && fits(behind(80), &MOVIE),
        b"tkhd" => {
            // Flags: enabled, in movie; the word after the track id is zero.
            let empty = if body.first() == Some(&1) { 24 } else { 16 };
            matches!(flags, Some([0, 0, 2 | 3]))
                && body.get(empty..empty + 4) == Some(&[0; 4])
                && fits(behind(60), &TRACK)
        }
        b"mdhd" => flags == Some(&[0; 3]) && behind(2) == [0, 0],
        b"hdlr" => body.get(..8) == Some(&[0; 8]),
        b"vmhd" => fits(body, &["00000001 0000000000000000"]),
        b"smhd" => fits(body, &["00000000 00000000"]),
        b"sgpd" => fits(body, &[ROLL]),
        b"sbgp" => fits(body, &[ROLLED]),
        b"stsd" => body.get(..4) == Some(&[0; 4]),
        _ => true,
    }
}

/// Whether the fields before a sample entry's boxes have their fixed values.
pub(crate) fn is_plain_entry(kind: [u8; 4], head: &[u8]) -> bool {
    match &kind {
        b"avc1" => fits(head, &PICTURES),
        _ => fits(head, &[SOUND]),
    }
}

/// The decoder configuration in an `esds` of the fixed form.
pub(crate) fn aac_config(esds: &[u8]) -> Option<&[u8]> {
    const HEAD: usize = 35;
    let (head, rest) = esds.split_at_checked(HEAD)?;
    let (config, end) = rest.split_at_checked(usize::from(head[HEAD - 1]))?;
    // Each length counts the bytes after it, up to the end.
    let lengths =
        usize::from(head[8]) == esds.len() - 9 && usize::from(head[16]) == HEAD - 17 + config.len();
    (lengths && fits(head, &[STREAM]) && fits(end, &[STREAM_END])).then_some(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_fits_its_own_bytes_and_no_others() {
        assert!(fits(&[0x12, 0xaf], &["1_", "af"]));
        assert!(fits(&[0x1f, 0xaf], &["1_ af"]));
        for other in [&[0x22, 0xaf][..], &[0x12, 0xae], &[0x12], &[0x12, 0xaf, 0]] {
            assert!(!fits(other, &["1_", "af"]), "{other:x?}");
        }
    }

    #[test]
    fn only_known_brands_are_in_a_file_type() {
        assert!(is_file_type(b"iso4\0\0\x02\0iso4isomiso2avc1mp41"));
        for odd in [
            &b"iso4\0\0\x02\0iso4seen"[..],
            b"iso4abcdisom",
            b"seen\0\0\x02\0isom",
            b"iso4\0\0\x02\0iso",
            b"iso4",
        ] {
            assert!(!is_file_type(odd), "{odd:?}");
        }
    }
}

//! Tests with packets that are written bit by bit.

use super::*;

/// Bytes from binary digits; the last byte is padded with zeros.
fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .bytes()
        .filter(|digit| *digit != b' ')
        .map(|digit| digit - b'0')
        .collect();
    digits
        .chunks(8)
        .map(|bits| (0..8).fold(0, |byte, i| byte << 1 | bits.get(i).copied().unwrap_or(0)))
        .collect()
}

/// A channel without bands: number, gain, long window, no pulses, shaping or gain control.
const SILENT: &str = "000 0000 00000000 0 00 0 000000 0 0 0 0";

/// The same with one band of book 11, scale difference 0 (the word `0`) and two pairs: 0 0,
/// and 16 1 with signs and an escape of 5 bits.
const LOUD: &str = "000 0000 00000000 0 00 0 000001 0  1011 00001  0  0 0 0  \
    0000  10110101 0 0 10 00000";

const MONO_44100: [u8; 2] = [0x12, 0x08];

#[track_caller]
fn check(digits: &str, first: bool, expected: Result<(), Odd>) {
    let (walker, rate_hz) = Walker::new(&MONO_44100).unwrap();
    assert_eq!(rate_hz, 44_100);
    assert_eq!(walker.walk(&bytes(digits), first), expected, "{digits}");
}

#[test]
fn a_packet_of_the_announced_channels_is_sound_alone() {
    check(&format!("{SILENT} 111"), false, Ok(()));
    check(&format!("{LOUD} 111"), false, Ok(()));
}

/// Goal: everything that players skip is reported.
#[test]
fn what_is_not_heard_is_found() {
    let word = "01101000";
    let check_silent = |before: &str, after: &str, what| {
        check(&format!("{before} {SILENT} {after}"), false, Err(what));
    };
    check_silent(
        &format!("100 0000 0 00000001 {word}"),
        "111",
        "a data element",
    );
    check_silent(
        "",
        &format!("100 0000 1 00000001 {word} 111"),
        "a data element",
    );
    check_silent(
        "",
        &format!("111 {word}{word}"),
        "bytes after the end of a packet",
    );
    check_silent("", "111 1", "bytes after the end of a packet");
    check_silent(
        "",
        &format!("110 0010 0000 0000 {word} 111"),
        "data in a fill element",
    );
    check_silent(
        "",
        &format!("110 0010 0001 0000 {word} 111"),
        "data in a fill element",
    );
    check_silent(
        "",
        &format!("110 0010 1101 0000 {word} 111"),
        "sound extension",
    );
    check_silent("", &format!("{SILENT} 111"), "unexpected channel");
    check_silent("", "101 111", "element that is not a channel");
    check_silent("", &"110 0000".repeat(5), "packet without an end element");
    check("111", false, Err("missing channel"));
}

#[test]
fn filling_and_the_encoders_name_carry_nothing() {
    let blank = "110 0010 0001 0000 10100101";
    check(&format!("{SILENT} {blank} 111"), false, Ok(()));
    let zeros = "110 0001 0000 0000";
    check(&format!("{SILENT} {zeros} 111"), false, Ok(()));
    let named = |name: &str| {
        let word: String = name.bytes().map(|byte| format!("{byte:08b}")).collect();
        // Eight bits of count behind 15; four bits of kind and of nothing; the rest is zero.
        let count = name.len() + 2 - 14;
        format!("110 1111 {count:08b} 0000 00000 {word} 0000000 {SILENT} 111")
    };
    check(&named("Lavc59.37.100"), true, Ok(()));
    check(
        &named("Lavc59.37.100"),
        false,
        Err("data in a fill element"),
    );
    check(&named("Ada Okafor, 7"), true, Err("data in a fill element"));
}

#[test]
fn only_plain_aac_is_walked() {
    assert!(Walker::new(&[0x12, 0x08, 0x56, 0xe5, 0]).is_some());
    // An SBR extension, trailing bytes, custom channels, an object type other than LC.
    for odd in [
        &[0x12, 0x08, 0x56, 0xe5, 0x80][..],
        &[0x12, 0x08, 1],
        &[0x12, 0x00],
        &[0x2a, 0x08],
        &[0x12],
    ] {
        assert!(Walker::new(odd).is_none(), "{odd:x?}");
    }
}

proptest::proptest! {
    /// Goal: no bytes make the parser panic or run on.
    #[test]
    fn any_bytes_are_walked_or_refused(packet: Vec<u8>, pair: bool) {
        let config = if pair { [0x11, 0x90] } else { MONO_44100 };
        let (walker, _) = Walker::new(&config).unwrap();
        walker.walk(&packet, true).ok();
    }
}

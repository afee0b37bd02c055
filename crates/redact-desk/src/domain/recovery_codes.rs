//! Recovery codes: each stands in once for a second factor that was lost.
//!
//! A code has 80 random bits, so its SHA-256 reveals nothing to whoever has the database.

/// Codes in a set.
pub(crate) const COUNT: usize = 10;

/// Random bytes of a code.
pub(crate) const BYTES: usize = 10;

/// Characters of a code, of five bits each.
const CHARS: usize = BYTES * 8 / 5;

/// Characters between two hyphens.
const GROUP: usize = 4;

/// Digits and letters without those that look alike. Source: Crockford's Base 32.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The code of random bytes, in groups: `abcd-efgh-jkmn-pqrs`.
pub(crate) fn of_bytes(bytes: [u8; BYTES]) -> String {
    let all = bytes
        .iter()
        .fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
    let letter = |place: usize| {
        let bits = (all >> (5 * (CHARS - 1 - place))) & 31;
        ALPHABET
            .get(usize::try_from(bits).unwrap_or(0))
            .map_or('0', |letter| char::from(*letter))
    };
    let mut text = String::new();
    for place in 0..CHARS {
        if place > 0 && place.is_multiple_of(GROUP) {
            text.push('-');
        }
        text.push(letter(place));
    }
    text
}

/// The code that a person typed, without hyphens and spaces and with letters that look alike read
/// as one; `None` if it cannot be a code.
pub(crate) fn read(typed: &str) -> Option<String> {
    let mut code = String::new();
    for letter in typed.trim().to_lowercase().chars() {
        match letter {
            '-' | ' ' => {}
            'o' => code.push('0'),
            'i' | 'l' => code.push('1'),
            letter if letter.is_ascii() && ALPHABET.contains(&(letter as u8)) => code.push(letter),
            _ => return None,
        }
    }
    (code.len() == CHARS).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a code is read as it is shown, and as people type it. Control: a code of an
    /// authenticator app and a code that is too short are not recovery codes.
    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let shown = of_bytes([0, 1, 2, 3, 4, 5, 6, 7, 250, 255]);
        assert_eq!(shown, "000g-40r4-0m30-fyqz");
        let read_back = read(&shown).unwrap();
        assert_eq!(read_back, "000g40r40m30fyqz");
        assert_eq!(read("OOOG 40R4 0M3O FYQZ ").unwrap(), read_back);
        for none in [
            "123456",
            "123 456",
            "000g-40r4-0m30-fyq",
            "u00g-40r4-0m30-fyqz",
            "",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
        assert_eq!(of_bytes([255; BYTES]), "zzzz-zzzz-zzzz-zzzz");
    }
}

//! The list of common passwords, which `scripts/common-passwords` makes.

use redact_record::digest_bytes;

/// The first five bytes of the SHA-256 of each password in lower case, sorted.
const LIST: &[u8] = include_bytes!("common_passwords.bin");

const BYTES: usize = 5;

/// Signs that people write in place of letters, with those letters.
const LOOK_ALIKES: [(char, char); 10] = [
    ('@', 'a'),
    ('4', 'a'),
    ('3', 'e'),
    ('1', 'i'),
    ('!', 'i'),
    ('0', 'o'),
    ('$', 's'),
    ('5', 's'),
    ('7', 't'),
    ('8', 'b'),
];

/// Whether a password is on the list: as it is, with digits and signs around it, with signs in
/// place of letters, written with spaces, or repeated.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let without_digits = lower.trim_matches(|letter: char| letter.is_ascii_digit());
    let core = lower.trim_matches(|letter: char| !letter.is_alphabetic());
    let squeezed: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    let forms = [lower.as_str(), without_digits, core, squeezed.as_str()];
    let plain = forms.map(letters_of);
    let plain = plain.iter().map(String::as_str);
    forms
        .into_iter()
        .chain(plain)
        .any(|form| has(form) || has(period(form)))
}

/// The text with letters in place of signs that look like them.
fn letters_of(text: &str) -> String {
    let letter = |sign: char| {
        let known = LOOK_ALIKES.iter().find(|(look, _)| *look == sign);
        known.map_or(sign, |(_, letter)| *letter)
    };
    text.chars().map(letter).collect()
}

/// The shortest text that `text` is a repetition of.
fn period(text: &str) -> &str {
    let mut ends = text.char_indices().map(|(at, _)| at).skip(1);
    let repeated = |&at: &usize| {
        text.len().is_multiple_of(at)
            && text
                .as_bytes()
                .chunks(at)
                .all(|c| c == &text.as_bytes()[..at])
    };
    ends.find(repeated).map_or(text, |at| &text[..at])
}

/// Whether exactly this text is on the list.
fn has(text: &str) -> bool {
    let digest = digest_bytes(text.as_bytes());
    let Some(wanted) = digest.0.get(..BYTES) else {
        return false;
    };
    let (entries, _) = LIST.as_chunks::<BYTES>();
    entries
        .binary_search_by(|entry| entry.as_slice().cmp(wanted))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_sorted() {
        let (entries, rest) = LIST.as_chunks::<BYTES>();
        assert!(rest.is_empty());
        assert!(entries.len() > 50_000, "{}", entries.len());
        assert!(entries.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// Goal: listed passwords are found however they are dressed up. Control: passphrases, among
    /// them some of listed words, and random ones.
    #[test]
    fn a_listed_password_is_found_in_disguise() {
        for common in [
            "sunshine",
            "Sunshine1985!!",
            "!!12michelle34",
            "ch4rl13",
            "$tarwar$2026",
            "chelseachelsea",
            "s u p e r m a n",
            "1234567891234567",
            "mustang#19840102",
        ] {
            assert!(is_common(common), "{common}");
        }
        for good in [
            "correct horse battery",
            "seven grey herons wade",
            "staple battery horse",
            "x7Rk-pW2q-9sTz",
            "another long one",
            "",
        ] {
            assert!(!is_common(good), "{good}");
        }
    }
}

//! Letters as people say them on the radio.

/// The alphabet of the International Civil Aviation Organization, with its usual misspellings.
const ICAO: [(&str, u8); 33] = [
    ("alpha", b'a'),
    ("alfa", b'a'),
    ("bravo", b'b'),
    ("charlie", b'c'),
    ("delta", b'd'),
    ("echo", b'e'),
    ("foxtrot", b'f'),
    ("golf", b'g'),
    ("gulf", b'g'),
    ("hotel", b'h'),
    ("india", b'i'),
    ("juliet", b'j'),
    ("juliett", b'j'),
    ("juliette", b'j'),
    ("kilo", b'k'),
    ("lima", b'l'),
    ("mike", b'm'),
    ("november", b'n'),
    ("oscar", b'o'),
    ("papa", b'p'),
    ("quebec", b'q'),
    ("romeo", b'r'),
    ("sierra", b's'),
    ("tango", b't'),
    ("uniform", b'u'),
    ("victor", b'v'),
    ("whiskey", b'w'),
    ("whisky", b'w'),
    ("x-ray", b'x'),
    ("xray", b'x'),
    ("yankee", b'y'),
    ("zulu", b'z'),
    ("zoo", b'z'),
];

/// The alphabets of American police radio (APCO, Los Angeles), and common substitutes.
const POLICE: [(&str, u8); 43] = [
    ("adam", b'a'),
    ("boy", b'b'),
    ("baker", b'b'),
    ("charles", b'c'),
    ("david", b'd'),
    ("dog", b'd'),
    ("edward", b'e'),
    ("eddie", b'e'),
    ("easy", b'e'),
    ("frank", b'f'),
    ("fox", b'f'),
    ("george", b'g'),
    ("henry", b'h'),
    ("ida", b'i'),
    ("ita", b'i'),
    ("ivan", b'i'),
    ("john", b'j'),
    ("jon", b'j'),
    ("king", b'k'),
    ("lincoln", b'l'),
    ("mary", b'm'),
    ("merry", b'm'),
    ("nora", b'n'),
    ("norah", b'n'),
    ("nancy", b'n'),
    ("ocean", b'o'),
    ("paul", b'p'),
    ("peter", b'p'),
    ("queen", b'q'),
    ("robert", b'r'),
    ("sam", b's'),
    ("tom", b't'),
    ("thomas", b't'),
    ("union", b'u'),
    ("vincent", b'v'),
    ("william", b'w'),
    ("williams", b'w'),
    ("young", b'y'),
    ("yellow", b'y'),
    ("zebra", b'z'),
    ("apple", b'a'),
    ("nathan", b'n'),
    ("larry", b'l'),
];

/// The letter that a word of a spelling alphabet stands for, in lower case.
pub(crate) fn letter_of(word: &str) -> Option<u8> {
    let known = ICAO.iter().chain(&POLICE);
    known
        .copied()
        .find(|(name, _)| *name == word)
        .map(|(_, letter)| letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_are_complete() {
        for letter in b'a'..=b'z' {
            assert!(ICAO.iter().any(|(_, known)| *known == letter));
            let own = POLICE.iter().any(|(_, known)| *known == letter);
            assert!(
                own || matches!(letter, b'v' | b'x'),
                "{}",
                char::from(letter)
            );
        }
        let all = ICAO.iter().chain(&POLICE);
        for (word, letter) in all {
            // Said for "ita", Ida begins with it; every other word begins with its letter.
            assert_eq!(word.as_bytes()[0], *letter, "{word}");
            assert_eq!(letter_of(word), Some(*letter));
        }
        assert_eq!(letter_of("street"), None);
    }
}

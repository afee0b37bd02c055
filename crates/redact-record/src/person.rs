//! Names of people: whether two names may be the same person's.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// `name` without differences that a reader may overlook: case, spaces, punctuation, accents, word
/// order, and look-alike letters of other scripts (UTS #39, section 4).
fn folded(name: &str) -> String {
    let plain: String = name
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect();
    let skeleton: String = unicode_security::skeleton(&plain).collect();
    let mut words: Vec<String> = skeleton
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        // A capital I looks like a small l; the skeleton maps only one of them.
        .map(|word| word.replace(['i', '1', '|'], "l").replace('0', "o"))
        .collect();
    words.sort_unstable();
    words.concat()
}

/// Whether a reader could take two names for one person's. Doubt counts as yes: the names of two
/// people must differ by more than punctuation, accents or look-alike letters.
#[must_use]
pub fn is_one_person(one: &str, other: &str) -> bool {
    let (a, b) = (folded(one), folded(other));
    a == b || (a.is_empty() && one.trim() == other.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a spelling that a reader overlooks is not a second person. Control: other people.
    #[test]
    fn spellings_of_one_name_are_one_person() {
        for other in [
            "ada okafor",
            "  Ada   Okafor ",
            "Okafor, Ada",
            "Ada O\u{301}kafor",
            "\u{410}da Okafor",
            "Ada \u{41e}kafor",
            "A\u{200b}da Okafor",
            "\u{ff21}da Okafor",
            "Ada 0kafor",
            "ADA OKAFOR.",
        ] {
            assert!(is_one_person("Ada Okafor", other), "{other:?}");
        }
        for other in ["Ben Ruiz", "Ada Okafo", "Ada", "\u{430}"] {
            assert!(!is_one_person("Ada Okafor", other), "{other:?}");
        }
        assert!(is_one_person("Ilse", "llse") && is_one_person("Jose", "Jos\u{e9}"));
        assert!(is_one_person("\u{674e}", "\u{674e}"));
        assert!(!is_one_person("\u{674e}\u{56db}", "\u{5f20}\u{4e09}"));
    }
}

//! Passwords that somebody guesses first.
//!
//! Source: NIST SP 800-63B, section 3.1.1.2: a new password is compared with values known to be
//! common, expected or compromised, such as repetitive or sequential characters and words of the
//! context.

use super::common_passwords::is_common;

/// Words that common passwords consist of, and words of this program.
const COMMON: [&str; 34] = [
    "password",
    "passwort",
    "passw0rd",
    "qwerty",
    "qwertz",
    "azerty",
    "letmein",
    "welcome",
    "admin",
    "administrator",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "trustno1",
    "changeme",
    "secret",
    "login",
    "master",
    "shadow",
    "michael",
    "redact",
    "desk",
    "police",
    "sheriff",
    "records",
    "asdfgh",
    "zxcvbn",
    "qazwsx",
];

/// Rows of a keyboard and of the alphabet, in which sequences run.
const ROWS: [&str; 6] = [
    "0123456789012345678901234567890",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "!@#$%^&*()",
];

/// Different characters that a password needs.
const DISTINCT_MIN: usize = 5;

/// Characters that must remain once common words and sequences are taken out.
const REST_MIN: usize = 6;

/// The shortest sequence that is taken out.
const RUN_MIN: usize = 4;

/// Why a password is easily guessed; `None` if nothing is known against it. `names`: the login and
/// the name of its account.
pub(crate) fn weakness(password: &str, names: &[&str]) -> Option<&'static str> {
    let lower = password.to_lowercase();
    let distinct: std::collections::BTreeSet<char> = lower.chars().collect();
    if distinct.len() < DISTINCT_MIN {
        return Some("This password repeats a few characters, so it is easily guessed.");
    }
    if is_common(password) {
        return Some(
            "This password is on a list of common passwords, apart from digits or signs, so it is \
             easily guessed.",
        );
    }
    let mut rest = lower;
    let parts = names.iter().flat_map(|name| name.split_whitespace());
    let parts = parts.chain(names.iter().copied()).map(str::to_lowercase);
    for part in parts.filter(|part| part.chars().count() >= 3) {
        rest = rest.replace(&part, "");
    }
    let without_names = rest.len();
    for word in COMMON {
        rest = rest.replace(word, "");
    }
    rest = without_runs(&rest);
    if rest
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .count()
        >= REST_MIN
    {
        return None;
    }
    Some(if without_names < password.to_lowercase().len() {
        "This password consists mostly of the login or the name, so it is easily guessed."
    } else {
        "This password consists of a common word or a sequence of keys, so it is easily guessed."
    })
}

/// The text without sequences such as `1234` and `dcba` and repeated characters.
fn without_runs(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut rest = String::new();
    let mut at = 0;
    while at < letters.len() {
        let longest = (RUN_MIN..=letters.len() - at)
            .rev()
            .find(|&length| is_run(&letters[at..at + length]));
        match longest {
            Some(length) => at += length,
            None => {
                rest.push(letters[at]);
                at += 1;
            }
        }
    }
    rest
}

fn is_run(letters: &[char]) -> bool {
    let forward: String = letters.iter().collect();
    let backward: String = letters.iter().rev().collect();
    let same = letters.windows(2).all(|pair| pair[0] == pair[1]);
    same || ROWS
        .iter()
        .any(|row| row.contains(&forward) || row.contains(&backward))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: passwords from the top of every list are refused. Control: several words, random
    /// letters, and a long one that has a common word in it.
    #[test]
    fn what_is_guessed_first_is_weak() {
        let names = ["cmartin", "Chris Martin"];
        for weak in [
            "123456789012",
            "password1234",
            "Password12345!",
            "aaaaaaaaaaaa",
            "abababababab",
            "qwertyuiop12",
            "1qaz2wsx3edc",
            "abcdefghijkl",
            "chrismartin1",
            "cmartin12345",
            "adminadmin123",
            "Ch3lsea-2026-2026",
        ] {
            assert!(weakness(weak, &names).is_some(), "{weak}");
        }
        for good in [
            "correct horse battery",
            "seven grey herons wade",
            "x7Rk-pW2q-9sTz",
            "the password of my bicycle",
        ] {
            assert_eq!(weakness(good, &names), None, "{good}");
        }
    }
}

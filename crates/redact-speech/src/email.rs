//! E-mail addresses, written or said.

use redact_core::PersonalClass;

use crate::cue::Cue;
use crate::lists::is_never_name;
use crate::speech::{Found, Speech};

const ENDINGS: [&str; 12] = [
    "com", "net", "org", "edu", "gov", "us", "co", "io", "info", "biz", "me", "mail",
];

/// Providers whose name alone says that it is an address.
const PROVIDERS: [&str; 15] = [
    "gmail",
    "g-mail",
    "yahoo",
    "hotmail",
    "outlook",
    "icloud",
    "aol",
    "comcast",
    "msn",
    "live",
    "protonmail",
    "verizon",
    "att",
    "sbcglobal",
    "ymail",
];

/// Words before "at" that belong to an address, at most.
const LOCAL_MAX: usize = 8;

/// Words of a domain before its ending, at most.
const DOMAIN_MAX: usize = 4;

/// What is said before an address and does not belong to it.
const BEFORE: [&str; 34] = [
    "is", "it's", "its", "was", "to", "from", "use", "uses", "me", "email", "e-mail", "address",
    "that's", "my", "his", "her", "their", "our", "yeah", "yes", "sure", "okay", "him", "them",
    "us", "with", "under", "called", "by", "on", "you", "i", "for", "contact",
];

/// Adds e-mail addresses.
pub(crate) fn find(speech: &Speech, found: &mut Found) {
    for at in 0..speech.tokens.len() {
        if found.is_taken(at) {
            continue;
        }
        let Some(end) = domain_end(speech, at) else {
            continue;
        };
        found.add(PersonalClass::EmailAddress, local_start(speech, at)..end);
    }
}

/// The end of the domain that begins at `at`.
fn domain_end(speech: &Speech, at: usize) -> Option<usize> {
    let text = speech.text(at);
    if text.contains('@') {
        return Some(ending_after(speech, at + 1).unwrap_or(at + 1));
    }
    let provider = text.split(['.', '-']).next().unwrap_or(text);
    let has_ending = ENDINGS.iter().any(|ending| {
        text.strip_suffix(ending)
            .is_some_and(|name| name.ends_with('.') && name.len() > 2)
    });
    let is_provider = PROVIDERS.contains(&provider) || PROVIDERS.contains(&text);
    let is_after_at = is_at(speech, at.checked_sub(1)?)
        || (1..DOMAIN_MAX).any(|back| at > back && speech.text(at - back - 1) == "at");
    let asked = is_after_at || speech.asked(at, Cue::Email, 12);
    if has_ending && (asked || is_provider) {
        return Some(at + 1);
    }
    let spoken = ending_after(speech, at + 1);
    if spoken.is_some() && (asked || is_provider) {
        return spoken;
    }
    let ambiguous = matches!(provider, "live" | "outlook" | "verizon" | "att" | "comcast");
    (is_provider && is_after_at && !ambiguous).then_some(at + 1)
}

/// The end of "dot com" or ".com" at `at`.
fn ending_after(speech: &Speech, at: usize) -> Option<usize> {
    let text = speech.text(at);
    if matches!(text, "dot" | "." | "point") && ENDINGS.contains(&speech.text(at + 1)) {
        return Some(at + 2);
    }
    let is_split = speech
        .tokens
        .get(at)
        .is_some_and(|token| token.is_split_ending);
    (matches!(text, "com" | "dotcom" | "dot-com") || is_split && ENDINGS.contains(&text))
        .then_some(at + 1)
}

fn is_at(speech: &Speech, at: usize) -> bool {
    matches!(speech.text(at), "at" | "@" | "that" | "add" | "it")
}

/// Where the part before the "at" begins.
fn local_start(speech: &Speech, domain: usize) -> usize {
    let mut start = domain;
    if start > 0 && is_at(speech, start - 1) {
        start -= 1;
    }
    let first = start;
    while start > 0 && first - start < LOCAL_MAX {
        let token = &speech.tokens[start - 1];
        let follows_sentence = token.ends_sentence() && first - start > 1;
        let is_link = token.is_in(&[
            "dot",
            "underscore",
            "dash",
            "hyphen",
            "at",
            "number",
            "first",
            "last",
            "name",
            "initial",
        ]);
        let is_before = token.is_in(&BEFORE)
            || is_never_name(&token.text)
                && first - start >= 1
                && token.text.len() > 1
                && !is_link
                && !crate::name_list::listed(&token.text).is_name()
                && crate::numbers::piece(token).is_none();
        if follows_sentence || is_before {
            break;
        }
        start -= 1;
    }
    start
}

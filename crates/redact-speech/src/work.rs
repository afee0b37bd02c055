//! Where someone works or goes to school, said as such.

use std::ops::Range;

use redact_core::PersonalClass;

use crate::cue::Cue;
use crate::lists::is_never_name;
use crate::numbers::{Piece, piece};
use crate::speech::{Found, Speech};

/// Words of a place, at most.
const PLACE_MAX: usize = 7;

/// Words between a question and the place in its answer, at most.
const ANSWER: usize = 12;

/// The last words of a school's name.
const SCHOOLS: [&str; 11] = [
    "elementary",
    "middle",
    "high",
    "school",
    "academy",
    "college",
    "university",
    "prep",
    "preparatory",
    "kindergarten",
    "preschool",
];

/// What people are where they work, before "at".
const ROLES: [&str; 31] = [
    "work",
    "works",
    "working",
    "worked",
    "job",
    "manager",
    "nurse",
    "teacher",
    "cook",
    "cashier",
    "supervisor",
    "employed",
    "shift",
    "teach",
    "teaches",
    "teaching",
    "taught",
    "student",
    "enrolled",
    "clerk",
    "driver",
    "server",
    "waitress",
    "waiter",
    "janitor",
    "employee",
    "bartender",
    "intern",
    "guard",
    "mechanic",
    "assistant",
];

/// A place goes no further than these.
const ENDS: [&str; 37] = [
    "and", "but", "because", "when", "where", "which", "since", "until", "so", "then", "i", "he",
    "she", "they", "we", "you", "my", "his", "her", "that", "who", "if", "while", "with", "for",
    "as", "from", "is", "was", "it's", "are", "after", "before", "every", "right", "too", "now",
];

/// What follows "work at" and the like without naming a place.
const NO_PLACES: [&str; 30] = [
    "home", "night", "nights", "least", "all", "it", "this", "me", "once", "jail", "bed", "sleep",
    "court", "trial", "prison", "hell", "work", "you", "him", "them", "hospital", "store", "car",
    "bathroom", "police", "a", "your", "any", "what", "time",
];

/// Adds places of work and schools.
pub(crate) fn find(speech: &Speech, found: &mut Found) {
    for at in 0..speech.tokens.len() {
        if found.is_taken(at) {
            continue;
        }
        let words = employed(speech, at)
            .or_else(|| goes_to(speech, at))
            .or_else(|| teaches(speech, at))
            .or_else(|| school(speech, at))
            .or_else(|| answer(speech, at));
        if let Some(words) = words {
            found.add(PersonalClass::WorkOrSchool, words);
        }
    }
}

/// "I work over at", "a nurse at", "her shift at", "I work for".
fn employed(speech: &Speech, at: usize) -> Option<Range<usize>> {
    let role = speech.tokens[at].stem();
    if !ROLES.contains(&role) || speech.tokens[at].ends_sentence() {
        return None;
    }
    let is_verb = role.starts_with("work") || role == "employed";
    let link = (at + 1..speech.tokens.len().min(at + 5)).find(|next| {
        let text = speech.text(*next);
        text == "at" || matches!(text, "for" | "in" | "by" | "with") && is_verb
    })?;
    let between = speech.tokens.get(at + 1..link)?;
    let is_loose = between.iter().all(|token| {
        let ends = token.ends_sentence();
        !ends
            && token.is_in(&[
                "over", "down", "up", "out", "part", "full", "time", "here", "there", "nights",
                "days", "security", "a", "is", "starts",
            ])
    });
    let loose_link = speech.text(link) != "at";
    let place = place(speech, link + 1)?;
    let has_name = place.clone().any(|at| is_name(speech, at));
    let is_named = has_name || speech.text(link) == "for" && speech.text(link + 1) == "the";
    (is_loose && (!loose_link || is_named)).then_some(place)
}

/// "goes to Lincoln Elementary": only what is named or is a school.
fn goes_to(speech: &Speech, at: usize) -> Option<Range<usize>> {
    let is_going = matches!(
        speech.tokens[at].text.as_str(),
        "go" | "goes" | "went" | "going" | "attend" | "attends" | "attended" | "attending"
    );
    let is_direct = speech.text(at).starts_with("attend");
    let start = if is_direct { at + 1 } else { at + 2 };
    let linked = is_direct || matches!(speech.text(at + 1), "to" | "at");
    if !is_going || !linked {
        return None;
    }
    let place = place(speech, start)?;
    let named = place.clone().any(|at| is_name(speech, at));
    let is_school = place.clone().any(|at| speech.tokens[at].is_in(&SCHOOLS));
    (named && (is_school || speech.text(at) == "goes" || is_direct)).then_some(place)
}

/// "I teach Lincoln Elementary", also where the name was not recognized as one.
fn teaches(speech: &Speech, at: usize) -> Option<Range<usize>> {
    if !speech.tokens[at].is_in(&["teach", "teaches", "teaching", "taught"]) {
        return None;
    }
    let last = speech.tokens.len().min(at + 1 + PLACE_MAX);
    let mut end = at + 1;
    let mut is_named = false;
    while end < last && !speech.tokens[end - 1].ends_sentence() {
        let token = &speech.tokens[end];
        end += 1;
        if token.is_in(&SCHOOLS) {
            return is_named.then_some(at + 1..end);
        }
        is_named |= !token.is_in(&["at", "in", "the", "a", "an", "to", "kids", "for"]);
    }
    None
}

/// "Lincoln Elementary", wherever it is said.
fn school(speech: &Speech, at: usize) -> Option<Range<usize>> {
    if !is_name(speech, at) || speech.tokens[at].is_in(&SCHOOLS) {
        return None;
    }
    let mut end = at + 1;
    let mut is_school = false;
    while end < speech.tokens.len().min(at + PLACE_MAX)
        && !speech.tokens[end - 1].ends_sentence()
        && (is_name(speech, end) || speech.tokens[end].is_in(&SCHOOLS))
    {
        is_school |= speech.tokens[end].is_in(&SCHOOLS);
        end += 1;
    }
    is_school.then_some(at..end)
}

/// The answer to "Where do you work?".
fn answer(speech: &Speech, at: usize) -> Option<Range<usize>> {
    let token = &speech.tokens[at];
    let starts = token.is_capital && (!is_never_name(&token.text) || is_employer(&token.text));
    if !starts || !speech.asked(at, Cue::Work, ANSWER) {
        return None;
    }
    let (asked, _) = speech.cues_before(at).next()?;
    let crossed = speech.tokens[asked..at]
        .iter()
        .any(crate::token::Token::ends_sentence);
    crossed.then(|| place(speech, at)).flatten()
}

/// Large employers, which are in no name.
fn is_employer(text: &str) -> bool {
    matches!(
        text,
        "amazon"
            | "walmart"
            | "walgreens"
            | "kroger"
            | "safeway"
            | "costco"
            | "starbucks"
            | "ups"
            | "fedex"
            | "google"
            | "tesla"
            | "ford"
            | "mcdonald's"
            | "wendy's"
            | "cvs"
            | "uber"
    )
}

/// A capitalized word that may name a place.
fn is_name(speech: &Speech, at: usize) -> bool {
    let token = &speech.tokens[at];
    let is_common = is_never_name(&token.text) && token.begins_sentence;
    token.is_capital && !is_common && token.text != "i" && !token.text.starts_with("i'")
}

/// The place that begins at `start`.
fn place(speech: &Speech, start: usize) -> Option<Range<usize>> {
    let first = speech.tokens.get(start)?;
    if matches!(
        piece(first),
        Some(Piece::Symbols(_) | Piece::Small(_) | Piece::Tens(_))
    ) {
        return None;
    }
    let is_apart = first.is_in(&NO_PLACES) || speech.tokens[start - 1].ends_sentence();
    if is_apart && !first.is_capital {
        return None;
    }
    let mut end = start;
    while end < speech.tokens.len().min(start + PLACE_MAX) {
        let token = &speech.tokens[end];
        if token.is_in(&ENDS) && !(token.is_capital && end > start) {
            break;
        }
        end += 1;
        let goes_on = speech.tokens.get(end).is_some_and(|next| next.is_capital);
        let is_comma = token.end == crate::token::End::Comma && !(goes_on && token.text.len() < 4);
        if token.ends_sentence() || is_comma {
            break;
        }
    }
    let has_word = (start..end).any(|at| !speech.tokens[at].is_in(&["the", "a", "an", "this"]));
    let is_the = first.is_in(&["the", "a", "an", "my", "your", "this"]);
    let is_only = is_the && end - start == 2 && speech.tokens[end - 1].is_in(&NO_PLACES);
    (end > start && has_word && !is_only).then_some(start..end)
}

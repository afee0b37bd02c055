//! Street addresses.
//!
//! A house number and a street are one, and so is a street where someone says to live. A street
//! alone, a corner of two streets and a block ("the 1200 block of Main Street") are places.

use std::ops::Range;

use redact_core::PersonalClass;

use crate::cue::Cue;
use crate::date::is_ordinal;
use crate::lists::{DIRECTIONS, PERHAPS_STREETS, STREETS, UNITS, UNITS_OF_HOUSES, is_never_name};
use crate::numbers::Run;
use crate::speech::{Found, Speech};
use crate::token::End;

/// Words between a house number and the kind of the street, at most.
const NAME_MAX: usize = 5;

/// Words after a street that tell more: the apartment, the city, the state.
const REST_MAX: usize = 10;

/// Words of a street whose kind was not said or not recognized.
const UNKNOWN_MAX: usize = 4;

/// Words of a street that was recognized as something else, at most.
const UNREAD_MAX: usize = 6;

/// Adds street addresses.
pub(crate) fn find(speech: &Speech, found: &mut Found) {
    for run in &speech.runs {
        if found.touches(run.words.clone()) {
            continue;
        }
        if let Some(end) = street_end(speech, run).or_else(|| told_end(speech, found, run)) {
            let end = rest_end(speech, end);
            found.add(PersonalClass::StreetAddress, run.words.start..end);
        }
    }
    for at in 0..speech.tokens.len() {
        if found.is_taken(at) {
            continue;
        }
        let words = apartment(speech, found, at)
            .or_else(|| ordinal_street(speech, at))
            .or_else(|| home_street(speech, at));
        if let Some(words) = words {
            found.add(PersonalClass::StreetAddress, words);
        }
    }
}

fn is_house_number(run: &Run) -> bool {
    (1..=6).contains(&run.digits()) && run.letters() <= 2
}

/// The end of "1427 North Maple Street", if the run is its number.
fn street_end(speech: &Speech, run: &Run) -> Option<usize> {
    let start = run.words.end;
    // A time or another number may stand before the house number.
    if run.digits() == 0 || run.letters() > 2 {
        return None;
    }
    let kind = (start..speech.tokens.len().min(start + NAME_MAX + 1)).find(|at| {
        is_kind(speech, *at, start) || *at > start && is_ends_of_part(speech, *at - 1)
    })?;
    let is_street = is_kind(speech, kind, start);
    let stopped = speech.tokens[start..kind].iter().any(|token| {
        let is_unit = token.is_in(&UNITS) && !token.is_capital;
        // A recognizer writes "I" as a capital; "-i" is the rest of a digit.
        is_unit || token.is_in(&NO_STREET) || token.written == "I"
    });
    (is_street && !stopped).then_some(kind + 1)
}

/// Words that are in no street's name.
const NO_STREET: [&str; 25] = [
    "of", "on", "the", "at", "is", "was", "were", "are", "and", "to", "from", "down", "up", "a",
    "you", "he", "she", "they", "we", "my", "block", "then", "by", "with", "that",
];

/// Whether the sentence ends after the word at `at`.
fn is_ends_of_part(speech: &Speech, at: usize) -> bool {
    speech.tokens[at].ends_sentence()
}

/// Whether the word at `at` is a kind of street; ordinary words are only after a street's name.
fn is_kind(speech: &Speech, at: usize, number_end: usize) -> bool {
    let token = &speech.tokens[at];
    if token.is_in(&STREETS) {
        return at > number_end || token.text == "street";
    }
    let named = at > number_end && {
        let before = &speech.tokens[at - 1];
        before.is_capital || is_ordinal(&before.text)
    };
    token.is_in(&PERHAPS_STREETS) && named
}

/// The end of a street whose kind is missing, where an address was announced.
fn told_end(speech: &Speech, found: &Found, run: &Run) -> Option<usize> {
    let start = run.words.end;
    if !is_house_number(run) || run.is_quantity || run.digits() < 2 {
        return None;
    }
    let told = speech.announced(found, run.words.start, Cue::Address);
    let at = run
        .words
        .start
        .checked_sub(1)
        .map_or("", |at| speech.text(at));
    let is_at = matches!(at, "at" | "to" | "near" | "outside");
    let mut end = start;
    while end < speech.tokens.len().min(start + UNKNOWN_MAX) {
        let token = &speech.tokens[end];
        let in_part = end == start || !speech.tokens[end - 1].ends_sentence();
        let is_main = token.text == "main";
        let is_name = token.is_capital && (is_main || !is_never_name(&token.text));
        let is_part = is_name || token.is_in(&DIRECTIONS) || is_ordinal(&token.text);
        if !is_part || !in_part && !told || token.begins_sentence && !told {
            break;
        }
        end += 1;
    }
    if told && end == start && run.digits() >= 3 && speech.tokens[start - 1].end == End::None {
        end = unread_end(speech, start);
    }
    let has_street = end > start && !speech.tokens[start - 1].ends_sentence();
    let is_directed = speech
        .tokens
        .get(start)
        .is_some_and(|next| next.is_capital && next.text.len() > 2 && next.is_in(&DIRECTIONS));
    let is_at = is_at || is_directed && end > start + 1;
    (told && (run.digits() >= 3 || has_street) || is_at && has_street && run.digits() >= 2)
        .then_some(end)
}

/// The end of what was not recognized as a street.
fn unread_end(speech: &Speech, start: usize) -> usize {
    let last = speech.tokens.len().min(start + UNREAD_MAX);
    let ends = |at: &usize| speech.tokens[*at].end != End::None;
    (start..last).find(ends).map_or(last, |at| at + 1)
}

/// The end with the apartment, the city, the state and the postal code.
fn rest_end(speech: &Speech, street: usize) -> usize {
    let mut end = street;
    let mut at = street;
    while at < speech.tokens.len().min(street + REST_MAX) {
        let token = &speech.tokens[at];
        let after_sentence = speech.tokens[at - 1].ends_sentence();
        if token.is_in(&UNITS_OF_HOUSES) {
            let number = speech
                .run_at(at + 1)
                .filter(|run| run.words.start == at + 1);
            let Some(run) = number.filter(|run| run.symbols.len() <= 5) else {
                break;
            };
            at = run.words.end;
            end = at;
            continue;
        }
        if after_sentence {
            break;
        }
        let is_known = is_never_name(&token.text) && !is_region(&token.text);
        let is_place = token.is_capital && (!is_known || at > street);
        let number = speech.run_at(at);
        let is_zip = number.is_some_and(|run| matches!(run.digits(), 1..=3 | 5 | 9));
        if is_place || token.is_in(&DIRECTIONS) || is_zip || token.is_in(&STREETS) {
            at += 1;
            end = at;
        } else if token.is_in(&["in", "number"]) && at == street {
            at += 1;
        } else {
            break;
        }
    }
    end
}

/// A state or a part of a city: no person's name, but part of an address.
fn is_region(text: &str) -> bool {
    text.len() == 2 || text.len() > 3 && crate::name_list::listed(text).is_name()
}

/// "apartment 3B" without a street.
fn apartment(speech: &Speech, found: &Found, at: usize) -> Option<Range<usize>> {
    let token = &speech.tokens[at];
    let is_home = token.is_in(&["apartment", "apt", "trailer", "condo", "box"]);
    let is_told = token.is_in(&["unit", "building", "lot", "suite", "space"]);
    let is_part = is_home || is_told && speech.announced(found, at, Cue::Address);
    if !is_part {
        return None;
    }
    let next = if speech.text(at + 1) == "number" {
        at + 2
    } else {
        at + 1
    };
    let run = speech.run_at(next)?;
    let is_number = run.words.start == next && run.symbols.len() <= 5 && !token.ends_sentence();
    (is_number && run.digits() > 0).then_some(at..run.words.end)
}

/// "427 5th Avenue" where the number was not recognized, but an address was announced.
fn ordinal_street(speech: &Speech, at: usize) -> Option<Range<usize>> {
    let is_street = speech.tokens[at].is_in(&STREETS) && at > 0;
    if !is_street || !speech.asked(at, Cue::Address, 10) {
        return None;
    }
    let mut start = at;
    while start > 0 && at - start < UNKNOWN_MAX {
        let token = &speech.tokens[start - 1];
        let is_name = token.is_capital && !is_never_name(&token.text);
        if token.ends_sentence()
            || !is_name && !is_ordinal(&token.text) && !token.is_in(&DIRECTIONS)
        {
            break;
        }
        start -= 1;
    }
    (start < at).then(|| start..rest_end(speech, at + 1))
}

/// "I live on Maple".
fn home_street(speech: &Speech, at: usize) -> Option<Range<usize>> {
    let is_home = matches!(
        speech.tokens[at].text.as_str(),
        "live" | "lives" | "lived" | "living" | "stay" | "stays" | "staying" | "reside" | "resides"
    );
    let joined = (1..=3).find(|next| matches!(speech.text(at + next), "on" | "at" | "off"))?;
    let start = at + joined + 1;
    let is_name = |at: usize| {
        let token = &speech.tokens[at];
        let name = token.is_capital && !is_never_name(&token.text) && !token.begins_sentence;
        name || is_ordinal(&token.text) || token.is_in(&DIRECTIONS) && token.is_capital
    };
    let end = (start..speech.tokens.len().min(start + UNKNOWN_MAX))
        .take_while(|at| is_name(*at) || *at > start && is_kind(speech, *at, start))
        .last()?
        + 1;
    is_home.then(|| start..rest_end(speech, end))
}

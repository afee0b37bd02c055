//! Names of persons.
//!
//! A recognizer writes names with a capital letter, known or not. Within a sentence, a capital is
//! therefore enough, unless the word is known to be something else; at its start, the word must be
//! a name of the lists, or be announced or called out.

use std::ops::Range;

use redact_core::PersonalClass;

use crate::cue::Cue;
use crate::lists::{PERHAPS_STREETS, STREETS, TITLES, is_never_name};
use crate::name_list::listed;
use crate::speech::{Found, Speech};
use crate::token::End;

/// Words of a name after what announced it.
const NAME_MAX: usize = 4;

/// Words between a question for a name and its answer.
const ANSWER: usize = 8;

/// Words of a spelled name, at most.
const SPELLED_MAX: usize = 16;

/// A shorter sentence is only the start of an answer.
const SPELLED_MIN: usize = 3;

/// Parts of names that are written small.
const PARTICLES: [&str; 14] = [
    "de", "la", "del", "van", "von", "der", "den", "bin", "al", "el", "da", "dos", "mc", "st",
];

/// What may stand between "name" and a name.
const LINKS: [&str; 16] = [
    "is", "was", "are", "it's", "its", "that's", "of", "again", "would", "be", "please", "sir",
    "ma'am", "for", "yeah", "uh",
];

/// Words that end an announced name.
const STOPS: [&str; 34] = [
    "and", "but", "or", "with", "i", "he", "she", "they", "we", "you", "from", "at", "on", "in",
    "so", "the", "a", "an", "not", "my", "your", "to", "lives", "works", "said", "who", "like",
    "right", "now", "here", "what", "because", "then", "spelled",
];

/// Adds names of persons that are in no item yet.
pub(crate) fn find(speech: &Speech, found: &mut Found) {
    let count = speech.tokens.len();
    let mut is_name: Vec<bool> = (0..count)
        .map(|at| !found.is_taken(at) && is_name_at(speech, at))
        .collect();
    for at in 0..count {
        if let Some(words) = announced(speech, at) {
            for word in words {
                is_name[word] |= !found.is_taken(word);
            }
        }
    }
    join(speech, found, &mut is_name);
    for at in 0..count {
        for word in spelled_answer(speech, at) {
            is_name[word] |= !found.is_taken(word);
        }
    }
    let mut at = 0;
    while at < count {
        if !is_name[at] {
            at += 1;
            continue;
        }
        let end = (at..count).find(|end| !is_name[*end]).unwrap_or(count);
        found.add(PersonalClass::PersonName, at..end);
        at = end;
    }
}

/// The answer to "can you spell that?": a recognizer makes other words of letters, so it is all
/// muted, two sentences of it at most.
fn spelled_answer(speech: &Speech, at: usize) -> Range<usize> {
    let is_question = speech.tokens[at].end == End::Question;
    let asks = speech
        .cues_before(at + 1)
        .any(|(cue, what)| what == Cue::Spelling && at - cue <= ANSWER);
    if !is_question || !asks {
        return at..at;
    }
    let last = speech.tokens.len().min(at + 1 + SPELLED_MAX);
    let ends = |end: &usize| speech.tokens[*end].ends_sentence();
    let first = (at + 1..last).find(ends).map_or(last, |end| end + 1);
    let is_short = first - at <= SPELLED_MIN;
    let second = (first..last).find(ends).map_or(last, |end| end + 1);
    at + 1..if is_short { second } else { first }
}

/// Whether the word at `at` is a name, by itself and by what is around it.
fn is_name_at(speech: &Speech, at: usize) -> bool {
    let token = &speech.tokens[at];
    let stem = token.stem();
    if stem.chars().count() < 2 || stem.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    if is_titled(speech, at) {
        return true;
    }
    // Within a sentence, a recognizer writes the verb small.
    let is_will = stem == "will" && token.is_capital && !token.begins_sentence;
    if is_will {
        return true;
    }
    if is_never_name(stem) || is_never_name(&token.text) || is_place(speech, at) {
        return false;
    }
    let known = listed(stem);
    if !token.is_capital {
        return known.is_only_name() && (known.first && stem.len() >= 4 || stem.len() >= 5);
    }
    let is_short_capitals = token.written.len() <= 5
        && token.written.len() >= 2
        && token.written.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_short_capitals {
        return known.is_only_name();
    }
    if !token.begins_sentence {
        return true;
    }
    known.is_only_name()
        || is_called(speech, at)
        || is_answer(speech, at)
        || known.is_name() && is_first_of_two(speech, at)
}

/// "Mr. Porter", "Officer Porter".
fn is_titled(speech: &Speech, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|at| &speech.tokens[at]) else {
        return false;
    };
    let token = &speech.tokens[at];
    let titled = before.is_in(&TITLES) && !before.ends_sentence();
    let is_apart = before.end == End::Comma && !before.is_in(&["mr", "mrs", "ms", "dr", "sgt"]);
    let is_named = token.is_capital || listed(token.stem()).is_only_name();
    let is_other = is_never_name(token.stem()) && !listed(token.stem()).surname;
    titled && !is_apart && is_named && token.text != "i" && !is_other && !token.text.contains("i'")
}

/// A sentence or part of one that begins with a name and a comma, or ends with one.
fn is_called(speech: &Speech, at: usize) -> bool {
    speech.tokens[at].end != End::None
}

/// The start of an answer to a question for a name.
fn is_answer(speech: &Speech, at: usize) -> bool {
    let asks = |cue| matches!(cue, Cue::Name | Cue::Spelling);
    let nearest = speech.cues_before(at).next();
    nearest.is_some_and(|(place, cue)| asks(cue) && at - place <= ANSWER)
}

/// A name that is a word, too, before another name: "Mark Porter".
fn is_first_of_two(speech: &Speech, at: usize) -> bool {
    let next = speech.tokens.get(at + 1);
    next.is_some_and(|next| {
        let known = listed(next.stem());
        next.is_capital && (known.is_name() || !is_never_name(&next.text)) && next.text != "i"
    })
}

/// Whether a capital is that of a street or a corner.
fn is_place(speech: &Speech, at: usize) -> bool {
    let next = (at + 1..at + 3).find(|next| {
        speech.tokens.get(*next).is_some_and(|token| {
            token.is_in(&STREETS) || token.is_capital && token.is_in(&PERHAPS_STREETS)
        })
    });
    let is_street = next.is_some_and(|next| {
        speech.tokens[at..next]
            .iter()
            .all(|token| token.is_capital && token.end == End::None)
    });
    let is_corner = (1..=5).any(|back| {
        let place = at.checked_sub(back).map_or("", |at| speech.text(at));
        matches!(place, "corner" | "intersection")
    });
    is_street || is_corner
}

/// The words of a name after "my name is", "this is", "spelled" and the like.
fn announced(speech: &Speech, at: usize) -> Option<Range<usize>> {
    let text = speech.tokens[at].text.as_str();
    let next = speech.text(at + 1);
    let start = match text {
        "name's" | "named" | "nicknamed" => at + 1,
        "name" | "names" | "nickname" => links_end(speech, at + 1)?,
        "goes" if next == "by" => at + 2,
        _ => return None,
    };
    if speech.tokens.get(start - 1)?.ends_sentence() {
        return None;
    }
    let mut end = start;
    while end < speech.tokens.len().min(start + NAME_MAX) {
        let token = &speech.tokens[end];
        let is_never = is_never_name(&token.text) && !listed(&token.text).first;
        if token.is_in(&STOPS) || is_never || token.text.is_empty() {
            break;
        }
        end += 1;
        if token.end != End::None {
            break;
        }
    }
    (end > start).then_some(start..end)
}

/// The end of "is", "is spelled" and the like after "name"; `None` if nothing links.
fn links_end(speech: &Speech, start: usize) -> Option<usize> {
    let mut end = start;
    while end < start + 3 && LINKS.contains(&speech.text(end)) {
        end += 1;
    }
    (end > start).then_some(end)
}

/// Joins the parts of names, and adds the first part before a sure second one.
fn join(speech: &Speech, found: &Found, is_name: &mut [bool]) {
    for at in 1..is_name.len() {
        let before = &speech.tokens[at - 1];
        let goes_on = !before.ends_sentence() && before.end != End::Comma;
        let token = &speech.tokens[at];
        if found.is_taken(at) || found.is_taken(at - 1) || !goes_on {
            continue;
        }
        if is_name[at - 1] && !is_name[at] {
            // "Ludwig van Porter", "John Q Public", "marcus porter"
            let next = is_name.get(at + 1) == Some(&true);
            let is_link = token.is_in(&PARTICLES) || token.text.len() == 1 && token.text != "i";
            let known = listed(token.stem());
            let is_surname = known.is_only_name() && token.text.len() >= 4;
            let is_capital = token.is_capital && token.text != "i" && known.surname;
            is_name[at] = next && is_link || is_surname || is_capital;
        } else if is_name[at] && !is_name[at - 1] {
            let is_first = before.is_capital && listed(before.stem()).first;
            is_name[at - 1] = is_first && !is_never_name(&before.text);
        }
    }
}

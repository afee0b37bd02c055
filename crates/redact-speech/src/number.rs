//! What a number is: by what was said before it, and by its length.

use std::ops::Range;

use redact_core::PersonalClass;

use crate::cue::Cue;
use crate::lists::{ABBREVIATIONS, is_never_name};
use crate::numbers::Run;
use crate::speech::{Found, Speech};
use crate::{account, id, phone, plate, social};

/// Words between a number and its continuation or repetition, at most.
const PAUSE: usize = 6;

/// Words between two parts that are muted, too.
const JOINED: usize = 2;

/// Words between a question and an answer that is no ten-code, at most.
const CODE: usize = 6;

/// Words beside a number that was not recognized to its end, at most.
const UNREAD: usize = 3;

/// Words that letters of a plate may have become, at most.
const LETTERS_MAX: usize = 8;

/// Words of a cue, at most.
const CUE_MAX: usize = 3;

/// Words after a number in which "is my number" counts.
const AFTER: usize = 5;

/// Adds numbers that are personal data, except dates and addresses, which were found before.
pub(crate) fn find(speech: &Speech, found: &mut Found) {
    let mut last: Option<(PersonalClass, usize)> = None;
    for run in &speech.runs {
        if found.touches(run.words.clone()) {
            continue;
        }
        let continued = last.filter(|(_, end)| run.words.start - end <= PAUSE);
        let class = match class_of(speech, found, run) {
            Meaning::Personal(class) => Some(class),
            Meaning::Other => None,
            Meaning::Unknown => continued
                .map(|(class, _)| class)
                .filter(|_| run.symbols.len() >= 2),
        };
        let Some(class) = class else { continue };
        let mut words = extended(speech, run, class);
        if let Some((before, end)) = continued
            && before == class
            && words.start.saturating_sub(end) <= JOINED
        {
            words.start = words.start.min(end);
        }
        last = (class != PersonalClass::PersonName).then_some((class, words.end));
        found.add(class, words);
    }
}

/// What a run means.
enum Meaning {
    Personal(PersonalClass),
    /// A quantity, a time, the number of a record.
    Other,
    Unknown,
}

fn class_of(speech: &Speech, found: &Found, run: &Run) -> Meaning {
    let asked = speech.cues_before(run.words.start).next();
    let is_code = run.is_code && asked.is_none_or(|(at, _)| run.words.start - at > CODE);
    if is_code || run.is_quantity && run.digits() < 7 {
        return Meaning::Other;
    }
    if run.digits() == 0 {
        return spelled(speech, run).map_or(Meaning::Unknown, Meaning::Personal);
    }
    let told = announced(speech, found, run);
    if !matches!(told, Meaning::Unknown) {
        return told;
    }
    let class = announced_after(speech, run).or_else(|| class_by_form(speech, run));
    class.map_or(Meaning::Unknown, Meaning::Personal)
}

/// By the number of digits and letters.
fn class_by_form(speech: &Speech, run: &Run) -> Option<PersonalClass> {
    // A telephone number of which a digit was lost: "for 15-287-2475, call me".
    let is_called = speech.text(run.words.end) == "call";
    if social::fits(run) && !is_called {
        Some(PersonalClass::SocialSecurity)
    } else if account::fits(run) {
        Some(PersonalClass::AccountNumber)
    } else if id::fits(run) {
        Some(PersonalClass::IdNumber)
    } else if plate::fits(run) {
        Some(PersonalClass::LicensePlate)
    } else {
        phone::fits(run).then_some(PersonalClass::PhoneNumber)
    }
}

/// By the nearest cue before it that fits.
fn announced(speech: &Speech, found: &Found, run: &Run) -> Meaning {
    let start = run.words.start;
    // "O L N" and "last four" are themselves letters and digits.
    for (at, cue) in speech.cues_before(run.words.end.min(start + CUE_MAX)) {
        if found.is_answered(speech, at, start.max(at), cue.class()) {
            continue;
        }
        let class = match cue {
            Cue::LastFour if social::may_be(run) => last_four(speech, start),
            Cue::Record if !is_of_record(speech, at, start) => continue,
            Cue::Record if run.symbols.len() >= 3 => return Meaning::Other,
            _ => match class_if_fits(cue, run) {
                Some(class) => class,
                None => continue,
            },
        };
        return Meaning::Personal(class);
    }
    Meaning::Unknown
}

/// Whether what was announced at `cue` reaches `start`: its own sentence, or the start of the next.
fn is_of_record(speech: &Speech, cue: usize, start: usize) -> bool {
    let between = speech.tokens.get(cue..start).unwrap_or_default();
    let sentences = between.iter().filter(|token| token.ends_sentence()).count();
    sentences <= 1 && between.len() <= CODE
}

/// "last four" is of the Social Security number unless a card was named.
fn last_four(speech: &Speech, at: usize) -> PersonalClass {
    let mut named = speech.cues_before(at).map(|(_, cue)| cue);
    match named.find(|cue| matches!(cue, Cue::Account | Cue::Social)) {
        Some(Cue::Account) => PersonalClass::AccountNumber,
        _ => PersonalClass::SocialSecurity,
    }
}

/// The class of what was announced, if the run may be that.
fn class_if_fits(cue: Cue, run: &Run) -> Option<PersonalClass> {
    let fits = match cue {
        Cue::Phone => phone::may_be(run),
        Cue::Social => social::may_be(run),
        Cue::Id => id::may_be(run),
        Cue::Plate => plate::may_be(run),
        Cue::Account => account::may_be(run),
        Cue::Birth => run.symbols.len() >= 2,
        Cue::Address => (2..=6).contains(&run.digits()) && run.letters() <= 1,
        Cue::Email => run.letters() >= 2,
        Cue::LastFour | Cue::Record | Cue::Work | Cue::Name | Cue::Spelling => false,
    };
    cue.class().filter(|_| fits)
}

/// "five five five, oh one four two is my number".
fn announced_after(speech: &Speech, run: &Run) -> Option<PersonalClass> {
    let end = run.words.end;
    if run.symbols.len() < 4 || speech.tokens[end - 1].end == crate::token::End::Question {
        return None;
    }
    let next = speech.cues.partition_point(|(at, _)| *at < end);
    let (at, cue) = *speech.cues.get(next).filter(|(at, _)| at - end < AFTER)?;
    let between = speech.tokens.get(end..at)?;
    let is_told = between
        .iter()
        .any(|token| token.is_in(&["is", "was", "that's"]));
    if !is_told || between.iter().any(crate::token::Token::ends_sentence) {
        return None;
    }
    class_if_fits(cue, run)
}

/// Letters alone: a name that is spelled, unless something else was announced.
fn spelled(speech: &Speech, run: &Run) -> Option<PersonalClass> {
    let letters = std::str::from_utf8(&run.symbols).ok()?;
    if ABBREVIATIONS.contains(&letters) {
        return None;
    }
    let is_one_word = run.words.len() == 1 && !speech.text(run.words.start).contains('-');
    let asked = speech.cues_before(run.words.start).map(|(_, cue)| cue);
    let mut asked = asked.filter(|cue| *cue != Cue::Name);
    match asked.next() {
        Some(Cue::Spelling) if letters.len() >= 2 => Some(PersonalClass::PersonName),
        Some(Cue::Plate) if letters.len() >= 2 => Some(PersonalClass::LicensePlate),
        Some(Cue::Id) if letters.len() >= 3 => Some(PersonalClass::IdNumber),
        _ => (letters.len() >= 3 && !is_one_word).then_some(PersonalClass::PersonName),
    }
}

/// The run and what of it was not recognized as digits and letters.
fn extended(speech: &Speech, run: &Run, class: PersonalClass) -> Range<usize> {
    match class {
        PersonalClass::LicensePlate | PersonalClass::IdNumber => with_letters(speech, run),
        _ if is_complete(run, class) => run.words.clone(),
        _ => {
            let last = speech.tokens.len().min(run.words.end + UNREAD);
            let ends = |at: &usize| speech.tokens[*at - 1].ends_sentence();
            let end = (run.words.end..last).find(ends).unwrap_or(last);
            let first = run.words.start.saturating_sub(UNREAD);
            let is_other = |at: &usize| {
                let token = &speech.tokens[*at];
                token.ends_sentence() || is_never_name(&token.text)
            };
            let start = (first..run.words.start)
                .rev()
                .take_while(|at| !is_other(at))
                .last();
            start.unwrap_or(run.words.start)..end
        }
    }
}

/// Whether the run has as many digits as numbers of its class have.
fn is_complete(run: &Run, class: PersonalClass) -> bool {
    let digits = run.digits();
    match class {
        PersonalClass::PhoneNumber => matches!(digits, 7 | 10 | 11),
        PersonalClass::SocialSecurity => matches!(digits, 4 | 9),
        PersonalClass::AccountNumber => digits == 4 || digits >= 8,
        _ => true,
    }
}

/// Where what was announced begins: just after the cue, or with the sentence, if that is near.
fn from_cue(speech: &Speech, run: &Run) -> usize {
    let start = run.words.start;
    let first = start.saturating_sub(LETTERS_MAX);
    let is_first = |at: &usize| {
        let before = &speech.tokens[*at - 1];
        let is_link = before.is_in(&[
            "is", "was", "number", "it's", "on", "for", "plate", "plates",
        ]);
        before.ends_sentence()
            || is_link
            || speech
                .cues_before(*at)
                .next()
                .is_some_and(|(cue, _)| cue + 1 == *at)
    };
    (first.max(1)..=start).rev().find(is_first).unwrap_or(start)
}

/// The run and words beside it that may be letters.
fn with_letters(speech: &Speech, run: &Run) -> Range<usize> {
    let mut words = from_cue(speech, run)..run.words.end;
    let is_letter = |at: usize| {
        let token = &speech.tokens[at];
        let text = token.text.as_str();
        let is_capital = token.is_capital && !token.begins_sentence && !is_never_name(text);
        plate::SPOKEN_LETTERS.contains(&text) || text.len() == 1 || is_capital
    };
    while words.start > 0 && run.words.start - words.start < 4 && is_letter(words.start - 1) {
        words.start -= 1;
    }
    while words.end < speech.tokens.len()
        && words.end - run.words.end < 4
        && !speech.tokens[words.end - 1].ends_sentence()
        && is_letter(words.end)
    {
        words.end += 1;
    }
    if words.start == run.words.start && run.letters() < 2 && words.start > 0 {
        // A first letter that was heard as a word: "before" for "P four".
        let before = &speech.tokens[words.start - 1];
        let is_part = !before.ends_sentence() && !before.is_in(&["is", "was", "number", "it's"]);
        words.start -= usize::from(is_part);
    }
    words
}

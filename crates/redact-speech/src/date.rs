//! Dates of birth.

use std::ops::Range;

use redact_core::PersonalClass;

use crate::cue::Cue;
use crate::lists::is_never_name;
use crate::numbers::{Piece, piece};
use crate::speech::{Found, Speech};
use crate::token::Token;

const MONTHS: [&str; 23] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sept",
    "sep",
    "oct",
    "nov",
];

const ORDINALS: [&str; 24] = [
    "first",
    "second",
    "third",
    "fourth",
    "forth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "eight",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "thirtieth",
    "1st",
];

/// A date with a later year is no date of birth unless it is announced: people tell the police
/// what happened lately far more often than when a child was born.
const YEAR_MAX: u32 = 2012;

/// Words of a date, at most.
const DATE_MAX: usize = 10;

/// Whether the word is a day said as an ordinal number.
pub(crate) fn is_ordinal(text: &str) -> bool {
    let number = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|end| text.strip_suffix(end));
    let is_written = number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let last = text.rsplit('-').next().unwrap_or(text);
    is_written || ORDINALS.contains(&last)
}

/// Adds dates of birth.
pub(crate) fn find(speech: &Speech, found: &mut Found) {
    let mut end = 0;
    for at in 0..speech.tokens.len() {
        if at < end || found.is_taken(at) {
            continue;
        }
        if let Some(words) = date_at(speech, found, at) {
            end = words.end;
            found.add(PersonalClass::DateOfBirth, words);
        }
    }
    for run in &speech.runs {
        let start = run.words.start;
        let is_told = speech.announced(found, start, Cue::Birth) && !run.is_quantity;
        if is_told
            && run.digits() >= 1
            && run.symbols.len() >= 2
            && !found.touches(run.words.clone())
        {
            let words = widened(speech, found, run.words.clone());
            found.add(PersonalClass::DateOfBirth, words);
        }
    }
}

/// The date of birth that begins at or just before the word at `at`.
fn date_at(speech: &Speech, found: &Found, at: usize) -> Option<Range<usize>> {
    let token = &speech.tokens[at];
    let told = speech.announced(found, at, Cue::Birth) || told_after(speech, at);
    if let Some(year) = slashed(&token.text) {
        let is_birth = told || year.is_some_and(|year| year <= YEAR_MAX);
        return is_birth.then(|| widened(speech, found, at..at + 1));
    }
    if told && is_ordinal(&token.text) && at > 0 && speech.text(at - 1) == "the" {
        return Some(widened(speech, found, at..at + 1));
    }
    if !MONTHS.contains(&token.text.as_str()) {
        return None;
    }
    let words = widened(speech, found, at..at + 1);
    let is_date = words.len() > 1;
    // "May" and "March" are verbs, too.
    let is_month = token.is_capital && (token.begins_sentence || !token.is_in(&["may", "march"]));
    let is_said = is_date || is_month && told;
    if !is_said {
        return None;
    }
    let is_birth = told || year_of(speech, &words).is_some_and(|year| year <= YEAR_MAX);
    is_birth.then_some(words)
}

/// "March 4th, 1987 is my birthday".
fn told_after(speech: &Speech, at: usize) -> bool {
    let end = speech.cues.partition_point(|(place, _)| *place <= at);
    let next = speech.cues.get(end);
    next.is_some_and(|(place, cue)| *cue == Cue::Birth && place - at <= DATE_MAX)
        && !speech.tokens[at].ends_sentence()
}

/// The year of `3/4/87` or `03-04-1987`; a date without a year has `Some(None)`.
fn slashed(text: &str) -> Option<Option<u32>> {
    let is_slash = text.contains('/');
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let numbers: Option<Vec<u32>> = parts.iter().map(|part| part.parse().ok()).collect();
    match numbers?.as_slice() {
        [month, day] if is_slash && (1..=12).contains(month) && (1..=31).contains(day) => {
            Some(None)
        }
        [a, b, year] if (1..=31).contains(a) && (1..=31).contains(b) && a.min(b) <= &12 => {
            match (parts[2].len(), year) {
                (2, year) => Some(Some(century(*year))),
                (4, 1900..=2099) => Some(Some(*year)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The year that two digits stand for.
const fn century(two: u32) -> u32 {
    if two > 26 { 1900 + two } else { 2000 + two }
}

/// The year in the words of a date.
fn year_of(speech: &Speech, words: &Range<usize>) -> Option<u32> {
    let run = speech.run_at(words.end - 1)?;
    let digits = std::str::from_utf8(&run.symbols).ok()?;
    let last = |count: usize| {
        digits
            .len()
            .checked_sub(count)
            .and_then(|at| digits.get(at..))
    };
    let four = last(4).and_then(|year| year.parse().ok());
    four.filter(|year| (1900..2030).contains(year)).or_else(|| {
        let two = last(2).filter(|_| matches!(digits.len(), 2..=4))?;
        let says_year = run.words.len() > 1 || digits.len() > 2 || words.len() > 2;
        two.parse().ok().filter(|_| says_year).map(century)
    })
}

/// With everything beside it that may belong to a date.
fn widened(speech: &Speech, found: &Found, words: Range<usize>) -> Range<usize> {
    let told = speech.announced(found, words.start, Cue::Birth);
    let belongs = |token: &Token| {
        let text = token.text.as_str();
        let is_number = !matches!(
            piece(token),
            None | Some(Piece::Article(_) | Piece::Perhaps(_))
        );
        let misheard = told && token.is_capital && !token.begins_sentence && !is_never_name(text);
        is_number
            || is_ordinal(text)
            || MONTHS.contains(&text)
            || misheard
            || slashed(text).is_some()
            || token.is_in(&["of", "the", "in", "and"])
    };
    let goes_on = |at: usize| told || !speech.tokens[at].ends_sentence();
    let (mut start, mut end) = (words.start, words.end);
    while start > 0
        && words.start - start < DATE_MAX
        && belongs(&speech.tokens[start - 1])
        && goes_on(start - 1)
    {
        start -= 1;
    }
    while end < speech.tokens.len()
        && end - words.end < DATE_MAX
        && belongs(&speech.tokens[end])
        && goes_on(end - 1)
    {
        end += 1;
    }
    let is_link = |at: usize| speech.tokens[at].is_in(&["of", "in", "and"]);
    let is_end = |at: usize| is_link(at) || speech.text(at) == "the";
    while start < words.start && is_link(start) {
        start += 1;
    }
    while end > words.end && is_end(end - 1) {
        end -= 1;
    }
    start..end
}

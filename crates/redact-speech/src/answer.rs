//! Answers in which nothing was recognized that was asked for.

use std::ops::Range;

use crate::cue::Cue;
use crate::speech::{Found, Speech};
use crate::token::{End, Token};

/// Words of an answer that are looked at, at most.
const ANSWER_MAX: usize = 12;

/// A shorter sentence is only the start of an answer.
const START_MAX: usize = 2;

/// Words between what is asked for and the end of the question, at most.
const QUESTION: usize = 8;

/// What an answer begins with in which there is nothing.
const REFUSALS: [&str; 16] = [
    "no", "nope", "none", "nothing", "not", "never", "why", "what", "who", "where", "how", "can",
    "do", "please", "huh", "he",
];

/// Mutes the first sentence after a question for personal data if nothing was found there.
///
/// "What's your name?" "In the stenabad." is what a recognizer may make of a name.
pub(crate) fn find(speech: &Speech, found: &mut Found) {
    for at in 0..speech.tokens.len() {
        if speech.tokens[at].end != End::Question {
            continue;
        }
        let Some((cue, words)) = asked(speech, at).zip(answer(speech, at)) else {
            continue;
        };
        let last = speech.tokens.len().min(at + 1 + ANSWER_MAX);
        if let Some(class) = cue.class()
            && !found.touches(at + 1..last)
        {
            found.add(class, words);
        }
    }
}

/// What the question that ends at `at` asks for.
fn asked(speech: &Speech, at: usize) -> Option<Cue> {
    let is_asked = |(place, cue): &(usize, Cue)| {
        let said = speech.tokens.get(*place..at).unwrap_or_default();
        let in_question = at - place <= QUESTION && !said.iter().any(Token::ends_sentence);
        let is_word = matches!(
            speech.text(*place),
            "name"
                | "names"
                | "number"
                | "email"
                | "e-mail"
                | "address"
                | "birth"
                | "birthday"
                | "born"
                | "dob"
                | "social"
                | "four"
                | "4"
                | "live"
                | "stay"
                | "work"
                | "school"
        );
        in_question && is_word && !matches!(cue, Cue::Record)
    };
    let cue = speech.cues_before(at + 1).find(is_asked);
    cue.map(|(_, cue)| cue)
}

/// The words of the answer to the question that ends at `at`; `None` if it says that there is none.
fn answer(speech: &Speech, at: usize) -> Option<Range<usize>> {
    let last = speech.tokens.len().min(at + 1 + ANSWER_MAX);
    let end_of = |from: usize| {
        let mut ends = from..last;
        ends.find(|end| speech.tokens[*end].ends_sentence())
            .map_or(last, |end| end + 1)
    };
    let first = end_of(at + 1);
    let end = if first - at - 1 <= START_MAX {
        end_of(first)
    } else {
        first
    };
    let is_refused = speech
        .tokens
        .get(at + 1)
        .is_none_or(|token| token.is_in(&REFUSALS));
    (!is_refused && end > at + 1).then_some(at + 1..end)
}

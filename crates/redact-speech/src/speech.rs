//! Everything that the rules read, and what they found.

use std::ops::Range;

use redact_core::{PersonalClass, PersonalItem, Word};

use crate::cue::{self, Cue};
use crate::numbers::{self, Run};
use crate::token::{self, Token};

/// Words between an answer and its repetition or correction, at most.
const REPEATED: usize = 3;

/// The words with what was read from them.
pub(crate) struct Speech {
    pub(crate) tokens: Vec<Token>,
    pub(crate) runs: Vec<Run>,
    pub(crate) cues: Vec<(usize, Cue)>,
}

impl Speech {
    pub(crate) fn new(words: &[Word]) -> Self {
        let tokens = token::tokens(words);
        Self {
            runs: numbers::runs(&tokens),
            cues: cue::cues(&tokens),
            tokens,
        }
    }

    /// The text at `at`; empty beyond the ends.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// The run that has the word at `at`.
    pub(crate) fn run_at(&self, at: usize) -> Option<&Run> {
        let next = self.runs.partition_point(|run| run.words.end <= at);
        self.runs.get(next).filter(|run| run.words.contains(&at))
    }

    /// The cues before the word at `at`, nearest first.
    pub(crate) fn cues_before(&self, at: usize) -> impl Iterator<Item = (usize, Cue)> {
        cue::before(&self.cues, at)
    }

    /// Whether `wanted` is the nearest cue before `at` of those that announce numbers, and nothing
    /// that was found answers it.
    pub(crate) fn announced(&self, found: &Found, at: usize, wanted: Cue) -> bool {
        let other = |cue| !matches!(cue, Cue::Work | Cue::Name | Cue::Spelling | Cue::Email);
        self.cues_before(at)
            .find(|(_, cue)| *cue == wanted || other(*cue))
            .is_some_and(|(place, cue)| {
                cue == wanted && !found.is_answered(self, place, at, wanted.class())
            })
    }

    /// Whether the nearest cue before `at` is `wanted`, `reach` words back at most.
    pub(crate) fn asked(&self, at: usize, wanted: Cue, reach: usize) -> bool {
        let nearest = self.cues_before(at).next();
        nearest.is_some_and(|(place, cue)| cue == wanted && at - place <= reach)
    }
}

/// The items found so far.
pub(crate) struct Found {
    pub(crate) items: Vec<PersonalItem>,
    taken: Vec<Option<PersonalClass>>,
}

impl Found {
    pub(crate) fn new(words: usize) -> Self {
        Self {
            items: Vec::new(),
            taken: vec![None; words],
        }
    }

    /// Adds an item; an empty range is none.
    pub(crate) fn add(&mut self, class: PersonalClass, words: Range<usize>) {
        let words = words.start..words.end.min(self.taken.len());
        if words.is_empty() {
            return;
        }
        self.taken[words.clone()].fill(Some(class));
        self.items.push(PersonalItem { class, words });
    }

    /// Whether the word at `at` is in an item.
    pub(crate) fn is_taken(&self, at: usize) -> bool {
        self.taken.get(at).is_some_and(Option::is_some)
    }

    /// Whether what was announced at `cue` was said before `at`: in a sentence before, and not just
    /// before.
    pub(crate) fn is_answered(
        &self,
        speech: &Speech,
        cue: usize,
        at: usize,
        class: Option<PersonalClass>,
    ) -> bool {
        let between = self.taken.get(cue..at).unwrap_or_default();
        let last = between
            .iter()
            .rposition(|taken| taken.is_some() && *taken == class);
        last.map(|last| cue + last).is_some_and(|last| {
            let ended = speech.tokens[last..at].iter().any(Token::ends_sentence);
            ended && at - last > REPEATED
        })
    }

    /// Whether any of `words` is in an item.
    pub(crate) fn touches(&self, mut words: Range<usize>) -> bool {
        words.any(|at| self.is_taken(at))
    }
}

//! An event while it is put together.

use redact_core::{Digest, UtcNanos};

use super::event::{Act, Detail, Event, Label, NAME_BYTES_MAX, Outcome};

/// What is known of an act so far: whoever records it adds when, who and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDraft {
    what: Act,
    outcome: Outcome,
    subjects: Vec<(Label, Digest)>,
    details: Vec<(Label, Detail)>,
}

/// When, by whom and where an act was done.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// When.
    pub at: UtcNanos,
    /// The person, or the written policy, that acted.
    pub who: &'a str,
    /// The program that acted, with its version.
    pub program: &'a str,
    /// The machine it ran on.
    pub machine: &'a str,
}

impl EventDraft {
    /// An act that succeeds, of which nothing else is known yet.
    #[must_use]
    pub const fn new(what: Act) -> Self {
        Self {
            what,
            outcome: Outcome::Success,
            subjects: Vec::new(),
            details: Vec::new(),
        }
    }

    /// How it ended.
    pub const fn outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// What it is done to. A name that is not a [`Label`] is left out.
    pub fn subject(&mut self, name: &str, digest: Digest) {
        self.subjects.extend(Label::new(name).zip(Some(digest)));
    }

    /// A word from the program's vocabulary. What is not a [`Label`] is left out.
    pub fn label(&mut self, name: &str, value: &str) {
        let value = Label::new(value).map(Detail::Label);
        self.details.extend(Label::new(name).zip(value));
    }

    /// How many. A name that is not a [`Label`] is left out.
    pub fn count(&mut self, name: &str, count: usize) {
        let count = Detail::Count(u64::try_from(count).unwrap_or(u64::MAX));
        self.details.extend(Label::new(name).zip(Some(count)));
    }

    /// The event. Names are fitted to what the log takes: see [`fit_name`].
    #[must_use]
    pub fn event(&self, circumstances: Circumstances<'_>) -> Event {
        let Circumstances {
            at,
            who,
            program,
            machine,
        } = circumstances;
        Event {
            at,
            who: fit_name(who),
            what: self.what,
            program: program.to_owned(),
            machine: fit_name(machine),
            outcome: self.outcome,
            subjects: self.subjects.clone(),
            details: self.details.clone(),
        }
    }
}

/// A name that the log takes: cut where it is too long, `unknown` where it is blank.
#[must_use]
pub fn fit_name(name: &str) -> String {
    let end = (0..=name.len().min(NAME_BYTES_MAX))
        .rev()
        .find(|&end| name.is_char_boundary(end));
    match name[..end.unwrap_or(0)].trim().is_empty() {
        true => "unknown".to_owned(),
        false => name[..end.unwrap_or(0)].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_empty_names_still_fit_the_log() {
        assert_eq!(fit_name("Ada"), "Ada");
        assert_eq!(fit_name("  "), "unknown");
        assert_eq!(fit_name(&"é".repeat(100)), "é".repeat(64));
    }

    #[test]
    fn what_is_not_a_word_of_the_vocabulary_is_left_out() {
        let mut draft = EventDraft::new(Act::Scan);
        draft.label("action", "a sentence with a name");
        draft.label("action", "new");
        draft.count("tracks", 3);
        let circumstances = Circumstances {
            at: UtcNanos(0),
            who: "Ada",
            program: "test 1",
            machine: "here",
        };
        assert_eq!(draft.event(circumstances).details.len(), 2);
    }
}

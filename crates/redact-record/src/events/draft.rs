//! Events under construction.

use redact_core::{Digest, UtcNanos};

use super::event::{Act, Detail, Event, Label, NAME_BYTES_MAX, Outcome};

/// An act without time, actor and place, which are added when it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDraft {
    what: Act,
    outcome: Outcome,
    subjects: Vec<(Label, Digest)>,
    details: Vec<(Label, Detail)>,
}

/// Time, actor and place of an act.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// When.
    pub at: UtcNanos,
    /// The person or policy that acted.
    pub who: &'a str,
    /// The program that acted, with its version.
    pub program: &'a str,
    /// The machine that it ran on.
    pub machine: &'a str,
}

impl EventDraft {
    /// A successful act without subjects and details.
    #[must_use]
    pub const fn new(what: Act) -> Self {
        Self {
            what,
            outcome: Outcome::Success,
            subjects: Vec::new(),
            details: Vec::new(),
        }
    }

    /// Sets the outcome.
    pub const fn outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// Adds a subject of the act. A name that is not a [`Label`] is left out.
    pub fn subject(&mut self, name: &str, digest: Digest) {
        self.subjects.extend(Label::new(name).zip(Some(digest)));
    }

    /// Adds a word of the program's vocabulary. Anything that is not a [`Label`] is left out.
    pub fn label(&mut self, name: &str, value: &str) {
        let value = Label::new(value).map(Detail::Label);
        self.details.extend(Label::new(name).zip(value));
    }

    /// Adds a count. A name that is not a [`Label`] is left out.
    pub fn count(&mut self, name: &str, count: usize) {
        let count = Detail::Count(u64::try_from(count).unwrap_or(u64::MAX));
        self.details.extend(Label::new(name).zip(Some(count)));
    }

    /// The event, with names that fit the log: see [`fit_name`].
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

/// A name that fits the log: truncated if it is too long, `unknown` if it is blank.
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

//! All rules, one after the other.

use redact_core::{PersonalItem, Word};

use crate::speech::{Found, Speech};
use crate::{address, date, email, name, number, work};

/// The personal data in `words`, ordered by first word.
///
/// `words` are those of one signal in the order in which they were said, with the capitals and
/// punctuation of a recognizer; without them, fewer names are found. Items may overlap. The time is
/// linear in the number of words: a rule reads at most a few words around each.
#[must_use]
pub fn personal_items(words: &[Word]) -> Vec<PersonalItem> {
    let speech = Speech::new(words);
    let mut found = Found::new(words.len());
    // Rules that recognize an item by its form come before those that go by what was announced.
    email::find(&speech, &mut found);
    address::find(&speech, &mut found);
    date::find(&speech, &mut found);
    number::find(&speech, &mut found);
    work::find(&speech, &mut found);
    name::find(&speech, &mut found);
    let mut items = found.items;
    items.sort_by_key(|item| (item.words.start, item.words.end, item.class));
    items.dedup();
    items
}

#[cfg(test)]
#[path = "find/tests.rs"]
mod tests;

//! All rules, one after the other.

use redact_core::{PersonalClass, PersonalItem, Word};

use crate::speech::{Found, Speech};
use crate::{address, answer, date, email, name, number, work};

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
    answer::find(&speech, &mut found);
    let mut items: Vec<PersonalItem> = found
        .items
        .into_iter()
        .map(|item| with_neighbors(&speech, item))
        .collect();
    items.sort_by_key(|item| (item.words.start, item.words.end, item.class));
    items.dedup();
    items
}

/// With one word more at both ends, of the same sentence, unless it is a name or a place.
///
/// Numbers and what is spelled are where a recognizer drops most and where its times are worst:
/// "It's 6141788286" may have all its digits in the time of the last. Names are single words with
/// the times of words.
fn with_neighbors(speech: &Speech, mut item: PersonalItem) -> PersonalItem {
    if matches!(
        item.class,
        PersonalClass::PersonName | PersonalClass::WorkOrSchool
    ) {
        return item;
    }
    let tokens = &speech.tokens;
    if item.words.start > 0 && !tokens[item.words.start - 1].ends_sentence() {
        item.words.start -= 1;
    }
    if item.words.end < tokens.len() && !tokens[item.words.end - 1].ends_sentence() {
        item.words.end += 1;
    }
    item
}

#[cfg(test)]
#[path = "find/tests.rs"]
mod tests;

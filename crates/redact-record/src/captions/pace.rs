//! Dividing items into cues that can be read, and cues into lines.

use super::content::REDACTED;
use super::items::{Item, LINE_CHARS, Shown};
use crate::plan::INAUDIBLE;

/// A pause this long ends a cue.
const PAUSE_MS: i64 = 1500;

/// A sentence ends a cue if a pause this long follows, or if the cue has this much text.
const SENTENCE_PAUSE_MS: i64 = 300;
const SENTENCE_CHARS: usize = 30;

/// The shortest and the longest time that a cue is shown, where the words allow it. Sources: DCMP
/// captioning key (at least 40 frames of 30 per second), Netflix timed text style guide (5/6 s to
/// 7 s).
const SHORTEST_MS: i64 = 1000;
const LONGEST_MS: i64 = 7000;

/// Time to read one character: 17 characters per second, as for adults in BBC and Netflix practice
/// (15 to 20).
const CHAR_MS: i64 = 59;

/// How much of a mark's time counts for the length of its cue: it has little to read.
const MARK_MS: i64 = 2000;

/// Items that are shown together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cue {
    pub(super) start: i64,
    pub(super) end: i64,
    /// One or two lines of items.
    pub(super) lines: Vec<Vec<Item>>,
}

/// What a reader sees of an item.
pub(super) fn text(item: &Item) -> &str {
    match &item.shown {
        Shown::Redacted => REDACTED,
        Shown::Inaudible => INAUDIBLE,
        Shown::Word(text) => text,
    }
}

fn chars(item: &Item) -> usize {
    text(item).chars().count()
}

/// The cues for `items`, which are apart as `items::items` makes them. `end` is the end of the
/// release in milliseconds.
pub(super) fn cues(items: Vec<Item>, end: i64) -> Vec<Cue> {
    let mut groups: Vec<Vec<Item>> = Vec::new();
    for item in items {
        match groups.last_mut() {
            Some(group) if !is_break(group, &item) => group.push(item),
            _ => groups.push(vec![item]),
        }
    }
    let starts: Vec<i64> = groups.iter().map(|group| start_of(group)).collect();
    let next = starts.iter().copied().skip(1).chain([end.max(1)]);
    let cues = groups.into_iter().zip(&starts).zip(next);
    cues.map(|((mut items, &start), next)| {
        let end = end_of(&mut items, start, next);
        let lines = lines(items);
        Cue { start, end, lines }
    })
    .collect()
}

/// A time stamp must be greater than the start of its cue.
fn start_of(group: &[Item]) -> i64 {
    let first = &group[0];
    first.start - i64::from(first.is_word())
}

/// Whether `item` begins a new cue after `group`, which is not empty.
fn is_break(group: &[Item], item: &Item) -> bool {
    let last = &group[group.len() - 1];
    let start = start_of(group);
    let gap = item.start - last.end;
    let until = match item.is_word() {
        true => item.end,
        false => item.end.min(item.start + MARK_MS),
    };
    if gap >= PAUSE_MS || until - start > LONGEST_MS || !fits(group, item) {
        return true;
    }
    let ends_sentence = text(last).ends_with(['.', '?', '!', '…']);
    let length: usize = group.iter().map(|item| chars(item) + 1).sum();
    let is_full = gap >= SENTENCE_PAUSE_MS || length > SENTENCE_CHARS;
    // Cues that are shown for less are hard to read.
    ends_sentence && is_full && item.start - start > SHORTEST_MS
}

/// Whether `group` and `item` fit into two lines.
fn fits(group: &[Item], item: &Item) -> bool {
    let lengths: Vec<usize> = group.iter().chain([item]).map(chars).collect();
    break_of(&lengths).is_some()
}

/// After how many items the first line ends, so that both lines fit and are as even as can be; all
/// of them if one line is enough.
fn break_of(lengths: &[usize]) -> Option<usize> {
    let width = |items: &[usize]| items.iter().sum::<usize>() + items.len().saturating_sub(1);
    if width(lengths) <= LINE_CHARS {
        return Some(lengths.len());
    }
    let halves = (1..lengths.len()).map(|at| {
        let (first, second) = lengths.split_at(at);
        (width(first).max(width(second)), at)
    });
    let best = halves.min()?;
    (best.0 <= LINE_CHARS).then_some(best.1)
}

fn lines(mut items: Vec<Item>) -> Vec<Vec<Item>> {
    let lengths: Vec<usize> = items.iter().map(chars).collect();
    let at = break_of(&lengths).unwrap_or(lengths.len());
    let second = items.split_off(at);
    let both = [items, second].into_iter();
    both.filter(|line| !line.is_empty()).collect()
}

/// When the cue ends: after its last word, late enough to be read, and not after `next`. The last
/// word ends before it.
fn end_of(items: &mut [Item], start: i64, next: i64) -> i64 {
    let length: usize = items.iter().map(|item| chars(item) + 1).sum();
    let to_read = i64::try_from(length).unwrap_or(0).saturating_mul(CHAR_MS);
    let shown = to_read.clamp(SHORTEST_MS, LONGEST_MS);
    let said = match items.last() {
        Some(last) if last.is_word() => last.end + 1,
        Some(last) => last.end.min(start + LONGEST_MS),
        None => start + 1,
    };
    let end = said.max(start + shown).min(next).max(start + 1);
    if let Some(last) = items.last_mut().filter(|last| last.is_word()) {
        last.end = last.end.min(end - 1);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_even_and_no_longer_than_the_limit() {
        assert_eq!(break_of(&[20, 21]), Some(2));
        assert_eq!(break_of(&[20, 22]), Some(1));
        assert_eq!(break_of(&[42, 42]), Some(1));
        assert_eq!(break_of(&[30, 30, 30]), None);
        assert_eq!(break_of(&[10, 10, 10, 10, 10]), Some(2));
    }
}

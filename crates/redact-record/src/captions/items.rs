//! What captions show and when: the words that are heard, and marks for what is not.

use redact_core::{CaptionWord, TimeSpan};

use super::content::ReleaseSound;
use super::hidden::is_hidden;
use super::stamp::{outward, round_up, span};
use crate::plan::INAUDIBLE;

/// The most characters of a line. Sources: BBC subtitle guidelines (37 to 42 characters), DCMP
/// captioning key (32), Netflix timed text style guide (42).
pub(super) const LINE_CHARS: usize = 42;

/// Two mutes this close, with nothing to be heard in between, are one `[redacted]`.
const REDACTED_GAP_MS: i64 = 1000;

/// A shorter span of speech that was not understood is not worth a mark.
const INAUDIBLE_MIN_MS: i64 = 300;

/// Items begin at least this far apart, so that there is room for the times of cues between them,
/// each of which must be greater than the one before.
pub(super) const APART_MS: i64 = 4;

/// Nothing is shown later than this, so that hours have at most five digits.
const LATEST_MS: i64 = 99_999 * 3_600_000;

/// What an item shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    Redacted,
    Inaudible,
    Word(String),
}

/// A word or a mark, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) shown: Shown,
}

impl Item {
    /// Whether it is a word.
    pub(super) const fn is_word(&self) -> bool {
        matches!(self.shown, Shown::Word(_))
    }
}

/// The items of a release in order: words whose spans no mute touches, and marks. Their starts are
/// at least [`APART_MS`] apart, from 1 on, and each word ends before the next item begins.
pub(super) fn items(words: &[CaptionWord], sound: &ReleaseSound) -> Vec<Item> {
    let (mut heard, mut inaudible, mut withheld) = (Vec::new(), Vec::new(), Vec::new());
    for word in words {
        if word.text.trim() == INAUDIBLE {
            inaudible.push(word.span);
            continue;
        }
        let millis = outward(word.span);
        if millis.1 <= 0 {
            // Before the first frame.
            continue;
        }
        match span(millis).and_then(|span| sound.mute_in(span)) {
            Some(_) => withheld.push(word.span),
            None => heard.extend(tokens(&word.text, millis)),
        }
    }
    let withheld = TimeSpan::merged([sound.mutes(), &withheld[..]].concat(), 0);
    let end = round_up(sound.end_nanos()).min(LATEST_MS);
    let mark = |span: &TimeSpan, shown: Shown| {
        let (start, until) = outward(*span);
        let (start, until) = (start.max(0), until.min(end));
        (start < until).then_some(Item {
            start,
            end: until,
            shown,
        })
    };
    let mut all: Vec<Item> = heard;
    all.extend(withheld.iter().filter_map(|s| mark(s, Shown::Redacted)));
    for left in TimeSpan::without(&TimeSpan::merged(inaudible, 0), &withheld) {
        let mark = mark(&left, Shown::Inaudible);
        all.extend(mark.filter(|item| item.end - item.start >= INAUDIBLE_MIN_MS));
    }
    all.sort_by(|a, b| (a.start, a.end, &a.shown).cmp(&(b.start, b.end, &b.shown)));
    in_sequence(all, sound, end)
}

/// The words of a caption word, which a person may have typed, each with its share of the time.
/// None is longer than a line.
fn tokens(text: &str, (start, end): (i64, i64)) -> Vec<Item> {
    let clean: String = text
        .chars()
        .map(|c| if is_hidden(c) { ' ' } else { c })
        .collect();
    let mut tokens: Vec<String> = Vec::new();
    for word in clean.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        tokens.extend(letters.chunks(LINE_CHARS).map(String::from_iter));
    }
    let count = i64::try_from(tokens.len()).unwrap_or(i64::MAX).max(1);
    let at = |number: i64| start + (end - start).saturating_mul(number) / count;
    (0..)
        .zip(tokens)
        .map(|(number, text)| Item {
            start: at(number),
            end: at(number + 1),
            shown: Shown::Word(text),
        })
        .collect()
}

/// Moves starts apart, ends words where the next one begins, and joins equal marks. Words that are
/// said at the same time lose some of their time, which no mute touches either: it is also that of
/// the other word. A word that would be moved into a mute is replaced by a mark.
fn in_sequence(items: Vec<Item>, sound: &ReleaseSound, end: i64) -> Vec<Item> {
    let mut done: Vec<Item> = Vec::with_capacity(items.len());
    for mut item in items {
        let least = done.last().map_or(1, |last| last.start + APART_MS);
        item.start = item.start.max(least);
        item.end = item.end.max(item.start + 1);
        if item.start + 1 >= end {
            continue;
        }
        if item.is_word() {
            item.end = item.end.min(end - 1);
            let muted = span((item.start, item.end)).and_then(|span| sound.mute_in(span));
            if muted.is_some() {
                item.shown = Shown::Redacted;
            }
        }
        let Some(last) = done.last_mut() else {
            done.push(item);
            continue;
        };
        let gap = item.start - last.end;
        if !item.is_word() && last.shown == item.shown && gap <= REDACTED_GAP_MS {
            last.end = last.end.max(item.end);
            continue;
        }
        if last.is_word() {
            last.end = last.end.min(item.start);
        }
        done.push(item);
    }
    done
}

//! Which word of a transcript is which that was said.

use redact_core::TimeSpan;

use crate::numbers::read_number;

/// Words of one row of the table of distances beside the diagonal, at most: recordings of hours fit
/// in memory, and no recognizer is off by that many words.
const BAND: usize = 1_000;

/// A word as words are compared: lower case, without punctuation; a digit by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) text: String,
    /// Start and end, where the word has them: several digits of one number share its span.
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
}

/// The fewest changes from what was said to what was recognized.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Alignment {
    pub(super) words: usize,
    pub(super) errors: usize,
    /// Distances of the starts of words that agree, in nanoseconds.
    pub(super) starts: Vec<i64>,
    pub(super) ends: Vec<i64>,
}

/// Words as they are compared: number words in a row are read as digits.
pub(super) fn split<'a>(words: impl Iterator<Item = (&'a str, Option<TimeSpan>)>) -> Vec<Heard> {
    let mut all = Vec::new();
    let mut number: Vec<(&str, Option<TimeSpan>)> = Vec::new();
    for (text, span) in words {
        if read_number(&[text]).is_some() {
            number.push((text, span));
            continue;
        }
        digits(&mut number, &mut all);
        let parts = text
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '\u{2019}')))
            .map(|part| part.trim_matches(['\'', '\u{2019}']).to_lowercase())
            .filter(|part| !part.is_empty());
        push(parts.collect(), span, span, &mut all);
    }
    digits(&mut number, &mut all);
    all
}

fn digits(number: &mut Vec<(&str, Option<TimeSpan>)>, all: &mut Vec<Heard>) {
    let texts: Vec<&str> = number.iter().map(|(text, _)| *text).collect();
    let read = read_number(&texts).unwrap_or_default();
    let texts = read.into_iter().map(|digit| char::from(digit).to_string());
    let first = number.first().and_then(|(_, span)| *span);
    let last = number.last().and_then(|(_, span)| *span);
    push(texts.collect(), first, last, all);
    number.clear();
}

fn push(texts: Vec<String>, first: Option<TimeSpan>, last: Option<TimeSpan>, all: &mut Vec<Heard>) {
    let count = texts.len();
    for (at, text) in texts.into_iter().enumerate() {
        let start = first.filter(|_| at == 0).map(TimeSpan::start_nanos);
        let end = last.filter(|_| at + 1 == count).map(TimeSpan::end_nanos);
        all.push(Heard { text, start, end });
    }
}

/// Step of the table: from which neighbor its distance comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Both,
    Said,
    Heard,
}

/// Aligns by Levenshtein distance, within [`BAND`] words of the straight line between the ends.
pub(super) fn align(said: &[Heard], heard: &[Heard]) -> Alignment {
    let from = |row: usize| -> usize {
        let diagonal = (row * heard.len()).checked_div(said.len()).unwrap_or(0);
        diagonal.saturating_sub(BAND)
    };
    let width = heard.len().min(2 * BAND) + 1;
    let mut steps: Vec<Vec<Step>> = Vec::with_capacity(said.len() + 1);
    let mut before: Vec<usize> = Vec::new();
    for row in 0..=said.len() {
        let mut costs = Vec::with_capacity(width);
        let mut row_steps = Vec::with_capacity(width);
        let above = |column: usize| {
            let start = from(row.saturating_sub(1));
            let known = row > 0 && column >= start;
            known.then(|| before.get(column - start).copied()).flatten()
        };
        for column in from(row)..(from(row) + width).min(heard.len() + 1) {
            let both = column.checked_sub(1).and_then(&above).map(|cost| {
                let differs = said[row - 1].text != heard[column - 1].text;
                (cost + usize::from(differs), Step::Both)
            });
            let only_said = above(column).map(|cost| (cost + 1, Step::Said));
            let only_heard = costs.last().map(|cost: &usize| (*cost + 1, Step::Heard));
            let options = [both, only_said, only_heard].into_iter().flatten();
            let best = options.min_by_key(|(cost, _)| *cost);
            let (cost, step) = best.unwrap_or((row + column, Step::Both));
            costs.push(cost);
            row_steps.push(step);
        }
        before = costs;
        steps.push(row_steps);
    }
    let mut alignment = Alignment {
        words: said.len(),
        errors: before.last().copied().unwrap_or(0),
        ..Alignment::default()
    };
    let (mut row, mut column) = (said.len(), heard.len());
    while row > 0 && column > 0 {
        match steps[row].get(column.wrapping_sub(from(row))) {
            Some(Step::Said) => row -= 1,
            Some(Step::Heard) => column -= 1,
            Some(Step::Both) | None => {
                row -= 1;
                column -= 1;
                note(&said[row], &heard[column], &mut alignment);
            }
        }
    }
    alignment
}

/// Notes the distances of words that agree.
fn note(said: &Heard, heard: &Heard, alignment: &mut Alignment) {
    if said.text != heard.text {
        return;
    }
    if let (Some(a), Some(b)) = (said.start, heard.start) {
        alignment
            .starts
            .push(a.abs_diff(b).try_into().unwrap_or(i64::MAX));
    }
    if let (Some(a), Some(b)) = (said.end, heard.end) {
        alignment
            .ends
            .push(a.abs_diff(b).try_into().unwrap_or(i64::MAX));
    }
}

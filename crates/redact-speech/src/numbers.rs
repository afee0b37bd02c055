//! Digits and letters in a row, however they were said or written.
//!
//! A [`Run`] is what a person would write down as one number: "five five five, oh one four two",
//! "555-0142", "forty two ten", "double seven", "7 Adam Boy Charles 1 2 3", "7ABC123".

use std::ops::Range;

use crate::lists::{BRIDGES, UNITS};
use crate::spelling::letter_of;
use crate::token::Token;

/// Words without a digit or letter that may stand within a run, in a row.
const BRIDGES_MAX: usize = 2;

/// Words of a run, at most: longer ones are split, so that a run is read once.
const RUN_MAX: usize = 80;

/// Digits and letters in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The words that it was made of.
    pub(crate) words: Range<usize>,
    /// ASCII digits and lower-case letters.
    pub(crate) symbols: Vec<u8>,
    /// Whether a unit follows.
    pub(crate) is_quantity: bool,
    /// Whether it may be a ten-code ("10-4", "ten twenty three") or someone counts or says the
    /// alphabet, as drivers are told to.
    pub(crate) is_code: bool,
}

impl Run {
    pub(crate) fn digits(&self) -> usize {
        self.symbols.iter().filter(|s| s.is_ascii_digit()).count()
    }

    pub(crate) fn letters(&self) -> usize {
        self.symbols.len() - self.digits()
    }
}

/// What a word adds to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Digits and letters as they are written.
    Symbols(Vec<u8>),
    /// 0 to 19, said as one word.
    Small(u8),
    /// 20, 30 and so on to 90.
    Tens(u8),
    /// A number word that multiplies: 100 or 1000.
    Times(u16),
    /// "double", "triple": the next digit comes that many times.
    Repeat(u8),
    /// A word of a spelling alphabet: a letter only beside digits and other letters.
    Perhaps(u8),
    /// "a" and "I": a letter only beside others.
    Article(u8),
}

/// What `token` adds to a run; `None` if nothing.
pub(crate) fn piece(token: &Token) -> Option<Piece> {
    let text = token.text.as_str();
    if token.is_height {
        return None;
    }
    if let Some(piece) = number_word(text) {
        return Some(piece);
    }
    if let Some(pair) = hyphenated(text) {
        return Some(pair);
    }
    if text.len() == 1 && text.as_bytes()[0].is_ascii_alphabetic() {
        let letter = text.as_bytes()[0];
        return Some(match letter {
            b'a' | b'i' => Piece::Article(letter),
            _ => Piece::Symbols(vec![letter]),
        });
    }
    if let Some(letter) = letter_of(text) {
        return Some(Piece::Perhaps(letter));
    }
    written(token)
}

/// Digits, letters between hyphens, or both: `555-0142`, `G-A-R-Z-A`, `7ABC123`.
fn written(token: &Token) -> Option<Piece> {
    let text = token.text.trim_start_matches('#');
    if text.contains(['/', ':', '$', '%', '@']) {
        return None;
    }
    let parts: Vec<&str> = text
        .split(['-', '.', ',', '(', ')', '\u{2013}'])
        .filter(|part| !part.is_empty())
        .collect();
    let symbols: Vec<u8> = parts.concat().bytes().collect();
    if symbols.is_empty() || !symbols.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let digits = symbols.iter().filter(|s| s.is_ascii_digit()).count();
    let letters = symbols.len() - digits;
    let is_spelled = parts.len() > 1 && parts.iter().all(|part| part.len() == 1);
    let is_ordinal = digits > 0
        && ["st", "nd", "rd", "th", "s"].iter().any(|end| {
            text.strip_suffix(end)
                .is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
        });
    let is_time = ["am", "pm"].iter().any(|end| text.ends_with(end)) && digits <= 4;
    let is_capitals = letters > 0 && token.written.bytes().all(|b| !b.is_ascii_lowercase());
    let short_capitals = digits == 0 && is_capitals && (2..=4).contains(&letters);
    if is_ordinal || is_time {
        return None;
    }
    if short_capitals && !is_spelled {
        // "ABC" of a plate, or an abbreviation: only with digits beside it.
        return (!crate::lists::ABBREVIATIONS.contains(&text)).then_some(Piece::Symbols(symbols));
    }
    (digits > 0 && (letters <= 8) || is_spelled).then_some(Piece::Symbols(symbols))
}

fn number_word(text: &str) -> Option<Piece> {
    let small = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    let tens = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    if let Some(value) = (0u8..).zip(small).find(|(_, word)| *word == text) {
        return Some(Piece::Small(value.0));
    }
    if let Some(value) = (2u8..).zip(tens).find(|(_, word)| *word == text) {
        return Some(Piece::Tens(value.0 * 10));
    }
    match text {
        "oh" | "owe" | "ought" | "nought" | "null" => Some(Piece::Small(0)),
        "niner" => Some(Piece::Small(9)),
        "fourty" => Some(Piece::Tens(40)),
        "hundred" => Some(Piece::Times(100)),
        "thousand" => Some(Piece::Times(1000)),
        "double" => Some(Piece::Repeat(2)),
        "triple" | "treble" => Some(Piece::Repeat(3)),
        "quadruple" => Some(Piece::Repeat(4)),
        _ => None,
    }
}

/// "forty-two", "five-five-five", "7-Adam-Boy-1-2".
fn hyphenated(text: &str) -> Option<Piece> {
    if !text.contains('-') {
        return None;
    }
    let mut reader = Reader::default();
    for part in text.split('-') {
        let is_written = part.len() == 1 || part.bytes().all(|byte| byte.is_ascii_digit());
        let letter = || letter_of(part).map(|letter| vec![letter]);
        let symbols = || {
            let known = is_written && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
            (known && !part.is_empty()).then(|| part.as_bytes().to_vec())
        };
        let written = || symbols().or_else(letter).map(Piece::Symbols);
        reader.read(&number_word(part).or_else(written)?);
    }
    Some(Piece::Symbols(reader.finish()))
}

/// Puts pieces together.
#[derive(Default)]
struct Reader {
    symbols: Vec<u8>,
    /// Where the last number word began, if ones may be added to it.
    open: Option<(usize, u32)>,
    repeat: Option<u8>,
}

impl Reader {
    fn read(&mut self, piece: &Piece) {
        match piece {
            Piece::Symbols(symbols) => {
                let times = self.repeat.take().filter(|_| symbols.len() == 1);
                for _ in 0..times.unwrap_or(1) {
                    self.symbols.extend(symbols);
                }
                self.open = None;
            }
            Piece::Perhaps(letter) | Piece::Article(letter) => {
                self.read(&Piece::Symbols(vec![*letter]))
            }
            Piece::Repeat(times) => {
                self.repeat = Some(*times);
                self.open = None;
            }
            Piece::Small(value) if *value < 10 => self.ones(*value),
            Piece::Small(value) | Piece::Tens(value) => self.number(u32::from(*value)),
            Piece::Times(factor) => self.multiply(u32::from(*factor)),
        }
    }

    fn ones(&mut self, value: u8) {
        if let Some(times) = self.repeat.take() {
            let digit = b'0' + value;
            self.symbols
                .extend(std::iter::repeat_n(digit, times.into()));
            self.open = None;
            return;
        }
        match self.open {
            // "forty two", "one hundred two"
            Some((from, number)) if value > 0 && number >= 20 && number.is_multiple_of(10) => {
                self.replace(from, number + u32::from(value));
            }
            _ => {
                self.open = Some((self.symbols.len(), u32::from(value)));
                self.symbols.push(b'0' + value);
            }
        }
    }

    fn number(&mut self, value: u32) {
        match self.open {
            // "one hundred fifty"
            Some((from, number)) if number >= 100 && number.is_multiple_of(100) => {
                self.replace(from, number + value);
            }
            _ => {
                self.open = Some((self.symbols.len(), value));
                self.symbols.extend(value.to_string().bytes());
            }
        }
    }

    fn multiply(&mut self, factor: u32) {
        let (from, number) = self.open.unwrap_or((self.symbols.len(), 1));
        let known = if number == 0 { 1 } else { number };
        if known < 1000 {
            self.replace(from, known * factor);
        }
    }

    fn replace(&mut self, from: usize, number: u32) {
        self.symbols.truncate(from);
        self.symbols.extend(number.to_string().bytes());
        self.open = Some((from, number));
    }

    fn finish(self) -> Vec<u8> {
        self.symbols
    }
}

/// The digits of number words and digits in a row; `None` if any is neither.
pub(crate) fn read_number(words: &[&str]) -> Option<Vec<u8>> {
    let mut reader = Reader::default();
    for word in words {
        let text = word.to_lowercase();
        let text = text.trim_matches(|c: char| !c.is_alphanumeric());
        let written = || {
            text.bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b','))
        };
        let piece = number_word(text).or_else(|| hyphenated(text)).or_else(|| {
            let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
            (written() && !digits.is_empty()).then_some(Piece::Symbols(digits))
        })?;
        reader.read(&piece);
    }
    (!words.is_empty()).then(|| reader.finish())
}

/// All runs, in order; no word is in two.
pub(crate) fn runs(tokens: &[Token]) -> Vec<Run> {
    let pieces: Vec<Option<Piece>> = tokens.iter().map(piece).collect();
    let sure: Vec<bool> = (0..tokens.len())
        .map(|at| is_sure(tokens, &pieces, at))
        .collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !sure[at] {
            at += 1;
            continue;
        }
        let end = run_end(tokens, &sure, at);
        let mut reader = Reader::default();
        for piece in pieces[at..end].iter().flatten() {
            reader.read(piece);
        }
        let symbols = with_zeros(reader.finish());
        found.push(Run {
            is_quantity: is_quantity(tokens, at..end),
            is_code: is_code(&tokens[at..end], &symbols),
            words: at..end,
            symbols,
        });
        at = end;
    }
    found
}

/// "O" is a zero, except among letters alone.
fn with_zeros(symbols: Vec<u8>) -> Vec<u8> {
    let is_spelled = symbols.len() > 1 && !symbols.iter().any(u8::is_ascii_digit);
    let zero = |symbol: u8| if symbol == b'o' { b'0' } else { symbol };
    if is_spelled {
        symbols
    } else {
        symbols.into_iter().map(zero).collect()
    }
}

/// Whether the word at `at` is a digit or letter, by itself or beside others.
fn is_sure(tokens: &[Token], pieces: &[Option<Piece>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| pieces[before].as_ref());
    let after = pieces.get(at + 1).and_then(Option::as_ref);
    match &pieces[at] {
        None => false,
        Some(Piece::Perhaps(_)) => before.is_some() || after.is_some(),
        Some(Piece::Article(letter)) => {
            let is_letter = |piece: Option<&Piece>| match piece {
                Some(Piece::Symbols(symbols)) => symbols.len() == 1 && !symbols[0].is_ascii_digit(),
                Some(Piece::Perhaps(_)) => true,
                _ => false,
            };
            let is_unit = *letter == b'a' && tokens[at].is_capital && before.is_some();
            is_letter(before) || is_letter(after) && tokens[at].is_capital || is_unit
        }
        Some(_) => true,
    }
}

/// The end of the run that begins at `at`.
fn run_end(tokens: &[Token], sure: &[bool], at: usize) -> usize {
    let mut end = at + 1;
    while end - at < RUN_MAX {
        if sure.get(end) == Some(&true) {
            end += 1;
            continue;
        }
        let next = (end..tokens.len().min(end + BRIDGES_MAX + 1)).find(|next| sure[*next]);
        let Some(next) = next else { break };
        let is_bridge = |token: &Token| token.text.is_empty() || token.is_in(&BRIDGES);
        if !tokens[end..next].iter().all(is_bridge) && !is_as_in(&tokens[end..next]) {
            break;
        }
        end = next + 1;
    }
    end
}

/// "B as in boy": two words between two letters.
fn is_as_in(between: &[Token]) -> bool {
    between.len() == 2 && between[0].is_in(&["as", "is", "like"]) && between[1].is_in(&["in", "an"])
}

/// Whether the run is a ten-code, or its words are said in their order.
fn is_code(tokens: &[Token], symbols: &[u8]) -> bool {
    let is_ten = matches!(symbols, [b'1', b'0', rest @ ..] if (1..=2).contains(&rest.len()));
    let one_each = symbols.len() == tokens.len();
    let counted = one_each && symbols.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    // "One thousand one, one thousand two".
    let thousands = tokens
        .iter()
        .filter(|token| token.text == "thousand")
        .count();
    is_ten || counted && symbols.len() >= 6 || thousands > 1
}

/// Whether the run is a quantity: a unit follows within two words.
fn is_quantity(tokens: &[Token], words: Range<usize>) -> bool {
    let ends = tokens[words.end - 1].ends_sentence();
    let next = tokens.get(words.end).filter(|_| !ends);
    next.is_some_and(|next| next.is_in(&UNITS) || next.is_height)
}

#[cfg(test)]
#[path = "numbers/tests.rs"]
mod tests;

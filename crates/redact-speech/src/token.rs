//! Words without their punctuation, and the punctuation as facts.

use redact_core::Word;

/// A pause after which a recognizer starts a sentence, whatever it writes: 1.5 s.
const SENTENCE_PAUSE_NANOS: i64 = 1_500_000_000;

/// A word as the rules read it. There is one for every [`Word`], at the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// Lower case, with straight apostrophes, without punctuation around it; may be empty.
    pub(crate) text: String,
    /// The same with its own capitals.
    pub(crate) written: String,
    /// Whether it begins with a capital letter.
    pub(crate) is_capital: bool,
    /// Whether a sentence begins with it.
    pub(crate) begins_sentence: bool,
    /// What follows it.
    pub(crate) end: End,
    /// Whether it begins with a point, as a recognizer may write the end of a domain.
    pub(crate) is_split_ending: bool,
    /// Whether it is feet or inches, as in `5'6"`.
    pub(crate) is_height: bool,
}

/// What follows a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing.
    None,
    /// A comma or the like.
    Comma,
    /// The end of a statement.
    Sentence,
    /// A question mark.
    Question,
}

impl Token {
    /// Whether a statement or question ends after it.
    pub(crate) const fn ends_sentence(&self) -> bool {
        matches!(self.end, End::Sentence | End::Question)
    }

    /// The text without a possessive `'s`.
    pub(crate) fn stem(&self) -> &str {
        let text = self.text.as_str();
        text.strip_suffix("'s")
            .or_else(|| text.strip_suffix('\''))
            .unwrap_or(text)
    }

    /// Whether it is one of `words`.
    pub(crate) fn is_in(&self, words: &[&str]) -> bool {
        words.contains(&self.text.as_str())
    }
}

/// One token for every word.
pub(crate) fn tokens(words: &[Word]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let mut token = token(&word.text);
        let pause = at.checked_sub(1).map_or(i64::MAX, |before| {
            let before = words[before].span;
            word.span.start_nanos().saturating_sub(before.end_nanos())
        });
        let after_end = tokens.last().is_none_or(Token::ends_sentence);
        token.begins_sentence = after_end || pause >= SENTENCE_PAUSE_NANOS;
        tokens.push(token);
    }
    tokens
}

fn token(text: &str) -> Token {
    let straight: String = text
        .chars()
        .map(|c| {
            if matches!(c, '\u{2018}' | '\u{2019}') {
                '\''
            } else {
                c
            }
        })
        .collect();
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '@' | '#' | '$');
    let written = straight
        .trim_start_matches(|c: char| !kept(c))
        .trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '%'))
        .to_owned();
    let lower = written.to_lowercase();
    let tail = straight.trim_end_matches(['"', ')', '\'', ']']);
    let is_letter = lower.chars().all(char::is_alphabetic);
    let is_short =
        lower.chars().count() == 1 && is_letter || ABBREVIATIONS.contains(&lower.as_str());
    let end = match tail.chars().next_back() {
        Some('.') if is_short || tail.ends_with("..") => End::Comma,
        Some('.' | '!') => End::Sentence,
        Some('?') => End::Question,
        Some(',' | ';' | ':' | '-') => End::Comma,
        _ => End::None,
    };
    // "5 '6" is a height, "of '88" a year.
    let inches = straight.strip_prefix('\'').map(|_| written.parse::<u32>());
    let is_after_feet = matches!(inches, Some(Ok(0..=11)));
    let has_digit = written.bytes().any(|byte| byte.is_ascii_digit());
    let is_inches = straight.contains('"') || written.contains('\'') && !is_letter;
    Token {
        is_capital: written.chars().next().is_some_and(char::is_uppercase),
        text: lower,
        written,
        begins_sentence: false,
        is_split_ending: straight.starts_with('.'),
        is_height: has_digit && (is_inches || is_after_feet),
        end,
    }
}

/// Written with a point that ends no sentence.
const ABBREVIATIONS: [&str; 14] = [
    "mr", "mrs", "ms", "dr", "st", "ave", "blvd", "rd", "apt", "sgt", "lt", "det", "jr", "no",
];

#[cfg(test)]
mod tests {
    use redact_core::TimeSpan;

    use super::*;

    fn said(texts: &[&str]) -> Vec<Token> {
        let words: Vec<Word> = (0i64..)
            .zip(texts)
            .map(|(at, text)| Word {
                text: (*text).to_owned(),
                span: TimeSpan::new(at * 10, at * 10 + 9).expect("not empty"),
                probability: 1.0,
            })
            .collect();
        tokens(&words)
    }

    #[test]
    fn punctuation_becomes_facts() {
        let found = said(&[
            "\"Mr.",
            "O\u{2019}Neil,",
            "stop!",
            "who?",
            "--",
            "555-0142.",
        ]);
        let texts: Vec<&str> = found.iter().map(|token| token.text.as_str()).collect();
        assert_eq!(texts, ["mr", "o'neil", "stop", "who", "", "555-0142"]);
        let begins: Vec<bool> = found.iter().map(|token| token.begins_sentence).collect();
        assert_eq!(begins, [true, false, false, true, true, false]);
        assert_eq!(found[0].end, End::Comma);
        assert_eq!(found[3].end, End::Question);
        assert!(found[1].is_capital && !found[2].is_capital);
    }

    #[test]
    fn a_long_pause_begins_a_sentence() {
        let word = |text: &str, start: i64| Word {
            text: text.to_owned(),
            span: TimeSpan::new(start, start + 1).expect("not empty"),
            probability: 1.0,
        };
        let found = tokens(&[word("go", 0), word("now", SENTENCE_PAUSE_NANOS + 1)]);
        assert!(found[1].begins_sentence);
        let found = tokens(&[word("go", 0), word("now", SENTENCE_PAUSE_NANOS)]);
        assert!(!found[1].begins_sentence);
    }
}

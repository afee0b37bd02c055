//! What the search looks for, and how a hit is shown.

/// The most words of a search; more make no list shorter that anybody reads.
const WORDS_MAX: usize = 8;

/// Words of fewer characters are not in the index.
const INDEXED_CHARS: usize = 3;

/// Characters of a text that a hit shows.
const SHOWN_CHARS: usize = 140;

/// The words of a search: all of them must be in what is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SearchWords {
    /// Words that the index has.
    pub(crate) indexed: Vec<String>,
    /// Words of one or two characters.
    pub(crate) short: Vec<String>,
}

impl SearchWords {
    /// The words of what a person typed.
    pub(crate) fn of(typed: &str) -> Self {
        let mut words = Self::default();
        for word in typed.split_whitespace().take(WORDS_MAX) {
            if word.chars().count() >= INDEXED_CHARS {
                words.indexed.push(word.to_owned());
            } else {
                words.short.push(word.to_owned());
            }
        }
        words
    }

    /// Whether there is nothing to look for.
    pub(crate) const fn is_empty(&self) -> bool {
        self.indexed.is_empty() && self.short.is_empty()
    }

    /// The indexed words as a query of SQLite's FTS5: each as a string, so that no character of it
    /// is an operator; `None` without such words.
    pub(crate) fn query(&self) -> Option<String> {
        let quoted = |word: &String| format!("\"{}\"", word.replace('"', "\"\""));
        let all: Vec<String> = self.indexed.iter().map(quoted).collect();
        (!all.is_empty()).then(|| all.join(" AND "))
    }

    /// The short words as patterns for `LIKE … ESCAPE '\'`.
    pub(crate) fn patterns(&self) -> Vec<String> {
        let pattern = |word: &String| {
            let mut text = String::from("%");
            for letter in word.chars() {
                if matches!(letter, '%' | '_' | '\\') {
                    text.push('\\');
                }
                text.push(letter);
            }
            text + "%"
        };
        self.short.iter().map(pattern).collect()
    }

    /// The part of a text around the first word that is in it, on one line; its beginning if none
    /// is.
    pub(crate) fn excerpt(&self, text: &str) -> String {
        let line = text.split('\n').filter(|line| !line.trim().is_empty());
        let line = line.collect::<Vec<_>>().join(" · ");
        let letters: Vec<char> = line.chars().collect();
        let lower: Vec<char> = letters.iter().map(|letter| lowercase(*letter)).collect();
        let words = self.indexed.iter().chain(&self.short);
        let at = words.filter_map(|word| {
            let word: Vec<char> = word.chars().map(lowercase).collect();
            lower.windows(word.len()).position(|part| part == word)
        });
        let at = at.min().unwrap_or(0);
        let start = at.saturating_sub(SHOWN_CHARS / 4);
        let end = (start + SHOWN_CHARS).min(letters.len());
        let mut shown: String = letters[start..end].iter().collect();
        if start > 0 {
            shown.insert(0, '…');
        }
        if end < letters.len() {
            shown.push('…');
        }
        shown
    }
}

/// The lowercase form of a letter, as one letter.
fn lowercase(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: no character that a person types is an operator of the index or of `LIKE`.
    #[test]
    fn what_is_typed_is_text() {
        let words = SearchWords::of("a_ \"x OR* NOT(y) 1%");
        assert_eq!(words.query().unwrap(), "\"OR*\" AND \"NOT(y)\"");
        assert_eq!(words.patterns(), ["%a\\_%", "%\"x%", "%1\\%%"]);
        assert_eq!(SearchWords::of("say\"so").query().unwrap(), "\"say\"\"so\"");
        assert!(SearchWords::of("  ").is_empty() && SearchWords::of("ab").query().is_none());
    }

    /// Goal: a hit shows the words that were found. Control: a text without them shows its start.
    #[test]
    fn a_hit_shows_where_the_words_are() {
        let text = format!("{}\n\nMain Street {}", "x".repeat(300), "y".repeat(300));
        let shown = SearchWords::of("main").excerpt(&text);
        assert!(shown.contains("Main Street") && shown.starts_with('…') && shown.ends_with('…'));
        assert_eq!(SearchWords::of("none").excerpt("a\nb"), "a · b");
        assert_eq!(SearchWords::of("É").excerpt("café"), "café");
    }
}

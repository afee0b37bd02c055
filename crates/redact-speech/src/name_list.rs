//! First names and surnames of the United States.
//!
//! `names.txt` is made by `names/make.py` from the lists of the Social Security Administration and
//! the Census Bureau, both in the public domain.

use crate::lists::find_line;

const NAMES: &str = include_str!("names.txt");

/// What the lists say of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// It is a first name.
    pub(crate) first: bool,
    /// It is a surname.
    pub(crate) surname: bool,
    /// It is a common English word, too.
    pub(crate) is_word: bool,
}

impl Listed {
    /// Whether it is a name and nothing else.
    pub(crate) const fn is_only_name(self) -> bool {
        (self.first || self.surname) && !self.is_word
    }

    /// Whether it may be a name.
    pub(crate) const fn is_name(self) -> bool {
        self.first || self.surname
    }
}

/// Looks up a word in lower case.
pub(crate) fn listed(word: &str) -> Listed {
    let marks = if word.is_empty() {
        None
    } else {
        find_line(NAMES, word)
    };
    marks.map_or_else(Listed::default, |marks| Listed {
        first: marks.contains('f'),
        surname: marks.contains('s'),
        is_word: marks.contains('w'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_sorted() {
        let names: Vec<&str> = NAMES
            .lines()
            .map(|line| line.split(' ').next().unwrap_or_default())
            .collect();
        assert!(names.len() > 20_000);
        assert!(names.is_sorted_by(|a, b| a < b));
        assert!(names.iter().all(|name| listed(name).is_name()));
        assert!(NAMES.len() < 300_000 && NAMES.is_ascii());
    }

    #[test]
    fn words_are_told_apart() {
        assert!(listed("marcus").is_only_name());
        assert!(listed("will").is_name() && !listed("will").is_only_name());
        for other in ["", "a", "zzzz", "vehicle", "0"] {
            assert_eq!(listed(other), Listed::default(), "{other}");
        }
    }
}

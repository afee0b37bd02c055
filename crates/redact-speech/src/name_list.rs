//! First names and surnames of the United States.
//!
//! `names.txt` is made by `names/make.py` from the lists of the Social Security Administration and
//! the Census Bureau, both in the public domain.

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

/// Looks up a word in lower case, by halving the sorted list.
pub(crate) fn listed(word: &str) -> Listed {
    let bytes = NAMES.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = bytes[..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let end = bytes[start..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |at| start + at);
        let line = &NAMES[start..end];
        let (name, marks) = line.split_once(' ').unwrap_or((line, ""));
        match name.cmp(word) {
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
            std::cmp::Ordering::Equal => {
                return Listed {
                    first: marks.contains('f'),
                    surname: marks.contains('s'),
                    is_word: marks.contains('w'),
                };
            }
        }
    }
    Listed::default()
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

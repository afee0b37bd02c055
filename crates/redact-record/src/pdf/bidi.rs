//! The order in which the parts of a line appear, where scripts of both directions meet.

use unicode_bidi::{BidiInfo, Level};

/// A part of a line that is written in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Its characters in reading order.
    pub(super) text: String,
    pub(super) right_to_left: bool,
}

/// The parts of a line from left to right, after the Unicode Bidirectional Algorithm (UAX 9), in a
/// document that is written from left to right.
pub(super) fn visual_runs(line: &str) -> Vec<Run> {
    let whole = |text: &str| {
        vec![Run {
            text: text.to_owned(),
            right_to_left: false,
        }]
    };
    if line.is_ascii() {
        return whole(line);
    }
    let order = BidiInfo::new(line, Some(Level::ltr()));
    let [paragraph] = order.paragraphs.as_slice() else {
        return whole(line);
    };
    let (levels, runs) = order.visual_runs(paragraph, paragraph.range.clone());
    let run = |range: std::ops::Range<usize>| Run {
        text: line[range.clone()].to_owned(),
        right_to_left: levels[range.start].is_rtl(),
    };
    runs.into_iter().map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(line: &str) -> Vec<(String, bool)> {
        let runs = visual_runs(line).into_iter();
        runs.map(|run| (run.text, run.right_to_left)).collect()
    }

    /// Goal: a name in Hebrew within an English line is written from right to left, and the line
    /// goes on to its right.
    #[test]
    fn a_name_in_another_direction_stays_in_its_place() {
        let name = "\u{5d0}\u{5d1} \u{5d2}";
        let line = format!("of {name}, done");
        let expected = [("of ", false), (name, true), (", done", false)];
        let expected = expected.map(|(text, rtl)| (text.to_owned(), rtl));
        assert_eq!(shown(&line), expected);
        assert_eq!(shown("na\u{ef}ve"), [("na\u{ef}ve".to_owned(), false)]);
        assert_eq!(shown(""), [(String::new(), false)]);
    }

    proptest! {
        /// Goal: no character of any line is lost or drawn twice.
        #[test]
        fn every_character_is_in_one_part(line in "[a-z \u{5d0}-\u{5d4}\u{627}-\u{62a}0-9\u{2066}\u{202e}\n.]{0,24}") {
            let runs = visual_runs(&line);
            let mut parts: Vec<char> = runs.iter().flat_map(|run| run.text.chars()).collect();
            let mut all: Vec<char> = line.chars().collect();
            parts.sort_unstable();
            all.sort_unstable();
            prop_assert_eq!(parts, all);
        }
    }
}

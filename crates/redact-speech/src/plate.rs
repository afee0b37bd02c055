//! License plates, read out or spelled.

use crate::numbers::Run;

/// Symbols of a plate.
const LENGTHS: std::ops::RangeInclusive<usize> = 5..=8;

/// Whether the run is one even if nothing announced it: letters and digits together.
pub(crate) fn fits(run: &Run) -> bool {
    (2..=4).contains(&run.letters()) && run.digits() >= 2 && LENGTHS.contains(&run.symbols.len())
}

/// Whether an announced run may be one, or a part of one.
pub(crate) fn may_be(run: &Run) -> bool {
    run.symbols.len() >= 3
}

/// Letters as a recognizer may write them beside others.
pub(crate) const SPOKEN_LETTERS: [&str; 44] = [
    "ay",
    "eh",
    "bee",
    "be",
    "see",
    "sea",
    "dee",
    "ee",
    "eff",
    "gee",
    "jee",
    "aitch",
    "age",
    "eye",
    "jay",
    "kay",
    "okay",
    "el",
    "ell",
    "elle",
    "em",
    "en",
    "and",
    "pea",
    "pee",
    "queue",
    "cue",
    "are",
    "ar",
    "ess",
    "tea",
    "tee",
    "you",
    "vee",
    "double-u",
    "ex",
    "ecks",
    "why",
    "zee",
    "zed",
    "dave",
    "charlie's",
    "sammy",
    "ocean's",
];

//! Words that the rules know.

/// May stand between the digits of one number; some are digits that were misheard.
pub(crate) const BRIDGES: [&str; 22] = [
    "and", "dash", "hyphen", "uh", "um", "er", "ah", "eh", "to", "too", "for", "space", "then",
    "point", "dot", "like", "ate", "won", "okay", "ok", "hmm", "mm",
];

/// What follows a quantity.
pub(crate) const UNITS: [&str; 96] = [
    "dollar",
    "dollars",
    "bucks",
    "cents",
    "percent",
    "minute",
    "minutes",
    "min",
    "hour",
    "hours",
    "second",
    "seconds",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "yearold",
    "year-old",
    "o'clock",
    "am",
    "pm",
    "a.m",
    "p.m",
    "mile",
    "miles",
    "mph",
    "feet",
    "foot",
    "ft",
    "inch",
    "inches",
    "yards",
    "yard",
    "meters",
    "blocks",
    "block",
    "pound",
    "pounds",
    "lbs",
    "kilos",
    "grams",
    "ounces",
    "beers",
    "drinks",
    "shots",
    "times",
    "people",
    "persons",
    "guys",
    "males",
    "females",
    "men",
    "women",
    "kids",
    "children",
    "cars",
    "units",
    "officers",
    "more",
    "of",
    "or",
    "other",
    "others",
    "occupants",
    "thousand",
    "million",
    "degrees",
    "zone",
    "hundred",
    "bags",
    "rounds",
    "steps",
    "in",
    "each",
    "different",
    "loud",
    "hundredths",
    "tickets",
    "doors",
    "floors",
    "rooms",
    "apartments",
    "beds",
    "cases",
    "calls",
    "gallons",
    "liters",
    "milligrams",
    "mg",
    "point",
    "years'",
    "miles-an-hour",
];

/// Abbreviations in capitals that are no letters of a plate or a name.
pub(crate) const ABBREVIATIONS: [&str; 44] = [
    "dui", "dwi", "dob", "ssn", "oln", "id", "vin", "dmv", "ems", "er", "tv", "usa", "us", "atm",
    "pin", "swat", "suv", "dna", "fbi", "cpr", "gps", "ok", "pd", "sgt", "lt", "mph", "ac", "am",
    "pm", "dv", "cad", "ncic", "bolo", "abc", "cps", "dl", "po", "rv", "hiv", "ptsd", "mri", "pcp",
    "thc", "lsd",
];

/// Kinds of streets that are nothing else.
pub(crate) const STREETS: [&str; 19] = [
    "street",
    "avenue",
    "ave",
    "boulevard",
    "blvd",
    "lane",
    "ln",
    "road",
    "rd",
    "drive",
    "dr",
    "terrace",
    "parkway",
    "pkwy",
    "cul-de-sac",
    "expressway",
    "st",
    "crescent",
    "streets",
];

/// Kinds of streets that are ordinary words, too.
pub(crate) const PERHAPS_STREETS: [&str; 27] = [
    "way", "court", "ct", "place", "pl", "circle", "cir", "trail", "highway", "hwy", "loop",
    "square", "alley", "pike", "row", "crossing", "run", "path", "point", "pass", "park", "hill",
    "turnpike", "plaza", "walk", "ridge", "heights",
];

/// Where on a street.
pub(crate) const DIRECTIONS: [&str; 16] = [
    "north",
    "south",
    "east",
    "west",
    "northeast",
    "northwest",
    "southeast",
    "southwest",
    "n",
    "s",
    "e",
    "w",
    "ne",
    "nw",
    "se",
    "sw",
];

/// Parts of a building; a recognizer writes "department" for an apartment that is said fast.
pub(crate) const UNITS_OF_HOUSES: [&str; 15] = [
    "apartment",
    "department",
    "apt",
    "unit",
    "suite",
    "number",
    "lot",
    "space",
    "trailer",
    "building",
    "floor",
    "room",
    "no",
    "condo",
    "#",
];

/// Titles before a name.
pub(crate) const TITLES: [&str; 41] = [
    "mr",
    "mister",
    "mrs",
    "missus",
    "ms",
    "miss",
    "dr",
    "doctor",
    "officer",
    "deputy",
    "sergeant",
    "sgt",
    "detective",
    "det",
    "lieutenant",
    "lt",
    "captain",
    "corporal",
    "trooper",
    "sheriff",
    "chief",
    "judge",
    "agent",
    "investigator",
    "professor",
    "reverend",
    "pastor",
    "nurse",
    "attorney",
    "counselor",
    "commander",
    "marshal",
    "constable",
    "ranger",
    "uncle",
    "aunt",
    "auntie",
    "coach",
    "grandma",
    "grandpa",
    "officers",
];

/// Words that are never part of a name, though they may begin a sentence or be capitalized: what
/// sentences begin with, days and months, ranks and radio calls, makes of vehicles and trade names,
/// peoples and languages, states. A word that is a name as well (`grace`, `ford`) is here only if
/// people say it far more often as something else.
const NEVER_NAMES: &str = include_str!("never_names.txt");

/// Whether `word`, in lower case, is never part of a name.
pub(crate) fn is_never_name(word: &str) -> bool {
    !word.is_empty() && find_line(NEVER_NAMES, word).is_some()
}

/// The rest of the line that begins with `word`; the lines are sorted by their first word.
pub(crate) fn find_line<'a>(list: &'a str, word: &str) -> Option<&'a str> {
    let bytes = list.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let before = bytes[..middle].iter().rposition(|byte| *byte == b'\n');
        let start = before.map_or(0, |at| at + 1);
        let length = bytes[start..].iter().position(|byte| *byte == b'\n');
        let end = length.map_or(bytes.len(), |length| start + length);
        let line = &list[start..end];
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        match first.cmp(word) {
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
            std::cmp::Ordering::Equal => return Some(rest),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found() {
        let words: Vec<&str> = NEVER_NAMES.lines().collect();
        assert!(words.is_sorted_by(|a, b| a < b) && NEVER_NAMES.is_ascii());
        assert!(words.iter().all(|word| is_never_name(word)));
        for other in ["", "aaa", "zzz", "marcus", "\u{e9}"] {
            assert!(!is_never_name(other), "{other}");
        }
    }
}

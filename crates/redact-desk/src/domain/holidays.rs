//! Holidays by jurisdiction.
//!
//! One TOML file per jurisdiction, with its source. Some are built in (`holidays/`); an agency adds
//! its own in `holidays/` of the data folder, where a file replaces the built-in one for the same
//! jurisdiction. Without a file only weekends are excluded: a due date that is too early does no
//! harm.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use ::time::{Date, Duration, Month, Weekday};
use serde::Deserialize;

use crate::error::DeskError;

const OURS: [&str; 11] = [
    include_str!("../../holidays/us-ca.toml"),
    include_str!("../../holidays/us-ct.toml"),
    include_str!("../../holidays/us-federal.toml"),
    include_str!("../../holidays/us-il.toml"),
    include_str!("../../holidays/us-mn.toml"),
    include_str!("../../holidays/us-nj.toml"),
    include_str!("../../holidays/us-ny.toml"),
    include_str!("../../holidays/us-oh.toml"),
    include_str!("../../holidays/us-or.toml"),
    include_str!("../../holidays/us-tx.toml"),
    include_str!("../../holidays/us-wa.toml"),
];

/// Largest file that is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// A jurisdiction's file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format_version: u32,
    jurisdiction: String,
    source: String,
    #[serde(default)]
    saturday: Observed,
    #[serde(default)]
    sunday: Observed,
    #[serde(default)]
    holiday: Vec<Rule>,
}

/// When a holiday on a weekend is observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Observed {
    #[default]
    Never,
    DayBefore,
    DayAfter,
}

/// A holiday: `date` (`"12-25"` every year, `"2026-12-24"` once), or the `nth` `weekday` `of` a
/// month (-1: the last) and `days_later`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    date: Option<String>,
    weekday: Option<WeekdayName>,
    of: Option<u8>,
    nth: Option<i8>,
    #[serde(default)]
    days_later: u8,
    since: Option<i32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WeekdayName {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<WeekdayName> for Weekday {
    fn from(name: WeekdayName) -> Self {
        match name {
            WeekdayName::Monday => Self::Monday,
            WeekdayName::Tuesday => Self::Tuesday,
            WeekdayName::Wednesday => Self::Wednesday,
            WeekdayName::Thursday => Self::Thursday,
            WeekdayName::Friday => Self::Friday,
            WeekdayName::Saturday => Self::Saturday,
            WeekdayName::Sunday => Self::Sunday,
        }
    }
}

/// A parsed rule.
#[derive(Clone, Copy, Debug)]
enum When {
    Yearly(Month, u8),
    Once(Date),
    Nth(Weekday, Month, i8, u8),
}

#[derive(Clone, Debug)]
struct Set {
    source: String,
    saturday: Observed,
    sunday: Observed,
    rules: Vec<(When, Option<i32>)>,
    /// All days off in [`KNOWN_YEARS`]: lists count working days for thousands of requests.
    days: HashSet<Date>,
}

/// Years whose holidays are worked out once.
const KNOWN_YEARS: std::ops::RangeInclusive<i32> = 2005..=2060;

/// The holidays of all known jurisdictions.
#[derive(Clone, Debug)]
pub(crate) struct Holidays {
    sets: BTreeMap<String, Set>,
    agency: AgencyDays,
}

/// Days on which the agency's office is closed although no law's calendar says so, and days on
/// which it is open although one does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AgencyDays {
    closed: BTreeSet<Date>,
    open: BTreeSet<Date>,
}

impl AgencyDays {
    /// Reads one day a line: `2026-12-24 closed`, `2026-11-27 open`; what follows is a remark.
    ///
    /// # Errors
    /// What is wrong, with the number of the line.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut days = Self::default();
        for (at, line) in text.lines().enumerate() {
            let mut words = line.split_whitespace();
            let Some(day) = words.next() else { continue };
            let wrong = |what: &str| {
                let line = at + 1;
                format!("Line {line}: {what}; expected a line such as 2026-12-24 closed.")
            };
            let date = crate::time::read_day(day)
                .ok_or_else(|| wrong(&format!("{day:?} is not a date")))?;
            let set = match words.next() {
                Some("closed") => &mut days.closed,
                Some("open") => &mut days.open,
                _ => return Err(wrong("neither closed nor open")),
            };
            set.insert(date);
            if days.closed.contains(&date) && days.open.contains(&date) {
                return Err(wrong(&format!("{day} is closed and open")));
            }
        }
        Ok(days)
    }
}

impl Holidays {
    /// The built-in holidays, with those of `folder` added or replacing them.
    ///
    /// # Errors
    /// [`DeskError::Holidays`] for a file that is wrong.
    pub(crate) fn read(folder: &Path) -> Result<Self, DeskError> {
        let mut sets = BTreeMap::new();
        for text in OURS {
            let (name, set) = parse(text).map_err(|what| invalid(Path::new("holidays"), what))?;
            sets.insert(name, set);
        }
        // A missing folder counts as empty.
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        });
        files.sort();
        for path in files {
            let bytes = redact_record::read(&path, BYTES_MAX)?;
            let text =
                String::from_utf8(bytes).map_err(|error| invalid(&path, error.to_string()))?;
            let (name, set) = parse(&text).map_err(|what| invalid(&path, what))?;
            sets.insert(name, set);
        }
        Ok(Self {
            sets,
            agency: AgencyDays::default(),
        })
    }

    /// The source of a jurisdiction's holidays; `None` if they are not known.
    pub(crate) fn source(&self, jurisdiction: &str) -> Option<&str> {
        self.sets.get(jurisdiction).map(|set| set.source.as_str())
    }

    /// The same with the days of the agency.
    pub(crate) fn with(self, agency: AgencyDays) -> Self {
        Self { agency, ..self }
    }

    /// Whether `day` is not a working day.
    pub(crate) fn is_off(&self, jurisdiction: &str, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let holiday = || self.sets.get(jurisdiction).is_some_and(|set| set.has(day));
        let agency = &self.agency;
        weekend || agency.closed.contains(&day) || (holiday() && !agency.open.contains(&day))
    }
}

fn invalid(path: &Path, what: String) -> DeskError {
    DeskError::Holidays {
        path: path.to_owned(),
        what,
    }
}

impl Set {
    fn has(&self, day: Date) -> bool {
        if KNOWN_YEARS.contains(&day.year()) {
            return self.days.contains(&day);
        }
        self.works_out(day)
    }

    /// The days off in [`KNOWN_YEARS`].
    fn known_days(&self) -> HashSet<Date> {
        let mut days = HashSet::new();
        // A holiday of the first day of a year may be observed on the last one before.
        for year in *KNOWN_YEARS.start()..=KNOWN_YEARS.end() + 1 {
            let known = self.rules.iter();
            let known = known.filter(|(_, since)| since.is_none_or(|since| year >= since));
            for date in known.filter_map(|(when, _)| when.in_year(year)) {
                let observed = self.observed_day(date);
                let all = [Some(date), observed].into_iter().flatten();
                days.extend(all.filter(|day| (year - 1..=year).contains(&day.year())));
            }
        }
        days
    }

    fn works_out(&self, day: Date) -> bool {
        // New Year's Day may be observed on the last day of the year before.
        [day.year(), day.year() + 1].into_iter().any(|year| {
            let known = self
                .rules
                .iter()
                .filter(|(_, since)| since.is_none_or(|s| year >= s));
            known
                .filter_map(|(when, _)| when.in_year(year))
                .any(|date| date == day || self.observed_day(date) == Some(day))
        })
    }

    /// The day on which a holiday on a weekend is observed instead.
    fn observed_day(&self, date: Date) -> Option<Date> {
        let observed = match date.weekday() {
            Weekday::Saturday => self.saturday,
            Weekday::Sunday => self.sunday,
            _ => Observed::Never,
        };
        match observed {
            Observed::Never => None,
            Observed::DayBefore => date.previous_day(),
            Observed::DayAfter => date.next_day(),
        }
    }
}

impl When {
    fn in_year(self, year: i32) -> Option<Date> {
        match self {
            Self::Yearly(month, day) => Date::from_calendar_date(year, month, day).ok(),
            Self::Once(date) => (date.year() == year).then_some(date),
            Self::Nth(weekday, month, nth, later) => {
                let days =
                    (1..=31).filter_map(|day| Date::from_calendar_date(year, month, day).ok());
                let mut days: Vec<Date> = days.filter(|date| date.weekday() == weekday).collect();
                if nth < 0 {
                    days.reverse();
                }
                let at = usize::from(nth.unsigned_abs()).checked_sub(1)?;
                days.get(at)?.checked_add(Duration::days(later.into()))
            }
        }
    }
}

fn parse(text: &str) -> Result<(String, Set), String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    if file.format_version != 1 {
        return Err(format!("format_version {} is not 1", file.format_version));
    }
    for (key, value) in [
        ("jurisdiction", &file.jurisdiction),
        ("source", &file.source),
    ] {
        if value.trim().is_empty() {
            return Err(format!("{key} is empty"));
        }
    }
    let rules = file.holiday.iter().map(|rule| {
        let expected = "date = \"MM-DD\" or \"YYYY-MM-DD\", or weekday, of (1 to 12) and nth \
                        (1 to 4, or -1), with days_later up to 6";
        let when =
            parse_rule(rule).ok_or_else(|| format!("{:?}: expected {expected}", rule.name))?;
        Ok((when, rule.since))
    });
    let set = Set {
        rules: rules.collect::<Result<_, String>>()?,
        source: file.source,
        saturday: file.saturday,
        sunday: file.sunday,
        days: HashSet::new(),
    };
    let days = set.known_days();
    Ok((file.jurisdiction, Set { days, ..set }))
}

fn parse_rule(rule: &Rule) -> Option<When> {
    match (&rule.date, rule.weekday, rule.of, rule.nth) {
        (Some(date), None, None, None) if rule.days_later == 0 => match date.split_once('-')? {
            (month, day) if date.len() == 5 => {
                // A leap year has all possible dates.
                let date = crate::time::read_day(&format!("2024-{month}-{day}"))?;
                Some(When::Yearly(date.month(), date.day()))
            }
            _ => Some(When::Once(crate::time::read_day(date)?)),
        },
        (None, Some(weekday), Some(of), Some(nth @ (1..=4 | -1))) if rule.days_later <= 6 => {
            let month = Month::try_from(of).ok()?;
            Some(When::Nth(weekday.into(), month, nth, rule.days_later))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        crate::time::read_day(text).unwrap()
    }

    fn ours() -> Holidays {
        Holidays::read(Path::new("nowhere at all")).unwrap()
    }

    /// Source of the days: the schedules of federal holidays of the Office of Personnel Management.
    #[test]
    fn federal_holidays_are_those_that_were_kept() {
        let holidays = ours();
        let kept_2026 = [
            "2026-01-01",
            "2026-01-19",
            "2026-02-16",
            "2026-05-25",
            "2026-06-19",
            "2026-07-03",
            "2026-09-07",
            "2026-10-12",
            "2026-11-11",
            "2026-11-26",
            "2026-12-25",
        ];
        let kept_2027 = [
            "2027-01-01",
            "2027-01-18",
            "2027-02-15",
            "2027-05-31",
            "2027-06-18",
            "2027-07-05",
            "2027-09-06",
            "2027-10-11",
            "2027-11-11",
            "2027-11-25",
            "2027-12-24",
            "2027-12-31",
        ];
        for (first, last, kept) in [
            ("2026-01-01", "2026-12-31", &kept_2026[..]),
            ("2027-01-01", "2027-12-31", &kept_2027[..]),
        ] {
            let (mut at, mut found) = (day(first), Vec::new());
            while at <= day(last) {
                let weekend = matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday);
                if !weekend && holidays.is_off("us-federal", at) {
                    found.push(crate::time::day_text(at));
                }
                at = at.next_day().unwrap();
            }
            assert_eq!(found, kept);
        }
        assert!(
            !holidays.is_off("us-federal", day("2020-06-19")),
            "a working day until 2021"
        );
    }

    #[test]
    fn a_state_has_its_own_days() {
        let holidays = ours();
        let friday = day("2026-11-27");
        assert!(holidays.is_off("us-wa", friday) && holidays.is_off("us-tx", friday));
        assert!(!holidays.is_off("us-federal", friday) && !holidays.is_off("us-or", friday));
        assert!(!holidays.is_off("us-wa", day("2026-10-12")));
        // July 4, 2026 is a Saturday, and Texas observes no other day.
        assert!(holidays.is_off("us-or", day("2026-07-03")));
        assert!(!holidays.is_off("us-tx", day("2026-07-03")));
        assert!(!holidays.is_off("elsewhere", day("2026-12-25")));
        assert!(
            holidays.is_off("elsewhere", day("2026-12-26")),
            "a Saturday everywhere"
        );
    }

    #[test]
    fn an_agency_adds_its_own_days_and_a_wrong_file_is_refused() {
        let folder = tempfile::TempDir::new().unwrap();
        let own = "format_version = 1\njurisdiction = \"us-ca-springfield\"\nsource = \"Ord. 7\"\n\
                   [[holiday]]\nname = \"Founders' Day\"\ndate = \"2026-03-31\"\n";
        std::fs::write(folder.path().join("own.toml"), own).unwrap();
        let holidays = Holidays::read(folder.path()).unwrap();
        assert!(holidays.is_off("us-ca-springfield", day("2026-03-31")));
        assert!(!holidays.is_off("us-ca-springfield", day("2027-03-31")));
        assert_eq!(holidays.source("us-ca-springfield"), Some("Ord. 7"));
        for wrong in [
            own.replace("2026-03-31", "03-32"),
            own.replace("2026-03-31", "March 31"),
            own.replace("format_version = 1", "format_version = 2"),
            own.replace("Ord. 7", " "),
            own.replace(
                "date = \"2026-03-31\"",
                "weekday = \"monday\"\nof = 13\nnth = 1",
            ),
            own.replace(
                "date = \"2026-03-31\"",
                "weekday = \"monday\"\nof = 3\nnth = 5",
            ),
            own.replace("name", "nam"),
        ] {
            std::fs::write(folder.path().join("own.toml"), &wrong).unwrap();
            assert!(Holidays::read(folder.path()).is_err(), "{wrong}");
        }
    }

    /// Goal: two holidays on one day are one day off, also where one of them is observed there
    /// instead of on a weekend. Control: the day after.
    #[test]
    fn two_holidays_on_one_day_are_one_day_off() {
        let folder = tempfile::TempDir::new().unwrap();
        let text = "format_version = 1\njurisdiction = \"zz\"\nsource = \"s\"\n\
                    sunday = \"day_after\"\n\
                    [[holiday]]\nname = \"One\"\ndate = \"2026-05-03\"\n\
                    [[holiday]]\nname = \"Two\"\ndate = \"05-04\"\n\
                    [[holiday]]\nname = \"Three\"\nweekday = \"monday\"\nof = 5\nnth = 1\n";
        std::fs::write(folder.path().join("zz.toml"), text).unwrap();
        let holidays = Holidays::read(folder.path()).unwrap();
        let off = |text: &str| holidays.is_off("zz", day(text));
        assert!(off("2026-05-04") && !off("2026-05-05") && !off("2026-05-01"));
    }

    /// Goal: days that were worked out at the start are those of the rules.
    #[test]
    fn known_days_are_those_of_the_rules() {
        let folder = tempfile::TempDir::new().unwrap();
        let holidays = Holidays::read(folder.path()).unwrap();
        for set in holidays.sets.values() {
            let mut date = day("2026-01-01");
            while date.year() < 2029 {
                assert_eq!(set.has(date), set.works_out(date), "{} {date}", set.source);
                date = date.next_day().unwrap();
            }
        }
    }

    /// Goal: the agency's own days go before a law's calendar, and a weekend stays one. Control: a
    /// line that cannot be read names its number.
    #[test]
    fn the_days_of_the_agency_go_first() {
        let text = "2026-12-24 closed  Christmas Eve\n\n2026-12-25 open\n2026-12-26 open\n";
        let folder = tempfile::TempDir::new().unwrap();
        let plain = Holidays::read(folder.path()).unwrap();
        let day = |text: &str| crate::time::read_day(text).unwrap();
        assert!(
            !plain.is_off("us-ca", day("2026-12-24")) && plain.is_off("us-ca", day("2026-12-25"))
        );
        let ours = plain.with(AgencyDays::read(text).unwrap());
        assert!(
            ours.is_off("us-ca", day("2026-12-24")) && !ours.is_off("us-ca", day("2026-12-25"))
        );
        assert!(ours.is_off("us-ca", day("2026-12-26")), "a Saturday");
        for wrong in [
            "soon closed",
            "2026-12-24",
            "2026-12-24 closed\n2026-12-24 open",
        ] {
            assert!(
                AgencyDays::read(wrong).unwrap_err().contains("Line "),
                "{wrong}"
            );
        }
    }
}

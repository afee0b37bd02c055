//! The agency's time zone, in which days begin: a zone of the IANA database as the system has it.
//!
//! Format: RFC 9636 (TZif). Times after the last one in a file follow the rule in its footer, a
//! `TZ` string of POSIX.1-2024, section 8.3.

use std::path::{Path, PathBuf};

use ::time::{Date, Duration, Month};

use crate::error::DeskError;
use crate::time::{self, Millis};

/// Where systems have the database.
const DATABASE: &str = "/usr/share/zoneinfo";

/// The system's own zone: a link into the database.
const SYSTEM: &str = "/etc/localtime";

/// Largest file that is read, in bytes; those of the database have less than 5000.
const BYTES_MAX: u64 = 1 << 20;

const DAY_SECONDS: i64 = 86_400;

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    /// Its name, as `America/Chicago`.
    pub(crate) name: String,
    /// Seconds since 1970 and the offset in seconds from then on, in order.
    changes: Vec<(i64, i64)>,
    /// The offset before the first change.
    first: i64,
    /// What follows the last change.
    rule: Option<Rule>,
}

impl Zone {
    /// The zone with that name; without a name, the system's, or UTC if the system has none.
    ///
    /// # Errors
    /// [`DeskError::TimeZone`].
    pub(crate) fn open(name: Option<&str>) -> Result<Self, DeskError> {
        let Some(name) = name else {
            return Ok(Self::system().unwrap_or_else(Self::utc));
        };
        if name == "UTC" {
            return Ok(Self::utc());
        }
        let failed = |what: &str| DeskError::TimeZone {
            name: name.to_owned(),
            what: what.to_owned(),
        };
        let fits = |part: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+');
            !part.is_empty() && part.bytes().all(plain)
        };
        if !name.split('/').all(fits) {
            return Err(failed(
                "not a time zone name; expected a name such as America/Chicago",
            ));
        }
        let path = Path::new(DATABASE).join(name);
        let bytes = redact_record::read(&path, BYTES_MAX).map_err(|_| {
            failed("the system does not have this time zone in /usr/share/zoneinfo; install tzdata")
        })?;
        Self::parse(name, &bytes).ok_or_else(|| failed("the system's file of it is damaged"))
    }

    fn system() -> Option<Self> {
        let target: PathBuf = std::fs::canonicalize(SYSTEM).ok()?;
        let name = target.to_str()?.split_once("/zoneinfo/")?.1.to_owned();
        let bytes = redact_record::read(&target, BYTES_MAX).ok()?;
        Self::parse(&name, &bytes)
    }

    fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            changes: Vec::new(),
            first: 0,
            rule: None,
        }
    }

    /// The day of `at` in this zone.
    pub(crate) fn day(&self, at: Millis) -> Date {
        let offset = self.offset(at.div_euclid(1000));
        time::day(at + offset * 1000)
    }

    /// How far local time is from UTC at that moment: `-05:00`; to the minute, as all zones are
    /// nowadays.
    pub(crate) fn offset_text(&self, at: Millis) -> String {
        let minutes = self.offset(at.div_euclid(1000)).div_euclid(60);
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.unsigned_abs();
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// Local time at that moment: `2026-01-31 08:30:00`.
    pub(crate) fn local_text(&self, at: Millis) -> String {
        let local = time::text(at + self.offset(at.div_euclid(1000)) * 1000);
        local.get(..19).unwrap_or(&local).replace('T', " ")
    }

    /// Seconds to add to UTC.
    fn offset(&self, at: i64) -> i64 {
        let passed = self.changes.partition_point(|&(from, _)| from <= at);
        match (&self.rule, passed) {
            (Some(rule), passed) if passed == self.changes.len() => rule.offset(at),
            (_, 0) => self.first,
            (_, passed) => self.changes[passed - 1].1,
        }
    }

    /// Reads a file of the database; `None` if it is not one.
    fn parse(name: &str, bytes: &[u8]) -> Option<Self> {
        let first = Header::read(bytes)?;
        // What follows the first header has times of four bytes, for old programs.
        let bytes = bytes.get(Header::BYTES + first.block_bytes(4)..)?;
        let header = Header::read(bytes)?;
        let block = bytes.get(Header::BYTES..)?;
        let (times, rest) = block.split_at_checked(header.times * 8)?;
        let (kinds, rest) = rest.split_at_checked(header.times)?;
        let (types, _) = rest.split_at_checked(header.types * 6)?;
        let offset = |kind: u8| {
            let entry = types.get(usize::from(kind) * 6..)?.get(..4)?;
            Some(i64::from(i32::from_be_bytes(entry.try_into().ok()?)))
        };
        let changes = times
            .chunks_exact(8)
            .zip(kinds)
            .map(|(time, &kind)| Some((i64::from_be_bytes(time.try_into().ok()?), offset(kind)?)));
        let footer = block.get(header.block_bytes(8)..)?;
        let footer = std::str::from_utf8(footer).ok()?.trim_matches('\n');
        Some(Self {
            name: name.to_owned(),
            changes: changes.collect::<Option<_>>()?,
            first: offset(0)?,
            rule: match footer {
                "" => None,
                text => Some(Rule::parse(text)?),
            },
        })
    }
}

/// The counts of a block.
struct Header {
    times: usize,
    types: usize,
    letters: usize,
    leaps: usize,
    standard: usize,
    universal: usize,
}

impl Header {
    const BYTES: usize = 44;

    fn read(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..Self::BYTES)?;
        // Version 1 has no footer.
        if !head.starts_with(b"TZif") || head[4] < b'2' {
            return None;
        }
        let count = |at: usize| {
            let four = head[20 + at * 4..24 + at * 4].try_into().ok()?;
            // No file has more than some hundreds of anything.
            usize::try_from(u32::from_be_bytes(four))
                .ok()
                .filter(|&count| count < 100_000)
        };
        Some(Self {
            universal: count(0)?,
            standard: count(1)?,
            leaps: count(2)?,
            times: count(3)?,
            types: count(4)?,
            letters: count(5)?,
        })
    }

    /// Bytes of the block whose times have `wide` bytes.
    const fn block_bytes(&self, wide: usize) -> usize {
        self.times * (wide + 1)
            + self.types * 6
            + self.letters
            + self.leaps * (wide + 4)
            + self.standard
            + self.universal
    }
}

/// A rule for all later years: standard time, and daylight saving time where there is any.
#[derive(Clone, Debug)]
struct Rule {
    standard: i64,
    saving: Option<Saving>,
}

/// Daylight saving time: its offset, and when it begins and ends in local time.
#[derive(Clone, Copy, Debug)]
struct Saving {
    offset: i64,
    begins: (When, i64),
    ends: (When, i64),
}

/// A day of a year.
#[derive(Clone, Copy, Debug)]
enum When {
    /// The `nth` (5: last) weekday (0: Sunday) of a month.
    Weekday(Month, i64, i64),
    /// The day from 1, without February 29.
    Julian(i64),
    /// The day from 0.
    Ordinal(i64),
}

impl Rule {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = skip_name(text)?;
        let standard = -take_seconds(&mut rest)?;
        if rest.is_empty() {
            return Some(Self {
                standard,
                saving: None,
            });
        }
        rest = skip_name(rest)?;
        let offset = match rest.starts_with(',') {
            true => standard + 3600,
            false => -take_seconds(&mut rest)?,
        };
        let mut days = rest.strip_prefix(',')?.split(',');
        let saving = Saving {
            offset,
            begins: When::parse(days.next()?)?,
            ends: When::parse(days.next()?)?,
        };
        Some(Self {
            standard,
            saving: Some(saving),
        })
    }

    fn offset(&self, at: i64) -> i64 {
        let Some(saving) = &self.saving else {
            return self.standard;
        };
        let year = time::day((at + self.standard) * 1000).year();
        let start = |(when, seconds): (When, i64), offset: i64| {
            when.day(year)
                .map(|day| day * DAY_SECONDS + seconds - offset)
        };
        let begins = start(saving.begins, self.standard);
        let ends = start(saving.ends, saving.offset);
        let (Some(begins), Some(ends)) = (begins, ends) else {
            return self.standard;
        };
        // South of the equator it begins in one year and ends in the next.
        let saves = if begins < ends {
            (begins..ends).contains(&at)
        } else {
            !(ends..begins).contains(&at)
        };
        if saves { saving.offset } else { self.standard }
    }
}

impl When {
    /// A day and the time on it in seconds, 2:00 unless given.
    fn parse(text: &str) -> Option<(Self, i64)> {
        let (day, mut clock) = text.split_once('/').unwrap_or((text, "2"));
        let seconds = take_seconds(&mut clock).filter(|_| clock.is_empty())?;
        let when = if let Some(rest) = day.strip_prefix('M') {
            let mut parts = rest.split('.').map(|part| part.parse::<u8>().ok());
            let month = Month::try_from(parts.next()??).ok()?;
            let week = parts.next()?.filter(|week| (1..=5).contains(week))?;
            let weekday = parts.next()?.filter(|&weekday| weekday < 7)?;
            Self::Weekday(month, week.into(), weekday.into())
        } else if let Some(rest) = day.strip_prefix('J') {
            Self::Julian(rest.parse().ok()?)
        } else {
            Self::Ordinal(day.parse().ok()?)
        };
        Some((when, seconds))
    }

    /// Days from 1970-01-01 to this day of a year.
    fn day(self, year: i32) -> Option<i64> {
        let date = match self {
            Self::Ordinal(day) => {
                Date::from_calendar_date(year, Month::January, 1).ok()? + Duration::days(day)
            }
            Self::Julian(day) => {
                // A year without February 29 gives the month and the day of the month.
                let plain = Date::from_ordinal_date(2023, u16::try_from(day).ok()?).ok()?;
                Date::from_calendar_date(year, plain.month(), plain.day()).ok()?
            }
            Self::Weekday(month, week, weekday) => {
                let first = Date::from_calendar_date(year, month, 1).ok()?;
                let of_first = i64::from(first.weekday().number_days_from_sunday());
                let day = (weekday - of_first).rem_euclid(7) + (week - 1) * 7;
                let last = i64::from(month.length(year));
                let day = if day < last { day } else { day - 7 };
                first + Duration::days(day)
            }
        };
        let epoch = Date::from_calendar_date(1970, Month::January, 1).ok()?;
        Some((date - epoch).whole_days())
    }
}

/// What follows the abbreviation of a zone: letters, or anything within `<…>`.
fn skip_name(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('<') {
        return rest.split_once('>').map(|(_, rest)| rest);
    }
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    (rest.len() + 3 <= text.len()).then_some(rest)
}

/// Takes `[+-]hh[:mm[:ss]]` from the start of a text, as seconds.
fn take_seconds(text: &mut &str) -> Option<i64> {
    let end = text.find(|letter: char| !(letter.is_ascii_digit() || "+-:".contains(letter)));
    let (taken, rest) = text.split_at(end.unwrap_or(text.len()));
    *text = rest;
    let (sign, digits) = match taken.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, taken.strip_prefix('+').unwrap_or(taken)),
    };
    let mut seconds = 0;
    let mut parts = digits.split(':');
    for unit in [3600, 60, 1] {
        match parts.next() {
            Some(part) => seconds += unit * i64::from(part.parse::<u8>().ok()?),
            None => break,
        }
    }
    parts.next().is_none().then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file without changes and with that footer.
    fn file(footer: &str) -> Vec<u8> {
        let mut head = b"TZif2".to_vec();
        head.resize(Header::BYTES - 8, 0);
        head.extend(1_u32.to_be_bytes());
        head.extend(4_u32.to_be_bytes());
        let block = [[0; 6].as_slice(), b"LMT\0"].concat();
        [head.clone(), block.clone(), head, block]
            .concat()
            .into_iter()
            .chain(format!("\n{footer}\n").into_bytes())
            .collect()
    }

    fn day(footer: &str, moment: &str) -> String {
        let zone = Zone::parse("test", &file(footer)).unwrap();
        let format = ::time::format_description::well_known::Rfc3339;
        let at = ::time::OffsetDateTime::parse(moment, &format).unwrap();
        time::day_text(zone.day(at.unix_timestamp() * 1000))
    }

    /// Goal: the day changes at midnight in the agency, in winter, in summer and on the nights
    /// when clocks change. Control: a zone ahead of UTC and one south of the equator.
    #[test]
    fn a_day_begins_at_midnight_of_the_agency() {
        let chicago = "CST6CDT,M3.2.0,M11.1.0";
        for (moment, expected) in [
            ("2026-11-30T05:59:59Z", "2026-11-29"),
            ("2026-11-30T06:00:00Z", "2026-11-30"),
            ("2026-07-01T04:59:59Z", "2026-06-30"),
            ("2026-07-01T05:00:00Z", "2026-07-01"),
            // Clocks go forward on March 8 and back on November 1, 2026.
            ("2026-03-08T05:59:59Z", "2026-03-07"),
            ("2026-03-09T04:59:59Z", "2026-03-08"),
            ("2026-03-09T05:00:00Z", "2026-03-09"),
            ("2026-11-01T05:00:00Z", "2026-11-01"),
            ("2026-11-02T05:59:59Z", "2026-11-01"),
        ] {
            assert_eq!(day(chicago, moment), expected, "{moment}");
        }
        assert_eq!(day("<+14>-14", "2026-11-30T10:00:00Z"), "2026-12-01");
        let sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3";
        assert_eq!(day(sydney, "2026-01-01T13:00:00Z"), "2026-01-02");
        assert_eq!(day(sydney, "2026-07-01T13:59:59Z"), "2026-07-01");
        assert_eq!(day(sydney, "2026-07-01T14:00:00Z"), "2026-07-02");
    }

    #[test]
    fn a_zone_that_is_not_known_is_refused_by_name() {
        for name in ["Mars/Base", "../etc/passwd", "America//Chicago", ""] {
            let error = Zone::open(Some(name)).unwrap_err().to_string();
            assert!(error.contains(&format!("{name:?}")), "{error}");
        }
        assert_eq!(Zone::open(Some("UTC")).unwrap().name, "UTC");
        for wrong in ["", "TZif", "CST6CDT,M13.2.0,M11.1.0", "6"] {
            assert!(
                Zone::parse("x", wrong.as_bytes()).is_none() && Rule::parse(wrong).is_none(),
                "{wrong}"
            );
        }
    }
}

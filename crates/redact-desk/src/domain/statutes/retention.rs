//! How long a recording must stay, and may.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, Month};

use super::parts::Authority;
use crate::model::Category;

/// A span of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Span {
    Days(u16),
    Months(u16),
    Years(u16),
}

impl Span {
    /// The day that is this span after `day`; a month without that day ends with its last one.
    pub(super) fn after(self, day: Date) -> Date {
        let months = match self {
            Self::Days(days) => {
                return day
                    .checked_add(Duration::days(days.into()))
                    .unwrap_or(Date::MAX);
            }
            Self::Months(months) => i32::from(months),
            Self::Years(years) => i32::from(years) * 12,
        };
        let count = day.year() * 12 + i32::from(u8::from(day.month())) - 1 + months;
        let month = u8::try_from(count.rem_euclid(12) + 1).ok();
        let month = month.and_then(|number| Month::try_from(number).ok());
        let (year, month) = (count.div_euclid(12), month.unwrap_or(Month::December));
        let last = month.length(year);
        Date::from_calendar_date(year, month, day.day().min(last)).unwrap_or(Date::MAX)
    }
}

/// What ends the time for which a recording stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum RetentionEnd {
    /// The number.
    Date,
    /// Something that a person finds out, such as that a prosecution is over: the number, if there
    /// is one, is only the least.
    Decision,
    /// Nothing: the recording must not be destroyed.
    Never,
}

/// How long recordings of a category stay.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(try_from = "RawRetention")]
pub(crate) struct Retention {
    pub(crate) category: Category,
    pub(crate) at_least: Option<Span>,
    pub(crate) at_most: Option<Span>,
    /// Whether it extends what else applies, from the day of the request.
    pub(crate) adds: bool,
    pub(crate) ends: RetentionEnd,
    /// Whether an agency may not go below the number: `false` for a best practice.
    pub(crate) binding: bool,
    #[serde(flatten)]
    pub(crate) authority: Authority,
}

impl Retention {
    /// The most days that it adds from a day; `None` where it adds none, or without a limit.
    pub(crate) fn most_added(&self, from: Date) -> Option<u16> {
        let most = self.at_least.filter(|_| self.adds)?.after(from);
        u16::try_from((most - from).whole_days()).ok()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRetention {
    category: Category,
    at_least_days: Option<u16>,
    at_least_months: Option<u16>,
    at_least_years: Option<u16>,
    at_most_days: Option<u16>,
    at_most_months: Option<u16>,
    at_most_years: Option<u16>,
    #[serde(default)]
    adds: bool,
    ends: Option<RetentionEnd>,
    #[serde(default = "yes")]
    binding: bool,
    statute: String,
    text: String,
    source: String,
    checked: Option<toml::value::Datetime>,
}

const fn yes() -> bool {
    true
}

impl TryFrom<RawRetention> for Retention {
    type Error = String;

    fn try_from(raw: RawRetention) -> Result<Self, String> {
        let category = raw.category;
        let named = |what: String| format!("retention of {category:?}: {what}");
        let at_least = one(
            "at_least",
            raw.at_least_days,
            raw.at_least_months,
            raw.at_least_years,
        );
        let at_most = one(
            "at_most",
            raw.at_most_days,
            raw.at_most_months,
            raw.at_most_years,
        );
        let at_least = at_least.map_err(named)?;
        let unnumbered = if at_least.is_some() {
            RetentionEnd::Date
        } else {
            RetentionEnd::Decision
        };
        let ends = raw.ends.unwrap_or(unnumbered);
        if at_least.is_none() && ends == RetentionEnd::Date {
            let what = "ends = \"date\" needs at_least_days, at_least_months or at_least_years";
            return Err(named(what.to_owned()));
        }
        Ok(Self {
            category,
            at_least,
            at_most: at_most.map_err(named)?,
            adds: raw.adds,
            ends,
            binding: raw.binding,
            authority: Authority::new(raw.statute, raw.text, raw.source, raw.checked)
                .map_err(named)?,
        })
    }
}

fn one(
    key: &str,
    days: Option<u16>,
    months: Option<u16>,
    years: Option<u16>,
) -> Result<Option<Span>, String> {
    let given: Vec<Span> = [
        days.map(Span::Days),
        months.map(Span::Months),
        years.map(Span::Years),
    ]
    .into_iter()
    .flatten()
    .collect();
    match given[..] {
        [] => Ok(None),
        [span] => Ok(Some(span)),
        _ => Err(format!(
            "expected one of {key}_days, {key}_months and {key}_years"
        )),
    }
}

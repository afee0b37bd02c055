//! What every rule of a law has.

use serde::Serialize;
use time::Date;

use crate::model::Unit;

/// Where a rule comes from.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Authority {
    /// The citation as a letter prints it.
    pub(crate) statute: String,
    /// What the law asks for, in a sentence or two.
    pub(crate) text: String,
    /// Address of the official text.
    pub(crate) source: String,
    /// The day on which somebody last compared the rule with the law; `None`: nobody did.
    pub(crate) checked: Option<String>,
}

impl Authority {
    /// # Errors
    /// A text that is empty.
    pub(super) fn new(
        statute: String,
        text: String,
        source: String,
        checked: Option<toml::value::Datetime>,
    ) -> Result<Self, String> {
        let given = [("statute", &statute), ("text", &text), ("source", &source)];
        if let Some((key, _)) = given.iter().find(|(_, value)| value.trim().is_empty()) {
            return Err(format!("{key} is empty"));
        }
        let checked = checked.map(|day| read_day("checked", day)).transpose()?;
        Ok(Self {
            statute,
            text,
            source,
            checked: checked.map(crate::time::day_text),
        })
    }
}

/// A number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Days {
    pub(crate) days: u16,
    pub(crate) unit: Unit,
}

impl Days {
    /// # Errors
    /// A number without its unit, or one that is not from 1 to 3,660.
    pub(super) fn new(days: Option<u16>, unit: Option<Unit>) -> Result<Option<Self>, String> {
        match (days, unit) {
            (None, None) => Ok(None),
            (Some(days @ 1..=3660), Some(unit)) => Ok(Some(Self { days, unit })),
            (Some(_), Some(_)) => Err("days: expected 1 to 3660".to_owned()),
            _ => Err("expected days and unit together, or neither".to_owned()),
        }
    }
}

/// A TOML date as a day.
pub(super) fn read_day(key: &str, given: toml::value::Datetime) -> Result<Date, String> {
    crate::time::read_day(&given.to_string())
        .ok_or_else(|| format!("{key}: expected a date such as 2026-01-31"))
}

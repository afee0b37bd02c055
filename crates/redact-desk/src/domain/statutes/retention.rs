//! How long a recording must stay, and may.

use serde::{Deserialize, Serialize};

use super::parts::Authority;

/// What a recording is to its law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Category {
    NotEvidence,
    Evidence,
    Force,
    Arrest,
    Complaint,
    Death,
    /// Somebody asked for it to stay.
    Requested,
    Other,
}

/// A span of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Span {
    Days(u16),
    Months(u16),
    Years(u16),
}

/// How long recordings of a category stay.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Retention {
    pub(crate) category: Category,
    pub(crate) at_least: Option<Span>,
    pub(crate) at_most: Option<Span>,
    /// Whether it extends what else applies, from the day of the request.
    pub(crate) adds: bool,
    #[serde(flatten)]
    pub(crate) authority: Authority,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRetention {
    category: Category,
    at_least_days: Option<u16>,
    at_least_months: Option<u16>,
    at_least_years: Option<u16>,
    at_most_days: Option<u16>,
    at_most_months: Option<u16>,
    at_most_years: Option<u16>,
    #[serde(default)]
    adds: bool,
    statute: String,
    text: String,
    source: String,
    checked: Option<toml::value::Datetime>,
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
        Ok(Self {
            category,
            at_least: at_least.map_err(named)?,
            at_most: at_most.map_err(named)?,
            adds: raw.adds,
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

//! What a law consists of. Each table of its file is validated by itself, so that an error names
//! the line of the table.

use serde::{Deserialize, Serialize};
use time::Date;

use super::fees::FeeRules;
use super::parts::{Authority, Days, read_day};
use super::retention::Retention;
use crate::model::{RequesterKind, Unit, WaitingFor};

/// What must have happened by a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeadlineKind {
    /// The requester received an acknowledgement.
    Acknowledgement,
    /// The request was answered: its due date.
    Answer,
    /// The requester received an estimate of fees.
    Estimate,
}

/// A deadline.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(try_from = "RawDeadline")]
pub(crate) struct Deadline {
    pub(crate) kind: DeadlineKind,
    /// The only requesters that it is for; empty: all that no other deadline of this kind names.
    pub(crate) requesters: Vec<RequesterKind>,
    /// `None`: the law sets no number of days.
    pub(crate) period: Option<Days>,
    /// Counted from the last day of that deadline instead of the day of receipt.
    pub(crate) after: Option<DeadlineKind>,
    /// Requests that were received earlier are not under it.
    #[serde(serialize_with = "day_or_null")]
    #[cfg_attr(test, ts(type = "string | null"))]
    pub(crate) since: Option<Date>,
    #[serde(flatten)]
    pub(crate) authority: Authority,
}

/// What an agency may add to a deadline, by notice to the requester.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(try_from = "RawExtension")]
pub(crate) struct Extension {
    pub(crate) of: DeadlineKind,
    pub(crate) period: Days,
    #[serde(flatten)]
    pub(crate) authority: Authority,
}

/// What waiting does to the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum TollingEffect {
    /// The days of waiting do not count.
    Stops,
    /// A new full period runs from the reply.
    Restarts,
    /// The clock goes on.
    None,
}

/// What a law says about waiting for the requester.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(try_from = "RawTolling")]
pub(crate) struct Tolling {
    pub(crate) waiting_for: WaitingFor,
    pub(crate) effect: TollingEffect,
    #[serde(flatten)]
    pub(crate) authority: Authority,
}

/// A public-records law.
#[derive(Clone, Debug)]
pub(crate) struct Statute {
    /// As in requests and sets of reasons: `us-mn`.
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) deadlines: Vec<Deadline>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) tolling: Vec<Tolling>,
    pub(crate) fees: Option<FeeRules>,
    pub(crate) retention: Vec<Retention>,
}

fn day_or_null<S: serde::Serializer>(day: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
    day.map(crate::time::day_text).serialize(to)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeadline {
    kind: DeadlineKind,
    #[serde(default, rename = "for")]
    requesters: Vec<RequesterKind>,
    days: Option<u16>,
    unit: Option<Unit>,
    after: Option<DeadlineKind>,
    since: Option<toml::value::Datetime>,
    statute: String,
    text: String,
    source: String,
    checked: Option<toml::value::Datetime>,
}

impl TryFrom<RawDeadline> for Deadline {
    type Error = String;

    fn try_from(raw: RawDeadline) -> Result<Self, String> {
        Ok(Self {
            kind: raw.kind,
            requesters: raw.requesters,
            period: Days::new(raw.days, raw.unit)?,
            after: raw.after,
            since: raw.since.map(|day| read_day("since", day)).transpose()?,
            authority: Authority::new(raw.statute, raw.text, raw.source, raw.checked)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExtension {
    of: DeadlineKind,
    days: u16,
    unit: Unit,
    statute: String,
    text: String,
    source: String,
    checked: Option<toml::value::Datetime>,
}

impl TryFrom<RawExtension> for Extension {
    type Error = String;

    fn try_from(raw: RawExtension) -> Result<Self, String> {
        let period = Days::new(Some(raw.days), Some(raw.unit))?;
        Ok(Self {
            of: raw.of,
            period: period.ok_or("days is missing")?,
            authority: Authority::new(raw.statute, raw.text, raw.source, raw.checked)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTolling {
    waiting_for: WaitingFor,
    effect: TollingEffect,
    statute: String,
    text: String,
    source: String,
    checked: Option<toml::value::Datetime>,
}

impl TryFrom<RawTolling> for Tolling {
    type Error = String;

    fn try_from(raw: RawTolling) -> Result<Self, String> {
        Ok(Self {
            waiting_for: raw.waiting_for,
            effect: raw.effect,
            authority: Authority::new(raw.statute, raw.text, raw.source, raw.checked)?,
        })
    }
}

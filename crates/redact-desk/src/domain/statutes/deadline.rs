//! When a request is due.
//!
//! The day of receipt does not count. Working days exclude weekends and known holidays; where days
//! of the calendar count, the last one stays where it is even on a weekend. So the result is the
//! earliest date that the law can mean: one day early does no harm, one day late breaks the law.

use ::time::{Date, Duration};

use super::law::{Deadline, DeadlineKind, Extension, Statute, TollingEffect};
use super::parts::Days;
use crate::domain::holidays::Holidays;
use crate::model::{RequesterKind, Unit, WaitingFor};

/// A time in which the agency waited for the requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) waiting_for: WaitingFor,
    /// The first day of waiting.
    pub(crate) since: Date,
    /// The day of the reply, or today while there is none.
    pub(crate) until: Date,
}

/// What a deadline is counted from.
#[derive(Clone, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) requester: RequesterKind,
    pub(crate) received: Date,
    pub(crate) pauses: &'a [Pause],
    /// What the agency added to the answer's deadline.
    pub(crate) extensions: &'a [Days],
}

/// When something is due under a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// On this day at the latest.
    On(Date),
    /// The law sets no number of days for this requester.
    NoNumber,
    /// The request was received before the law's deadline began to apply.
    OlderThanLaw,
}

impl Statute {
    /// The deadline of that kind for such a requester; `None`: the law has none.
    pub(crate) fn deadline(
        &self,
        kind: DeadlineKind,
        requester: RequesterKind,
    ) -> Option<&Deadline> {
        let of_kind = || {
            self.deadlines
                .iter()
                .filter(|deadline| deadline.kind == kind)
        };
        of_kind()
            .find(|deadline| deadline.requesters.contains(&requester))
            .or_else(|| of_kind().find(|deadline| deadline.requesters.is_empty()))
    }

    /// The extensions that the law allows of a deadline.
    pub(super) fn extensions_of(&self, kind: DeadlineKind) -> impl Iterator<Item = &Extension> {
        self.extensions
            .iter()
            .filter(move |extension| extension.of == kind)
    }

    /// When something is due; `None`: the law does not ask for it.
    pub(crate) fn due(
        &self,
        kind: DeadlineKind,
        case: &Case<'_>,
        holidays: &Holidays,
    ) -> Option<Due> {
        let deadline = self.deadline(kind, case.requester)?;
        let Some(period) = deadline.period else {
            return Some(Due::NoNumber);
        };
        if deadline.since.is_some_and(|since| case.received < since) {
            return Some(Due::OlderThanLaw);
        }
        let start = match deadline.after {
            None => case.received,
            Some(first) => match self.due(first, case, holidays)? {
                Due::On(day) => day,
                other => return Some(other),
            },
        };
        let mut due = self.count(start, period, case, holidays);
        for pause in self.restarts(case) {
            // What was due already stays overdue.
            if pause.since <= due {
                due = self.count(pause.until.max(start), period, case, holidays);
            }
        }
        if kind == DeadlineKind::Answer {
            for &added in case.extensions {
                due = self.count(due, added, case, holidays);
            }
        }
        Some(Due::On(due))
    }

    /// What waiting does to the clock. A law that says nothing lets it go on.
    fn effect(&self, waiting_for: WaitingFor) -> TollingEffect {
        let found = self
            .tolling
            .iter()
            .find(|tolling| tolling.waiting_for == waiting_for);
        found.map_or(TollingEffect::None, |tolling| tolling.effect)
    }

    /// Whether the clock stops while the agency waits, or starts over afterward.
    pub(crate) fn is_stopped_by(&self, waiting_for: WaitingFor) -> bool {
        self.effect(waiting_for) != TollingEffect::None
    }

    /// The times of waiting after which a new period runs, the earliest first.
    fn restarts(&self, case: &Case<'_>) -> Vec<Pause> {
        let restarts = |pause: &&Pause| self.effect(pause.waiting_for) == TollingEffect::Restarts;
        let mut found: Vec<Pause> = case.pauses.iter().filter(restarts).copied().collect();
        found.sort_by_key(|pause| pause.since);
        found
    }

    fn count(&self, from: Date, period: Days, case: &Case<'_>, holidays: &Holidays) -> Date {
        days_after(from, period, |day| {
            let stopped = |pause: &Pause| {
                self.effect(pause.waiting_for) == TollingEffect::Stops
                    && (pause.since..=pause.until).contains(&day)
            };
            case.pauses.iter().any(stopped) || off(period.unit, &self.key, day, holidays)
        })
    }
}

/// The date at the end of a period that no known law sets.
pub(crate) fn plain_due(
    jurisdiction: &str,
    received: Date,
    period: Days,
    holidays: &Holidays,
) -> Date {
    days_after(received, period, |day| {
        off(period.unit, jurisdiction, day, holidays)
    })
}

fn off(unit: Unit, jurisdiction: &str, day: Date, holidays: &Holidays) -> bool {
    unit == Unit::WorkingDays && holidays.is_off(jurisdiction, day)
}

/// The last of `period` days after `from`, of those that are not `off`.
fn days_after(from: Date, period: Days, off: impl Fn(Date) -> bool) -> Date {
    let mut day = from;
    let mut left = period.days;
    while left > 0 {
        let Some(next) = day.checked_add(Duration::days(1)) else {
            return day;
        };
        day = next;
        if !off(day) {
            left -= 1;
        }
    }
    day
}

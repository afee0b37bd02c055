//! When a recording may go, and when it must, by the law of its request.

use serde::Serialize;
use time::{Date, Duration};

use super::law::Statute;
use super::parts::Authority;
use super::retention::{Retention, RetentionEnd};
use crate::model::Category;

/// Somebody asked for a recording to stay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) on: Date,
    /// For how many days; `None`: for as long as the law allows.
    pub(crate) days: Option<u16>,
}

/// What is known of a recording.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StayCase<'a> {
    pub(crate) category: Category,
    /// The day of the incident, or what is nearest to it.
    pub(crate) counted_from: Date,
    pub(crate) asked: &'a [Asked],
}

/// How long a recording stays.
#[derive(Clone, Debug)]
pub(crate) struct Stay {
    /// The last day on which it must be there; `None`: the law sets no number.
    pub(crate) until: Option<Date>,
    /// The last day on which it may be there; never before the day after `until`.
    pub(crate) gone_by: Option<Date>,
    pub(crate) ends: RetentionEnd,
    /// Whether the agency may not go below `until`.
    pub(crate) binding: bool,
    /// Whether `until` is the agency's own decision: somebody asked, and the law does not say how
    /// long.
    pub(crate) by_agency: bool,
    /// The rules that apply.
    pub(crate) by: Vec<Authority>,
}

/// Where a recording stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum RetentionState {
    /// The last day on which it may be there has passed.
    Overdue,
    /// It must go by a day.
    MustGo,
    /// The number has passed, and the law sets no last day.
    MayGo,
    /// A person decides, and gives the reason.
    Decide,
    /// Nobody set its category.
    NoCategory,
    /// It must stay until a day.
    Stays,
    /// It must not be destroyed.
    Never,
}

impl Statute {
    /// The rule for a category, or the one for all others; `None`: the law sets none.
    fn retention_of(&self, category: Category) -> Option<&Retention> {
        let of = |wanted: Category| {
            let mut rules = self.retention.iter();
            rules.find(move |rule| rule.category == wanted && !rule.adds)
        };
        of(category).or_else(|| of(Category::Other))
    }

    /// The rule for recordings that somebody asked to stay.
    pub(crate) fn on_request(&self) -> Option<&Retention> {
        let mut rules = self.retention.iter();
        rules.find(|rule| rule.category == Category::Requested)
    }

    /// How long a recording stays; `None` where the law has no rule for it.
    pub(crate) fn stay(&self, case: &StayCase<'_>) -> Option<Stay> {
        let rule = self.retention_of(case.category)?;
        let mut stay = Stay {
            until: rule.at_least.map(|span| span.after(case.counted_from)),
            gone_by: rule.at_most.map(|span| span.after(case.counted_from)),
            ends: rule.ends,
            binding: rule.binding,
            by_agency: false,
            by: vec![rule.authority.clone()],
        };
        for asked in case.asked {
            let Some(until) = self.asked_until(asked, case.counted_from) else {
                continue;
            };
            // Whoever asked for it may rely on it, also where the number is a best practice.
            if stay.until.is_none_or(|known| known < until) {
                stay.until = Some(until);
                stay.binding = true;
                stay.by_agency = self.on_request().is_none();
            }
            if let Some(rule) = self.on_request()
                && !stay.by.iter().any(|one| one.text == rule.authority.text)
            {
                stay.by.push(rule.authority.clone());
            }
        }
        if let (Some(until), Some(gone_by)) = (stay.until, stay.gone_by) {
            let next = until.next_day().unwrap_or(until);
            stay.gone_by = Some(gone_by.max(next));
        }
        Some(stay)
    }

    /// Until when a recording stays because somebody asked for it; `None`: neither the law nor the
    /// request has a number.
    fn asked_until(&self, asked: &Asked, counted_from: Date) -> Option<Date> {
        let given = asked.days.map(|days| {
            let day = asked.on.checked_add(Duration::days(days.into()));
            day.unwrap_or(Date::MAX)
        });
        let Some(rule) = self.on_request() else {
            return given;
        };
        let from = if rule.adds { asked.on } else { counted_from };
        let most = rule.at_least.map(|span| span.after(from));
        match (given, most) {
            // "For the further time that the subject asks for, up to 180 days."
            (Some(given), Some(most)) if rule.adds => Some(given.min(most)),
            (given, most) => given.max(most),
        }
    }
}

impl Stay {
    /// Where the recording stands on a day.
    pub(crate) fn state(&self, today: Date) -> RetentionState {
        if self.ends == RetentionEnd::Never {
            return RetentionState::Never;
        }
        if self.until.is_some_and(|until| today <= until) {
            return RetentionState::Stays;
        }
        match (self.ends, self.gone_by) {
            (RetentionEnd::Decision, _) => RetentionState::Decide,
            (_, Some(gone_by)) if today > gone_by => RetentionState::Overdue,
            (_, Some(_)) => RetentionState::MustGo,
            (_, None) => RetentionState::MayGo,
        }
    }
}

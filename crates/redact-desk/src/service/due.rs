//! When a request is due: by its law, its own rule, or as a target.

use serde::{Deserialize, Serialize};

use super::app::Shared;
use crate::api_error::ApiResult;
use crate::db::clocks::{ClockRows, PauseRow, by_request};
use crate::db::requests::{self, Facts, RequestRow};
use crate::domain::statutes::{Case, Days, DeadlineKind, Due, Pause, plain_due};
use crate::id::Id;
use crate::model::Unit;
use crate::time;

/// Working days where no law and no rule sets a number.
const OTHERWISE: Days = Days {
    days: 10,
    unit: Unit::WorkingDays,
};

/// A deadline of a request's own, where no known law sets one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct DueRule {
    pub(crate) days: u16,
    pub(crate) unit: Unit,
    /// Where the deadline comes from.
    pub(crate) note: String,
}

/// What the due date of a request follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum DueBasis {
    /// The law's number of days.
    Law,
    /// The request's own rule.
    Rule,
    /// Nothing: the law sets no number of days, or is not known. Ten working days are a target.
    Target,
    /// The request is older than the law's deadline.
    OlderThanLaw,
}

/// The due date that follows from law, rule, pauses and extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountedDue {
    pub(crate) on: ::time::Date,
    pub(crate) basis: DueBasis,
}

/// Counts the due date; `None` if the day of receipt is invalid.
pub(crate) fn counted(
    app: &Shared,
    facts: &Facts,
    rule: Option<&DueRule>,
    rows: &ClockRows,
) -> Option<CountedDue> {
    let found = deadline(app, facts, rows, DeadlineKind::Answer);
    let received = time::read_day(&facts.received_on)?;
    let law = facts.jurisdiction.trim();
    let (basis, period) = match (found, rule) {
        (Some(Due::On(on)), _) => {
            return Some(CountedDue {
                on,
                basis: DueBasis::Law,
            });
        }
        (_, Some(rule)) => {
            let (days, unit) = (rule.days, rule.unit);
            (DueBasis::Rule, Days { days, unit })
        }
        (Some(Due::OlderThanLaw), None) => (DueBasis::OlderThanLaw, OTHERWISE),
        (_, None) => (DueBasis::Target, OTHERWISE),
    };
    let mut on = plain_due(law, received, period, &app.holidays());
    for added in extensions(rows) {
        on = plain_due(law, on, added, &app.holidays());
    }
    Some(CountedDue { on, basis })
}

/// When the law wants something done; `None`: it does not ask for it, or is not known.
pub(crate) fn deadline(
    app: &Shared,
    facts: &Facts,
    rows: &ClockRows,
    kind: DeadlineKind,
) -> Option<Due> {
    let law = app.statutes.get(facts.jurisdiction.trim())?;
    let pauses: Vec<Pause> = rows
        .pauses
        .iter()
        .filter_map(|row| pause(app, row))
        .collect();
    let case = Case {
        requester: facts.requester_kind,
        received: time::read_day(&facts.received_on)?,
        pauses: &pauses,
        extensions: &extensions(rows).collect::<Vec<_>>(),
    };
    law.due(kind, &case, &app.holidays())
}

fn pause(app: &Shared, row: &PauseRow) -> Option<Pause> {
    let since = time::read_day(&row.since)?;
    let until = row
        .until
        .as_deref()
        .map_or(Some(app.today()), time::read_day)?;
    Some(Pause {
        waiting_for: row.waiting_for,
        since,
        until,
    })
}

fn extensions(rows: &ClockRows) -> impl Iterator<Item = Days> {
    rows.extensions.iter().map(|row| Days {
        days: row.days,
        unit: row.unit,
    })
}

/// Whether a person set the due date, instead of the law.
pub(crate) fn by_hand(app: &Shared, row: &RequestRow, rule: Option<&DueRule>) -> bool {
    row.due_by_hand.unwrap_or_else(|| {
        let counted = counted(app, &row.facts, rule, &ClockRows::default());
        counted.is_none_or(|counted| time::day_text(counted.on) != row.facts.due_on)
    })
}

/// The due date of a request. While its clock is stopped, it moves every day, unless a person set
/// it.
pub(crate) fn due_on(app: &Shared, row: &RequestRow, rows: &ClockRows) -> String {
    both(app, row, rows).1
}

/// The counted due date of a request, and the one that it has.
pub(crate) fn both(
    app: &Shared,
    row: &RequestRow,
    rows: &ClockRows,
) -> (Option<CountedDue>, String) {
    let rule = rule(row);
    let counted = counted(app, &row.facts, rule.as_ref(), rows);
    let follows = counted.filter(|_| !by_hand(app, row, rule.as_ref()));
    let on = follows.map_or_else(
        || row.facts.due_on.clone(),
        |counted| time::day_text(counted.on),
    );
    (counted, on)
}

/// The facts of a request with its due date as of now.
///
/// # Errors
/// 404.
pub(crate) async fn facts(app: &Shared, id: &Id) -> ApiResult<Facts> {
    let row = requests::by_id(&app.db, id).await?;
    let clock = by_request(&app.db, Some(id)).await?.remove(id);
    let due_on = due_on(app, &row, &clock.unwrap_or_default());
    Ok(Facts {
        due_on,
        ..row.facts
    })
}

/// The deadline of a request's own.
pub(crate) fn rule(row: &RequestRow) -> Option<DueRule> {
    let (days, unit) = row.rule_days.zip(row.rule_unit)?;
    Some(DueRule {
        days,
        unit,
        note: row.rule_note.clone(),
    })
}

/// `5 working days`.
pub(crate) fn span_text(days: u16, unit: Unit) -> String {
    let word = match unit {
        Unit::Days => "day",
        Unit::WorkingDays => "working day",
    };
    format!("{days} {word}{}", if days == 1 { "" } else { "s" })
}

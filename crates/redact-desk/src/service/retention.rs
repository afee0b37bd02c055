//! How long recordings stay by the law of their request, and what people say about that.

use std::collections::HashMap;

use ::time::Date;
use serde::Serialize;

use super::app::Shared;
use super::change::Change;
use super::history::{self, Entry};
use super::requests::REASON_CHARS_MAX;
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::pool;
use crate::db::retention::{self as rows, AskedRow, RetentionRow};
use crate::domain::disposal::{Blocked, DisposalCase, blocked};
use crate::domain::history::changes;
use crate::domain::statutes::{Asked, RetentionState, Stay, StayCase};
use crate::id::Id;
use crate::model::{Category, DisposalState, SessionUser};
use crate::time;

/// The most days for which somebody asks a recording to stay: a hundred years.
const DAYS_MAX: u16 = 36_525;

/// Where the day comes from that the time of a recording is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum CountedFrom {
    /// A person set it.
    Person,
    /// The file says when it was recorded.
    File,
    /// The day on which it was added.
    Added,
}

/// A recording with where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) row: RetentionRow,
    pub(crate) counted_from: Date,
    pub(crate) basis: CountedFrom,
    /// `None`: it has no category, or its law has no rule.
    pub(crate) stay: Option<Stay>,
    pub(crate) state: RetentionState,
    pub(crate) asked: Vec<AskedRow>,
    /// The law of its request, where the recording stays under an earlier, stricter one.
    pub(crate) law_of_request: Option<String>,
}

/// Where a recording stands today.
fn standing(app: &Shared, row: RetentionRow, asked: Vec<AskedRow>) -> Standing {
    let set = row.counted_from.as_deref().and_then(time::read_day);
    let of_file = || {
        let at = redact_record::manifest::Utc::from_text(row.recorded_at.as_deref()?)?;
        Some(app.zone().day(at.0.0.div_euclid(1_000_000)))
    };
    let (counted_from, basis) = match set {
        Some(day) => (day, CountedFrom::Person),
        None => match of_file() {
            Some(day) => (day, CountedFrom::File),
            None => (app.zone().day(row.added_at), CountedFrom::Added),
        },
    };
    let given: Vec<Asked> = asked
        .iter()
        .filter_map(|row| {
            Some(Asked {
                on: time::read_day(&row.asked_on)?,
                days: row.days,
            })
        })
        .collect();
    let by_law = |law: &str| {
        let law = app.statutes.get(law.trim());
        let stay = law.zip(row.category).and_then(|(law, category)| {
            law.stay(&StayCase {
                category,
                counted_from,
                asked: &given,
            })
        });
        let state = match (&stay, row.category) {
            (_, None) => RetentionState::NoCategory,
            (None, Some(_)) => RetentionState::Decide,
            (Some(stay), Some(_)) => stay.state(app.today()),
        };
        (stay, state)
    };
    let (mut stay, mut state) = by_law(&row.law);
    let mut row = row.clone();
    let mut law_of_request = None;
    // Another law of the request, or another request, sets nothing free that had to stay.
    if let Some(then) = row.law_then.take_if(|then| *then != row.law) {
        let before = by_law(&then);
        if strictness(&before) > strictness(&(stay.clone(), state)) {
            (stay, state) = before;
            law_of_request = Some(std::mem::replace(&mut row.law, then));
        }
    }
    Standing {
        row,
        counted_from,
        basis,
        stay,
        state,
        asked,
        law_of_request,
    }
}

/// How strictly a recording stays: what stands higher forbids more, and longer.
fn strictness((stay, state): &(Option<Stay>, RetentionState)) -> (u8, Option<Date>) {
    let is_binding = stay.as_ref().is_none_or(|stay| stay.binding);
    let level = match state {
        RetentionState::Never => 3,
        RetentionState::Stays if is_binding => 2,
        RetentionState::Stays | RetentionState::Decide => 1,
        _ => 0,
    };
    let until = stay.as_ref().and_then(|stay| stay.until);
    (level, until.filter(|_| level > 0))
}

/// The citations of the rules that apply.
pub(crate) fn statute(standing: &Standing) -> String {
    let rules = standing.stay.iter().flat_map(|stay| &stay.by);
    let cited: Vec<&str> = rules.map(|rule| rule.statute.as_str()).collect();
    if cited.is_empty() {
        return "no rule in the law of its request".to_owned();
    }
    cited.join("; ")
}

/// Why the law forbids that a recording is destroyed now; `None` if it does not.
pub(crate) fn must_stay(standing: &Standing) -> Option<ApiError> {
    let case = DisposalCase {
        state: standing.state,
        stay: standing.stay.as_ref(),
        request_closed: true,
        has_reason: true,
    };
    let why = blocked(case)?;
    let statute = statute(standing);
    let message = match why {
        Blocked::Never => format!("The recording must not be destroyed ({statute})."),
        Blocked::Stays => {
            let until = standing.stay.as_ref().and_then(|stay| stay.until);
            let until = until.map_or_else(String::new, time::day_text);
            if standing.stay.as_ref().is_some_and(|stay| stay.by_agency) {
                format!(
                    "The recording is retained until {until}: somebody asked for it, and the \
                     agency decided so."
                )
            } else {
                format!("The recording must be retained until {until} ({statute}).")
            }
        }
        _ => return None,
    };
    Some(ApiError::conflict(why.code(), message))
}

/// Refuses to remove a recording that a law says must stay. One that nobody has set a category for
/// may have been added by mistake.
///
/// # Errors
/// 409 `must_stay`.
pub(crate) async fn check_may_be_removed(app: &Shared, recording: &Id) -> ApiResult<()> {
    let Some(row) = rows::find(&app.db, recording).await? else {
        // Of a practice request.
        return Ok(());
    };
    let mut asked = rows::asked(&app.db, Some(recording)).await?;
    let asked = asked.remove(recording).unwrap_or_default();
    must_stay(&standing(app, row, asked)).map_or(Ok(()), Err)
}

/// Where recordings stand: all of them, or those of a request.
///
/// # Errors
/// Database errors.
pub(crate) async fn standings(app: &Shared, request: Option<&Id>) -> ApiResult<Vec<Standing>> {
    let found = match request {
        Some(request) => rows::of_request(&app.db, request).await?,
        None => rows::all(&app.db).await?,
    };
    let mut asked: HashMap<Id, Vec<AskedRow>> = rows::asked(&app.db, None).await?;
    let with = |row: RetentionRow| {
        let asked = asked.remove(&row.recording).unwrap_or_default();
        standing(app, row, asked)
    };
    Ok(found.into_iter().map(with).collect())
}

/// Where a recording stands.
///
/// # Errors
/// 404.
pub(crate) async fn of(app: &Shared, recording: &Id) -> ApiResult<Standing> {
    let row = rows::of(&app.db, recording).await?;
    let mut asked = rows::asked(&app.db, Some(recording)).await?;
    let asked = asked.remove(recording).unwrap_or_default();
    Ok(standing(app, row, asked))
}

/// Refuses changes of a recording whose disposal was proposed: whoever confirms it must know what
/// they confirm.
fn check_not_proposed(row: &RetentionRow) -> ApiResult<()> {
    match row.disposal_state {
        Some(DisposalState::Proposed | DisposalState::Removing | DisposalState::Done) => {
            let message = "The disposal of this recording was proposed.";
            Err(ApiError::conflict("disposal", message).hint("Have the proposal refused first."))
        }
        None | Some(DisposalState::Refused) => Ok(()),
    }
}

fn read_past_day(app: &Shared, field: &'static str, given: &str) -> ApiResult<Date> {
    let day = time::read_day(given);
    let day = day.ok_or_else(|| ApiError::field(field, "Expected a date such as 2026-01-31."))?;
    if day > app.today() {
        return Err(ApiError::field(field, "This day is in the future."));
    }
    Ok(day)
}

/// A category, the day to count from, and why they are changed.
pub(crate) struct NewRetention<'a> {
    pub(crate) category: Category,
    pub(crate) counted_from: Option<&'a str>,
    pub(crate) reason: &'a str,
}

/// Sets what a recording is to its law, and the day from which its time is counted.
///
/// # Errors
/// 400 for an invalid date, for `requested` as a category, or without a reason where something was
/// set before; 404; 409 `disposal`.
pub(crate) async fn set(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    new: NewRetention<'_>,
) -> ApiResult<()> {
    let old = of(app, id).await?;
    check_not_proposed(&old.row)?;
    if new.category == Category::Requested {
        let message = "Record a retention request instead.";
        return Err(ApiError::field("category", message));
    }
    let counted_from = match new.counted_from {
        Some(given) => read_past_day(app, "counted_from", given)?,
        None => old.counted_from,
    };
    let reason = if old.row.category.is_some() {
        text("reason", new.reason, REASON_CHARS_MAX)?
    } else {
        optional_text("reason", new.reason, REASON_CHARS_MAX)?
    };
    let day = time::day_text(counted_from);
    let was = old.row.category.map_or("", Category::word);
    let then = after(app, id, (new.category, &day)).await?;
    let until = |standing: &Standing| {
        let stay = standing.stay.as_ref().and_then(|stay| stay.until);
        stay.map_or_else(String::new, time::day_text)
    };
    let law = |standing: &Standing| app.statutes.title(standing.row.law.trim()).to_owned();
    let mut fields = vec![
        ("category", was.to_owned(), new.category.word().to_owned()),
        (
            "counted_from",
            time::day_text(old.counted_from),
            day.clone(),
        ),
    ];
    if old.row.category.is_some() {
        // What binds it may change with its category, if its request has another law than then.
        fields.push(("retention_law", law(&old), law(&then)));
        fields.push(("retain_through", until(&old), until(&then)));
    }
    let changed = changes(&fields);
    let mut change = pool::begin(&app.db).await?;
    let values = (new.category, day.as_str());
    rows::set(&mut change, id, values, (&who.name, app.now())).await?;
    let entry = Entry {
        request: &old.row.request,
        recording: Some(id),
        action: "retention-set",
        changes: changed,
        reason: &reason,
    };
    history::note(app, &mut change, &who.name, entry).await?;
    change.commit().await?;
    app.notify(Change::Request(old.row.request));
    Ok(())
}

/// Where a recording stands once its category is set: under the law that its request has now.
async fn after(
    app: &Shared,
    recording: &Id,
    (category, counted_from): (Category, &str),
) -> ApiResult<Standing> {
    let row = RetentionRow {
        category: Some(category),
        counted_from: Some(counted_from.to_owned()),
        law_then: None,
        ..rows::of(&app.db, recording).await?
    };
    let mut asked = rows::asked(&app.db, Some(recording)).await?;
    Ok(standing(
        app,
        row,
        asked.remove(recording).unwrap_or_default(),
    ))
}

/// Somebody who asked for a recording to stay.
pub(crate) struct NewAsked<'a> {
    pub(crate) asked_on: &'a str,
    pub(crate) days: Option<u16>,
    pub(crate) person: &'a str,
    pub(crate) note: &'a str,
}

/// Records that somebody asked for a recording to stay.
///
/// # Errors
/// 400 for an invalid value, more days than the law allows, or no days where the law has no
/// number; 404; 409 `disposal`.
pub(crate) async fn ask(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    new: NewAsked<'_>,
) -> ApiResult<()> {
    let old = of(app, id).await?;
    check_not_proposed(&old.row)?;
    let asked_on = read_past_day(app, "asked_on", new.asked_on)?;
    let rule = app.statutes.get(old.row.law.trim());
    let rule = rule.and_then(|law| law.on_request());
    match new.days {
        Some(days) if !(1..=DAYS_MAX).contains(&days) => {
            let message = format!("Expected 1 to {DAYS_MAX} days.");
            return Err(ApiError::field("days", message));
        }
        None if rule.is_none() => {
            let message = "The law of this request sets no number of days. Enter how many.";
            return Err(ApiError::field("days", message));
        }
        _ => {}
    }
    if let (Some(days), Some(most)) = (new.days, rule.and_then(|rule| rule.most_added(asked_on)))
        && days > most
    {
        let message = format!("The law allows at most {most} days.");
        return Err(ApiError::field("days", message));
    }
    let row = AskedRow {
        recording: id.clone(),
        asked_on: time::day_text(asked_on),
        days: new.days,
        person: text("person", new.person, 200)?,
        note: optional_text("note", new.note, REASON_CHARS_MAX)?,
        by: who.name.clone(),
    };
    let days = new.days.map_or_else(String::new, |days| days.to_string());
    let mut change = pool::begin(&app.db).await?;
    rows::insert_asked(&mut change, &row, app.now()).await?;
    let entry = Entry {
        request: &old.row.request,
        recording: Some(id),
        action: "retention-asked",
        changes: changes(&[
            ("asked_on", String::new(), row.asked_on.clone()),
            ("days", String::new(), days),
            ("person", String::new(), row.person.clone()),
        ]),
        reason: &row.note,
    };
    history::note(app, &mut change, &who.name, entry).await?;
    change.commit().await?;
    app.notify(Change::Request(old.row.request));
    Ok(())
}

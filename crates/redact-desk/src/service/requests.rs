//! Requests: entered, changed, closed and reopened.

use redact_record::events::Act;

use super::app::Shared;
use super::change::Change;
use super::closed::check_open;
use super::due::{self, DueRule};
use super::history::{self, Entry};
use super::{approvals, releases};
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::clocks::{self, ClockRows};
use crate::db::requests::{self, Facts, ProgressFlags, RequestRow, RequestValues};
use crate::db::{pool, practice, users};
use crate::details::{Details as _, RequestDetails};
use crate::domain::history::{FieldChange, changes};
use crate::domain::stage::{Progress, Stage};
use crate::domain::statutes::{DeadlineKind, Due};
use crate::event::Event;
use crate::id::Id;
use crate::model::{Disposition, SessionUser, Unit};
use crate::time;

/// The longest deadline of a request's own, in days.
pub(crate) const RULE_DAYS_MAX: u16 = 365;

/// The longest reason for closing or reopening, in characters.
pub(crate) const REASON_CHARS_MAX: usize = 1000;

/// The stage of a recording.
pub(crate) const fn stage(row: &ProgressFlags) -> Stage {
    let progress = Progress {
        preparing: row.preparing,
        failed: row.failed,
        approved: row.approved,
        awaiting: row.awaiting,
        rendering: row.rendering,
        unreleased: row.unreleased,
        ready: row.ready,
        out: row.out,
    };
    progress.stage()
}

fn day(field: &'static str, given: &str) -> ApiResult<::time::Date> {
    time::read_day(given)
        .ok_or_else(|| ApiError::field(field, "Expected a date such as 2026-01-31."))
}

/// Values that a person entered. An empty due date is counted.
pub(crate) struct Entered {
    pub(crate) facts: Facts,
    pub(crate) rule: Option<DueRule>,
    /// Pauses and extensions of the request.
    pub(crate) clock: ClockRows,
    pub(crate) assignee: Option<Id>,
    pub(crate) note: String,
    pub(crate) details: RequestDetails,
}

/// The values as they are stored, after validation. `before`: what is stored now.
///
/// # Errors
/// 400 with the field that is wrong.
pub(crate) async fn validated(
    app: &Shared,
    entered: Entered,
    before: Option<&Facts>,
) -> ApiResult<RequestValues> {
    let mut facts = entered.facts;
    facts.number = text("number", &facts.number, 100)?;
    facts.requester = optional_text("requester", &facts.requester, 200)?;
    facts.jurisdiction = text("jurisdiction", &facts.jurisdiction, 100)?;
    // A law that sets a number of days goes before a rule.
    let of_law = due::deadline(app, &facts, &entered.clock, DeadlineKind::Answer);
    let rule = entered.rule.filter(|_| !matches!(of_law, Some(Due::On(_))));
    if let Some(rule) = &rule {
        if !(1..=RULE_DAYS_MAX).contains(&rule.days) {
            let message = format!("Enter a number of days from 1 to {RULE_DAYS_MAX}.");
            return Err(ApiError::field("rule.days", message));
        }
        text("rule.note", &rule.note, 300)
            .map_err(|_| ApiError::field("rule.note", "Enter where the deadline comes from."))?;
    }
    let received = day("received_on", &facts.received_on)?;
    facts.received_on = time::day_text(received);
    let counted = due::counted(app, &facts, rule.as_ref(), &entered.clock);
    let counted = counted.map_or_else(String::new, |counted| time::day_text(counted.on));
    if facts.due_on.trim().is_empty() {
        facts.due_on.clone_from(&counted);
    }
    let due_on = day("due_on", &facts.due_on)?;
    facts.due_on = time::day_text(due_on);
    // What an earlier version accepted can stay until somebody changes it.
    let changed =
        before.is_none_or(|old| old.received_on != facts.received_on || old.due_on != facts.due_on);
    if changed {
        check_dates(app, received, due_on)?;
    }
    check_assignee(app, entered.assignee.as_ref()).await?;
    Ok(RequestValues {
        due_by_hand: facts.due_on != counted,
        facts,
        rule: rule.map(|rule| (rule.days, rule.unit, rule.note.trim().to_owned())),
        assignee: entered.assignee,
        note: optional_text("note", &entered.note, 5000)?,
        details: checked_details(app, entered.details)?.text(),
    })
}

/// Details after validation: their policy is one that new reviews may use.
///
/// # Errors
/// 400 with the field that is wrong.
pub(crate) fn checked_details(app: &Shared, details: RequestDetails) -> ApiResult<RequestDetails> {
    let details = details.checked()?;
    if !details.policy.is_empty() && app.policies.named(&details.policy).is_none() {
        return Err(ApiError::field("details.policy", "Policy not found."));
    }
    Ok(details)
}

fn check_dates(app: &Shared, received: ::time::Date, due: ::time::Date) -> ApiResult<()> {
    let today = app.today();
    if received > today {
        let (received, today) = (time::day_text(received), time::day_text(today));
        let message = format!(
            "The date received, {received}, is in the future: today is {today} in {}.",
            app.zone().name
        );
        return Err(ApiError::field("received_on", message));
    }
    if due < received {
        let (received, due) = (time::day_text(received), time::day_text(due));
        let message = format!("The due date, {due}, is before the date received, {received}.");
        return Err(ApiError::field("due_on", message));
    }
    Ok(())
}

/// Refuses somebody who does not review.
///
/// # Errors
/// 400.
pub(crate) async fn check_assignee(app: &Shared, assignee: Option<&Id>) -> ApiResult<()> {
    let Some(assignee) = assignee else {
        return Ok(());
    };
    let account = users::by_id(&app.db, assignee).await;
    if account.is_ok_and(|account| account.active && account.role.reviews()) {
        return Ok(());
    }
    let message = "Only operators and approvers can be assigned.";
    Err(ApiError::field("assignee", message))
}

/// Enters a request and returns its id.
///
/// # Errors
/// 400 for invalid values; 409 `number_taken`.
pub(crate) async fn add(app: &Shared, who: &SessionUser, entered: Entered) -> ApiResult<Id> {
    insert(app, (who, None), entered).await
}

/// Enters a request for its user to practice on and returns its id.
///
/// # Errors
/// As for [`add`].
pub(crate) async fn add_practice(
    app: &Shared,
    who: &SessionUser,
    entered: Entered,
) -> ApiResult<Id> {
    insert(app, (who, Some(&who.id)), entered).await
}

async fn insert(
    app: &Shared,
    (who, practice): (&SessionUser, Option<&Id>),
    entered: Entered,
) -> ApiResult<Id> {
    let values = validated(app, entered, None).await?;
    let mut change = pool::begin(&app.db).await?;
    let id = enter(app, &mut change, (who, practice), &values).await?;
    change.commit().await?;
    app.notify(Change::Request(id.clone()));
    Ok(id)
}

/// Enters a request with values that were validated, to practice on where it has an owner, and
/// returns its id.
///
/// # Errors
/// 409 `number_taken`; those of the database and the log. It must then not be committed.
pub(crate) async fn enter(
    app: &Shared,
    change: &mut pool::Connection,
    (who, practice): (&SessionUser, Option<&Id>),
    values: &RequestValues,
) -> ApiResult<Id> {
    let id = Id::random();
    requests::insert(&mut *change, &id, values, app.now()).await?;
    if let Some(owner) = practice {
        practice::mark(change, &id, owner).await?;
    }
    let law = &values.facts.jurisdiction;
    let known = app.statutes.get(law).is_some();
    let event = Event::new(Act::Request, "entered")
        .id("request", &id)
        .label("received", &values.facts.received_on)
        .label("due", &values.facts.due_on)
        .label("law", if known { law } else { "other" })
        .label("practice", if practice.is_some() { "yes" } else { "no" });
    app.log_event(&who.name, event).await?;
    Ok(id)
}

/// Changes a request. Of a closed one, only the note and who is assigned can change. Another kind
/// of requester voids the approvals, which were given for the other one.
///
/// # Errors
/// 400 for invalid values; 404, 409 `number_taken`, `closed`.
pub(crate) async fn change(
    app: &Shared,
    who: &SessionUser,
    old: RequestRow,
    entered: Entered,
) -> ApiResult<()> {
    let values = validated(app, entered, Some(&old.facts)).await?;
    let made = differences(app, &old, &values).await;
    if made.is_empty() {
        return Ok(());
    }
    let id = &old.id;
    let named = |change: &FieldChange| matches!(&*change.field, "number" | "assignee");
    if old.practice.is_some() && made.iter().any(named) {
        let message = "The number and the owner of a practice request stay as they are.";
        return Err(ApiError::conflict("practice", message));
    }
    let stays_open = |change: &FieldChange| matches!(&*change.field, "note" | "assignee");
    if !made.iter().all(stays_open) {
        check_open(app, id).await?;
    }
    // Nothing is approved or released in between.
    let _alone = app.review_lock.lock().await;
    let mut change = pool::begin(&app.db).await?;
    requests::update(&mut change, id, &values, app.now()).await?;
    let decisive = |change: &FieldChange| match &*change.field {
        "requester_kind" => Some("The kind of requester was changed."),
        "jurisdiction" => Some("The law of the request was changed."),
        _ => None,
    };
    if let Some(why) = made.iter().find_map(decisive) {
        approvals::void_all(app, &mut change, (who, id), why).await?;
    }
    let entry = Entry {
        request: id,
        recording: None,
        action: "changed",
        changes: made,
        reason: "",
    };
    history::note(app, &mut change, &who.name, entry).await?;
    change.commit().await?;
    app.notify(Change::Request(id.clone()));
    releases::stop_revoked(app).await
}

/// What new values change.
async fn differences(app: &Shared, old: &RequestRow, new: &RequestValues) -> Vec<FieldChange> {
    let assignee = match &new.assignee {
        Some(id) => users::by_id(&app.db, id).await.map(|account| account.name),
        None => Ok(String::new()),
    };
    let rule_text = |rule: Option<(u16, Unit, &str)>| {
        rule.map_or_else(String::new, |(days, unit, note)| {
            format!("{} ({note})", due::span_text(days, unit))
        })
    };
    let before = due::rule(old);
    let before = before
        .as_ref()
        .map(|rule| (rule.days, rule.unit, rule.note.as_str()));
    let after = new.rule.as_ref();
    let after = after.map(|(days, unit, note)| (*days, *unit, note.as_str()));
    let (was, is) = (&old.facts, &new.facts);
    let (known, given) = (
        RequestDetails::read(&old.details),
        RequestDetails::read(&new.details),
    );
    let details = known.fields().into_iter().zip(given.fields());
    let details = details.map(|((field, from), (_, to))| (field, from.clone(), to.clone()));
    let mut fields = vec![
        ("number", was.number.clone(), is.number.clone()),
        ("requester", was.requester.clone(), is.requester.clone()),
        (
            "requester_kind",
            was.requester_kind.word().to_owned(),
            is.requester_kind.word().to_owned(),
        ),
        (
            "jurisdiction",
            was.jurisdiction.clone(),
            is.jurisdiction.clone(),
        ),
        ("rule", rule_text(before), rule_text(after)),
        (
            "received_on",
            was.received_on.clone(),
            is.received_on.clone(),
        ),
        ("due_on", was.due_on.clone(), is.due_on.clone()),
        (
            "assignee",
            old.assignee_name.clone().unwrap_or_default(),
            assignee.unwrap_or_default(),
        ),
        ("note", old.note.clone(), new.note.clone()),
    ];
    fields.extend(details);
    changes(&fields)
}

/// Closes a request.
///
/// # Errors
/// 400 without a reason for a denial; 404, 409 if it is closed.
pub(crate) async fn close(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (disposition, reason): (Disposition, &str),
) -> ApiResult<()> {
    let reason = optional_text("reason", reason, REASON_CHARS_MAX)?;
    if disposition.denies() && reason.is_empty() {
        return Err(ApiError::field(
            "reason",
            "A request that is denied in whole or in part needs a reason.",
        ));
    }
    set_closed(app, who, id, (Some(disposition), &reason)).await
}

/// Reopens a closed request.
///
/// # Errors
/// 400 without a reason; 404, 409 if it is open.
pub(crate) async fn reopen(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    reason: &str,
) -> ApiResult<()> {
    let reason = optional_text("reason", reason, REASON_CHARS_MAX)?;
    if reason.is_empty() {
        return Err(ApiError::field(
            "reason",
            "A closed request needs a reason to be reopened.",
        ));
    }
    set_closed(app, who, id, (None, &reason)).await
}

/// Ends the clock of a request that is closed: nobody waits any longer, and its due date stays.
async fn end_clock(app: &Shared, change: &mut pool::Connection, row: &RequestRow) -> ApiResult<()> {
    let rows = clocks::by_request(&app.db, Some(&row.id))
        .await?
        .remove(&row.id);
    let due = due::due_on(app, row, &rows.unwrap_or_default());
    clocks::end_pause(change, &row.id, &time::day_text(app.today())).await?;
    Ok(clocks::set_due(change, &row.id, &due).await?)
}

async fn set_closed(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (disposition, reason): (Option<Disposition>, &str),
) -> ApiResult<()> {
    // Nothing is released or handed over in between.
    let _alone = app.review_lock.lock().await;
    let old = requests::by_id(&app.db, id).await?;
    let mut change = pool::begin(&app.db).await?;
    if !requests::set_closed(&mut change, id, disposition, app.now()).await? {
        let state = if old.closed { "closed" } else { "open" };
        let message = format!("The request is already {state}.");
        return Err(ApiError::conflict("conflict", message));
    }
    if disposition.is_some() {
        end_clock(app, &mut change, &old).await?;
    }
    let word = |disposition: Option<Disposition>| {
        disposition.map_or_else(String::new, |found| found.word().to_owned())
    };
    let entry = Entry {
        request: id,
        recording: None,
        action: if disposition.is_some() {
            "closed"
        } else {
            "reopened"
        },
        changes: changes(&[("disposition", word(old.disposition), word(disposition))]),
        reason,
    };
    history::note(app, &mut change, &who.name, entry).await?;
    change.commit().await?;
    app.notify(Change::Request(id.clone()));
    Ok(())
}

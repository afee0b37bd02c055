//! The clock of a request: stopped while the agency waits for the requester, extended by notice.

use super::app::Shared;
use super::change::Change;
use super::closed::check_open;
use super::due::{by_hand, counted, rule, span_text};
use super::history::{self, Entry};
use super::requests::REASON_CHARS_MAX;
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::clocks::{self, ClockRows, ExtensionRow, PauseRow};
use crate::db::pool::{self, Connection};
use crate::db::requests::{self, RequestRow};
use crate::domain::history::changes;
use crate::domain::statutes::DeadlineKind;
use crate::id::Id;
use crate::model::{SessionUser, Unit, WaitingFor};
use crate::time;

/// The longest extension in days.
const EXTENSION_DAYS_MAX: u16 = 365;

/// A request with its clock, before and after a change of the clock.
pub(crate) struct Clocked {
    pub(crate) row: RequestRow,
    pub(crate) rows: ClockRows,
}

/// An open request with its clock.
///
/// # Errors
/// 404; 409 `closed`.
pub(crate) async fn load(app: &Shared, id: &Id) -> ApiResult<Clocked> {
    check_open(app, id).await?;
    let row = requests::by_id(&app.db, id).await?;
    let rows = clocks::by_request(&app.db, Some(id)).await?.remove(id);
    Ok(Clocked {
        row,
        rows: rows.unwrap_or_default(),
    })
}

/// Commits a change of the clock with the due date that follows from it.
async fn finish(
    app: &Shared,
    who: &SessionUser,
    mut change: pool::Transaction,
    (before, after): (&Clocked, &ClockRows),
    what: (&'static str, &str, &[(&str, String, String)]),
) -> ApiResult<()> {
    note(app, who, &mut change, (before, after), what).await?;
    change.commit().await?;
    app.notify(Change::Request(before.row.id.clone()));
    Ok(())
}

/// Puts a change of the clock into the history, with the due date that follows from it.
async fn note(
    app: &Shared,
    who: &SessionUser,
    change: &mut Connection,
    (before, after): (&Clocked, &ClockRows),
    (action, reason, fields): (&'static str, &str, &[(&str, String, String)]),
) -> ApiResult<()> {
    let row = &before.row;
    let due = follow(app, change, row, after).await?;
    let mut fields = fields.to_vec();
    fields.push(("due_on", row.facts.due_on.clone(), due));
    let entry = Entry {
        request: &row.id,
        recording: None,
        action,
        changes: changes(&fields),
        reason,
    };
    history::note(app, change, &who.name, entry).await
}

/// Stores the due date that follows from the clock, unless a person set it, and returns it.
async fn follow(
    app: &Shared,
    change: &mut Connection,
    row: &RequestRow,
    rows: &ClockRows,
) -> ApiResult<String> {
    let rule = rule(row);
    let stays = by_hand(app, row, rule.as_ref());
    let counted = counted(app, &row.facts, rule.as_ref(), rows).filter(|_| !stays);
    let Some(counted) = counted else {
        return Ok(row.facts.due_on.clone());
    };
    let due = time::day_text(counted.on);
    clocks::set_due(change, &row.id, &due).await?;
    Ok(due)
}

fn read_day(app: &Shared, field: &'static str, given: &str) -> ApiResult<::time::Date> {
    let invalid = || ApiError::field(field, "Expected a date such as 2026-01-31.");
    let day = time::read_day(given).ok_or_else(invalid)?;
    if day > app.today() {
        return Err(ApiError::field(field, "The date is in the future."));
    }
    Ok(day)
}

/// A day from the day of receipt to today.
fn day_of(app: &Shared, row: &RequestRow, field: &'static str, given: &str) -> ApiResult<String> {
    let day = read_day(app, field, given)?;
    let received = time::read_day(&row.facts.received_on);
    if received.is_some_and(|received| day < received) {
        let message = format!(
            "The date is before {}, the date received.",
            row.facts.received_on
        );
        return Err(ApiError::field(field, message));
    }
    Ok(time::day_text(day))
}

/// Stops the clock: the agency waits for the requester.
///
/// # Errors
/// 400 for a day that cannot be; 404; 409 if it is stopped or the request is closed.
pub(crate) async fn stop(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (waiting_for, since, note): (WaitingFor, &str, &str),
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let note = optional_text("note", note, REASON_CHARS_MAX)?;
    let before = load(app, id).await?;
    let since = day_of(app, &before.row, "since", since)?;
    let overlaps = |pause: &PauseRow| pause.until.as_ref().is_some_and(|until| *until >= since);
    if let Some(pause) = before.rows.pauses.iter().find(|pause| overlaps(pause)) {
        let until = pause.until.as_deref().unwrap_or_default();
        let message = format!("The clock was already stopped until {until}; enter a later date.");
        return Err(ApiError::field("since", message));
    }
    let row = PauseRow {
        id: Id::random(),
        request: id.clone(),
        waiting_for,
        since,
        until: None,
        note,
        by: who.name.clone(),
    };
    let mut change = pool::begin(&app.db).await?;
    clocks::insert_pause(&mut change, &row, app.now()).await?;
    let fields = [
        ("waiting_for", String::new(), waiting_for.word().to_owned()),
        ("stopped_on", String::new(), row.since.clone()),
    ];
    let mut after = before.rows.clone();
    let note = row.note.clone();
    after.pauses.push(row);
    finish(
        app,
        who,
        change,
        (&before, &after),
        ("clock-stopped", &note, &fields),
    )
    .await
}

/// Starts the clock again: the requester replied or paid.
///
/// # Errors
/// 400 for a day that cannot be; 404; 409 if it runs or the request is closed.
pub(crate) async fn start(app: &Shared, who: &SessionUser, id: &Id, on: &str) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let before = load(app, id).await?;
    let Some(open) = before.rows.open() else {
        return Err(ApiError::conflict("conflict", "The clock is not stopped."));
    };
    let until = day_of(app, &before.row, "on", on)?;
    if until < open.since {
        let message = format!(
            "The clock was stopped on {}; enter that date or a later one.",
            open.since
        );
        return Err(ApiError::field("on", message));
    }
    let mut change = pool::begin(&app.db).await?;
    clocks::end_pause(&mut change, id, &until).await?;
    let mut after = before.rows.clone();
    for pause in &mut after.pauses {
        pause.until.get_or_insert_with(|| until.clone());
    }
    let fields = [("started_on", String::new(), until)];
    finish(
        app,
        who,
        change,
        (&before, &after),
        ("clock-started", "", &fields),
    )
    .await
}

/// Extends the time for the answer.
///
/// # Errors
/// 400 without a reason or for a number of days that cannot be; 404; 409 for a closed request.
pub(crate) async fn extend(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (days, unit, reason): (u16, Unit, &str),
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let reason = check_extension(days, reason)?;
    let before = load(app, id).await?;
    let mut change = pool::begin(&app.db).await?;
    add_extension(app, who, &mut change, &before, (days, unit, &reason)).await?;
    change.commit().await?;
    app.notify(Change::Request(id.clone()));
    Ok(())
}

/// Checks an extension, and returns its reason as it is stored.
///
/// # Errors
/// 400 without a reason or for a number of days that cannot be.
pub(crate) fn check_extension(days: u16, reason: &str) -> ApiResult<String> {
    if !(1..=EXTENSION_DAYS_MAX).contains(&days) {
        let message = format!("Enter a number of days from 1 to {EXTENSION_DAYS_MAX}.");
        return Err(ApiError::field("days", message));
    }
    text("reason", reason, REASON_CHARS_MAX)
}

/// Adds a checked extension within a larger change.
///
/// # Errors
/// Those of the database and the log.
pub(crate) async fn add_extension(
    app: &Shared,
    who: &SessionUser,
    change: &mut Connection,
    before: &Clocked,
    (days, unit, reason): (u16, Unit, &str),
) -> ApiResult<()> {
    let row = ExtensionRow {
        id: Id::random(),
        request: before.row.id.clone(),
        days,
        unit,
        reason: reason.to_owned(),
        by: who.name.clone(),
    };
    clocks::insert_extension(change, &row, app.now()).await?;
    let mut after = before.rows.clone();
    after.extensions.push(row);
    let fields = [("extension", String::new(), span_text(days, unit))];
    let what = ("extended", reason, &fields[..]);
    note(app, who, change, (before, &after), what).await
}

/// Takes the newest extension back.
///
/// # Errors
/// 400 without a reason; 404; 409 if there is none or the request is closed.
pub(crate) async fn take_back(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    reason: &str,
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let reason = text("reason", reason, REASON_CHARS_MAX)?;
    let before = load(app, id).await?;
    let mut after = before.rows.clone();
    let Some(last) = after.extensions.pop() else {
        return Err(ApiError::conflict(
            "conflict",
            "The request has no extension.",
        ));
    };
    let mut change = pool::begin(&app.db).await?;
    clocks::remove_extension(&mut change, &last.id).await?;
    let fields = [("extension", span_text(last.days, last.unit), String::new())];
    finish(
        app,
        who,
        change,
        (&before, &after),
        ("extension-removed", &reason, &fields),
    )
    .await
}

/// Records the day on which the requester received the acknowledgement or the estimate;
/// an empty day removes it.
///
/// # Errors
/// 400 for a day that cannot be or another kind of deadline; 404; 409 for a closed request.
pub(crate) async fn record(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (kind, on): (DeadlineKind, &str),
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let before = load(app, id).await?;
    let day = match on.trim() {
        "" => None,
        given => Some(day_of(app, &before.row, "on", given)?),
    };
    let mut change = pool::begin(&app.db).await?;
    set_sent(app, who, &mut change, &before, (kind, day)).await?;
    change.commit().await?;
    app.notify(Change::Request(id.clone()));
    Ok(())
}

/// Records within a larger change when the acknowledgement or the estimate was sent.
///
/// # Errors
/// 400 for another kind of deadline; those of the database and the log.
pub(crate) async fn set_sent(
    app: &Shared,
    who: &SessionUser,
    change: &mut Connection,
    before: &Clocked,
    (kind, day): (DeadlineKind, Option<String>),
) -> ApiResult<()> {
    let id = &before.row.id;
    let (field, action, was) = match kind {
        DeadlineKind::Acknowledgement => {
            clocks::set_acknowledged(change, id, day.as_deref()).await?;
            (
                "acknowledged_on",
                "acknowledged",
                &before.row.acknowledged_on,
            )
        }
        DeadlineKind::Estimate => {
            clocks::set_estimated(change, id, day.as_deref()).await?;
            ("estimated_on", "estimated", &before.row.estimated_on)
        }
        DeadlineKind::Answer => {
            let message = "An answer is recorded by handing over releases or closing the request.";
            return Err(ApiError::field("kind", message));
        }
    };
    let fields = [(
        field,
        was.clone().unwrap_or_default(),
        day.unwrap_or_default(),
    )];
    let what = (action, "", &fields[..]);
    note(app, who, change, (before, &before.rows), what).await
}

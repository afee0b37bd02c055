//! Tasks of a request: what somebody is to do, until when.

use super::app::Shared;
use super::change::Change;
use super::closed::check_open;
use super::history::{self, Entry};
use super::requests::check_assignee;
use crate::api_error::{ApiError, ApiResult, text};
use crate::db::tasks::{self, TaskRow};
use crate::db::{pool, practice, requests};
use crate::domain::history::changes;
use crate::id::Id;
use crate::model::SessionUser;
use crate::time;

/// The longest task in characters.
const TEXT_CHARS_MAX: usize = 300;

/// What a person enters.
pub(crate) struct EnteredTask<'a> {
    pub(crate) text: &'a str,
    /// Empty: no day.
    pub(crate) due_on: &'a str,
    pub(crate) assignee: Option<&'a Id>,
    pub(crate) done: bool,
}

/// Adds a task.
///
/// # Errors
/// 400 for invalid values; 404; 409 `closed`, `practice`.
pub(crate) async fn add(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
    entered: EnteredTask<'_>,
) -> ApiResult<()> {
    let number = requests::by_id(&app.db, request).await?.facts.number;
    check_open(app, request).await?;
    let row = TaskRow {
        id: Id::random(),
        request: request.clone(),
        number,
        text: String::new(),
        due_on: None,
        assignee: None,
        assignee_name: None,
        by: who.name.clone(),
        at: app.now(),
        done_at: None,
        done_by: None,
    };
    put(app, who, (None, row), entered).await
}

/// Changes a task, or whether it is done. Of a closed request, tasks can still be marked as done.
///
/// # Errors
/// 400 for invalid values; 404.
pub(crate) async fn change(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
    entered: EnteredTask<'_>,
) -> ApiResult<()> {
    let old = own(app, request, id).await?;
    put(app, who, (Some(old.clone()), old), entered).await
}

async fn own(app: &Shared, request: &Id, id: &Id) -> ApiResult<TaskRow> {
    let row = tasks::by_id(&app.db, id).await?;
    if row.request != *request {
        return Err(ApiError::not_found());
    }
    Ok(row)
}

async fn put(
    app: &Shared,
    who: &SessionUser,
    (old, mut row): (Option<TaskRow>, TaskRow),
    entered: EnteredTask<'_>,
) -> ApiResult<()> {
    row.text = text("text", entered.text, TEXT_CHARS_MAX)?.replace('\n', " ");
    row.due_on = match entered.due_on.trim() {
        "" => None,
        given => {
            let invalid = || ApiError::field("due_on", "Expected a date such as 2026-01-31.");
            Some(time::day_text(time::read_day(given).ok_or_else(invalid)?))
        }
    };
    if row.assignee.as_ref() != entered.assignee || old.is_none() {
        check_assignee(app, entered.assignee).await?;
        if entered.assignee.is_some_and(|assignee| *assignee != who.id) {
            let message = "A task of a practice request cannot be assigned to somebody else.";
            practice::refuse(&app.db, &row.request, message).await?;
        }
    }
    row.assignee = entered.assignee.cloned();
    let was_done = row.done_at.is_some();
    if was_done != entered.done {
        row.done_at = entered.done.then(|| app.now());
        row.done_by = entered.done.then(|| who.name.clone());
    }
    let action = match (&old, was_done, entered.done) {
        (None, ..) => "task-added",
        (_, false, true) => "task-done",
        (_, true, false) => "task-reopened",
        _ => "task-changed",
    };
    let mut change = pool::begin(&app.db).await?;
    tasks::put(&mut change, &row).await?;
    let before = match &old {
        Some(old) => task_text(app, old).await,
        None => String::new(),
    };
    let after = task_text(app, &row).await;
    finish(app, who, change, (&row.request, action), (before, after)).await
}

/// Removes a task.
///
/// # Errors
/// 404; 409 `closed`.
pub(crate) async fn remove(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
) -> ApiResult<()> {
    check_open(app, request).await?;
    let row = own(app, request, id).await?;
    let mut change = pool::begin(&app.db).await?;
    tasks::remove(&mut change, id).await?;
    let values = (task_text(app, &row).await, String::new());
    finish(app, who, change, (request, "task-removed"), values).await
}

/// `Call the clerk (due 2026-01-31, Ada Okafor)`.
async fn task_text(app: &Shared, row: &TaskRow) -> String {
    let due = row.due_on.as_ref().map(|due| format!("due {due}"));
    let name = match &row.assignee {
        Some(id) => crate::db::users::by_id(&app.db, id).await.ok(),
        None => None,
    };
    let more: Vec<String> = due.into_iter().chain(name.map(|one| one.name)).collect();
    if more.is_empty() {
        row.text.clone()
    } else {
        format!("{} ({})", row.text, more.join(", "))
    }
}

async fn finish(
    app: &Shared,
    who: &SessionUser,
    mut change: pool::Transaction,
    (request, action): (&Id, &'static str),
    (from, to): (String, String),
) -> ApiResult<()> {
    let entry = Entry {
        request,
        recording: None,
        action,
        changes: changes(&[("task", from, to)]),
        reason: "",
    };
    history::note(app, &mut change, &who.name, entry).await?;
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(())
}

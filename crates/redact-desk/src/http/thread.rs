//! Notes and tasks of a request.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::requests::Assignee;
use crate::api_error::ApiResult;
use crate::db::notes::{self as note_rows, MentionRow, NoteRow};
use crate::db::requests;
use crate::db::tasks::{self as task_rows, TaskRow};
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::{App, Shared};
use crate::service::notes::{self, Written};
use crate::service::tasks::{self, EnteredTask};
use crate::time;

/// A note.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RequestNote {
    id: Id,
    by: String,
    /// Whether the user wrote it and may change it.
    own: bool,
    at: String,
    edited_at: Option<String>,
    text: String,
    mentions: Vec<Assignee>,
}

/// A task.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RequestTask {
    id: Id,
    text: String,
    due_on: Option<String>,
    overdue: bool,
    assignee: Option<Assignee>,
    by: String,
    at: String,
    done_at: Option<String>,
    done_by: Option<String>,
}

/// What people wrote about a request and what is to be done.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RequestThread {
    /// Oldest first.
    notes: Vec<RequestNote>,
    /// Open ones first.
    tasks: Vec<RequestTask>,
}

fn note(who: &SessionUser, row: NoteRow, mentions: &[MentionRow]) -> RequestNote {
    let mentions = mentions.iter().filter(|mention| mention.note == row.id);
    RequestNote {
        own: row.user == who.id,
        mentions: mentions
            .map(|mention| Assignee {
                id: mention.user.clone(),
                name: mention.name.clone(),
            })
            .collect(),
        id: row.id,
        by: row.name,
        at: time::text(row.at),
        edited_at: row.edited_at.map(time::text),
        text: row.text,
    }
}

fn task(app: &Shared, row: TaskRow) -> RequestTask {
    let today = time::day_text(app.today());
    let late = row.due_on.as_ref().is_some_and(|due| *due < today);
    let assignee = row.assignee.zip(row.assignee_name);
    RequestTask {
        overdue: late && row.done_at.is_none(),
        assignee: assignee.map(|(id, name)| Assignee { id, name }),
        id: row.id,
        text: row.text,
        due_on: row.due_on,
        by: row.by,
        at: time::text(row.at),
        done_at: row.done_at.map(time::text),
        done_by: row.done_by,
    }
}

/// `GET /requests/:id/thread`.
pub(crate) async fn show(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<RequestThread>> {
    requests::by_id(&app.db, &id).await?;
    let mentions = note_rows::mentions(&app.db, &id).await?;
    let notes = note_rows::of_request(&app.db, &id).await?.into_iter();
    let tasks = task_rows::of_request(&app.db, &id).await?.into_iter();
    Ok(axum::Json(RequestThread {
        notes: notes.map(|row| note(&who, row, &mentions)).collect(),
        tasks: tasks.map(|row| task(&app, row)).collect(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteBody {
    text: String,
    #[serde(default)]
    mentions: Vec<Id>,
}

impl NoteBody {
    fn written(&self) -> Written<'_> {
        Written {
            text: &self.text,
            mentions: &self.mentions,
        }
    }
}

/// `POST /requests/:id/notes`.
pub(crate) async fn add_note(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<NoteBody>,
) -> ApiResult<StatusCode> {
    notes::add(&app, &who, &id, given.written()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /requests/:id/notes/:entry`.
pub(crate) async fn change_note(
    State(app): State<App>,
    who: SessionUser,
    Path((id, entry)): Path<(Id, Id)>,
    Body(given): Body<NoteBody>,
) -> ApiResult<StatusCode> {
    notes::edit(&app, &who, (&id, &entry), given.written()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /requests/:id/notes/seen`.
pub(crate) async fn see_notes(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<StatusCode> {
    notes::set_seen(&app, &who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskBody {
    text: String,
    #[serde(default)]
    due_on: String,
    assignee: Option<Id>,
    #[serde(default)]
    done: bool,
}

impl TaskBody {
    fn entered(&self) -> EnteredTask<'_> {
        EnteredTask {
            text: &self.text,
            due_on: &self.due_on,
            assignee: self.assignee.as_ref(),
            done: self.done,
        }
    }
}

/// `POST /requests/:id/tasks`.
pub(crate) async fn add_task(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<TaskBody>,
) -> ApiResult<StatusCode> {
    tasks::add(&app, &who, &id, given.entered()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /requests/:id/tasks/:entry`.
pub(crate) async fn change_task(
    State(app): State<App>,
    who: SessionUser,
    Path((id, entry)): Path<(Id, Id)>,
    Body(given): Body<TaskBody>,
) -> ApiResult<StatusCode> {
    tasks::change(&app, &who, (&id, &entry), given.entered()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /requests/:id/tasks/:entry`.
pub(crate) async fn remove_task(
    State(app): State<App>,
    who: SessionUser,
    Path((id, entry)): Path<(Id, Id)>,
) -> ApiResult<StatusCode> {
    tasks::remove(&app, &who, (&id, &entry)).await?;
    Ok(StatusCode::NO_CONTENT)
}

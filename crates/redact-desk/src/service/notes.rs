//! Notes of a request: a thread of what people found out, agreed and asked. Earlier wordings of a
//! note are in the history; who is mentioned finds it in the inbox.

use redact_record::events::Act;

use super::app::Shared;
use super::change::Change;
use super::history::{self, Entry};
use crate::api_error::{ApiError, ApiResult, Status, text};
use crate::db::notes::{self, NoteRow};
use crate::db::{pool, practice, requests, users};
use crate::domain::history::changes;
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;

/// The longest note in characters.
const TEXT_CHARS_MAX: usize = 5000;

/// The most people that a note mentions.
const MENTIONS_MAX: usize = 20;

/// What a person writes.
pub(crate) struct Written<'a> {
    pub(crate) text: &'a str,
    /// Who is mentioned.
    pub(crate) mentions: &'a [Id],
}

/// Adds a note to a request, which may be closed.
///
/// # Errors
/// 400 for an empty or long text, or a mention of somebody who does not review; 404; 409
/// `practice`.
pub(crate) async fn add(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
    written: Written<'_>,
) -> ApiResult<()> {
    requests::by_id(&app.db, request).await?;
    let row = NoteRow {
        id: Id::random(),
        request: request.clone(),
        user: who.id.clone(),
        name: who.name.clone(),
        at: app.now(),
        edited_at: None,
        text: text("text", written.text, TEXT_CHARS_MAX)?,
    };
    check_mentions(app, request, written.mentions).await?;
    let mut change = pool::begin(&app.db).await?;
    notes::put(&mut change, &row).await?;
    notes::set_mentions(&mut change, &row.id, written.mentions).await?;
    let event = Event::new(Act::Request, "note-added")
        .id("request", request)
        .id("note", &row.id)
        .count("mentions", written.mentions.len());
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(())
}

/// Changes a note. Only its author may.
///
/// # Errors
/// As for [`add`]; 403 for a note of somebody else.
pub(crate) async fn edit(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
    written: Written<'_>,
) -> ApiResult<()> {
    let old = notes::by_id(&app.db, id).await?;
    if old.request != *request {
        return Err(ApiError::not_found());
    }
    if old.user != who.id {
        let message = "Only the author of a note can change it.";
        return Err(ApiError::new(Status::Forbidden, "forbidden", message));
    }
    let new = NoteRow {
        text: text("text", written.text, TEXT_CHARS_MAX)?,
        edited_at: Some(app.now()),
        ..old.clone()
    };
    check_mentions(app, request, written.mentions).await?;
    let mut change = pool::begin(&app.db).await?;
    notes::set_mentions(&mut change, id, written.mentions).await?;
    let made = changes(&[("thread_note", old.text, new.text.clone())]);
    if !made.is_empty() {
        notes::put(&mut change, &new).await?;
        let entry = Entry {
            request,
            recording: None,
            action: "note-changed",
            changes: made,
            reason: "",
        };
        history::note(app, &mut change, &who.name, entry).await?;
    }
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(())
}

/// Everybody who is mentioned must be able to open the request.
async fn check_mentions(app: &Shared, request: &Id, mentions: &[Id]) -> ApiResult<()> {
    if mentions.is_empty() {
        return Ok(());
    }
    let message = "A practice request is for you alone; nobody can be mentioned in it.";
    practice::refuse(&app.db, request, message).await?;
    if mentions.len() > MENTIONS_MAX {
        let message = format!("A note can mention at most {MENTIONS_MAX} people.");
        return Err(ApiError::field("mentions", message));
    }
    for id in mentions {
        let account = users::by_id(&app.db, id).await;
        if !account.is_ok_and(|account| account.active && account.role.reviews()) {
            let message = "Only operators and approvers can be mentioned.";
            return Err(ApiError::field("mentions", message));
        }
    }
    Ok(())
}

/// Records that the user has seen the notes of a request that mention them.
///
/// # Errors
/// 404.
pub(crate) async fn set_seen(app: &Shared, who: &SessionUser, request: &Id) -> ApiResult<()> {
    requests::by_id(&app.db, request).await?;
    if notes::set_seen(&app.db, (&who.id, request), app.now()).await? {
        app.notify(Change::Request(request.clone()));
    }
    Ok(())
}

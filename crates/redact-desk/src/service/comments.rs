//! What people write about a review, and what follows from it.

use redact_record::events::Act;

use super::app::Shared;
use super::change::Change;
use crate::api_error::{ApiError, ApiResult, Status, optional_text, text};
use crate::db::comments::{self, CommentRow};
use crate::db::pool::{self, Connection};
use crate::db::reviews::ReviewRow;
use crate::db::{approvals, recordings, reviews};
use crate::domain::comment::Comment;
use crate::event::Event;
use crate::id::Id;
use crate::model::{CommentKind, Role, SessionUser};
use crate::time;

/// A comment to add.
pub(crate) struct NewComment<'a> {
    pub(crate) kind: CommentKind,
    pub(crate) text: &'a str,
    /// The track or region that it is about.
    pub(crate) item: Option<&'a str>,
}

/// A comment as the API returns it.
pub(crate) fn present(row: CommentRow) -> Comment {
    Comment {
        by: row.name,
        role: row.role,
        at: time::text(row.at),
        revision: row.revision,
        kind: row.kind,
        text: row.text,
        item: row.item,
    }
}

/// Adds a comment. Sending a review back voids its approvals.
///
/// # Errors
/// 400 for a text that is too long or missing; 403 if an operator sends a review back; 404.
pub(crate) async fn add(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    new: NewComment<'_>,
) -> ApiResult<()> {
    if new.kind == CommentKind::SentBack && who.role != Role::Approver {
        let message = "Only an approver can send a review back.";
        return Err(ApiError::new(Status::Forbidden, "forbidden", message));
    }
    let _alone = app.review_lock.lock().await;
    let row = reviews::by_id(&app.db, id).await?;
    let mut change = pool::begin(&app.db).await?;
    if new.kind == CommentKind::SentBack {
        approvals::void(&mut change, id).await?;
    }
    insert(app, &mut change, (who, &row), &new).await?;
    let event = Event::new(Act::Approval, new.kind.word()).id("review", id);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    app.notify(Change::Review(id.clone()));
    let recording = recordings::by_id(&app.db, &row.recording).await?;
    app.notify(Change::Request(recording.request));
    Ok(())
}

/// Adds a comment within a transaction. Only one that hands a review in may be empty.
///
/// # Errors
/// 400 for a text that is too long or missing.
pub(crate) async fn insert(
    app: &Shared,
    change: &mut Connection,
    (who, review): (&SessionUser, &ReviewRow),
    new: &NewComment<'_>,
) -> ApiResult<()> {
    let written = match new.kind {
        CommentKind::HandedIn => optional_text("text", new.text, 2000)?,
        _ => text("text", new.text, 2000)?,
    };
    let item = match new.item {
        Some(item) => Some(text("item", item, 64)?),
        None => None,
    };
    let row = CommentRow {
        review: review.id.clone(),
        revision: review.revision,
        user: who.id.clone(),
        name: who.name.clone(),
        role: who.role,
        at: app.now(),
        kind: new.kind,
        text: written,
        item,
    };
    Ok(comments::insert(change, &row).await?)
}

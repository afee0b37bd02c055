//! Legal holds: what is under one stays, whatever the law of its request allows.

use super::app::Shared;
use super::change::Change;
use super::history::{self, Entry};
use super::requests::REASON_CHARS_MAX;
use crate::api_error::{ApiError, ApiResult, text};
use crate::db::disposals;
use crate::db::holds::{self, HoldRow};
use crate::db::pool::{self, Connection};
use crate::db::{practice, recordings, requests};
use crate::domain::history::changes;
use crate::id::Id;
use crate::model::SessionUser;
use crate::time;

/// What a hold is of.
pub(crate) enum HoldOf<'a> {
    Request(&'a Id),
    Recording(&'a Id),
}

/// A hold to place.
pub(crate) struct NewHold<'a> {
    pub(crate) of: HoldOf<'a>,
    pub(crate) matter: &'a str,
    pub(crate) authority: &'a str,
    pub(crate) reason: &'a str,
}

/// Places a hold and returns its id.
///
/// # Errors
/// 400 for an invalid value; 404; 409 `disposed` for a recording that is gone, with what remains
/// of it; 409 `practice`.
pub(crate) async fn place(app: &Shared, who: &SessionUser, new: NewHold<'_>) -> ApiResult<Id> {
    let matter = text("matter", new.matter, 200)?;
    let authority = text("authority", new.authority, 200)?;
    let reason = text("reason", new.reason, REASON_CHARS_MAX)?;
    // No disposal begins in between.
    let _alone = app.review_lock.lock().await;
    let (request, recording) = match new.of {
        HoldOf::Request(id) => (requests::by_id(&app.db, id).await?.id, None),
        HoldOf::Recording(id) => {
            check_not_disposed(app, id).await?;
            let row = recordings::by_id(&app.db, id).await?;
            (row.request, Some(id.clone()))
        }
    };
    let message = "Nothing of a practice request is put under a hold.";
    practice::refuse(&app.db, &request, message).await?;
    let row = HoldRow {
        id: Id::random(),
        request,
        recording,
        matter,
        authority,
        reason,
        at: app.now(),
        by: who.name.clone(),
        released_at: None,
        released_by: None,
        release_reason: String::new(),
    };
    let mut change = pool::begin(&app.db).await?;
    holds::insert(&mut change, &row).await?;
    note(
        app,
        &mut change,
        &who.name,
        (&row, "hold-placed", &row.reason),
    )
    .await?;
    change.commit().await?;
    app.notify(Change::Request(row.request));
    Ok(row.id)
}

/// Refuses a recording that was or is being disposed of, and says what remains of it.
async fn check_not_disposed(app: &Shared, recording: &Id) -> ApiResult<()> {
    let Some(gone) = disposals::begun(&app.db, recording).await? else {
        return Ok(());
    };
    let remains = disposals::remains(&app.db, recording).await?;
    let when = gone.done_at.or(gone.decided_at).unwrap_or(gone.at);
    let day = time::day_text(app.zone().day(when));
    let message = format!(
        "The recording was disposed of on {day}, so a hold cannot stop that. \
         What remains: the disposal record, {} of its releases, and {} copies of releases that \
         were handed over.",
        remains.releases, remains.copies
    );
    Err(ApiError::conflict("disposed", message)
        .hint("Place the hold on the request to stop further removal, and tell who asked for it.")
        .details(serde_json::json!({
            "disposal": gone.id, "releases": remains.releases, "copies": remains.copies,
        })))
}

/// Releases a hold.
///
/// # Errors
/// 400 without a reason; 404; 409 `released`.
pub(crate) async fn release(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    reason: &str,
) -> ApiResult<HoldRow> {
    let row = holds::by_id(&app.db, id).await?;
    let reason = text("reason", reason, REASON_CHARS_MAX)?;
    let mut change = pool::begin(&app.db).await?;
    if !holds::release(&mut change, id, (&who.name, &reason), app.now()).await? {
        let message = "This hold was released already.";
        return Err(ApiError::conflict("released", message));
    }
    note(
        app,
        &mut change,
        &who.name,
        (&row, "hold-released", &reason),
    )
    .await?;
    change.commit().await?;
    app.notify(Change::Request(row.request.clone()));
    Ok(row)
}

async fn note(
    app: &Shared,
    change: &mut Connection,
    who: &str,
    (row, action, reason): (&HoldRow, &'static str, &str),
) -> ApiResult<()> {
    let entry = Entry {
        request: &row.request,
        recording: row.recording.as_ref(),
        action,
        changes: changes(&[
            ("matter", String::new(), row.matter.clone()),
            ("authority", String::new(), row.authority.clone()),
        ]),
        reason,
    };
    history::note(app, change, who, entry).await
}

/// Refuses to remove or move a recording that is under a hold.
///
/// # Errors
/// 409 `held`.
pub(crate) async fn check_not_held(app: &Shared, recording: &Id) -> ApiResult<()> {
    let found = holds::in_force(&app.db, recording).await?;
    let Some(hold) = found.first() else {
        return Ok(());
    };
    let message = format!(
        "The recording is under a legal hold ({}, for {}), so it is neither removed nor moved.",
        hold.matter, hold.authority
    );
    Err(ApiError::conflict("held", message)
        .hint("An approver can release the hold once the matter is over.")
        .details(serde_json::json!({ "hold": hold.id })))
}

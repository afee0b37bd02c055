//! Sessions, stored on the server and identified by a token.

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult, Status};
use crate::db::pool::DbError;
use crate::db::sessions::{self, SessionRow};
use crate::db::users;
use crate::id::{Id, Token};
use crate::model::SessionUser;
use crate::time::{HOUR, MINUTE, Millis};

/// A session ends after this time without a request, and after this time in total.
pub(crate) const IDLE_MAX: Millis = 30 * MINUTE;

pub(crate) const LASTS_MAX: Millis = 12 * HOUR;

/// There is no signed-in user.
pub(crate) fn signed_out() -> ApiError {
    let message = "You are not signed in, or your session has ended.";
    ApiError::new(Status::Unauthorized, "signed_out", message)
}

fn is_over(row: &SessionRow, now: Millis) -> bool {
    now - row.seen_at >= IDLE_MAX || now - row.created_at >= LASTS_MAX
}

/// The user of a session, unless it has ended.
///
/// # Errors
/// Database errors.
pub(crate) async fn find(app: &Shared, token: &str) -> ApiResult<Option<SessionUser>> {
    let session = Token::stored(token);
    let Some(row) = sessions::find(&app.db, &session).await? else {
        return Ok(None);
    };
    if is_over(&row, app.now()) {
        sessions::delete(&app.db, &session).await?;
        return Ok(None);
    }
    Ok(Some(SessionUser {
        id: row.user,
        name: row.name,
        role: row.role,
        began: row.created_at,
        session,
    }))
}

/// Whether a session is valid, without extending it.
pub(crate) async fn holds(app: &Shared, who: &SessionUser) -> bool {
    let found = sessions::find(&app.db, &who.session).await;
    matches!(found, Ok(Some(row)) if !is_over(&row, app.now()))
}

/// Extends a session; stored at most once a minute.
///
/// # Errors
/// Database errors.
pub(crate) async fn touch(app: &Shared, who: &SessionUser) -> Result<(), DbError> {
    let now = app.now();
    if sessions::touch(&app.db, &who.session, now, now - MINUTE).await? {
        users::seen(&app.db, &who.id, now).await?;
    }
    Ok(())
}

/// Begins a session and returns its token.
///
/// # Errors
/// Database errors.
pub(crate) async fn begin(app: &Shared, user: &Id) -> Result<Token, DbError> {
    let token = Token::random();
    let now = app.now();
    sessions::delete_before(&app.db, now - LASTS_MAX).await?;
    sessions::insert(&app.db, &token.stored, user, now).await?;
    users::seen(&app.db, user, now).await?;
    Ok(token)
}

/// Ends all sessions of a user and forgets their browsers.
///
/// # Errors
/// Database errors.
pub(crate) async fn end_all(app: &Shared, user: &Id) -> Result<(), DbError> {
    sessions::delete_devices_of(&app.db, user, None).await?;
    sessions::delete_of(&app.db, user, None).await
}
